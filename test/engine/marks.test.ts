import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, nameOf, size } from "../../scripts/torture/Marks.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** One way in so many, of every length and in both directions: torture takes them all. */
const stride = 17

describe("a task of twelve checkpoints, in groups and stages, whose process dies at any write on the way", () => {
  for (let way = 5; way < size; way += stride) {
    it(`stands exactly there, ${nameOf(way)}; and ends as in a straight run`, () => {
      const { count, found } = check(way)
      assert.isAbove(count, 4)
      assert.deepStrictEqual(found.slice(0, 5), [])
    })
  }
})
