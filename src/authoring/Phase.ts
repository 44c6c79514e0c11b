/**
 * Phases: what a task yields. A phase only describes; the engine runs it when the task yields it with `yield*`, and
 * records its outcome once.
 */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Instruction, Run } from "../core/Instruction.js"
import * as Thrown from "../core/Thrown.js"
import {
  type Context,
  checkName,
  describe,
  type Encodable,
  type Error,
  needPhase,
  type Phase,
  type Success,
  type Untimed
} from "./Description.js"
import type { AnyLater, LateOf, MayBeLate } from "./Later.js"
import * as Limit from "./Limit.js"
import {
  type AnySchema,
  type Because,
  codec,
  errorCodec,
  type IsPlain,
  nothing,
  plain,
  type TypeOf
} from "./Recordable.js"

export type { Bounds } from "./Branches.js"
export { changed } from "./Changed.js"
export { type CheckpointOptions, checkpoint } from "./Checkpoint.js"
export { type DelegateOptions, delegate } from "./Delegate.js"
export type { Any, Context, Error, Phase, Success, Untimed, Yielded } from "./Description.js"
export { type AllBounds, all, forEach, type ItemBounds, race } from "./Fork.js"
export { graph } from "./Graph.js"
export { type GroupOptions, group } from "./Group.js"
export { Later, type LaterOptions, later } from "./Later.js"
export { attempt, Current, key, type Running, token } from "./Running.js"
export { type SignalOptions, signal } from "./Signal.js"
export { sleep, sleepUntil } from "./Sleep.js"

/** How a phase is recorded, retried and undone. */
export interface Policy<A, E, Success, Failure, Limit, R2, R3, R4, R5> {
  /** the schema of the result; needed unless that is plain JSON or void */
  readonly success?: Success
  /** the schema of the failures; needed by `Phase.either` and `Phase.exit` unless they are plain JSON */
  readonly error?: Failure
  /** nothing undoes it: shown in `status`, recorded with it; takes no `undo`. See `warnings` of tidemark/testing */
  readonly irreversible?: boolean
  /** undoes the phase, given what it answered; run by a revert, newest first */
  readonly undo?: (value: NoInfer<Answer<A, Success>>) => Effect.Effect<unknown, unknown, R2>
  /** tries a failed undo again; its attempts are recorded as those of `retry` */
  readonly undoRetry?: Schedule.Schedule<unknown, unknown, never>
  /** undoes the phase when nobody knows whether it happened, given the idempotency key that it had */
  readonly undoUnknown?: (key: string) => Effect.Effect<unknown, unknown, R4>
  /** tries again after a failure; each attempt and delay is recorded, and survives a crash */
  readonly retry?: Schedule.Schedule<unknown, NoInfer<E>, R3>
  /** the longest that one attempt may take, its wait for an answer included; after it the phase is in doubt and fails with a `TimeoutException` */
  readonly timeout?: Limit
  /** what to do when the phase was started and has no outcome: run it again with the same key, or ask the operator */
  readonly inDoubt?: "rerun" | "ask"
  /** asked first when the phase is in doubt: `some(value)` it had happened, `none` it had not */
  readonly verify?: Effect.Effect<Option.Option<NoInfer<Answer<A, Success>>>, NoInfer<E>, R5>
}

/** What a phase runs, and how it is recorded, retried and undone. */
export interface Options<A, E, R, Success, Failure, Limit, R2, R3, R4, R5>
  extends Policy<A, E, Success, Failure, Limit, R2, R3, R4, R5> {
  /** the work itself, interrupted and finalized as any Effect; it answers its result, or `Phase.later` */
  readonly run: Effect.Effect<A, E, R>
}

/** What a phase succeeds with, given what its effect answers: what comes later is what the schema holds. */
type Answer<A, Success> = MayBeLate<A> extends true ? TypeOf<Success> : A

type Made<A, E, R, Success, Failure, Limit> =
  MayBeLate<A> extends true ? MadeLate<A, E, R, Success, Failure, Limit> : MadeNow<A, E, R, Success, Failure, Limit>

/** What comes later comes from somebody else: `success` and `error` say what that may be. */
type MadeLate<A, E, R, Success, Failure, Limit> = [Success] extends [never]
  ? Because<"somebody else answers later: give `success`, the schema of the answer", A>
  : [Exclude<A, AnyLater>] extends [TypeOf<Success>]
    ? [Failure] extends [never]
      ? MadeFailure<TypeOf<Success>, E | LateOf<A>, R, Failure, Limit>
      : [Untimed<E>] extends [TypeOf<Failure>]
        ? Phase<TypeOf<Success>, Limited<E | LateOf<A> | TypeOf<Failure>, Limit>, R, never, true>
        : Because<"`error` does not cover the failures", Exclude<Untimed<E>, TypeOf<Failure>>>
    : Because<"`success` does not cover the result", A>

type MadeNow<A, E, R, Success, Failure, Limit> = [Success] extends [never]
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

/** What a phase requires, out of inference's reach as by `Closed`: its Scope is its own. */
type Needed<R, R3> = [R, R3] extends [infer Own, infer Policy] ? Exclude<Own, Scope.Scope> | Policy : never

type Limited<E, Limit> = [Limit] extends [never] ? E : E | Cause.TimeoutException

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
const expected: {
  readonly [K in Exclude<keyof AnyOptions, "timeout">]-?: readonly [what: string, is: (value: unknown) => boolean]
} = {
  run: ["an Effect", Effect.isEffect],
  success: ["a Schema", Schema.isSchema],
  error: ["a Schema", Schema.isSchema],
  irreversible: ["a boolean", Predicate.isBoolean],
  undo: ["a function", Predicate.isFunction],
  undoRetry: ["a Schedule", Schedule.isSchedule],
  undoUnknown: ["a function", Predicate.isFunction],
  retry: ["a Schedule", Schedule.isSchedule],
  inDoubt: ['"rerun" or "ask"', (value) => value === "rerun" || value === "ask"],
  verify: ["an Effect", Effect.isEffect]
}

const checkOptions = (name: string, given: Partial<AnyOptions>): void => {
  for (const key of Object.keys(given) as Array<keyof typeof expected>) {
    const value = given[key]
    const known = expected[key]
    if (known !== undefined && (value !== undefined || key === "run") && !known[1](value)) {
      throw new TypeError(`${key} of phase ${name} must be ${known[0]}, not ${Thrown.text(value).slice(0, 80)}`)
    }
  }
}

/**
 * A phase called `name`, that runs an effect and records its outcome.
 *
 * The result must be plain JSON or void, or `success` given; failures are recorded by `error`, else by the task's own
 * `error` schema. An effect that answers `Phase.later` leaves the result to somebody else. What goes with the effect stands beside it in one object, or in a third argument: there TypeScript
 * infers what `undo` gets whatever the effect, also through `Effect.map(effect, f)`. Throws `InvalidName` where the name
 * cannot be kept, a `TypeError` for what is no Effect or no such option, and for an `irreversible` one with an `undo`. A Scope that
 * the effects require ends with each of them. The idea is Mistral's task and TaskFlow's atom.
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
): Made<A, E, Needed<R | R2 | R4 | R5, R3>, Success, Failure, Limit> => {
  const work = Effect.isEffect(run) || !Predicate.hasProperty(run, "run") ? { run } : run
  const given = { ...(policy as AnyPolicy), ...work } as AnyOptions
  checkName(name)
  checkOptions(name, given)
  const irreversible = given.irreversible ?? false
  if (irreversible && given.undo !== undefined)
    throw new TypeError(`phase ${name} is irreversible and has an undo: take one of the two away`)
  const error = given.error === undefined ? undefined : errorCodec(given.error)
  return describe({
    _tag: "Run",
    name,
    delegate: false,
    irreversible,
    capture: "none",
    run: given.run,
    value: given.success === undefined ? plain : codec(given.success),
    error,
    rejection: error ?? nothing,
    undo: given.undo,
    undoRetry: given.undoRetry,
    undoUnknown: given.undoUnknown,
    retry: given.retry,
    timeout: Limit.limit(`timeout of phase ${name}`, given.timeout),
    inDoubt: given.inDoubt ?? "rerun",
    verify: given.verify
  })
}

const capture = (phase: unknown, as: Run["capture"]): Instruction => {
  const instruction = needPhase(`what Phase.${as} takes`, phase)
  if (!("capture" in instruction)) {
    throw new TypeError(
      `Phase.${as} takes a phase that runs something, not a checkpoint, a sleep, a failure or an undo`
    )
  }
  if (instruction.capture !== "none") {
    throw new TypeError(
      `the failures of ${instruction.name} are values already, by Phase.${instruction.capture}: take one of the two away`
    )
  }
  return instruction._tag === "Run"
    ? { ...instruction, capture: as, error: instruction.error ?? plain }
    : { ...instruction, capture: as }
}

/**
 * Answers failures and timeouts of the phase as a value, and records them as its outcome: a `Left` is not undone.
 *
 * Of what is made of other phases it answers the failure that came first; all are recorded. Defects still stop the task.
 * The phase, and each one inside it, must declare `error` or fail with plain JSON. Throws a `TypeError` for what is no
 * phase, and for one whose failures are values already. The idea is Effect.either's.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const tried = Phase.either(Phase.make("divide", Effect.fail("by zero")))
 */
export const either = <P extends Phase<unknown, unknown, unknown>>(
  phase: P
): Encodable<P> extends true
  ? Phase<Either.Either<Success<P>, Error<P>>, never, Context<P>, never, true>
  : Because<"this phase needs an `error` schema before its failure can be a value", Error<P>> =>
  describe(capture(phase, "either"))

/**
 * Answers whatever happened to the phase as an `Exit`, defects included, and records it as its outcome.
 *
 * Of what is made of other phases it answers all failures, as a parallel Cause. Interruption, pause, close and faults of
 * the engine are not seen by it. It asks for what `either` asks for. The idea is Effect.exit's.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const ended = Phase.exit(Phase.all([Phase.make("a", Effect.fail("no")), Phase.make("b", Effect.die("bug"))]))
 */
export const exit = <P extends Phase<unknown, unknown, unknown>>(
  phase: P
): Encodable<P> extends true
  ? Phase<Exit.Exit<Success<P>, Error<P>>, never, Context<P>, never, true>
  : Because<"this phase needs an `error` schema before its failure can be a value", Error<P>> =>
  describe(capture(phase, "exit"))

/** The body gives up with this typed error, which the task's `error` schema must cover. */
export const fail = <E>(error: E): Phase<never, E, never, never, IsPlain<E>> =>
  describe({ _tag: "Fail", name: "fail", error })

/** The undo of a completed phase, as a revert yields it. */
export const undo = (name: string, undoes: string): Phase<void> => describe({ _tag: "Undo", name, undoes })

/** The undos of these, one after the other: of what a completed group did. */
export const undoAll = (of: ReadonlyArray<{ readonly name: string; readonly path: string }>): Phase<void> => {
  const undos = {
    name: "undo",
    *[Symbol.iterator]() {
      for (const { name, path } of of) yield* undo(name, path)
    }
  }
  return undos as unknown as Phase<void>
}
