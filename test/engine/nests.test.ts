import { afterEach, assert, describe, it } from "@effect/vitest"
import { combinators, nameOf } from "../../scripts/torture/Nest.js"
import { check, isDistinct, nests, replay } from "../../scripts/torture/Nests.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_NEST

const problemsOf = (some: ReturnType<typeof nests>): ReadonlyArray<string> =>
  some.flatMap((nest) => {
    const { found } = check(nest)
    return found.length === 0 ? [] : [[replay(nest), ...found.slice(0, 5)].join("\n  ")]
  })

describe("combinators in each other, whose process dies at any write, end as they would have ended", () => {
  if (given !== undefined) {
    it(given, () => {
      const wanted = [1, 2, 3].flatMap(nests).filter((nest) => nameOf(nest) === given)
      assert.strictEqual(wanted.length, 1)
      assert.deepStrictEqual(
        wanted.flatMap((nest) => check(nest).found),
        []
      )
    })
    return
  }

  // The others: nestsLater.test.ts, for the other core.
  for (const outer of combinators.slice(0, 5)) {
    it(`${outer} of every other`, () => {
      const two = nests(2).filter((nest) => nest.levels[0] === outer && isDistinct(nest))
      assert.isAtLeast(two.length, combinators.length)
      assert.strictEqual(problemsOf(two).join("\n"), "")
    })
  }
})
