/** The answer of a phase that somebody else completes. */
import type * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Limit from "./Limit.js"

/**
 * What the effect of a phase answers where the answer comes later: see `Phase.later`. Opaque: times in milliseconds,
 * `undefined` for ever. `Late` is the `TimeoutException` of one that has a time.
 */
export class Later<out Late = Cause.TimeoutException> {
  declare readonly "the answer comes later": Late

  constructor(
    /** the longest until the answer, counted from here */
    readonly timeout: number | undefined,
    /** the longest that who answers may be silent */
    readonly heartbeat: number | undefined
  ) {}
}

/** Whatever answers later. */
export type AnyLater = Later<unknown>

/** Whether some of these answers come later. */
export type MayBeLate<A> = 0 extends 1 & A ? false : [Extract<A, AnyLater>] extends [never] ? false : true

/** The timeouts of answers that come later. */
export type LateOf<A> = 0 extends 1 & A ? never : A extends Later<infer Late> ? Late : never

/** How long an answer may take: see `Phase.later`. */
export interface LaterOptions<Time, Beat> {
  /** the longest until the answer, counted from now; a `timeout` of the phase that ends before ends it */
  readonly timeout?: Time
  /** the longest between two signs of life, which are `TaskEngine.heartbeat`; counted from now */
  readonly heartbeat?: Beat
}

/**
 * What the effect of a phase answers instead of its result, where only it can know that the result comes later.
 *
 * It hands out `Phase.token` before. From then on the phase needs no process: it ends when `TaskEngine.complete` is called
 * with the token, or with a `TimeoutException` once `timeout` is over, or `heartbeat` without a sign of life; then `retry`
 * begins another attempt, with another token. The phase's `success` and `error` schemas read what it is completed with;
 * without `error`, nobody can fail it. Throws a `TypeError` for a time that is no positive duration; Infinity is none.
 * The idea is Mistral's asynchronous action, and Temporal's asynchronous activity completion.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const paid = Phase.make("pay", {
 *   success: Schema.Struct({ receipt: Schema.String }),
 *   run: Effect.gen(function* () {
 *     const token = yield* Phase.token
 *     yield* Effect.log(`ask the bank to answer to ${token}`)
 *     return Phase.later({ timeout: "3 days" })
 *   })
 * })
 */
export const later = <
  const Time extends Duration.DurationInput = never,
  const Beat extends Duration.DurationInput = never
>(
  options: LaterOptions<Time, Beat> = {}
): Later<[Time | Beat] extends [never] ? never : Cause.TimeoutException> =>
  new Later(
    Limit.limit("timeout of Phase.later", options.timeout),
    Limit.limit("heartbeat of Phase.later", options.heartbeat)
  )
