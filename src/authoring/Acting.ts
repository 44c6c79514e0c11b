/** How an operator acts on an execution: what each verb takes, and what it can be refused with. */
import type { Act } from "../core/Entry.js"
import type {
  CheckpointRefused,
  EngineBusy,
  ExecutionDiscarded,
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
import type { Json } from "../core/Json.js"

/**
 * `inDoubt: "rerun"` runs a phase again although it may have happened (with the same key), where its own policy is to ask.
 * `stopAt` has it pause at the next checkpoint of that name; a revert does not turn forward for it.
 */
export interface ResumeOptions extends Act {
  readonly inDoubt?: "rerun"
  readonly stopAt?: string
  /** the payload from here on, as it is recorded: plain JSON, the encoded side of its schema. What is recorded keeps its values */
  readonly payload?: Json
  /** values of phases that are skipped, by their paths, as they are recorded; `null` also for nothing. All of them, or none */
  readonly values?: { readonly [path: string]: Json }
  /** of what has failed, the phases (by their paths, with all that is in them) that go on; others stay. Default: all of it */
  readonly from?: string | ReadonlyArray<string>
  /**
   * carries the execution over: it goes on in the stage `from` of the newest version of the task that the engine has, with this
   * state, as it is recorded. Nothing of what it did is undone or replayed, and no `finally` runs: see docs/changing-code.md
   */
  readonly state?: Json
  /** undos that would see the amended payload, and not what their phases ran with, are to see it */
  readonly amend?: "undo-too"
}

/** `before`: the checkpoint, or the stage, before which everything goes; `force` has a child forget, too. */
export interface DiscardOptions extends Act {
  readonly before: string
  readonly force?: boolean
}

/** Which items of a forEach run again: by their paths or names, and with other inputs. */
export interface RerunOptions extends Act {
  /** default: all that failed. `input`: plain JSON in the shape of the items; from here on it stands for the item */
  readonly items?: ReadonlyArray<string | { readonly item: string; readonly input?: Json }>
  /** as for a resume */
  readonly amend?: "undo-too"
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
  | ExecutionDiscarded
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
