import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, course } from "../../scripts/torture/Marks.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("a task of twelve checkpoints, from each to each other one, whose process dies at any write on the way", () => {
  for (const [from, [name]] of course.entries()) {
    it(`stands exactly there, from ${name}; and ends as in a straight run`, () => {
      const { count, found } = check(from)
      assert.isAbove(count, 50)
      assert.deepStrictEqual(found.slice(0, 5), [])
    })
  }
})
