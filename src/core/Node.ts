/**
 * The parts of a running task: what a generator or a fork waits for. Each hears what is recorded of it, and tells what is
 * around it how it ended.
 */
import type { Defect } from "./Failure.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import type { Consequence, Failures, Placed } from "./Step.js"

export type Ended =
  | { readonly _tag: "Answered"; readonly value: unknown }
  | {
      readonly _tag: "Broken"
      readonly failures: Failures
      /** see `Step.Stuck` */
      readonly follow: "task" | "revert" | "park"
      /** the body of the task itself threw this */
      readonly threw?: Defect
    }

export type Broken = Extract<Ended, { readonly _tag: "Broken" }>

/** What something stands in. */
export interface Around {
  /** nothing new starts in it */
  readonly winding: boolean
  /** failures in it are values to something around it */
  readonly captured: boolean
  /** what is in it may be undone while the execution goes forward */
  readonly undoes: boolean
  ended(child: object, ended: Ended): void
}

/** A generator that can be driven, and returned. */
export interface Closable {
  /** Goes through its `finally` blocks, then calls `over` with what they did wrong. */
  leave(over: (error: Defect | undefined) => void): void
}

/**
 * What was recorded: that it started, how it ended, what its strategy decided, that nothing of it runs for now, or that its
 * time is over.
 */
export type Event = "opened" | "settled" | "decided" | "rested" | "expired"

/** Which of these the event of this number is, if it is one. */
export const eventOf = (record: PhaseRecord, index: number): Event | undefined => {
  if (record.settled === index) return "settled"
  if (record.opened === index) return "opened"
  if (record.decided === index) return "decided"
  if (record.expired === index) return "expired"
  return record.rested === index ? "rested" : undefined
}

export interface Node {
  readonly placed: Placed
  winding: boolean
  happened(event: Event): void
  /** Nothing new starts in it any more. */
  wind(): void
  /** An attempt of it runs; or it ended, or was decided about, and that was not heard of yet. */
  readonly busy: boolean
  /** The generators in it that have not ended, oldest first. */
  bodies(): ReadonlyArray<Closable>
  /** Everything in it, and it. */
  each(visit: (node: Node) => void): void
  /** What is to be recorded of it now. */
  readonly consequence: Consequence | undefined
  /** Opens what stands below it at `path`, if it holds that: `hidden` if nobody needs to go into it. */
  reach(path: string): "opened" | "hidden" | undefined
}

/** The generator of a group. */
export interface Body extends Closable {
  begin(): void
  wind(): void
  readonly returned: boolean
  bodies(): ReadonlyArray<Closable>
  each(visit: (node: Node) => void): void
}
