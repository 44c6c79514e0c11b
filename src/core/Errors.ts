/**
 * One tagged error per condition. Each message says what happened, where, and what to do next.
 */

import * as Schema from "effect/Schema"
import { Failure, JsonValue, render } from "./Failure.js"
import { CheckpointRefused } from "./Refusal.js"
import * as Sentence from "./Sentence.js"
import { all } from "./Status.js"

export * from "./Refusal.js"

const Execution = { execution: Schema.String }
const StatusSchema = Schema.Literal(...all)

/** How many failures a message shows: all are in `failures`. */
const shown = 5

const list = (failures: ReadonlyArray<Failure>): string => {
  const lines = failures.slice(0, shown).map((failure) => Sentence.open(render(failure)))
  const more = failures.length - shown
  return [...lines, ...(more > 0 ? [`and ${more} more in \`failures\``] : [])].join("; ")
}

/** A name of a task, phase or checkpoint, or an execution's id, that cannot be kept. When: before anything is recorded. */
export class InvalidName extends Schema.TaggedError<InvalidName>()("InvalidName", {
  what: Schema.String,
  given: Schema.String,
  problem: Schema.String
}) {
  override get message() {
    return (
      `${this.what} ${JSON.stringify(this.given.slice(0, 80))} cannot be used: ${this.problem}. Choose 1 to 255 bytes of ` +
      "printable text in Unicode's composed form (NFC)."
    )
  }
}

/** The payload does not fit the task's schema. When: at start (nothing was recorded), or when a recorded one is read by newer code. */
export class PayloadInvalid extends Schema.TaggedError<PayloadInvalid>()("PayloadInvalid", {
  task: Schema.String,
  at: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the payload does not fit task ${this.task} at ${this.at}: ${this.reason}`
  }
}

/** No execution has this id. */
export class ExecutionNotFound extends Schema.TaggedError<ExecutionNotFound>()("ExecutionNotFound", Execution) {
  override get message() {
    return `there is no execution ${this.execution} in this store; list shows those that it has`
  }
}

/** The execution had ended, and was purged at `at` when its task's retention was over. Its id is not given again; nothing was started. */
export class ExecutionDiscarded extends Schema.TaggedError<ExecutionDiscarded>()("ExecutionDiscarded", {
  ...Execution,
  /** in milliseconds UTC */
  at: Schema.Number
}) {
  override get message() {
    const at = Schema.decodeSync(Schema.DateFromNumber)(this.at).toISOString()
    return `execution ${this.execution} is discarded: it had ended, and its retention was over at ${at}. Use another id.`
  }
}

/** The id exists already, for another task or another payload. The execution that has it was not touched. */
export class ExecutionConflict extends Schema.TaggedError<ExecutionConflict>()("ExecutionConflict", {
  ...Execution,
  task: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `execution ${this.execution} exists already: ${Sentence.open(this.reason)}. Use another id, or the same task and payload to attach to it.`
  }
}

/** The engine does not have this task, so it cannot advance, close or revert the execution. */
export class TaskNotRegistered extends Schema.TaggedError<TaskNotRegistered>()("TaskNotRegistered", {
  ...Execution,
  task: Schema.String,
  /** the one that the execution goes on with */
  version: Schema.optionalWith(Schema.Int, { exact: true })
}) {
  override get message() {
    const version = this.version === undefined ? "" : ` in version ${this.version}`
    return `execution ${this.execution} needs task ${this.task}${version}, which this engine does not have: provide its layer (task.layer)`
  }
}

/** Two tasks of one name and version are registered in one engine: which of them goes on with an execution is anybody's guess. */
export class TaskConflict extends Schema.TaggedError<TaskConflict>()("TaskConflict", {
  task: Schema.String,
  version: Schema.Int
}) {
  override get message() {
    return `there are two tasks called ${this.task} of version ${this.version} in this engine: give the later one a higher version, or another name`
  }
}

/** The execution's status does not allow what was asked. Nothing changed. */
export class IllegalTransition extends Schema.TaggedError<IllegalTransition>()("IllegalTransition", {
  ...Execution,
  from: StatusSchema,
  to: StatusSchema,
  verb: Schema.String,
  hint: Schema.String
}) {
  override get message() {
    return `execution ${this.execution} is ${this.from}: it cannot ${this.verb}. ${this.hint}`
  }
}

/** The execution is the child of another one, that closes and reverts it with itself. Nothing changed. */
export class OwnedByParent extends Schema.TaggedError<OwnedByParent>()("OwnedByParent", {
  ...Execution,
  verb: Schema.String,
  parent: Schema.String,
  path: Schema.String
}) {
  override get message() {
    return (
      `execution ${this.execution} is the child of ${this.parent}, called at ${this.path}: ${this.verb} ${this.parent}, ` +
      `or ${this.verb} the child alone with force`
    )
  }
}

/** The code is not the one that wrote the journal: nothing of it may run. Nothing changed. */
export class HistoryMismatch extends Schema.TaggedError<HistoryMismatch>()("HistoryMismatch", {
  ...Execution,
  path: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `the code does not fit the journal of execution ${this.execution} at ${this.path}: ${this.reason}`
  }
}

/** The execution is Failed for reasons that the task's `error` schema does not hold: a defect, a timeout, an engine fault. */
export class ExecutionFailed extends Schema.TaggedError<ExecutionFailed>()("ExecutionFailed", {
  ...Execution,
  failures: Schema.Array(Failure)
}) {
  override get message() {
    return `execution ${this.execution} is Failed: ${list(this.failures)}. Resume, close or revert it.`
  }
}

/** The execution is Paused: resume it, or execute with `resume: true`. */
export class ExecutionPaused extends Schema.TaggedError<ExecutionPaused>()("ExecutionPaused", Execution) {
  override get message() {
    return `execution ${this.execution} is Paused: resume it, or execute with { resume: true }`
  }
}

/**
 * The execution waits, and this engine is passive: nothing here goes on by itself. `until` is when it can go on without
 * anybody's doing, in milliseconds UTC; `key` is the concurrency key behind which there is no place for it.
 */
export class ExecutionWaiting extends Schema.TaggedError<ExecutionWaiting>()("ExecutionWaiting", {
  ...Execution,
  until: Schema.optionalWith(Schema.Number, { exact: true }),
  key: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message() {
    const event =
      this.key === undefined
        ? "somebody sends it something"
        : `there is a place behind its concurrency key ${JSON.stringify(this.key)}`
    const when = this.until === undefined ? event : Schema.decodeSync(Schema.DateFromNumber)(this.until).toISOString()
    return `execution ${this.execution} waits until ${when}: advance it then, for this engine is passive`
  }
}

/** The execution was closed before it completed. */
export class ExecutionClosed extends Schema.TaggedError<ExecutionClosed>()("ExecutionClosed", {
  ...Execution,
  reason: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message() {
    return `execution ${this.execution} was closed${this.reason === undefined ? "" : `: ${this.reason}`}`
  }
}

/** What the execution did was undone. `failures` led to it; none if an operator asked for it. */
export class ExecutionReverted extends Schema.TaggedError<ExecutionReverted>()("ExecutionReverted", {
  ...Execution,
  failures: Schema.Array(Failure)
}) {
  override get message() {
    const why = this.failures.length === 0 ? "" : ` after ${list(this.failures)}`
    return `execution ${this.execution} was reverted${why}`
  }
}

/** The execution stands still, or has ended, elsewhere than at the checkpoint that somebody had it go to. */
export class CheckpointNotReached extends Schema.TaggedError<CheckpointNotReached>()("CheckpointNotReached", {
  ...Execution,
  checkpoint: Schema.String,
  status: StatusSchema
}) {
  override get message() {
    return `execution ${this.execution} is ${this.status}, and has not come to checkpoint ${this.checkpoint}: see its status`
  }
}

/** An undo failed or cannot be decided, so that the revert stopped part of the way. */
export class RevertIncomplete extends Schema.TaggedError<RevertIncomplete>()("RevertIncomplete", {
  ...Execution,
  failures: Schema.Array(Failure),
  causes: Schema.Array(Failure)
}) {
  override get message() {
    return `the revert of execution ${this.execution} stopped: ${list(this.failures)}. Resume goes on at that undo; skip passes it over.`
  }
}

/** The journal has no such phase, or it is not in a state in which this can be asked of it. */
export class PhaseNotOpen extends Schema.TaggedError<PhaseNotOpen>()("PhaseNotOpen", {
  ...Execution,
  phase: Schema.String,
  reason: Schema.String,
  /** what was asked; if it is left out, to skip it */
  asked: Schema.optionalWith(Schema.Literal("resume", "rerun", "show"), { exact: true }),
  /** it has happened, and this is the nearest checkpoint or stage before it to which the execution can go back */
  back: Schema.optionalWith(Schema.String, { exact: true })
}) {
  override get message() {
    const { asked = "skip" } = this
    const what = { skip: "skipped", resume: "resumed", rerun: "rerun", show: "shown" }[asked]
    return `phase ${this.phase} of execution ${this.execution} cannot be ${what}: ${this.reason}`
  }
}

/** Another process owns the engine of this store. Nothing was changed. */
export class EngineBusy extends Schema.TaggedError<EngineBusy>()("EngineBusy", {
  pid: Schema.Number,
  state: Schema.Literal("running", "stopped", "unknown"),
  since: Schema.optionalWith(Schema.Number, { exact: true }),
  store: Schema.String
}) {
  override get message() {
    const stopped = this.state === "stopped" ? " (stopped by a signal: kill -CONT or kill -9 it)" : ""
    const since =
      this.since === undefined ? "" : ` since ${Schema.decodeSync(Schema.DateFromNumber)(this.since).toISOString()}`
    return `${this.store} is owned by the engine in process ${this.pid}${stopped}${since}: ask that engine, or end it first`
  }
}

/** What is wrong with a store. */
export const StoreReason = Schema.Literal(
  "Full", // no space left; appends work again when there is
  "ReadOnly", // the file, its folder or its file system cannot be written
  "NotFound", // no such file or folder, or no permission to reach it
  "NotOurs", // a file that is not a tidemark database; it was left as it is
  "Newer", // written by a newer tidemark; it was left as it is
  "Corrupt", // damaged
  "Busy", // somebody else holds the database's write lock for too long
  "Unsupported", // the SQLite library, a setting or a file system that cannot keep our promises
  "Failed" // any other error of the driver, an I/O error or a failed fsync among them
)

/** The store cannot do what was asked. Nothing was acknowledged. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: StoreReason,
  store: Schema.String,
  message: Schema.String,
  cause: Schema.optionalWith(Schema.Defect, { exact: true })
}) {}

/** Another engine claimed the execution since: this one may not append to it any more. Nothing was written. */
export class Fenced extends Schema.TaggedError<Fenced>()("Fenced", {
  ...Execution,
  epoch: Schema.Number,
  seq: Schema.Number
}) {
  override get message() {
    return `execution ${this.execution} was claimed by another engine: entry ${this.seq} of epoch ${this.epoch} was refused`
  }
}

/** The journal of this execution is damaged from `seq` on. It is left as it is; others go on. */
export class JournalCorrupt extends Schema.TaggedError<JournalCorrupt>()("JournalCorrupt", {
  ...Execution,
  seq: Schema.Number,
  reason: Schema.String
}) {
  override get message() {
    return `the journal of execution ${this.execution} is damaged at entry ${this.seq}: ${Sentence.open(this.reason)}. Restore it from a backup.`
  }
}

/** A file, or a folder, holds no exported journal that this version can read. It was left as it is. */
export class ExportUnreadable extends Schema.TaggedError<ExportUnreadable>()("ExportUnreadable", {
  file: Schema.String,
  reason: Schema.String
}) {
  override get message() {
    return `${this.file} cannot be checked: ${Sentence.open(this.reason)}. tidemark export ID --out FILE makes such files.`
  }
}

/** The journal's entries contradict each other: thrown by the fold, met as `JournalCorrupt`. */
export class BrokenHistory extends Error {
  override readonly name = "BrokenHistory"
  constructor(
    readonly seq: number,
    readonly reason: string
  ) {
    super(`entry ${seq}: ${reason}`)
  }
}

/** The live engine answered an order of another process with this refusal, or not at all. */
export class OrderRefused extends Schema.TaggedError<OrderRefused>()("OrderRefused", {
  ...Execution,
  verb: Schema.String,
  reason: Schema.String,
  detail: Schema.optionalWith(JsonValue, { exact: true })
}) {
  override get message() {
    return `${this.verb} of execution ${this.execution} was refused by the engine: ${this.reason}`
  }
}

/** What can come between a caller and the result of an execution, beside the task's own error. */
export type TaskError =
  | InvalidName
  | PayloadInvalid
  | ExecutionDiscarded
  | ExecutionConflict
  | ExecutionFailed
  | ExecutionPaused
  | ExecutionWaiting
  | ExecutionClosed
  | ExecutionReverted
  | RevertIncomplete
  | CheckpointRefused
  | TaskNotRegistered
  | IllegalTransition
  | EngineBusy
  | StoreError
  | Fenced
  | JournalCorrupt

/** The classes of these. */
export const TaskErrors = [
  InvalidName,
  PayloadInvalid,
  ExecutionDiscarded,
  ExecutionConflict,
  ExecutionFailed,
  ExecutionPaused,
  ExecutionWaiting,
  ExecutionClosed,
  ExecutionReverted,
  RevertIncomplete,
  CheckpointRefused,
  TaskNotRegistered,
  IllegalTransition,
  EngineBusy,
  StoreError,
  Fenced,
  JournalCorrupt
] as const satisfies ReadonlyArray<new (...args: never) => TaskError>
