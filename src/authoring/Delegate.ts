/** Delegates: phases that somebody else completes. */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Run } from "../core/Instruction.js"
import * as Thrown from "../core/Thrown.js"
import { checkName, describe, type Phase, type Timed, type Untimed } from "./Description.js"
import { Later } from "./Later.js"
import * as Limit from "./Limit.js"
import { type AnySchema, type Because, codec, errorCodec, type IsPlain, nothing, type TypeOf } from "./Recordable.js"
import { token } from "./Running.js"

/** Who is told, what they may answer, and what follows. */
export interface DelegateOptions<Success, Failure, Time, Beat, E, R, R2, R3, R4> {
  /** the schema of the answer; void by default */
  readonly success?: Success
  /** the schema of the failures, those of `notify` among them; without it nobody can fail the phase with the token */
  readonly error?: Failure
  /** tells somebody, with the token to answer by; run again with the same token if nobody knows whether it ended */
  readonly notify?: (token: string) => Effect.Effect<unknown, E, R>
  /** the longest that one attempt may take, `notify` included; after it the phase fails with a `TimeoutException` */
  readonly timeout?: Time
  /** the longest between two calls of `TaskEngine.heartbeat`, from the end of `notify`; after it as for `timeout` */
  readonly heartbeat?: Beat
  /** tells somebody again, with another token, after a failure or a timeout: the token before is dead */
  readonly retry?: Schedule.Schedule<unknown, NoInfer<E | TypeOf<Failure>>, R3>
  /** undoes what was answered; run by a revert */
  readonly undo?: (value: TypeOf<NoInfer<Success>, void>) => Effect.Effect<unknown, unknown, R2>
  /** tries a failed undo again */
  readonly undoRetry?: Schedule.Schedule<unknown, unknown, never>
  /** undoes what nobody knows about: a timeout came first, say; given the idempotency key of the phase */
  readonly undoUnknown?: (key: string) => Effect.Effect<unknown, unknown, R4>
}

type Late<Time> = [Time] extends [never] ? never : Cause.TimeoutException

/** Out of inference's reach; a Scope is the effects' own. */
type Needed<R, R3> = [R, R3] extends [infer Own, infer Policy] ? Exclude<Own, Scope.Scope> | Policy : never

type Delegated<Success, Failure, Time, E, R> = [Failure] extends [never]
  ? Phase<TypeOf<Success, void>, E | Late<Time>, R, never, [Untimed<E>] extends [never] ? true : IsPlain<Untimed<E>>>
  : [Untimed<E>] extends [TypeOf<Failure>]
    ? Phase<TypeOf<Success, void>, TypeOf<Failure> | Timed<E> | Late<Time>, R, never, true>
    : Because<"`error` does not cover the failures of `notify`", Exclude<Untimed<E>, TypeOf<Failure>>>

type Given = Omit<
  DelegateOptions<AnySchema, AnySchema, unknown, unknown, unknown, unknown, unknown, unknown, unknown>,
  "undo"
> & {
  readonly undo?: Run["undo"]
}

/** What each member has to be, for callers whose compiler did not see to it; the times are looked at on their own. */
const expected: {
  readonly [K in Exclude<keyof Given, "timeout" | "heartbeat">]-?: readonly [
    what: string,
    is: (value: unknown) => boolean
  ]
} = {
  success: ["a Schema", Schema.isSchema],
  error: ["a Schema", Schema.isSchema],
  notify: ["a function", Predicate.isFunction],
  retry: ["a Schedule", Schedule.isSchedule],
  undo: ["a function", Predicate.isFunction],
  undoRetry: ["a Schedule", Schedule.isSchedule],
  undoUnknown: ["a function", Predicate.isFunction]
}

const expectations = Object.entries(expected)

const check = (name: string, given: Given): void => {
  for (const [key, [what, is]] of expectations) {
    const value = given[key as keyof typeof expected]
    if (value !== undefined && !is(value)) {
      throw new TypeError(`${key} of Phase.delegate ${name} must be ${what}, not ${Thrown.text(value).slice(0, 80)}`)
    }
  }
}

const nothingSaid = codec(Schema.Void)

const telling = (name: string, notify: Given["notify"] = () => Effect.void): Effect.Effect<unknown, unknown, unknown> =>
  Effect.flatMap(token, (token) => {
    const told: unknown = notify(token)
    if (Effect.isEffect(told)) return told
    throw new TypeError(`notify of Phase.delegate ${name} must answer an Effect, not ${Thrown.text(told).slice(0, 80)}`)
  })

/**
 * A phase that somebody else completes, minutes or months later, with the token that `notify` hands out.
 *
 * The token is durable before `notify` runs; if the process dies between the two, `notify` runs again with the same one.
 * Once nothing else of the execution runs, it needs no process. The phase ends with `TaskEngine.complete(token, exit)`:
 * with what `success` reads, or the failure that `error` reads; with a failure of `notify`; or with a `TimeoutException`
 * once `timeout` is over, or `heartbeat` without a sign of life. What comes first counts. Then `retry` begins another
 * attempt, with another token: the one before is dead, and so it is when the execution is closed or reverted. Throws
 * `InvalidName` where the name cannot be kept, a `TypeError` for an option that is none, and for a time that is no
 * positive duration (Infinity is none). The idea is Mistral's asynchronous action, TaskFlow's long-running delegate and
 * Heat's wait condition; Restate calls it an awakeable, Trigger.dev a wait token.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const approval = Phase.delegate("approval", {
 *   success: Schema.Struct({ by: Schema.String }),
 *   error: Schema.Literal("declined"),
 *   notify: (token) => Effect.log(`mail the link that holds ${token}`),
 *   timeout: "3 days"
 * })
 */
export const delegate = <
  Success extends AnySchema = never,
  Failure extends AnySchema = never,
  const Time extends Duration.DurationInput = never,
  const Beat extends Duration.DurationInput = never,
  E = never,
  R = never,
  R2 = never,
  R3 = never,
  R4 = never
>(
  name: string,
  options: DelegateOptions<Success, Failure, Time, Beat, E, R, R2, R3, R4> = {}
): Delegated<Success, Failure, Time | Beat, E, Needed<R | R2 | R4, R3>> => {
  const given = options as Given
  checkName(name)
  check(name, given)
  const heartbeat = Limit.limit(`heartbeat of Phase.delegate ${name}`, given.heartbeat)
  const error = given.error === undefined ? undefined : errorCodec(given.error)
  return describe({
    _tag: "Run",
    name,
    delegate: true,
    irreversible: false,
    capture: "none",
    run: Effect.as(telling(name, given.notify), new Later(undefined, heartbeat)),
    value: given.success === undefined ? nothingSaid : codec(given.success),
    error,
    rejection: error ?? nothing,
    undo: given.undo,
    undoRetry: given.undoRetry,
    undoUnknown: given.undoUnknown,
    retry: given.retry as Run["retry"],
    timeout: Limit.limit(`timeout of Phase.delegate ${name}`, given.timeout),
    inDoubt: "rerun",
    verify: undefined
  })
}
