/** One thing under way for a phase, or for what is made of phases: an effect, and what its end means. */
import type * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type * as Phase from "../authoring/Phase.js"
import type { StoreError } from "../core/Errors.js"
import type { Decision } from "../core/Instruction.js"
import type { Failures } from "../core/Step.js"
import type { Letter } from "../store/Store.js"
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

/** How a phase that somebody outside completes has ended, and the letter that says so; no exit: it is looked at again. */
export interface Settled {
  readonly exit: Exit.Exit<unknown, unknown> | undefined
  readonly letter: Letter | undefined
}

/** Finds out how a phase that waits has ended. */
export interface Settle extends Of<"Settle", Settled, StoreError> {
  readonly work: Work
}

/** Nothing to do until a time, in milliseconds UTC, or until somebody sends something: it takes no fiber. */
export interface Rest {
  readonly _tag: "Rest"
  readonly path: string
  readonly due: number | undefined
}

/** What is done on a fiber. */
export type Active =
  | Attempt
  | Verify
  | Decide
  | Settle
  /** stops children */
  | Of<"Leave", void, { readonly message: string }>

export type Job = Active | Rest

/** Stages what it takes to go on with a phase; nothing to run if that settles it. */
export type Start = () => Job | undefined

/** It waits for a child. */
export const isCall = (job: Job): boolean => job._tag === "Attempt" && job.work.calls === "run"

/** It reverts a child. */
export const isUndoCall = (job: Job): boolean => job._tag === "Attempt" && job.work.calls === "undo"

/** Its author wants to know whether it happened: only a close interrupts it. */
export const isAsked = (job: Job): boolean => job._tag === "Attempt" && job.work.inDoubt === "ask"

export const rest = (path: string, due: number | undefined): Rest => ({ _tag: "Rest", path, due })
