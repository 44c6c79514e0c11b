/**
 * Runs the effect of one attempt on a fiber of its own, and says how it ended in the journal's terms.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Phase from "../authoring/Phase.js"
import { noToken } from "../authoring/Running.js"
import { defectOf, type Failure } from "../core/Failure.js"
import type { Codec } from "../core/Instruction.js"
import type { Json, Problem } from "../core/Json.js"
import * as Sentence from "../core/Sentence.js"
import { sha256 } from "../core/Sha256.js"
import type { Failures } from "../core/Step.js"

/** How an attempt ended. */
export type Outcome =
  | { readonly _tag: "Succeeded"; readonly value: Json | undefined }
  | { readonly _tag: "Failed"; readonly failures: Failures }

/** An attempt took longer than its timeout. */
export class TimedOut {
  constructor(readonly after: number | undefined) {}
}

/** The failure of what took longer than that, in milliseconds. */
export const timedOut = (path: string, after: number | undefined): Failure => ({
  _tag: "Timeout",
  path,
  ...(after === undefined ? {} : { after })
})

/** An attempt came to these failures, whatever the codecs say. */
export class Refused {
  constructor(readonly failures: Failures) {}
}

/** The key of a phase, or of an undo: a function of where it stands and how often it was undone. */
export const keyOf = (execution: string, path: string, generation: number): string =>
  sha256(`${execution}\n${path}\n${generation}`).slice(0, 32)

/** Gives the phase at a path the token by which it can be completed. */
interface Giver {
  readonly of: (path: string) => Effect.Effect<string>
}

/** What a phase's effect sees through `Phase.key` and `Phase.attempt`. An undo has one key, wherever it is tried. */
export class Running implements Phase.Running {
  constructor(
    readonly execution: string,
    readonly path: string,
    readonly attempt: number,
    /** what the key is of: the phase, or the undo of a phase, and how often it was done anew */
    private readonly of: string,
    private readonly generation: number,
    private readonly tokens: Giver | undefined
  ) {}

  get token(): Effect.Effect<string> {
    return this.tokens === undefined ? noToken : this.tokens.of(this.path)
  }

  get key(): string {
    return keyOf(this.execution, this.of, this.generation)
  }
}

/**
 * The effect of an attempt, with its time limit; its Scope is closed when it ends. The services that it requires are those
 * of the fiber that the execution runs on: see Fibers.ts.
 */
export const attempt = <A>(
  effect: Effect.Effect<A, unknown, unknown>,
  timeout: number | undefined
): Effect.Effect<A, unknown> => {
  const provided = effect as Effect.Effect<A, unknown>
  return timeout === undefined
    ? provided
    : Effect.timeoutFail(provided, { duration: timeout, onTimeout: () => new TimedOut(timeout) })
}

const unrecordable = (path: string, what: string, problem: Problem): Failure => ({
  _tag: "Fault",
  path,
  reason: "ValueNotRecordable",
  message: `${what} cannot be recorded at ${problem.at}: ${Sentence.open(problem.reason)}. Give the phase a schema that holds it.`,
  detail: { at: problem.at, reason: problem.reason }
})

/** What a cause comes to, for a person. */
export const describe = (cause: Cause.Cause<unknown>): string => {
  const { message, name } = defectOf(Cause.squash(cause))
  return `${name}: ${message}`
}

/** The reason behind a cause: a typed failure before a defect, either before an interruption. */
const reasonOf = (cause: Cause.Cause<unknown>, codec: Codec, path: string, maxValue: number): Failures => {
  const typed = Cause.failureOption(cause)
  if (Option.isSome(typed)) {
    return typed.value instanceof Refused ? typed.value.failures : [failureOf(typed.value, codec, path, maxValue)]
  }
  const defect = Cause.dieOption(cause)
  return Option.isSome(defect)
    ? [{ _tag: "Die", path, defect: defectOf(defect.value) }]
    : [{ _tag: "Die", path, defect: { name: "Interrupted", message: "the phase interrupted itself" } }]
}

/** A typed failure in the journal's terms: encoded, a timeout, or the fault that it cannot be recorded. */
export const failureOf = (error: unknown, codec: Codec, path: string, maxValue: number): Failure => {
  if (error instanceof TimedOut) return timedOut(path, error.after)
  const encoded = codec.encode(error)
  if (Either.isRight(encoded) && encoded.right !== undefined) {
    const large = tooLarge(encoded.right, maxValue)
    return large === undefined ? { _tag: "Fail", path, error: encoded.right } : unrecordable(path, "its failure", large)
  }
  if (Cause.isTimeoutException(error)) return { _tag: "Timeout", path }
  return unrecordable(
    path,
    "its failure",
    Either.isLeft(encoded) ? encoded.left : { at: "$", reason: "undefined is not JSON" }
  )
}

/** How an attempt that was not interrupted by the engine ended. */
export const outcomeOf = (
  exit: Exit.Exit<unknown, unknown>,
  codecs: { readonly value: Codec; readonly error: Codec; readonly maxValue: number },
  path: string
): Outcome => {
  if (Exit.isFailure(exit))
    return { _tag: "Failed", failures: reasonOf(exit.cause, codecs.error, path, codecs.maxValue) }
  const value = codecs.value.encode(exit.value)
  if (Either.isLeft(value)) return { _tag: "Failed", failures: [unrecordable(path, "its result", value.left)] }
  const large = tooLarge(value.right, codecs.maxValue)
  return large === undefined
    ? { _tag: "Succeeded", value: value.right }
    : { _tag: "Failed", failures: [unrecordable(path, "its result", large)] }
}

/** Why a value is too large to be recorded. */
export const tooLarge = (value: Json | undefined, limit: number): Problem | undefined => {
  const size = sizeOf(value)
  if (size <= limit) return undefined
  return { at: "$", reason: `it takes ${size} characters, ${limit} are allowed: keep it elsewhere and record where` }
}

/** In characters of JSON. */
export const sizeOf = (value: Json | undefined): number =>
  typeof value === "object" && value !== null
    ? JSON.stringify(value).length
    : typeof value === "string"
      ? value.length
      : 8
