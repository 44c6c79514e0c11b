/** The engine's time. */
import type * as Clock from "effect/Clock"

/** Tells the time in milliseconds UTC. */
export interface Now {
  unsafeCurrentTimeMillis(): number
}

/**
 * The wall's time when the engine started, and what has passed since: a wall clock that jumps does nothing to an engine
 * that lives.
 */
export const from = (clock: Clock.Clock): Now => {
  const start = clock.unsafeCurrentTimeMillis()
  const origin = clock.unsafeCurrentTimeNanos()
  return {
    unsafeCurrentTimeMillis: () => start + Number((clock.unsafeCurrentTimeNanos() - origin) / 1_000_000n)
  }
}
