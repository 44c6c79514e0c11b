/** What the effect of a phase can ask about the phase that it runs in. */
import * as Services from "effect/Context"
import * as Effect from "effect/Effect"

export interface Running {
  readonly execution: string
  readonly path: string
  readonly key: string
  readonly attempt: number
  /** durable when it is answered; where nothing can be completed, see `noToken` */
  readonly token: Effect.Effect<string>
}

/** The phase that runs on this fiber; `undefined` outside of one. */
export class Current extends Services.Reference<Current>()("tidemark/Phase/Current", {
  defaultValue: (): Running | undefined => undefined
}) {}

const ask = <A>(of: (running: Running) => Effect.Effect<A>): Effect.Effect<A> =>
  Effect.flatMap(Current, (running) =>
    running === undefined
      ? Effect.dieMessage("Phase.key, Phase.attempt and Phase.token are for effects that a phase runs")
      : of(running)
  )

/**
 * The idempotency key of the phase whose effect asks: 32 hexadecimal digits, the same over crashes, retries and reruns,
 * and another one once the phase was undone and is done anew. An undo has its own. Dies outside of a phase.
 */
export const key: Effect.Effect<string> = ask((running) => Effect.succeed(running.key))

/** Which attempt of the phase runs, counted from 1 over retries and crashes alike. Dies outside of a phase. */
export const attempt: Effect.Effect<number> = ask((running) => Effect.succeed(running.attempt))

/**
 * The token by which somebody else completes the phase whose effect asks, with `TaskEngine.complete`: at least 22
 * characters of URL-safe text that nobody can guess, durable before it is answered.
 *
 * It is the same over crashes of one attempt; once the attempt has failed it is dead, and the next attempt has another.
 * Hand it out, then answer `Phase.later`. It is a secret: who has it can complete the phase. Dies outside of a phase, in
 * an undo and in a `verify`, for these cannot be completed. The idea is Temporal's task token.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const scanned = Phase.make("scan", {
 *   success: Schema.Boolean,
 *   run: Effect.flatMap(Phase.token, (token) => Effect.as(Effect.log(`ask a person, with ${token}`), Phase.later()))
 * })
 */
export const token: Effect.Effect<string> = ask((running) => running.token)

/** The token of what cannot be completed: an undo, a `verify`. */
export const noToken: Effect.Effect<never> = Effect.dieMessage(
  "Phase.token is for the effect that a phase runs, not for its undo or its verify: nobody can complete these"
)
