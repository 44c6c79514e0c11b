/** What can be read of executions: which, how much of them, and what that can be refused with. */
import type { ExecutionDiscarded, ExecutionNotFound, JournalCorrupt, StoreError } from "../core/Errors.js"
import type { Status } from "../core/Status.js"
import type { Instant } from "./Instant.js"

/** Which executions to list. `after` is the id of the last one of the page before. */
export interface ListOptions {
  readonly task?: string
  readonly status?: ReadonlyArray<Status>
  /** a part of the id or the name of the task; the case of ASCII letters does not count */
  readonly text?: string
  /** created then or later, and before */
  readonly since?: Instant
  readonly until?: Instant
  /** those that have all of these */
  readonly tags?: ReadonlyArray<string>
  /** those that stand still for a failure whose text has this part */
  readonly failedWith?: string
  /** those that wait for the phase of this name or path, for this execution, or for what is of this kind: timer, signal .. */
  readonly waitingOn?: string
  readonly order?: "oldest" | "newest"
  readonly after?: string
  readonly limit?: number
}

/** Which executions to check, and how far. */
export interface CheckOptions {
  /** all that have not ended, unless it names statuses */
  readonly filter?: Omit<ListOptions, "order" | "after" | "limit">
  /** whether to read, of an execution in a stage, the stages before too: what it takes to know whether it can be reverted */
  readonly whole?: boolean
}

/** Which entries of a journal. */
export interface HistoryOptions {
  /** those from this checkpoint on, by its name, `name#3` or its path */
  readonly from?: string
  /** those alone that say what somebody asked of the execution: who, why, and the hash of the plan that he confirmed */
  readonly acts?: boolean
}

/** What reading can be refused with. */
export type ReadError = ExecutionNotFound | ExecutionDiscarded | StoreError | JournalCorrupt
