/** Where a generator stands, and what follows from it: the interpreter's answers. */
import type { Kind } from "./Entry.js"
import type { Defect, Failure } from "./Failure.js"
import type { Capture, Instruction, Try } from "./Instruction.js"
import type { Json, Problem } from "./Json.js"

/** An instruction where its generator, or its fork, has it. */
export interface Placed {
  readonly path: string
  readonly scope: string
  readonly name: string
  readonly kind: Kind
  readonly instruction: Instruction
  readonly capture: Capture
  /** its failure may be a value to something around it: then the task's `error` need not cover it */
  readonly captured: boolean
  /** of an item without a name of its own: what it looks like */
  readonly key: string | undefined
  /** of a branch of a graph: the paths of the branches that it needs */
  readonly needs: ReadonlyArray<string> | undefined
}

/** What stands at a position: a phase, a part of a fork, or that the generator ended there, for a stage too, or the fork has no such part. */
export interface Found {
  readonly path: string
  readonly kind: Kind | "return" | "throw" | "stage" | "item" | "branch" | "node" | "gone"
  readonly name: string
}

/** What happened to code that does not fit its journal any more, as far as it shows. */
export const causes = ["inserted", "removed", "renamed", "swapped", "kind", "items", "branch"] as const
export type Cause = (typeof causes)[number]

export type Failures = readonly [Failure, ...ReadonlyArray<Failure>]

/** What is to be recorded next of something that has no effect of its own, for it follows from what is recorded. */
export type Consequence =
  | { readonly _tag: "Succeeded"; readonly path: string; readonly value: Json | undefined }
  | { readonly _tag: "Failed"; readonly path: string; readonly failures: Failures }
  /** the strategy of the group is to be asked; `tries` with the present one */
  | {
      readonly _tag: "Undecided"
      readonly placed: Placed
      readonly failures: Failures
      readonly tries: ReadonlyArray<Try>
    }
  /** all that the group did is undone: it begins anew at `due`. `error`: what its `finally` blocks threw */
  | { readonly _tag: "Undone"; readonly placed: Placed; readonly due: number; readonly error: Defect | undefined }

/** Why a stage cannot be entered: from inside something, the task has none such, or its state cannot be recorded. */
export type Unenterable = "inside" | "unregistered" | Problem

/** Where a generator stands. */
export type Step =
  /** the body returned */
  | { readonly _tag: "Done"; readonly value: unknown }
  /** there are instructions without an outcome */
  | {
      readonly _tag: "Blocked"
      /** all of them that are wanted; put together anew whenever it is asked for */
      readonly instructions: ReadonlyArray<Placed>
      /** those of them of which no attempt runs: the only ones to be started */
      readonly idle: ReadonlyArray<Placed>
      readonly consequences: ReadonlyArray<Consequence>
      /** whatever else is under way is not wanted any more */
      readonly narrowed: boolean
    }
  /**
   * Phases failed for good, and no generator takes their failures as values. `follow`: what the task says follows; or the
   * whole is reverted because a strategy said so; or it parks, for an undo failed.
   */
  | { readonly _tag: "Stuck"; readonly failures: Failures; readonly follow: "task" | "revert" | "park" }
  /** the body threw */
  | { readonly _tag: "Threw"; readonly defect: Defect }
  /** the body is not the one that wrote this journal */
  | { readonly _tag: "Mismatch"; readonly recorded: Found; readonly found: Found; readonly cause: Cause }
  /** the body yielded something else than a phase */
  | { readonly _tag: "Stranger"; readonly after: string; readonly found: string; readonly hint: string }
  /** a recorded value does not decode any more */
  | { readonly _tag: "Undecodable"; readonly placed: Placed; readonly problem: Problem }
  /** the body was returned, for the stage that it entered; `error` as below */
  | {
      readonly _tag: "Entered"
      readonly stage: string
      readonly state: Json | undefined
      readonly error: Defect | undefined
    }
  /** it was to enter a stage, and goes on nowhere */
  | { readonly _tag: "Unenterable"; readonly after: string; readonly stage: string; readonly why: Unenterable }
  /** `return()` went through every `finally`; `error` is what they did wrong last: threw, yielded no phase, never ended */
  | { readonly _tag: "Closed"; readonly error: Defect | undefined }
