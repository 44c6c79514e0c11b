/** How an operator acts on an execution: what each verb takes, and what it can be refused with. */
import type { Act } from "../core/Entry.js"
import type {
  CheckpointRefused,
  EngineBusy,
  ExecutionNotFound,
  Fenced,
  HistoryMismatch,
  IllegalTransition,
  JournalCorrupt,
  OrderRefused,
  OwnedByParent,
  PhaseNotOpen,
  PlanOutdated,
  RequirementsMissing,
  StoreError,
  TaskNotRegistered
} from "../core/Errors.js"

/**
 * `inDoubt: "rerun"` runs a phase again although it may have happened (with the same key), where its own policy is to ask.
 * `stopAt` has it pause at the next checkpoint of that name; a revert does not turn forward for it.
 */
export interface ResumeOptions extends Act {
  readonly inDoubt?: "rerun"
  readonly stopAt?: string
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
  /** back to this checkpoint only: `name` the latest of that name, `name#3` the third in its generator, or a path */
  readonly to?: string
  /** with `to`: what came after the checkpoint runs again at once; otherwise the execution is Paused there */
  readonly then?: "retry"
}

/** `force` goes to a checkpoint of what is the child of another execution. */
export interface GoToOptions extends Act {
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
  | CheckpointRefused
  | PlanOutdated
  | RequirementsMissing
  | OrderRefused
  | StoreError
  | Fenced
  | JournalCorrupt
