import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, run, trace } from "../../scripts/torture/Plans.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_SEED

describe("an action that was planned, of a random program that stands somewhere", () => {
  if (given !== undefined) {
    it(`does what the plan said, with seed ${given}`, () => {
      const seed = Number(given)
      console.dir(trace(seed), { depth: null })
      assert.deepStrictEqual(check(seed), [])
    })
    return
  }

  it("does what the plan said, seeds 0 to 59", () => {
    assert.strictEqual(run(60, 0).join("\n"), "")
  })
})
