/**
 * The contract of the engine, apart from what implements it: what a task and an operator can ask for.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Action } from "../core/Action.js"
import type { Context as Seen } from "../core/Context.js"
import type { Act, Recorded } from "../core/Entry.js"
import type {
  CheckpointNotReached,
  CheckpointRefused,
  EngineBusy,
  ExecutionDiscarded,
  ExecutionNotFound,
  Fenced,
  JournalCorrupt,
  PhaseNotOpen,
  RevertIncomplete,
  StoreError,
  TaskError,
  TaskNotRegistered
} from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import type { Plan } from "../core/Plan.js"
import type {
  CloseOptions,
  DiscardOptions,
  GoToOptions,
  RequestError,
  RerunOptions,
  ResumeOptions,
  RevertOptions
} from "./Acting.js"
import type { Checked } from "./Checked.js"
import type { Definition } from "./Definition.js"
import type { Advanced, ExecutionStatus, ExecutionSummary, Progress } from "./ExecutionStatus.js"
import type { Instant } from "./Instant.js"
import type { CheckOptions, HistoryOptions, ListOptions, ReadError } from "./Reading.js"
import type { Schedule } from "./Schedule.js"
import type { CompleteError, HeartbeatError, SendOptions, SignalError } from "./Sending.js"

export interface ExecuteOptions {
  /** the execution's id; without it the task's `idempotencyKey(payload)`, else a fresh one */
  readonly id?: string
  /** lets a Paused or Failed execution go on */
  readonly resume?: boolean
  /** what interrupting the caller does: hand the execution back for any engine, or close it. Default "detach" */
  readonly onInterrupt?: "detach" | "close"
  /**
   * the checkpoint at which the execution that this starts, or resumes, pauses: answered with `ExecutionPaused`. By its name,
   * `name#3` or its path. An execution that runs already does not stop for it
   */
  readonly stopAt?: string
  /** what the execution that this starts is found by, beside what its task says: texts as names are */
  readonly tags?: ReadonlyArray<string>
}

/** How an execution is started that nobody waits for. */
export interface StartOptions extends Pick<ExecuteOptions, "id" | "stopAt" | "tags"> {
  /** not before then: a Date, a DateTime, or milliseconds UTC. It is Pending until then. Default: at once */
  readonly at?: Instant
  /** of those that are due and for which there is no place yet, the ones with the higher one go first. An integer; default 0 */
  readonly priority?: number
}

/** `limit`: how many executions are taken up at most; all that are due, if it is left out. */
export interface AdvanceOptions {
  readonly limit?: number
}

/** What advancing can be refused with. */
export type AdvanceError =
  | ExecutionNotFound
  | ExecutionDiscarded
  | EngineBusy
  | TaskNotRegistered
  | StoreError
  | Fenced
  | JournalCorrupt

export interface Service {
  readonly execute: (
    definition: Definition,
    payload: unknown,
    options: ExecuteOptions
  ) => Effect.Effect<unknown, unknown, unknown>
  readonly start: (definition: Definition, payload: unknown, options: StartOptions) => Effect.Effect<string, TaskError>
  /** starts executions at the times of a schedule, for as long as the scope is open */
  readonly schedule: (definition: Definition, schedule: Schedule) => Effect.Effect<void, never, Scope.Scope>
  readonly register: (definition: Definition) => Effect.Effect<void, never, unknown>
  readonly resume: (id: string, options?: ResumeOptions) => Effect.Effect<ExecutionStatus, RequestError>
  readonly rerun: (id: string, options?: RerunOptions) => Effect.Effect<ExecutionStatus, RequestError>
  readonly pause: (id: string, options?: Act) => Effect.Effect<ExecutionStatus, RequestError>
  readonly close: (
    id: string,
    options?: CloseOptions
  ) => Effect.Effect<ExecutionStatus, RequestError | RevertIncomplete>
  readonly revert: (
    id: string,
    options?: RevertOptions
  ) => Effect.Effect<ExecutionStatus, RequestError | RevertIncomplete>
  readonly goTo: (
    id: string,
    checkpoint: string,
    options?: GoToOptions
  ) => Effect.Effect<ExecutionStatus, RequestError | RevertIncomplete | CheckpointNotReached>
  readonly discard: (id: string, options: DiscardOptions) => Effect.Effect<ExecutionStatus, RequestError>
  readonly skip: (
    id: string,
    phase: string,
    value?: Json,
    options?: Act
  ) => Effect.Effect<ExecutionStatus, RequestError>
  readonly plan: (id: string, action: Action) => Effect.Effect<Plan, ReadError>
  readonly contextOf: (id: string, phase?: string) => Effect.Effect<Seen, ReadError | PhaseNotOpen>
  readonly complete: (
    token: string,
    exit: Exit.Exit<Json | void, Json>,
    options?: SendOptions
  ) => Effect.Effect<void, CompleteError>
  readonly heartbeat: (token: string, progress?: Progress) => Effect.Effect<void, HeartbeatError>
  readonly signal: (id: string, name: string, value?: Json, options?: SendOptions) => Effect.Effect<void, SignalError>
  readonly advance: (id: string) => Effect.Effect<Advanced, AdvanceError>
  readonly advanceDue: (options?: AdvanceOptions) => Effect.Effect<ReadonlyArray<Advanced>, EngineBusy | StoreError>
  readonly status: (id: string) => Effect.Effect<ExecutionStatus, ReadError>
  readonly history: (
    id: string,
    options?: HistoryOptions
  ) => Effect.Effect<ReadonlyArray<Recorded>, ReadError | CheckpointRefused>
  readonly list: (query?: ListOptions) => Effect.Effect<ReadonlyArray<ExecutionSummary>, StoreError>
  readonly watch: (id: string) => Stream.Stream<Recorded, ReadError>
  readonly settled: (id: string) => Effect.Effect<ExecutionStatus, ReadError>
  readonly check: (options?: CheckOptions) => Stream.Stream<Checked, StoreError>
}

/** Moves executions: see `Sqlite.layer` and `TaskEngine.layerMemory` for where they are kept. */
export class TaskEngine extends Context.Tag("tidemark/TaskEngine")<TaskEngine, Service>() {
  /**
   * Lets a Paused, Failed or RevertFailed execution go on; what failed gets a new round of attempts. Answers at once.
   *
   * All that is asked at once is recorded at once, or nothing. With `values`, phases are skipped: they happened, with these
   * values. With `from`, only these of the failed phases go on; others stay as they are, refused where that would end
   * everything again. With `payload`, the task goes on with another one: what is recorded keeps its values and has to fit
   * (`HistoryMismatch`: the first difference). `PhaseNotOpen`: no such phase, or it has happened; go back before that with
   * `goTo`, or `revert` and its `to`. `RequirementsMissing`: a value or the payload does not fit, and where, or undos
   * would see the new payload, and `amend` is not given. The idea is Mistral's rerun of a workflow.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const again = TaskEngine.resume("order-7", { payload: { sku: "tea", card: "5555" }, amend: "undo-too", by: "ann" })
   * const skipping = TaskEngine.resume("order-7", { values: { "parts/label": "by hand" }, from: "parts/pick" })
   */
  static readonly resume = (id: string, options?: ResumeOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.resume(id, options))
  /**
   * Runs the items of a `forEach` again that failed, or those that are named; whatever else failed stays as it is.
   *
   * An item may be given another `input`, which stands for it from then on. Refused as `resume` is.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const all = TaskEngine.rerun("import-7")
   * const one = TaskEngine.rerun("import-7", { items: [{ item: "b.csv", input: "b-repaired.csv" }], by: "ann" })
   */
  static readonly rerun = (id: string, options?: RerunOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.rerun(id, options))
  /** No new phase starts; answers when the running ones have ended and the execution is Paused, or has ended. */
  static readonly pause = (id: string, options?: Act) =>
    Effect.flatMap(TaskEngine, (engine) => engine.pause(id, options))
  /** Ends the execution early: interrupts the phase in flight, lets `finally` blocks run. Idempotent. */
  static readonly close = (id: string, options?: CloseOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.close(id, options))
  /**
   * Undoes the phases that completed, newest first; goes on with a revert that stopped. Answers when it is Reverted.
   *
   * With `to`, goes back to a checkpoint: undoes what came after it, and answers when the execution is Paused there; what
   * came after it then runs anew. With `then: "retry"` it runs at once, and this answers as soon as it does.
   * `CheckpointRefused`: nobody can go there, and why; nothing moved. Dies for a `then` without `to`.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const back = TaskEngine.revert("setup-1", { to: "configured" })
   * const anew = TaskEngine.revert("setup-1", { to: "configured", then: "retry" })
   */
  static readonly revert = (id: string, options?: RevertOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.revert(id, options))
  /**
   * Has a Paused or Failed execution go to a checkpoint, and answers when it stands there, Paused.
   *
   * One that it has come to lies behind: it goes back, as `revert` with `to` does. Any other lies ahead: it is resumed, and
   * stops there. `CheckpointNotReached`: it ended, failed or was paused before, and how it stands. Interrupting the caller
   * leaves the execution as it is. Refused as `revert` with `to` is. The idea is the checkpointing page of TaskFlow.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const there = TaskEngine.goTo("setup-1", "installed")
   */
  static readonly goTo = (id: string, checkpoint: string, options?: GoToOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.goTo(id, checkpoint, options))
  /**
   * Has a Paused, Failed or Waiting execution forget what was before a checkpoint of its present body, or before a stage: no
   * revert goes back beyond it then. What is needed to go on stays.
   *
   * A checkpoint is meant by its name, `name#3` or its path; a stage by its name, `page#3` or `@page#3`. `CheckpointRefused`:
   * there is no such one, or it stands in a group; nothing changed. Of what is discarded already, nothing is recorded. The
   * idea is the checkpointing page of TaskFlow.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const forget = TaskEngine.discard("setup-1", { before: "configured", by: "alice", reason: "it is in use" })
   */
  static readonly discard = (id: string, options: DiscardOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.discard(id, options))
  /** Says that the phase where an execution is parked happened, with this value (as recorded: plain JSON), and goes on. */
  static readonly skip = (id: string, phase: string, value?: Json, options?: Act) =>
    Effect.flatMap(TaskEngine, (engine) => engine.skip(id, phase, value, options))
  /**
   * What an action would do, told beforehand: which phases are replayed, run, skipped, undone; what is in doubt, what cannot
   * be undone; and what is missing. Nothing runs and nothing is written; any process that can read the store may ask.
   *
   * The action itself is decided in the same way: it is refused with what `missing` lists, and with `PlanOutdated` if it names
   * the plan's `hash` as its `plan` and the execution has moved since. Without the task's code (`missing` says so) the steps
   * are those that the journal tells of. What comes after the phases that run next is not known: then `more` is true.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   * import * as Effect from "effect/Effect"
   *
   * const careful = Effect.gen(function* () {
   *   const plan = yield* TaskEngine.plan("order-7", { _tag: "revert" })
   *   if (plan.irreversible.length > 0) return yield* Effect.fail(plan)
   *   return yield* TaskEngine.revert("order-7", { by: "ann", reason: "duplicate", plan: plan.hash })
   * })
   */
  static readonly plan = (id: string, action: Action) => Effect.flatMap(TaskEngine, (engine) => engine.plan(id, action))
  /**
   * Ends the phase that the token belongs to: a delegate, or one that answered `Phase.later`, or will in a moment.
   *
   * `exit` holds values as they are recorded: plain JSON, the encoded side of the phase's `success` or `error` schema. It
   * is kept, on disk, once this answers, whether or not any engine runs, also while the execution is Paused. The first
   * completion counts; the same one again is answered as done, another is `AlreadyCompleted`. `TokenExpired`: the attempt
   * timed out, or its own effect failed. `TokenClosed`: the execution was closed or reverted, or the phase lost a race.
   * `TokenNotFound`: no such token, whatever is wrong with it. `ValueRefused`: the value does not fit, and where; the phase goes on
   * waiting. `RequiresTask`: only an engine that has the task can tell. The idea is Mistral's asynchronous action, and
   * Temporal's asynchronous activity completion.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   * import * as Exit from "effect/Exit"
   *
   * const approve = (token: string) => TaskEngine.complete(token, Exit.succeed({ by: "alice" }))
   * const decline = (token: string) => TaskEngine.complete(token, Exit.fail("declined"))
   */
  static readonly complete = (token: string, exit: Exit.Exit<Json | void, Json>, options?: SendOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.complete(token, exit, options))
  /**
   * Says that the work behind the token goes on: puts off the phase's `heartbeat` timeout, never its `timeout`.
   *
   * `progress` is shown by `status`: a number from 0 to 1, a text, or both; what is left out is forgotten. Refused as
   * `complete` refuses, and with `AlreadyCompleted` once the phase has an answer, so that the work can stop. The idea is
   * Temporal's activity heartbeat.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const halfway = (token: string) => TaskEngine.heartbeat(token, { progress: 0.5, text: "page 20 of 40" })
   */
  static readonly heartbeat = (token: string, progress?: Progress) =>
    Effect.flatMap(TaskEngine, (engine) => engine.heartbeat(token, progress))
  /**
   * Tells an execution something: the next `Phase.signal` of this name answers it, also one that is yet to come.
   *
   * `value` is plain JSON, the encoded side of that phase's schema, which reads it there: nobody can check it before. It
   * is kept, on disk, once this answers; signals of a name are taken in the order in which they were kept, each once.
   * `ExecutionNotFound`: there is no such execution; `ExecutionEnded`: it is Completed, Closed or Reverted; `InvalidName`:
   * no phase can have that name; `ValueRefused`: no plain JSON, or too large. The idea is Temporal's signal.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const paid = TaskEngine.signal("order-7", "paid", { amount: 12 })
   */
  static readonly signal = (id: string, name: string, value?: Json, options?: SendOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.signal(id, name, value, options))
  /**
   * Runs an execution, and the children that it waits for, until it waits again, ends, or is parked, and says how it
   * stands then. What is not due is answered as it is. Two who advance one execution share its run; interrupting the one
   * who began it hands it back.
   *
   * For engines with `mode: "passive"`, which do nothing by themselves: see docs/workers.md. `ExecutionNotFound`: there
   * is no such execution; `TaskNotRegistered`: it is due, and this engine has not its task; `EngineBusy`: another process
   * advances the executions of this store.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   * import * as Effect from "effect/Effect"
   *
   * const next = Effect.map(TaskEngine.advance("order-7"), ({ status, until }) => ({ status, until }))
   */
  static readonly advance = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.advance(id))
  /**
   * Advances every execution that is due and whose task this engine has, once each, the oldest first, as many at a time as
   * `EngineConfig.concurrency` says; what comes to be due meanwhile, too. Answers how they stand then.
   *
   * One that cannot be advanced is logged, and keeps nobody else from it. Dies with a `TypeError` for a `limit` that is
   * no positive integer. `EngineBusy`: another process advances the executions of this store.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const everyMinute = TaskEngine.advanceDue({ limit: 50 })
   */
  static readonly advanceDue = (options?: AdvanceOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.advanceDue(options))
  /** What is known of an execution. */
  static readonly status = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.status(id))
  /**
   * What a phase of an execution sees, as it is recorded: payload, stage, what was recorded before it began; and its own
   * attempts and failures. Without a path, the phase that failed, or that started last. `PhaseNotOpen`: there is no such phase.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   * import * as Effect from "effect/Effect"
   *
   * const why = Effect.map(TaskEngine.contextOf("order-7"), ({ payload, phase, results }) => ({ payload, phase, results }))
   */
  static readonly contextOf = (id: string, phase?: string) =>
    Effect.flatMap(TaskEngine, (engine) => engine.contextOf(id, phase))
  /**
   * The journal's entries, in order; all, those from a checkpoint on, or those that say who asked for what.
   * `CheckpointRefused`: no such checkpoint stands.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const audit = TaskEngine.history("order-7", { acts: true })
   */
  static readonly history = (id: string, options?: HistoryOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.history(id, options))
  /**
   * The executions of this store, newest first, that all of the query is true of; page by page with `limit` and `after`.
   *
   * What `failedWith` and `waitingOn` ask is in the journals: those of all that may be meant are read. Dies with a `TypeError`
   * for a `since` or an `until` that is no instant.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   *
   * const broken = TaskEngine.list({ task: "import", failedWith: "no space left", limit: 20 })
   */
  static readonly list = (query?: ListOptions) => Effect.flatMap(TaskEngine, (engine) => engine.list(query))
  /** The journal's entries from the first, then live ones, until the execution ends. */
  static readonly watch = (id: string) => Stream.unwrap(Effect.map(TaskEngine, (engine) => engine.watch(id)))
  /**
   * Whether the code at hand can go on with the executions of this store: each that has not ended, oldest first, with what
   * becomes of it under the tasks that this engine has.
   *
   * Every journal is replayed with its recorded outcomes alone: no effect runs, nothing is written, no lock is taken. An
   * execution fits; or it `differs`, and where, with what is recorded there, what the code comes to, and what seems to have
   * happened; or a recorded value is `undecodable`; or the task is `missing`; or the journal is `damaged`. See
   * docs/check.md. `filter` takes what `list` takes; with `status`, ended ones too. The idea is Temporal's replayer.
   *
   * @example
   * import { TaskEngine } from "tidemark"
   * import * as Stream from "effect/Stream"
   *
   * const stranded = TaskEngine.check().pipe(
   *   Stream.filter(({ verdict }) => verdict !== "fits"),
   *   Stream.runCollect
   * )
   */
  static readonly check = (options?: CheckOptions) =>
    Stream.unwrap(Effect.map(TaskEngine, (engine) => engine.check(options)))
  /** Waits until nothing is to be done for the execution now: it ended, failed, is paused, or waits. */
  static readonly settled = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.settled(id))
}
