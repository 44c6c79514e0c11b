/**
 * The contract of the engine, apart from what implements it: what a task and an operator can ask for.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Act, Recorded } from "../core/Entry.js"
import type {
  EngineBusy,
  ExecutionNotFound,
  Fenced,
  HistoryMismatch,
  IllegalTransition,
  JournalCorrupt,
  OrderRefused,
  OwnedByParent,
  PhaseNotOpen,
  RevertIncomplete,
  StoreError,
  TaskError,
  TaskNotRegistered
} from "../core/Errors.js"
import type { Defect, Failure } from "../core/Failure.js"
import type { Json } from "../core/Json.js"
import type { Status } from "../core/Status.js"
import type { Definition } from "./Definition.js"

/** One plain object about one execution. Times in milliseconds UTC. */
export interface ExecutionStatus {
  readonly id: string
  readonly task: string
  readonly version: number
  /** of a child: the execution and the phase that called it */
  readonly parent: { readonly execution: string; readonly path: string } | undefined
  readonly status: Status
  /** the path of the phase that started last; "" before the first */
  readonly position: string
  /** why it is Failed or RevertFailed, or what led to the revert */
  readonly failures: ReadonlyArray<Failure>
  /** what it waits for; empty while something of it runs that waits for nothing */
  readonly waits: ReadonlyArray<Wait>
  readonly payload: Json
  readonly result: Json | undefined
  readonly times: {
    readonly created: number
    readonly started: number | undefined
    readonly updated: number
    readonly ended: number | undefined
  }
  readonly epoch: number
  readonly owner: string | undefined
  /** whether this engine has the task's code; without it nothing advances here */
  readonly registered: boolean
  /** the phases in the order in which they started */
  readonly phases: ReadonlyArray<PhaseStatus>
  /** what a `finally` threw while the execution was closed */
  readonly closeError: Defect | undefined
}

/** What an execution waits for: an instant, somebody's answer, a signal, the next attempt, another execution. */
export interface Wait {
  readonly path: string
  readonly name: string
  readonly kind: "timer" | "delegate" | "signal" | "retry" | "child"
  /** in milliseconds UTC */
  readonly since: number
  /** when it is over in any case, in milliseconds UTC; missing: never */
  readonly until?: number
  /** of a delegate: what its last heartbeat said */
  readonly progress?: Progress
}

/** How far somebody has come with what the execution waits for, in their own words. */
export interface Progress {
  /** from 0 to 1 */
  readonly progress?: number
  readonly text?: string
}

/** One phase of an execution, as its journal shows it. */
export interface PhaseStatus {
  readonly path: string
  readonly name: string
  readonly kind: string
  /**
   * What is made of other phases is `running` while these go on, `parked` where the execution stands still, and `left` if
   * its end is not wanted any more: it lost a race, or what is around it has ended.
   */
  readonly state: "running" | "delayed" | "in doubt" | "succeeded" | "failed" | "undone" | "parked" | "left"
  readonly attempt: number
  /** the execution that it called */
  readonly child: string | undefined
}

/** An execution in a list. */
export interface ExecutionSummary {
  readonly id: string
  readonly task: string
  readonly version: number
  readonly status: Status
  readonly createdAt: number
  readonly updatedAt: number
}

/** Which executions to list. `after` is the id of the last one of the page before. */
export interface ListOptions {
  readonly task?: string
  readonly status?: ReadonlyArray<Status>
  readonly order?: "oldest" | "newest"
  readonly after?: string
  readonly limit?: number
}

export interface ExecuteOptions {
  /** the execution's id; without it the task's `idempotencyKey(payload)`, else a fresh one */
  readonly id?: string
  /** lets a Paused or Failed execution go on */
  readonly resume?: boolean
  /** what interrupting the caller does: hand the execution back for any engine, or close it. Default "detach" */
  readonly onInterrupt?: "detach" | "close"
}

/** `inDoubt: "rerun"` runs a phase again although it may have happened (with the same key), where its own policy is to ask. */
export interface ResumeOptions extends Act {
  readonly inDoubt?: "rerun"
}

/**
 * Whether closing also reverts. `force` closes although the code is missing or does not fit: no `finally` runs; and what is
 * the child of another execution.
 */
export interface CloseOptions extends Act {
  readonly revert?: boolean
  readonly force?: boolean
}

/** `force` reverts what is the child of another execution, and its parent's to revert. */
export interface RevertOptions extends Act {
  readonly force?: boolean
}

/** What any request about an execution can be refused with. */
export type RequestError =
  | ExecutionNotFound
  | IllegalTransition
  | OwnedByParent
  | EngineBusy
  | TaskNotRegistered
  | HistoryMismatch
  | PhaseNotOpen
  | OrderRefused
  | StoreError
  | Fenced
  | JournalCorrupt

/** What reading can be refused with. */
export type ReadError = ExecutionNotFound | StoreError | JournalCorrupt

export interface Service {
  readonly execute: (
    definition: Definition,
    payload: unknown,
    options: ExecuteOptions
  ) => Effect.Effect<unknown, unknown, unknown>
  readonly start: (
    definition: Definition,
    payload: unknown,
    options: Pick<ExecuteOptions, "id">
  ) => Effect.Effect<string, TaskError>
  readonly register: (definition: Definition) => Effect.Effect<void, never, unknown>
  readonly resume: (id: string, options?: ResumeOptions) => Effect.Effect<ExecutionStatus, RequestError>
  readonly pause: (id: string, options?: Act) => Effect.Effect<ExecutionStatus, RequestError>
  readonly close: (
    id: string,
    options?: CloseOptions
  ) => Effect.Effect<ExecutionStatus, RequestError | RevertIncomplete>
  readonly revert: (
    id: string,
    options?: RevertOptions
  ) => Effect.Effect<ExecutionStatus, RequestError | RevertIncomplete>
  readonly skip: (
    id: string,
    phase: string,
    value?: Json,
    options?: Act
  ) => Effect.Effect<ExecutionStatus, RequestError>
  readonly status: (id: string) => Effect.Effect<ExecutionStatus, ReadError>
  readonly history: (id: string) => Effect.Effect<ReadonlyArray<Recorded>, ReadError>
  readonly list: (query?: ListOptions) => Effect.Effect<ReadonlyArray<ExecutionSummary>, StoreError>
  readonly watch: (id: string) => Stream.Stream<Recorded, ReadError>
  readonly settled: (id: string) => Effect.Effect<ExecutionStatus, ReadError>
}

/** Moves executions: see `Sqlite.layer` and `TaskEngine.layerMemory` for where they are kept. */
export class TaskEngine extends Context.Tag("tidemark/TaskEngine")<TaskEngine, Service>() {
  /** Lets a Paused, Failed or RevertFailed execution go on; what failed gets a new round of attempts. Answers at once. */
  static readonly resume = (id: string, options?: ResumeOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.resume(id, options))
  /** No new phase starts; answers when the running ones have ended and the execution is Paused, or has ended. */
  static readonly pause = (id: string, options?: Act) =>
    Effect.flatMap(TaskEngine, (engine) => engine.pause(id, options))
  /** Ends the execution early: interrupts the phase in flight, lets `finally` blocks run. Idempotent. */
  static readonly close = (id: string, options?: CloseOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.close(id, options))
  /** Undoes the phases that completed, newest first; goes on with a revert that stopped. Answers when it is Reverted. */
  static readonly revert = (id: string, options?: RevertOptions) =>
    Effect.flatMap(TaskEngine, (engine) => engine.revert(id, options))
  /** Says that the phase where an execution is parked happened, with this value (as recorded: plain JSON), and goes on. */
  static readonly skip = (id: string, phase: string, value?: Json, options?: Act) =>
    Effect.flatMap(TaskEngine, (engine) => engine.skip(id, phase, value, options))
  /** What is known of an execution. */
  static readonly status = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.status(id))
  /** The journal's entries, in order. */
  static readonly history = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.history(id))
  /** The executions of this store, newest first. */
  static readonly list = (query?: ListOptions) => Effect.flatMap(TaskEngine, (engine) => engine.list(query))
  /** The journal's entries from the first, then live ones, until the execution ends. */
  static readonly watch = (id: string) => Stream.unwrap(Effect.map(TaskEngine, (engine) => engine.watch(id)))
  /** Waits until no engine has anything to do for the execution: it ended, failed, or is paused. */
  static readonly settled = (id: string) => Effect.flatMap(TaskEngine, (engine) => engine.settled(id))
}
