/** What others send to an execution: how, and what it can be refused with. */
import type {
  AlreadyCompleted,
  ExecutionDiscarded,
  ExecutionEnded,
  ExecutionNotFound,
  InvalidName,
  JournalCorrupt,
  RequiresTask,
  StoreError,
  TokenClosed,
  TokenExpired,
  TokenNotFound,
  ValueRefused
} from "../core/Errors.js"

/** `advance` runs the execution on the caller's fiber until it waits again or ends: for an engine that does not by itself. */
export interface SendOptions {
  readonly advance?: boolean
}

/** What a completion can be refused with. The phase stays as it was. */
export type CompleteError =
  | TokenNotFound
  | AlreadyCompleted
  | TokenExpired
  | TokenClosed
  | ValueRefused
  | RequiresTask
  | JournalCorrupt
  | StoreError

/** What a sign of life can be refused with. */
export type HeartbeatError = Exclude<CompleteError, RequiresTask | JournalCorrupt>

/** What a signal can be refused with. */
export type SignalError =
  | InvalidName
  | ExecutionNotFound
  | ExecutionDiscarded
  | ExecutionEnded
  | ValueRefused
  | StoreError
