/**
 * What performing an instruction comes to: its effect, and the codecs and policies around it. A phase's work is its own;
 * the work of an undo is found in the phase that it undoes.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Phase from "../authoring/Phase.js"
import { plain } from "../authoring/Recordable.js"
import { noToken } from "../authoring/Running.js"
import type { StoreError } from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import { defectOf } from "../core/Failure.js"
import type { Child, Codec, Run, Undoable } from "../core/Instruction.js"
import type { Json, Problem } from "../core/Json.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import * as Completion from "./Completion.js"
import * as Faults from "./Faults.js"
import { keyOf } from "./Perform.js"

export interface Work {
  readonly run: Run["run"]
  readonly value: Codec
  readonly error: Codec
  readonly retry: Run["retry"]
  readonly timeout: number | undefined
  readonly inDoubt: "rerun" | "ask"
  readonly verify: Run["verify"]
  /** what somebody outside may complete: the phase that gives the token */
  readonly token?: Run
  /** it waits for a child that it runs, or reverts */
  readonly calls?: "run" | "undo"
}

/** The work of a phase. */
export const ofRun = (token: Run, error: Codec): Work => {
  const { inDoubt, retry, run, timeout, value, verify } = token
  return { run, value, error: token.error ?? error, retry, timeout, inDoubt, verify, token }
}

/** The work of a phase that calls another task. */
export const ofChild = (child: Child, run: Work["run"]): Work => ({
  run,
  value: child.value,
  error: child.error,
  retry: undefined,
  timeout: undefined,
  inDoubt: "rerun",
  verify: undefined,
  calls: "run"
})

/** What the first cannot tell, by the second, which can tell all that the first can. */
const either = (first: Codec, second: Codec): Codec => {
  const or = <A>(one: Either.Either<A, Problem>, other: () => Either.Either<A, Problem>) =>
    Either.isRight(one) ? one : Either.orElse(other(), () => one)
  return {
    encode: (value) => or(first.encode(value), () => second.encode(value)),
    decode: (json) => or(first.decode(json), () => second.decode(json)),
    schema: second.schema
  }
}

/** Failures that something around the phase takes as values need not be covered by the task's `error`. */
export const lenient = (error: Codec): Codec => either(error, plain)

/** Whatever an undo fails with can be told: by the task's `error` schema, as plain JSON, or as a defect. */
const anyError = (error: Codec): Codec => ({
  encode: (value) => {
    const typed = error.encode(value)
    if (Either.isRight(typed) && typed.right !== undefined) return typed
    const json = plain.encode(value)
    if (Either.isRight(json) && json.right !== undefined) return json
    const { message, name } = defectOf(value)
    return Either.right({ name, message })
  },
  decode: error.decode,
  schema: error.schema
})

/** What the undo of a phase in doubt answers if it found that the phase had happened and nothing of its own undoes it. */
export interface Happened {
  readonly happened: Json
}

/** What has to be known to undo a phase. `instruction` is missing where the body no longer comes to it. */
export interface Target {
  readonly execution: string
  readonly record: PhaseRecord
  readonly instruction: Undoable | undefined
  /** reverts the child that the phase called */
  readonly undoChild: (child: Child) => Effect.Effect<void, unknown>
  /** ends the token that the phase gave out: what somebody had completed it with before */
  readonly takeBack: (token: string) => Effect.Effect<Json | undefined, StoreError>
  readonly error: Codec
  /** whether the body comes to every phase that its journal holds: one without an instruction then has nothing to undo */
  readonly fits: boolean
  /** whether the author's revert deals with phases that have no undo of their own */
  readonly customRevert: boolean
}

const work = (target: Target, run: Work["run"]): Work => ({
  run,
  value: plain,
  error: anyError(target.error),
  retry: target.instruction?._tag === "Run" ? target.instruction.undoRetry : undefined,
  timeout: undefined,
  inDoubt: "rerun",
  verify: undefined
})

const undoCall = (target: Target, child: Child): Work => ({ ...work(target, target.undoChild(child)), calls: "undo" })

/** The work of undoing a phase that happened: nothing if it has no undo; a fault if its value cannot be read. */
const undoHappened = (target: Target): Work | Failure => {
  const { instruction, record } = target
  if (instruction === undefined && target.fits) return work(target, Effect.void)
  if (instruction === undefined) {
    return Faults.outcomeUnknown(record, "the code no longer comes to this phase, so that its undo cannot be found")
  }
  if (instruction._tag === "Child") return undoCall(target, instruction)
  const { undo } = instruction
  if (undo === undefined) return work(target, Effect.void)
  const value = instruction.value.decode(record.value)
  return Either.isLeft(value)
    ? Faults.undecodable(record.path, `the recorded value of ${record.name}`, value.left)
    : work(target, Effect.asVoid(Effect.suspend(() => undo(value.right))))
}

const undoVerified = (target: Target, instruction: Run, value: unknown): Effect.Effect<unknown, unknown, unknown> => {
  if (instruction.undo !== undefined) return Effect.asVoid(instruction.undo(value))
  const encoded = instruction.value.encode(value)
  return target.customRevert
    ? Effect.succeed({ happened: Either.isRight(encoded) ? (encoded.right ?? null) : null })
    : Effect.void
}

/** The work of undoing a phase of which nobody knows whether it happened: asks `verify`, then `undoUnknown`. */
const undoInDoubt = (target: Target): Work | Failure => {
  const { instruction, record } = target
  if (instruction?._tag === "Child") return undoCall(target, instruction)
  if (instruction?.verify !== undefined) {
    const verify = Effect.provideService(instruction.verify, Phase.Current, {
      execution: target.execution,
      path: record.path,
      attempt: record.attempt,
      key: keyOf(target.execution, record.path, record.generation),
      token: noToken
    })
    return work(
      target,
      Effect.flatMap(
        verify,
        Option.match({ onNone: () => Effect.void, onSome: (value) => undoVerified(target, instruction, value) })
      )
    )
  }
  const undoUnknown = instruction?.undoUnknown
  return undoUnknown === undefined
    ? Faults.outcomeUnknown(record, "it has neither `verify` nor `undoUnknown`")
    : work(
        target,
        Effect.asVoid(Effect.suspend(() => undoUnknown(keyOf(target.execution, record.path, record.generation))))
      )
}

/** What undoes a phase that nobody has completed: it did not happen, but somebody was told that it should. */
const undoAsked = ({ execution, instruction, record }: Target): Work["run"] => {
  const undoUnknown = instruction?._tag === "Run" ? instruction.undoUnknown : undefined
  return undoUnknown === undefined
    ? Effect.void
    : Effect.asVoid(Effect.suspend(() => undoUnknown(keyOf(execution, record.path, record.generation))))
}

/** The work of undoing a phase that has given out a token: as one that happened, if somebody has made use of it. */
const undoHanded = (target: Target, token: string): Work | Failure => {
  const { instruction, record } = target
  const isOpen = record.state === "waiting" || record.kind === "delegate"
  const otherwise = isOpen ? work(target, undoAsked(target)) : undoInDoubt(target)
  if ("_tag" in otherwise) return otherwise
  const taken = Effect.flatMap(target.takeBack(token), (body) => {
    if (body === undefined || instruction?._tag !== "Run") return otherwise.run
    const exit = Completion.decode(body, instruction)
    if (Either.isLeft(exit)) return Effect.dieMessage(`its completion does not decode at ${exit.left.at}`)
    return Exit.isSuccess(exit.right) ? undoVerified(target, instruction, exit.right.value) : Effect.void
  })
  return work(target, taken)
}

/** The work of undoing a phase, or why that needs an operator. */
export const ofUndo = (target: Target): Work | Failure => {
  const { inDoubt, state, token } = target.record
  if (state === "succeeded") return undoHappened(target)
  // Its failure came after the undo was planned: it did not happen.
  if (!inDoubt && (state === "delayed" || state === "failed")) return work(target, Effect.void)
  return token === undefined ? undoInDoubt(target) : undoHanded(target, token)
}
