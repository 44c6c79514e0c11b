import { afterEach, assert, describe, it } from "@effect/vitest"
import { families } from "../../scripts/torture/Families.js"
import { check, crashes } from "../../scripts/torture/Matrix.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Every crash; of the pairs of crashes, one in so many: torture takes them all. */
const stride = 97

describe("a parent and its children whose process dies at any write end as they would have ended", () => {
  for (const [index, given] of families.entries()) {
    it(`${given.name}: recovered by their layers`, () => {
      const { count, found } = check(given, "recover", crashes(stride, index))
      assert.isAbove(count, 0)
      assert.deepStrictEqual(found.slice(0, 5), [])
    })
  }
})
