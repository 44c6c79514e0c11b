/** The verbs that change an execution: their arguments and options. What they do is loaded when one of them is asked for. */
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { about, argument, changing, flag, id, text } from "./Arguments.js"
import * as Complaint from "./Complaint.js"
import * as Source from "./Source.js"
import * as Value from "./Value.js"

const change = Source.load(() => import("./Change.js"))
const sending = Source.load(() => import("./Sending.js"))

/** What of these was given. */
const known = <T extends object>(members: T) =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== false)) as {
    [K in keyof T]?: Exclude<T[K], undefined>
  }

const value = text("value", "JSON", "the value, or @FILE that holds it")

const resume = Command.make(
  "resume",
  {
    id,
    ...changing,
    stopAt: text("stop-at", "CHECKPOINT", "it pauses there"),
    rerun: flag("rerun", "what may have happened runs again, also where its task would have it asked")
  },
  ({ id, rerun, stopAt, ...given }) =>
    Effect.flatMap(change, ({ run }) =>
      run(given, id, { _tag: "resume", ...known({ stopAt, inDoubt: rerun ? ("rerun" as const) : undefined }) })
    )
).pipe(
  Command.withDescription(
    about("Lets an execution go on that is paused or has failed.", "What failed runs again, what is recorded does not.")
  )
)

const skip = Command.make(
  "skip",
  { id, phase: argument("PHASE", "the path of the phase, as show has it"), ...changing, value },
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

const pause = Command.make("pause", { id, ...changing }, ({ id, ...given }) =>
  Effect.flatMap(change, ({ run }) => run(given, id, { _tag: "pause" }))
).pipe(
  Command.withDescription(about("Has an execution start no new phase.", "It is paused when those that run have ended."))
)

const close = Command.make(
  "close",
  {
    id,
    ...changing,
    revert: flag("revert", "also undoes what has happened"),
    force: flag("force", "also without the tasks' code, so that no finally runs; also the child of another execution")
  },
  ({ force, id, revert, ...given }) =>
    Effect.flatMap(change, ({ run }) => run(given, id, { _tag: "close", ...known({ force, revert }) }))
).pipe(
  Command.withDescription(
    about("Ends an execution early, and undoes nothing.", "What runs is interrupted, and finally blocks run.")
  )
)

const revert = Command.make(
  "revert",
  {
    id,
    ...changing,
    to: text("to", "CHECKPOINT", "only what came after it; the execution is then paused there"),
    retry: flag("retry", "with --to: what came after it runs again at once"),
    force: flag("force", "also the child of another execution")
  },
  ({ force, id, retry, to, ...given }) =>
    retry && to === undefined
      ? Complaint.usage("--retry goes with --to", "say which checkpoint to go back to, or resume the execution")
      : Effect.flatMap(change, ({ run }) => run(given, id, { _tag: "revert", ...known({ force, retry, to }) }))
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

export const all = [resume, skip, pause, close, revert, goto, discard, complete, signal] as const
