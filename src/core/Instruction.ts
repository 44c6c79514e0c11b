/**
 * What a generator may yield: a closed union. An instruction describes; the engine performs it, the interpreter compares
 * it with the journal. Types of values, errors and requirements are erased here: the authoring wing keeps them.
 */
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type { Kind } from "./Entry.js"
import type { Json, Problem } from "./Json.js"

/** Between a value and the plain JSON that is recorded for it; `undefined` is void. */
export interface Codec {
  readonly encode: (value: unknown) => Either.Either<Json | undefined, Problem>
  readonly decode: (json: Json | undefined) => Either.Either<unknown, Problem>
}

type AnyEffect<A = unknown> = Effect.Effect<A, unknown, unknown>
type AnySchedule = Schedule.Schedule<unknown, unknown, unknown>

/** A piece of work, run until its outcome is recorded. */
export interface Run {
  readonly _tag: "Run"
  readonly name: string
  /** whether failures are fed to the generator as values */
  readonly capture: "none" | "either" | "exit"
  readonly run: AnyEffect
  readonly value: Codec
  /** none: the task's own */
  readonly error: Codec | undefined
  readonly undo: ((value: unknown) => AnyEffect) | undefined
  readonly undoRetry: AnySchedule | undefined
  readonly undoUnknown: ((key: string) => AnyEffect) | undefined
  readonly retry: AnySchedule | undefined
  /** in milliseconds, for one attempt */
  readonly timeout: number | undefined
  readonly inDoubt: "rerun" | "ask"
  readonly verify: AnyEffect<Option.Option<unknown>> | undefined
}

/** A named mark, with data; with `commit`, a revert never goes back beyond it. */
export interface Checkpoint {
  readonly _tag: "Checkpoint"
  readonly name: string
  readonly commit: boolean
  readonly data: unknown
  readonly value: Codec
}

/** The body gives up with a typed error. */
export interface Fail {
  readonly _tag: "Fail"
  readonly name: string
  readonly error: unknown
}

/** Undo the completed phase at `undoes`; only a revert yields it. */
export interface Undo {
  readonly _tag: "Undo"
  readonly name: string
  readonly undoes: string
}

export type Instruction = Run | Checkpoint | Fail | Undo

/** What replay compares beside the name. */
export const kindOf = (instruction: Instruction): Kind => {
  switch (instruction._tag) {
    case "Run":
      return instruction.capture === "none" ? "phase" : instruction.capture
    case "Checkpoint":
      return "checkpoint"
    case "Fail":
      return "fail"
    case "Undo":
      return "undo"
  }
}

/** Whether a revert may need more of this phase than its name and its value. */
export const undoable = (instruction: Instruction): instruction is Run =>
  instruction._tag === "Run" &&
  (instruction.undo !== undefined || instruction.undoUnknown !== undefined || instruction.verify !== undefined)

/** What is known of an instruction before it is yielded. */
export type Foreknown = (instruction: Instruction) => { readonly value: unknown } | undefined

let foreknown: Foreknown | undefined

/**
 * Runs a generator while what is recorded is known to its phases before they yield.
 *
 * Needed while it is returned: a `finally` that yields takes the return away from the generators around it, for `yield*`
 * goes on with the next statement when it is resumed by `next`. One that does not yield leaves it to them.
 */
export const knowing = <A>(known: Foreknown, run: () => A): A => {
  const before = foreknown
  foreknown = known
  try {
    return run()
  } finally {
    foreknown = before
  }
}

/** The answer to an instruction, if it needs not be yielded. For a phase's iterator. */
export const answerTo: Foreknown = (instruction) => foreknown?.(instruction)

/** What `yield*` hands to the interpreter. Only a phase's iterator makes one. */
export class Yielded {
  constructor(readonly instruction: Instruction) {}
}
