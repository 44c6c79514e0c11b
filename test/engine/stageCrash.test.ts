import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, crashes, type Mode } from "../../scripts/torture/Matrix.js"
import { staged } from "../../scripts/torture/Staged.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** Every crash; of the pairs of crashes, one in so many: torture takes them all. */
const stride = 61

describe("a task of stages whose process dies at any write ends as it would have ended", () => {
  for (const [index, given] of staged.entries()) {
    for (const mode of ["recover", "execute"] satisfies ReadonlyArray<Mode>) {
      it(`${given.name}: ${mode === "recover" ? "recovered by its layer" : "executed again"}`, () => {
        const { count, found } = check(given, mode, crashes(stride, index))
        assert.isAbove(count, 0)
        assert.deepStrictEqual(found.slice(0, 5), [])
      })
    }
  }
})
