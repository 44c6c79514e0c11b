/** The verbs of the command: their arguments and options, what help says of them, and what each does. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Status from "../core/Status.js"
import { fromEncoded, type Store } from "../store/Store.js"
import { about, argument, db, flag, id, json, jsonLines, maybe, said, several, text, textual } from "./Arguments.js"
import * as Changes from "./Changes.js"
import * as Complaint from "./Complaint.js"
import * as Doctor from "./Doctor.js"
import * as Exported from "./Exported.js"
import * as Filter from "./Filter.js"
import * as History from "./History.js"
import * as Ls from "./Ls.js"
import type { Screen } from "./Screen.js"
import * as Show from "./Show.js"
import * as Source from "./Source.js"
import * as Tree from "./Tree.js"

const seeing = Source.load(() => import("./Context.js"))
const checking = Source.load(() => import("./Check.js"))

type Told = Complaint.Complaint | Complaint.Trouble

/** Opens the database for as long as the verb takes. */
const over = <A>(db: string, work: (source: Source.Source) => Effect.Effect<A, Told, Screen>) =>
  Effect.scoped(Effect.flatMap(Source.open(db), work))

/** The same, for what reads executions alone. */
const reading = <A>(db: string, work: (store: Store) => Effect.Effect<A, Told, Screen>) =>
  over(db, ({ encoded }) => work(fromEncoded(encoded)))

const ls = Command.make(
  "ls",
  {
    db,
    json: jsonLines,
    task: maybe(textual("task").pipe(said("only those of this task"), Options.withPseudoName("NAME"))),
    status: several("status", "STATUS", "only those that are so, as in STATUS; several times").pipe(
      Options.filterMap(
        (texts) => Option.all(texts.map((text) => Option.fromNullable(Filter.status(text)))),
        `--status is one of ${Status.all.join(", ")}`
      )
    ),
    text: text("text", "TEXT", "only those with this in their id or task"),
    tag: several("tag", "TAG", "only those with this tag; several times"),
    since: text("since", "TIME", "only those created then or later: 2h ago, or 2026-11-21T20:00Z"),
    until: text("until", "TIME", "only those created before"),
    failedWith: text("failed-with", "TEXT", "only those that failed with this in the failure's text"),
    waitingOn: text("waiting-on", "WHAT", "only those that wait for this phase, kind of wait, or child"),
    limit: Options.integer("limit").pipe(
      said("how many at most; 50 unless given, 0 for all"),
      Options.withPseudoName("N"),
      Options.filterMap((n) => (n >= 0 ? Option.some(n) : Option.none()), "--limit is a number from 0 on"),
      Options.withDefault(50)
    ),
    after: maybe(textual("after").pipe(said("only those after this one: the next page"), Options.withPseudoName("ID"))),
    oldest: flag("oldest", "the oldest first"),
    watch: flag("watch", "goes on: a live table, or a line for each change")
  },
  ({ db, ...options }) => reading(db, (store) => Ls.run(store, options))
).pipe(
  Command.withDescription(
    about(
      "Lists executions, the newest first.",
      "AT is the phase that an execution came to last, when it goes on by itself, or why it stands still. Where stdout is no terminal there is no header, cells are separated by tabs, and nothing is cut."
    )
  )
)

const show = Command.make(
  "show",
  { id, db, json, all: flag("all", "all phases, also of an execution that has many") },
  ({ db, ...options }) =>
    over(db, ({ alone, encoded }) =>
      Effect.flatMap(alone, (alone) => Show.run(fromEncoded(encoded), { ...options, alone }))
    )
).pipe(
  Command.withDescription(
    about(
      "Shows an execution: its phases, why it stands still, what to do.",
      "Marks: ✓ succeeded, ✗ failed, ● running, … waiting, ↻ waiting for its next attempt, ? in doubt, ↶ undone, ‖ parked, - left."
    )
  )
)

const tree = Command.make(
  "tree",
  { id, db, json, all: flag("all", "all phases, also where many succeeded beside each other") },
  ({ db, ...options }) => reading(db, (store) => Tree.run(store, options))
).pipe(
  Command.withDescription(
    about(
      "Shows the phases of an execution as a tree, with its children.",
      "They stand below what they are a part of: branches, groups, clean-ups, reverts. The executions that it called stand below the phases that called them. Of one that is in a stage, the phases of that stage."
    )
  )
)

const history = Command.make(
  "history",
  {
    id: Args.map(Args.optional(id), Option.getOrUndefined),
    db,
    json: jsonLines,
    tag: text("tag", "TAG", "instead of an ID, all executions that have this tag"),
    acts: flag("acts", "only what somebody asked for: who, when and why")
  },
  ({ db, id, tag, ...options }) =>
    reading(db, (store) => {
      if (id !== undefined && tag === undefined) return History.run(store, { ...options, id })
      if (id === undefined && tag !== undefined) return History.tagged(store, { ...options, tag })
      return Complaint.usage("it takes an ID, or --tag", "tidemark history --help tells of both")
    })
).pipe(
  Command.withDescription(
    about(
      "Tells all that happened to one, or to all with a tag, in order.",
      "Moves, attempts and acts of operators, with who asked and why; also what was undone since. --json has the entries of the journal."
    )
  )
)

const context = Command.make(
  "context",
  {
    id,
    phase: argument("PHASE", "its path; where the execution stands unless given").pipe(
      Args.optional,
      Args.map(Option.getOrUndefined)
    ),
    db,
    tasks: text("tasks", "MODULE", "the tasks' code, which knows the JSON Schema of what the phase answers"),
    all: flag("all", "all results, also where there are many"),
    json
  },
  (options) => Effect.flatMap(seeing, ({ run }) => run(options))
).pipe(
  Command.withDescription(
    about(
      "Shows what a phase sees: the payload, and the results before.",
      "Also its attempts and failures, and the data of checkpoints: for somebody who works out what to change."
    )
  )
)

const watch = Command.make("watch", { id, db, json: jsonLines }, ({ db, ...options }) =>
  over(db, ({ alone, encoded }) => History.watch(fromEncoded(encoded), options, alone))
).pipe(
  Command.withDescription(
    about(
      "Tells what happens to an execution, until it stands still.",
      "It stands still when it has ended, has failed or is paused: the exit code is 0 if it is Completed, and otherwise 1. While it only waits, so does this."
    )
  )
)

const doctor = Command.make("doctor", { db, json: jsonLines }, ({ db, ...options }) =>
  over(db, ({ encoded, inspect }) => Effect.flatMap(inspect, (place) => Doctor.run(encoded, place, options)))
).pipe(
  Command.withDescription(
    about(
      "Looks for trouble, and says what to do about it.",
      "It looks at Node, SQLite, the file, the disk, the engine, every journal, and executions that are stuck. The exit code is 4 if something is lost, damaged or unsafe. It reads all of the database, and writes nothing."
    )
  )
)

const exported = Command.make(
  "export",
  {
    id,
    db,
    out: maybe(
      textual("out").pipe(
        said("a new file, instead of stdout; one that is there already is left as it is"),
        Options.withPseudoName("FILE")
      )
    ),
    json: flag("json", "what it is in any case")
  },
  ({ db, ...options }) =>
    over(db, ({ encoded, schema }) => Effect.flatMap(schema, (version) => Exported.run(encoded, version, options)))
).pipe(
  Command.withDescription(
    about(
      "Writes an execution with its whole journal as a line of JSON.",
      "The journal is verified before: one that is damaged is refused. Payloads and results are in it as they were recorded."
    )
  )
)

const check = Command.make(
  "check",
  {
    tasks: textual("tasks").pipe(said("the module with the tasks' code"), Options.withPseudoName("MODULE")),
    db,
    json: jsonLines,
    task: text("task", "NAME", "only executions of this task"),
    ended: flag("ended", "also what has ended: whether it could still be reverted"),
    whole: flag("whole", "reads the stages before the present one, too: whether a revert would find its way back")
  },
  (options) => Effect.flatMap(checking, ({ run }) => run(options))
).pipe(
  Command.withDescription(
    about(
      "Says which executions the code at hand can go on with.",
      "Every journal that has not ended is replayed against it: no effect runs, nothing is written, an engine may run beside it.",
      "The exit code is 3 if any does not fit: for a deploy to look at. docs/check.md tells what is found, and what to do then."
    )
  )
)

/** Taken for what it is before arguments are read. */
const plan = Command.make("plan", { verb: argument("VERB", "that changes something, with all that it takes") }).pipe(
  Command.withDescription(
    about("Says what a verb would do, and does nothing.", "The same as the verb itself says with --dry-run.")
  )
)

export const all = [
  ls,
  show,
  tree,
  history,
  context,
  watch,
  ...Changes.starts,
  plan,
  ...Changes.all,
  check,
  doctor,
  exported,
  ...Changes.brings
] as const
