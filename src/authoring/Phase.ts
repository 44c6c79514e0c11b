/**
 * Phases: what a task yields. A phase only describes; the engine runs it when the task yields it with `yield*`, and
 * records its outcome once.
 */
import type * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { answerTo, type Instruction, type Run, Yielded as Wire } from "../core/Instruction.js"
import * as Name from "../core/Name.js"
import * as Thrown from "../core/Thrown.js"
import { type AnySchema, type Because, codec, errorCodec, type IsPlain, plain, type TypeOf } from "./Recordable.js"

declare const Brand: unique symbol

/**
 * What `yield*` hands to the interpreter: carries the failures `E`, the requirements `R` and the stages `S` of a phase.
 * The name of its member is the message that the compiler prints when something else is yielded.
 */
export interface Yielded<out E, out R, out S extends string = never> {
  readonly "yield* a Phase here; wrap an Effect in Phase.make(name, effect)": {
    readonly E: E
    readonly R: R
    readonly S: S
  }
}

/**
 * A named piece of work of a task whose outcome is recorded once: it succeeds with `A`, fails with `E`, requires `R`.
 * `Enc` tells whether its failures can be recorded as values, which `either` and `exit` need.
 */
export interface Phase<
  out A,
  out E = never,
  out R = never,
  out S extends string = never,
  out Enc extends boolean = boolean
> {
  readonly [Brand]: { readonly A: A; readonly Enc: Enc }
  readonly name: string
  [Symbol.iterator](): Iterator<Yielded<Untimed<E>, R, S>, A>
}

/** The failures that an `error` schema has to cover: a timeout has a record of its own. */
export type Untimed<E> = Exclude<E, Cause.TimeoutException>

/** Any phase at all. */
export type Any = Phase<unknown, unknown, unknown, string>

/** How a phase is recorded, retried and undone. */
export interface Policy<A, E, Success, Failure, Limit, R2, R3, R4, R5> {
  /** the schema of the result; needed unless that is plain JSON or void */
  readonly success?: Success
  /** the schema of the failures; needed by `Phase.either` and `Phase.exit` unless they are plain JSON */
  readonly error?: Failure
  /** undoes the phase, given what it answered; run by a revert, newest first */
  readonly undo?: (value: NoInfer<A>) => Effect.Effect<unknown, unknown, R2>
  /** tries a failed undo again; its attempts are recorded as those of `retry` */
  readonly undoRetry?: Schedule.Schedule<unknown, unknown, never>
  /** undoes the phase when nobody knows whether it happened, given the idempotency key that it had */
  readonly undoUnknown?: (key: string) => Effect.Effect<unknown, unknown, R4>
  /** tries again after a failure; each attempt and delay is recorded, and survives a crash */
  readonly retry?: Schedule.Schedule<unknown, NoInfer<E>, R3>
  /** the longest that one attempt may take; after it the phase is in doubt and fails with a `TimeoutException` */
  readonly timeout?: Limit
  /** what to do when the phase was started and has no outcome: run it again with the same key, or ask the operator */
  readonly inDoubt?: "rerun" | "ask"
  /** asked first when the phase is in doubt: `some(value)` it had happened, `none` it had not */
  readonly verify?: Effect.Effect<Option.Option<NoInfer<A>>, NoInfer<E>, R5>
}

/** What a phase runs, and how it is recorded, retried and undone. */
export interface Options<A, E, R, Success, Failure, Limit, R2, R3, R4, R5>
  extends Policy<A, E, Success, Failure, Limit, R2, R3, R4, R5> {
  /** the work itself; interrupted and finalized as any Effect */
  readonly run: Effect.Effect<A, E, R>
}

type Made<A, E, R, Success, Failure, Limit> = [Success] extends [never]
  ? IsPlain<A> extends true
    ? MadeFailure<A, E, R, Failure, Limit>
    : unknown extends A
      ? Because<
          "TypeScript does not know the result: pipe the effect, write Phase.make(name, effect, { undo }), or give `success`",
          A
        >
      : Because<"the result is not plain JSON: write Phase.make(name, { run, success })", A>
  : [A] extends [TypeOf<Success>]
    ? MadeFailure<TypeOf<Success>, E, R, Failure, Limit>
    : Because<"`success` does not cover the result", A>

type MadeFailure<A, E, R, Failure, Limit> = [Failure] extends [never]
  ? Phase<A, Limited<E, Limit>, R, never, [Untimed<E>] extends [never] ? true : IsPlain<Untimed<E>>>
  : [Untimed<E>] extends [TypeOf<Failure>]
    ? Phase<A, Limited<E, Limit>, R, never, true>
    : Because<"`error` does not cover the failures", Exclude<Untimed<E>, TypeOf<Failure>>>

type Limited<E, Limit> = [Limit] extends [never] ? E : E | Cause.TimeoutException

/** Yields itself once, and answers what the interpreter feeds. */
class Description {
  constructor(readonly instruction: Instruction) {}
  get name(): string {
    return this.instruction.name
  }
  [Symbol.iterator]() {
    let done = false
    return {
      next: (value?: unknown) => {
        if (done) return { done: true, value }
        done = true
        const known = answerTo(this.instruction)
        return known === undefined
          ? { done: false, value: new Wire(this.instruction) }
          : { done: true, value: known.value }
      }
    }
  }
}

const describe = <P>(instruction: Instruction): P => {
  checkName(instruction.name)
  return new Description(instruction) as P
}

const checkName = (name: string): void => {
  const problem = Name.check("the phase name", name)
  if (problem !== undefined) throw problem
}

type AnyPolicy = Policy<
  unknown,
  unknown,
  AnySchema,
  AnySchema,
  Duration.DurationInput,
  unknown,
  unknown,
  unknown,
  unknown
>
type AnyOptions = Options<
  unknown,
  unknown,
  unknown,
  AnySchema,
  AnySchema,
  Duration.DurationInput,
  unknown,
  unknown,
  unknown,
  unknown
>

/** What each member has to be, for callers whose compiler did not see to it. */
const expected: { readonly [K in keyof AnyOptions]-?: readonly [what: string, is: (value: unknown) => boolean] } = {
  run: ["an Effect", Effect.isEffect],
  success: ["a Schema", Schema.isSchema],
  error: ["a Schema", Schema.isSchema],
  undo: ["a function", Predicate.isFunction],
  undoRetry: ["a Schedule", Schedule.isSchedule],
  undoUnknown: ["a function", Predicate.isFunction],
  retry: ["a Schedule", Schedule.isSchedule],
  timeout: ["a duration", (value) => Option.exists(Duration.decodeUnknown(value), Duration.greaterThan(0))],
  inDoubt: ['"rerun" or "ask"', (value) => value === "rerun" || value === "ask"],
  verify: ["an Effect", Effect.isEffect]
}

const checkOptions = (name: string, given: Partial<AnyOptions>): void => {
  for (const key of Object.keys(given) as Array<keyof AnyOptions>) {
    const value = given[key]
    const known = expected[key]
    if (known !== undefined && (value !== undefined || key === "run") && !known[1](value)) {
      throw new TypeError(`${key} of phase ${name} must be ${known[0]}, not ${Thrown.text(value).slice(0, 80)}`)
    }
  }
}

/** In milliseconds; none for ever. */
const limitOf = (timeout: Duration.DurationInput | undefined): number | undefined => {
  const millis = timeout === undefined ? Infinity : Duration.toMillis(timeout)
  return Number.isFinite(millis) ? millis : undefined
}

/**
 * A phase called `name`, that runs an effect and records its outcome.
 *
 * The result must be plain JSON or void, or `success` given; failures are recorded by `error`, else by the task's own
 * `error` schema. What goes with the effect stands beside it in one object, or in a third argument: there TypeScript
 * infers what `undo` gets whatever the effect, also through `Effect.map(effect, f)`. Throws `InvalidName` where the name
 * cannot be kept, a `TypeError` for what is no Effect or no such option. The idea is Mistral's task and TaskFlow's atom.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const reserve = Phase.make("reserve", { run: Effect.succeed({ id: "h1" }), undo: (hold) => Effect.log(`release ${hold.id}`) })
 * const charge = Phase.make("charge", Effect.as(Effect.log("charge"), "r1"), { undo: (id) => Effect.log(`refund ${id}`) })
 */
export const make = <
  A,
  E,
  R,
  Success extends AnySchema = never,
  Failure extends AnySchema = never,
  const Limit extends Duration.DurationInput = never,
  R2 = never,
  R3 = never,
  R4 = never,
  R5 = never
>(
  name: string,
  run: Effect.Effect<A, E, R> | Options<A, E, R, Success, Failure, Limit, R2, R3, R4, R5>,
  policy: Policy<A, E, Success, Failure, Limit, R2, R3, R4, R5> = {}
): Made<A, E, R | R2 | R3 | R4 | R5, Success, Failure, Limit> => {
  const work = Effect.isEffect(run) || !Predicate.hasProperty(run, "run") ? { run } : run
  const given = { ...(policy as AnyPolicy), ...work } as AnyOptions
  checkName(name)
  checkOptions(name, given)
  return describe({
    _tag: "Run",
    name,
    capture: "none",
    run: given.run,
    value: given.success === undefined ? plain : codec(given.success),
    error: given.error === undefined ? undefined : errorCodec(given.error),
    undo: given.undo,
    undoRetry: given.undoRetry,
    undoUnknown: given.undoUnknown,
    retry: given.retry,
    timeout: limitOf(given.timeout),
    inDoubt: given.inDoubt ?? "rerun",
    verify: given.verify
  })
}

const capture = (phase: unknown, as: Run["capture"]): Instruction => {
  const instruction = phase instanceof Description ? phase.instruction : undefined
  if (instruction?._tag !== "Run") throw new TypeError(`Phase.${as} takes a phase made by Phase.make`)
  return { ...instruction, capture: as, error: instruction.error ?? plain }
}

/**
 * Answers failures and timeouts of the phase as a value, and records them as its outcome: a `Left` is not undone.
 * Defects still stop the task. The phase must declare `error`, or fail with plain JSON.
 */
export const either = <A, E, R, Enc extends boolean>(
  phase: Phase<A, E, R, never, Enc>
): [Enc] extends [true]
  ? Phase<Either.Either<A, E>, never, R, never, true>
  : Because<"this phase needs an `error` schema before its failure can be a value", E> =>
  describe(capture(phase, "either"))

/**
 * Answers whatever happened to the phase as an `Exit`, defects included, and records it as its outcome. Interruption,
 * pause, close and faults of the engine are not seen by it.
 */
export const exit = <A, E, R, Enc extends boolean>(
  phase: Phase<A, E, R, never, Enc>
): [Enc] extends [true]
  ? Phase<Exit.Exit<A, E>, never, R, never, true>
  : Because<"this phase needs an `error` schema before its failure can be a value", E> =>
  describe(capture(phase, "exit"))

/** The body gives up with this typed error, which the task's `error` schema must cover. */
export const fail = <E>(error: E): Phase<never, E, never, never, false> =>
  describe({ _tag: "Fail", name: "fail", error })

/** What a checkpoint keeps: `data`, plain JSON; `commit: true` makes it a point of no return for every revert. */
export interface CheckpointOptions<Data> {
  readonly data?: Data
  readonly commit?: boolean
}

/** A named mark in the journal. With `commit: true`, no revert goes back beyond it. */
export const checkpoint = <Data = void>(
  name: string,
  options: CheckpointOptions<Data> = {}
): IsPlain<Data> extends true
  ? Phase<void, never, never, never, true>
  : Because<"the checkpoint's data is not plain JSON", Data> =>
  describe({ _tag: "Checkpoint", name, commit: options.commit ?? false, data: options.data, value: plain })

/** The undo of a completed phase, as a revert yields it. */
export const undo = (name: string, undoes: string): Phase<void> => describe({ _tag: "Undo", name, undoes })

/** What the effect of a phase can ask about the phase that it runs in. */
export interface Running {
  readonly execution: string
  readonly path: string
  readonly key: string
  readonly attempt: number
}

/** The phase that runs on this fiber; `undefined` outside of one. */
export class Current extends Context.Reference<Current>()("tidemark/Phase/Current", {
  defaultValue: (): Running | undefined => undefined
}) {}

const current = Effect.flatMap(Current, (running) =>
  running === undefined
    ? Effect.dieMessage("Phase.key and Phase.attempt are for effects that a phase runs")
    : Effect.succeed(running)
)

/**
 * The idempotency key of the phase whose effect asks: 32 hexadecimal digits, the same over crashes, retries and reruns,
 * and another one once the phase was undone and is done anew. An undo has its own. Dies outside of a phase.
 */
export const key: Effect.Effect<string> = Effect.map(current, (running) => running.key)

/** Which attempt of the phase runs, counted from 1 over retries and crashes alike. Dies outside of a phase. */
export const attempt: Effect.Effect<number> = Effect.map(current, (running) => running.attempt)
