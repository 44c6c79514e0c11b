/** A store that cannot be asked for what is to be done: asked again ever less often, and told of twice, not each time. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { StoreError } from "../core/Errors.js"

/** In milliseconds: after the first failure, and at the longest. */
const shortest = 100
const longest = 5_000

export class Trouble {
  private failures = 0

  /** It did what it was asked last. */
  get isOver(): boolean {
    return this.failures === 0
  }

  /** It failed: waits until it may be asked again. */
  failed({ message }: StoreError): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      const pause = Math.min(longest, shortest * 2 ** this.failures)
      if (this.failures++ === 0) yield* Effect.logWarning(`${message}; nothing new is taken up until the store answers`)
      yield* Effect.sleep(pause * (0.5 + (yield* Random.next) / 2))
    })
  }

  /** It did what it was asked. */
  readonly over: Effect.Effect<void> = Effect.suspend(() => {
    const { failures } = this
    this.failures = 0
    return failures === 0 ? Effect.void : Effect.logInfo(`the store answers again, after ${failures} attempts`)
  })
}
