/** One thing under way for a phase, or for what is made of phases: an effect, and what its end means. */
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Phase from "../authoring/Phase.js"
import type { Decision } from "../core/Instruction.js"
import type { Failures } from "../core/Step.js"
import type { Work } from "./Work.js"

interface Of<Tag extends string, A = unknown, E = never> {
  readonly _tag: Tag
  readonly path: string
  readonly effect: Effect.Effect<A, E>
  /** what the effect may ask about itself */
  readonly phase: Phase.Running | undefined
}

export interface Attempt extends Of<"Attempt", unknown, unknown> {
  readonly work: Work
}

/** Asks whether a phase in doubt happened. */
export interface Verify extends Of<"Verify", Option.Option<unknown>, unknown> {
  readonly work: Work
}

/** Asks a strategy what follows these failures. */
export interface Decide extends Of<"Decide", Decision> {
  readonly failures: Failures
}

export type Job =
  | Attempt
  | Verify
  | Decide
  /** until the next attempt is due */
  | Of<"Delay">
  /** stops children */
  | Of<"Leave", void, { readonly message: string }>

/** It waits for a child. */
export const isCall = (job: Job): boolean => job._tag === "Attempt" && job.work.calls === "run"

/** It reverts a child. */
export const isUndoCall = (job: Job): boolean => job._tag === "Attempt" && job.work.calls === "undo"

/** Its author wants to know whether it happened: only a close interrupts it. */
export const isAsked = (job: Job): boolean => job._tag === "Attempt" && job.work.inDoubt === "ask"

export const delay = (path: string, effect: Effect.Effect<void>): Job => ({
  _tag: "Delay",
  path,
  effect,
  phase: undefined
})
