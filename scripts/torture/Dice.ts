/** Chance that is a function of a seed and a name: the same in the harness, in its children, and in every replay. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"

/** A whole number of 32 bits. */
const mix = (seed: number, name: string): number => {
  let hash = (0x811c9dc5 ^ seed) >>> 0
  for (let index = 0; index < name.length; index++) hash = Math.imul(hash ^ name.charCodeAt(index), 0x01000193) >>> 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b) >>> 0
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35) >>> 0
  return (hash ^ (hash >>> 16)) >>> 0
}

/** At least 0 and below 1. */
export const chance = (seed: number, name: string): number => mix(seed, name) / 0x1_0000_0000

/** A whole number of at least `from` and at most `to`. */
export const between = (seed: number, name: string, from: number, to: number): number =>
  from + Math.floor(chance(seed, name) * (to - from + 1))

/** A seed of its own for everything below `name`. */
export const derive = (seed: number, name: string): number => mix(seed, name)

/** Runs an effect with Effect's `Random` in the state that the seed gives. */
export const seeded = (seed: number) => Effect.withRandom(Random.make(seed))
