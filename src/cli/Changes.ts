/** The verbs that change an execution: their arguments and options. What they do is loaded when one of them is asked for. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Action } from "../core/Action.js"
import {
  about,
  argument,
  type Changing,
  changing,
  db,
  flag,
  follow,
  id,
  json,
  said,
  several,
  text,
  textual
} from "./Arguments.js"
import type { Which } from "./Bulk.js"
import * as Complaint from "./Complaint.js"
import type { Screen } from "./Screen.js"
import * as Source from "./Source.js"
import * as Value from "./Value.js"

const change = Source.load(() => import("./Change.js"))
const bulk = Source.load(() => import("./Bulk.js"))
const importing = Source.load(() => import("./Imported.js"))
const starter = Source.load(() => import("./Starter.js"))
const starting = Source.load(() => import("./Start.js"))
const sending = Source.load(() => import("./Sending.js"))

/** What of these was given. */
const known = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== false)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

const value = text("value", "JSON", "the value, or @FILE that holds it")

/** One execution by its id, or all that a filter names. */
const which = {
  id: Args.map(Args.optional(id), Option.getOrUndefined),
  where: several(
    "where",
    "KEY=VALUE",
    "instead of an ID, all for which this is true: task, status, tag, text, since, until, failed-with, waiting-on"
  ),
  limit: Options.integer("limit").pipe(
    said("with --where: how many at most; 100 unless given"),
    Options.withPseudoName("N"),
    Options.filterMap((n) => (n > 0 ? Option.some(n) : Option.none()), "--limit is a number from 1 on"),
    Options.withDefault(100)
  )
}

/** Asks it of the one, or of all. */
const each = (
  { id, limit, where, ...given }: Changing & { readonly id: string | undefined } & Which,
  action: Action
): Effect.Effect<void, Complaint.Complaint, Screen> => {
  if (where.length > 0 && given.follow === true) {
    return Complaint.usage("--follow goes with one ID", "tidemark ls --watch shows many")
  }
  if (where.length > 0 && id === undefined)
    return Effect.flatMap(bulk, ({ run }) => run(given, { where, limit }, action))
  if (id === undefined || where.length > 0) {
    return Complaint.usage("it takes an ID, or --where", `tidemark ${action._tag.toLowerCase()} --help tells of both`)
  }
  return Effect.flatMap(change, ({ run }) => run(given, id, action))
}

const undoToo = flag("undo-too", "undos that would see what is amended are to see it")

const resume = Command.make(
  "resume",
  {
    ...which,
    ...changing,
    payload: text("payload", "JSON", "goes on with this payload"),
    value: several("value", "PATH=JSON", "the phase at PATH is skipped with a value; several times"),
    from: several("from", "PATH", "of what failed only this goes on; several times"),
    undoToo,
    stopAt: text("stop-at", "CHECKPOINT", "it pauses there"),
    follow,
    rerun: flag("rerun", "what may have happened runs again without asking")
  },
  ({ from, payload, rerun, stopAt, undoToo, value, ...given }) =>
    Effect.gen(function* () {
      const amended = yield* Value.optional("--payload", payload)
      const values = yield* Effect.forEach(value, (one) => Value.named("--value", one))
      yield* each(given, {
        _tag: "resume",
        ...known({
          payload: amended,
          values: values.length === 0 ? undefined : Object.fromEntries(values),
          from: from.length === 0 ? undefined : from,
          amend: undoToo ? ("undo-too" as const) : undefined,
          stopAt,
          inDoubt: rerun ? ("rerun" as const) : undefined
        })
      })
    })
).pipe(
  Command.withDescription(
    about(
      "Lets an execution go on that is paused, has failed, or was left.",
      "What failed runs again; what is recorded does not."
    )
  )
)

const rerun = Command.make(
  "rerun",
  {
    id,
    ...changing,
    item: several("item", "ITEM", "this one, by its name or path; several times; all that failed unless given"),
    input: several("input", "ITEM=JSON", "this one, with another input; several times"),
    undoToo,
    follow
  },
  ({ id, input, item, undoToo, ...given }) =>
    Effect.gen(function* () {
      const inputs = yield* Effect.forEach(input, (one) => Value.named("--input", one))
      const items = [...item, ...inputs.map(([item, input]) => ({ item, input }))]
      const { run } = yield* change
      const amend = undoToo ? ("undo-too" as const) : undefined
      yield* run(given, id, { _tag: "rerun", ...known({ items: items.length === 0 ? undefined : items, amend }) })
    })
).pipe(Command.withDescription(about("Runs items of a forEach again that failed, also with other inputs.")))

const skip = Command.make(
  "skip",
  { id, phase: argument("PHASE", "the path of the phase, as show has it"), ...changing, value, follow },
  ({ id, phase, value: given, ...rest }) =>
    Effect.gen(function* () {
      const value = yield* Value.optional("--value", given)
      const { run } = yield* change
      yield* run(rest, id, { _tag: "skip", phase, ...known({ value }) })
    })
).pipe(
  Command.withDescription(
    about(
      "Says that a phase happened, with a value, and goes on.",
      "It is the phase at which the execution stands, or one of them.",
      "Where a revert stopped, the undo at which it stands is passed over."
    )
  )
)

const pause = Command.make("pause", { ...which, ...changing }, (given) => each(given, { _tag: "pause" })).pipe(
  Command.withDescription(about("Has an execution start no new phase.", "It is paused when those that run have ended."))
)

const close = Command.make(
  "close",
  {
    ...which,
    ...changing,
    revert: flag("revert", "also undoes what has happened"),
    force: flag("force", "also without the tasks' code, so that no finally runs; also the child of another execution")
  },
  ({ force, revert, ...given }) => each(given, { _tag: "close", ...known({ force, revert }) })
).pipe(
  Command.withDescription(
    about("Ends an execution early, and undoes nothing.", "What runs is interrupted, and finally blocks run.")
  )
)

const revert = Command.make(
  "revert",
  {
    ...which,
    ...changing,
    to: text("to", "CHECKPOINT", "only what came after it; the execution is then paused there"),
    retry: flag("retry", "with --to: what came after it runs again at once"),
    force: flag("force", "also the child of another execution")
  },
  ({ force, retry, to, ...given }) =>
    retry && to === undefined
      ? Complaint.usage("--retry goes with --to", "say which checkpoint to go back to, or resume the execution")
      : each(given, { _tag: "revert", ...known({ force, retry, to }) })
).pipe(
  Command.withDescription(
    about("Undoes what an execution did, the newest first.", "It goes on with a revert that stopped.")
  )
)

const goto = Command.make(
  "goto",
  {
    id,
    checkpoint: argument("CHECKPOINT", "its name, name#3 for the third of that name, or its path"),
    ...changing,
    force: flag("force", "also the child of another execution")
  },
  ({ checkpoint, force, id, ...given }) =>
    Effect.flatMap(change, ({ run }) => run(given, id, { _tag: "goTo", checkpoint, ...known({ force }) }))
).pipe(
  Command.withDescription(
    about(
      "Has an execution go to a checkpoint, back or on.",
      "It is paused there. The exit code is 1 if it does not come there."
    )
  )
)

const discard = Command.make(
  "discard",
  {
    id,
    before: argument("CHECKPOINT", "what was before it goes; or before a stage: page, page#3"),
    ...changing,
    force: flag("force", "also the child of another execution")
  },
  ({ before, force, id, ...given }) =>
    Effect.flatMap(change, ({ run }) => run(given, id, { _tag: "discard", before, ...known({ force }) }))
).pipe(
  Command.withDescription(
    about(
      "Has an execution forget what was before a checkpoint.",
      "No revert goes back beyond it then. What is needed to go on stays."
    )
  )
)

const complete = Command.make(
  "complete",
  {
    token: argument("TOKEN", "as the phase handed it out"),
    ...changing,
    value,
    error: text("error", "JSON", "the phase fails with this, or with what @FILE holds")
  },
  ({ error, token, value, ...given }) =>
    Effect.gen(function* () {
      if (error !== undefined && value !== undefined) {
        return yield* Complaint.usage(
          "it has a --value or an --error, not both",
          "tidemark complete --help tells of them"
        )
      }
      const exit =
        error === undefined
          ? Exit.succeed(yield* Value.optional("--value", value))
          : Exit.fail(yield* Value.parse("--error", error))
      yield* (yield* sending).complete(given, token, exit)
    })
).pipe(
  Command.withDescription(
    about("Answers a phase that waits for somebody.", "It takes no engine. The first answer counts.")
  )
)

const signal = Command.make(
  "signal",
  { id, name: argument("NAME", "of the signal"), ...changing, value },
  ({ id, name, value, ...given }) =>
    Effect.gen(function* () {
      const sent = yield* Value.optional("--value", value)
      yield* (yield* sending).signal(given, id, name, sent)
    })
).pipe(
  Command.withDescription(
    about("Tells an execution something.", "It takes no engine, and what is told before anybody waits for it is kept.")
  )
)

const module = textual("tasks").pipe(
  said("the module with the tasks' code: its default export is their Layer"),
  Options.withPseudoName("MODULE")
)

const start = Command.make(
  "start",
  {
    task: argument("TASK", "the name of the task"),
    db,
    tasks: module,
    payload: text("payload", "JSON", "or @FILE that holds it; {} unless given"),
    id: text("id", "ID", "of the execution; a fresh one unless given, or what the task makes of the payload"),
    tag: several("tag", "TAG", "what it is found by; several times"),
    follow: flag("follow", "runs it here unless an engine does, and shows its phases until it stands still"),
    json
  },
  (given) => Effect.flatMap(starting, ({ start }) => start(given))
).pipe(
  Command.withDescription(
    about(
      "Starts an execution of a task.",
      "An id that there is already is the same execution, if task and payload are. With --follow the exit code is 1 unless it is Completed; ended by a signal, the execution is handed back, and goes on with any engine."
    )
  )
)

const worker = Command.make("worker", { db, tasks: module, json }, (given) =>
  Effect.flatMap(starting, ({ worker }) => worker(given))
).pipe(
  Command.withDescription(
    about(
      "Runs an engine: executions of these tasks go on, until Ctrl-C.",
      "It takes over what a dead one left. Where another engine owns the file, it waits for the end of that one. Told to end, it hands back what runs; phases get 30 seconds to finish."
    )
  )
)

const init = Command.make(
  "init",
  {
    folder: argument("FOLDER", "that is empty, or is made; the present one unless given").pipe(Args.withDefault(".")),
    json
  },
  (given) => Effect.flatMap(starter, ({ run }) => run(given))
).pipe(
  Command.withDescription(
    about("Writes a task to begin with, and its test, into an empty folder.", "It says what to do next.")
  )
)

const imported = Command.make("import", { file: argument("FILE", "that export has written"), db, json }, (given) =>
  Effect.flatMap(importing, ({ run }) => run(given))
).pipe(
  Command.withDescription(
    about(
      "Takes an execution into a database, from a file of export.",
      "Its journal is verified, and taken as it stands: it is paused, has failed or has ended. What belongs to the database that it is from is not in it: tokens, letters, its children. A phase that waited for an answer there is skipped with a value here."
    )
  )
)

/** Those that begin executions, and run them. */
export const starts = [init, start, worker] as const

/** Those that bring executions. */
export const brings = [imported] as const

export const all = [resume, rerun, skip, pause, close, revert, goto, discard, complete, signal] as const
