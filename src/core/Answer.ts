/** What a yield is answered with, given what is recorded of its phase. */
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { type Failure, render } from "./Failure.js"
import type { History } from "./History.js"
import { type Codec, captureOf, type Fork, type Instruction } from "./Instruction.js"
import * as Json from "./Json.js"
import * as Path from "./Path.js"
import { type Captured, captured, type PhaseRecord } from "./PhaseRecord.js"
import { Ready } from "./Ready.js"

/** What an answer is made from. */
export interface Known {
  readonly history: History
  /** the codec of a failure that some phase had */
  readonly codecOf: (failure: Failure) => Codec
}

type Answer = Either.Either<unknown, Json.Problem>

/** The error that a captured failure stands for. */
const errorOf = (
  known: Known,
  failure: Extract<Captured, { _tag: "Fail" | "Timeout" }>,
  own: Codec | undefined
): Answer =>
  failure._tag === "Fail"
    ? (own ?? known.codecOf(failure)).decode(failure.error)
    : Either.right(new Cause.TimeoutException(render(failure)))

/** The cause that a captured failure stands for. */
const causeOf = (
  known: Known,
  failure: Captured,
  own: Codec | undefined
): Either.Either<Cause.Cause<unknown>, Json.Problem> => {
  if (failure._tag === "Fail" || failure._tag === "Timeout") return Either.map(errorOf(known, failure, own), Cause.fail)
  const { message, name } = failure.defect
  return Either.right(Cause.die(Object.assign(new Error(message), { name })))
}

/** Failures as the value that a generator asked for: the first of them; or all, as a cause. */
const failed = (known: Known, instruction: Instruction, failures: NonNullable<ReturnType<typeof captured>>): Answer => {
  const own = "error" in instruction && instruction._tag !== "Fail" ? instruction.error : undefined
  if (captureOf(instruction) === "either") {
    const [first] = failures as readonly [Extract<Captured, { _tag: "Fail" | "Timeout" }>]
    return Either.map(errorOf(known, first, own), Either.left)
  }
  const causes = Either.all(failures.map((failure) => causeOf(known, failure, own)))
  return Either.map(causes, ([first, ...rest]) => Exit.failCause(rest.reduce(Cause.parallel, first!)))
}

/** A value, in the shape that its generator asked for. */
export const shaped = (instruction: Instruction, value: unknown): unknown => {
  const capture = captureOf(instruction)
  if (capture === "none") return value
  return capture === "either" ? Either.right(value) : Exit.succeed(value)
}

/** Where the branches of a fork stand. */
export const pathsOf = (fork: Fork, path: string): ReadonlyArray<string> => {
  const seen = new Map<string, number>()
  return fork.branches.map(({ name }) => {
    const occurrence = (seen.get(name) ?? 0) + 1
    seen.set(name, occurrence)
    return Path.inner(path, name, occurrence)
  })
}

/** What a fork answers, from the records of its branches. */
const recall = (known: Known, path: string, fork: Fork, record: PhaseRecord): Answer => {
  const answers: Array<unknown> = []
  const paths = pathsOf(fork, path)
  const answerAt = (index: number): Answer => {
    const path = paths[index]!
    return answerOf(known, path, fork.branches[index]!.make(answers, known.history.inputs?.get(path)))
  }
  if (fork.mode === "race") {
    const winner = paths.indexOf(String(record.value))
    return winner < 0 ? missing : answerAt(winner)
  }
  const ready = new Ready(
    fork.branches.map(({ needs }) => needs),
    1
  )
  for (let index = ready.take(); index !== undefined; index = ready.take()) {
    const answered = answerAt(index)
    if (Either.isLeft(answered)) return answered
    answers[index] = answered.right
    ready.succeeded(index)
  }
  return Either.right(fork.collect(answers))
}

const missing: Answer = Either.left({ at: "$", reason: "a branch of it has no outcome" })

const answerOf = (known: Known, path: string, instruction: Instruction): Answer => {
  const record = known.history.phases.get(path)
  return record === undefined ? missing : answer(known, { path, instruction }, record)
}

/** What its strategy gave, if it has one. */
const given = (value: Json.Json | undefined): Answer => Either.right(value === undefined ? undefined : Json.copy(value))

/** What a yield is answered with, given how its phase ended. */
export const answer = (
  known: Known,
  { instruction, path }: { readonly path: string; readonly instruction: Instruction },
  record: PhaseRecord
): Answer => {
  if (instruction._tag === "Undo" || instruction._tag === "Changed") return Either.right(record.value)
  if (instruction._tag === "Checkpoint" || instruction._tag === "Fail" || instruction._tag === "Sleep")
    return given(record.group?.value)
  const failures = captured(record)
  if (failures !== undefined) return failed(known, instruction, failures)
  const value =
    instruction._tag === "Fork" ? recall(known, path, instruction, record) : instruction.value.decode(record.value)
  return Either.map(value, (right) => shaped(instruction, right))
}
