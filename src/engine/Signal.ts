/** What reaches a live execution while it runs. */
import type * as Exit from "effect/Exit"
import type { Act } from "../core/Entry.js"
import type { History } from "../core/History.js"
import type { Active } from "./Job.js"
import type { Once } from "./Once.js"

/** Who asks, and whether that is still what was planned. */
interface Asked {
  readonly act: Act
  readonly isCurrent: (history: History) => boolean
}

/** What a live execution can be asked while it runs. */
export type Ask =
  /** `now`: what runs is interrupted */
  | (Asked & { readonly _tag: "Pause"; readonly now: boolean })
  | (Asked & { readonly _tag: "Close"; readonly revert: boolean })
  | { readonly _tag: "Suspend" }

/** `reply` is done once what was asked is on disk; with `false` if the run ended first, its status does not allow it, or it has moved since. */
export interface Request {
  readonly ask: Ask
  /** the order of another process that this answers */
  readonly order: number | undefined
  readonly reply: Once<boolean>
}

export type Signal =
  | { readonly _tag: "Ended"; readonly job: Active; readonly exit: Exit.Exit<unknown, unknown> }
  | { readonly _tag: "Asked"; readonly request: Request }
  | { readonly _tag: "GraceOver" }
  /** the child of this job, that stood still, has moved */
  | { readonly _tag: "Moved"; readonly job: Active }
  /** something is due */
  | { readonly _tag: "Due" }
  /** somebody has sent the execution something */
  | { readonly _tag: "Letters" }
  /** a phase that runs gives out a token */
  | { readonly _tag: "Token"; readonly path: string; readonly reply: Once<string> }
