/** The crash matrix at random: any case, in any mode, with one crash or two anywhere. */
import { cases } from "./Cases.js"
import { families } from "./Families.js"
import { check } from "./Matrix.js"
import { Random } from "./Random.js"
import { staged } from "./Staged.js"

const all = [...cases, ...families, ...staged]

/** Checks `count` random lives from `seed` on, and answers what is wrong with the first ten that fail. */
export const run = (count: number, seed: number): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (let index = 0; index < count && failures.length < 10; index++) {
    const random = new Random(seed + index)
    const plan = function* (writes: number) {
      const at = (end: number) => ({ write: 1 + random.below(end), after: random.chance(0.5) })
      yield random.chance(0.2) ? [at(writes)] : [at(writes), at(writes + 2)]
    }
    const { found } = check(random.pick(all), random.pick(["recover", "execute"]), plan)
    if (found.length > 0) failures.push(`seed ${seed + index}: ${found.join("\n  ")}`)
  }
  return failures
}
