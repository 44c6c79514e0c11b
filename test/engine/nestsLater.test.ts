/** The other half of nests.test.ts, so that two cores share them. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { combinators } from "../../scripts/torture/Nest.js"
import { check, isDistinct, nests, replay } from "../../scripts/torture/Nests.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Of those that are three deep, one in so many: torture takes them all. */
const stride = 97

const problemsOf = (some: ReturnType<typeof nests>): ReadonlyArray<string> =>
  some.flatMap((nest) => {
    const { found } = check(nest)
    return found.length === 0 ? [] : [[replay(nest), ...found.slice(0, 5)].join("\n  ")]
  })

describe.skipIf(process.env.TIDEMARK_NEST !== undefined)(
  "combinators in each other, whose process dies at any write, end as they would have ended",
  () => {
    for (const outer of combinators.slice(5)) {
      it(`${outer} of every other`, () => {
        const two = nests(2).filter((nest) => nest.levels[0] === outer && isDistinct(nest))
        assert.isAtLeast(two.length, combinators.length)
        assert.strictEqual(problemsOf(two).join("\n"), "")
      })
    }

    it("three deep, some of them", () => {
      const three = nests(3)
        .filter(isDistinct)
        .filter((_, index) => index % stride === 0)
      assert.strictEqual(problemsOf(three).join("\n"), "")
    })
  }
)
