/** Groups: nested generators, recorded as one phase once they return, and tried again as a whole. */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Json from "../core/Json.js"
import * as Body from "./Body.js"
import { given } from "./Branches.js"
import { checkName, describe, type Phase, type Yielded } from "./Description.js"
import * as Limit from "./Limit.js"
import { type AnySchema, type Because, type Closed, codec, type IsPlain, plain, type TypeOf } from "./Recordable.js"
import type { Retry } from "./Retry.js"

type Grouped<A, Y, R, Success, Time> = [Success] extends [never]
  ? IsPlain<A> extends true
    ? Whole<A, Y, R, Time>
    : Because<"the group's result is not plain JSON: give `success`", A>
  : [A] extends [TypeOf<Success>]
    ? Whole<TypeOf<Success>, Y, R, Time>
    : Because<"`success` does not cover the group's result", A>

type Whole<A, Y, R, Time> = Phase<
  A,
  Body.EveryFailureOf<Y> | ([Time] extends [never] ? never : Cause.TimeoutException),
  Body.RequirementsOf<Y> | Closed<R>,
  never,
  Body.EncodableOf<Y>
>

/** How a group is recorded and tried again. */
export interface GroupOptions<Success, V, R, Time> {
  /** the schema of what the group returns; needed unless that is plain JSON or void */
  readonly success?: Success
  /** what follows when the group fails: see `Retry`. Without it, the failure goes to what is around the group */
  readonly retry?: Retry<V, R>
  /** the longest that one attempt may take; after it the group fails with a `TimeoutException`, and what runs in it ends */
  readonly timeout?: Time
}

/** What each member has to be, for callers whose compiler did not see to it. */
const expected: Readonly<Record<string, readonly [what: string, is: (value: unknown) => boolean]>> = {
  body: ["a generator function", Predicate.isFunction],
  success: ["a Schema", Schema.isSchema],
  retry: ["a Retry, such as Retry.times(3) or Retry.schedule(schedule)", Predicate.hasProperty("strategy")]
}

const expectations = Object.entries(expected)

const check = (name: string, members: Readonly<Record<string, unknown>>): void => {
  for (const [key, [what, is]] of expectations) {
    const value = members[key]
    if ((value !== undefined || key === "body") && !is(value)) {
      throw new TypeError(`${key} of Phase.group ${name} must be ${what}, not ${given(value)}`)
    }
  }
}

/**
 * Phases in a generator of their own, recorded as one when it returns.
 *
 * The body is written as a task's is. It gets the number of the attempt, from 1, and the value that `retry` gives it.
 * When the group fails, `retry` decides: what it completed is undone, newest first, and it runs again from its start; or
 * the failure goes to the group around it, and at last to the task's `onFailure`. A group that has returned is not
 * entered again by a resumption. Throws `InvalidName` for a name that cannot be kept, a `TypeError` for a body that is no
 * function, for what is no schema or strategy, and for a timeout that is no positive duration (Infinity is none). The idea is TaskFlow's linear flow with its retry controllers.
 *
 * @example
 * import { Phase, Retry } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const upload = Phase.group(
 *   "upload",
 *   function* (attempt, region) {
 *     yield* Phase.make("open", Effect.log(`attempt ${attempt} in ${region}`))
 *     return yield* Phase.make("send", Effect.succeed(region))
 *   },
 *   { retry: Retry.forEach(["eu", "us"]) }
 * )
 */
export const group = <
  Y extends Yielded<unknown, unknown>,
  A,
  Success extends AnySchema = never,
  V = void,
  R = never,
  const Time extends Duration.DurationInput = never
>(
  name: string,
  body: (attempt: number, value: NoInfer<V>) => Generator<Y, A, never>,
  options: GroupOptions<Success, V, R, Time> = {}
): Grouped<A, Y, R, Success, Time> => {
  checkName(name)
  check(name, { body, ...options })
  const start = body as (attempt: number, value: unknown) => unknown
  return describe({
    _tag: "Group",
    name,
    capture: "none",
    body: Body.fresh(`the body of group ${name}`, (attempt: number, value: Json.Json | undefined) =>
      start(attempt, value === undefined ? undefined : Json.copy(value))
    ),
    value: options.success === undefined ? plain : codec(options.success),
    strategy: options.retry?.strategy,
    timeout: Limit.limit(`timeout of Phase.group ${name}`, options.timeout)
  })
}
