import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, draw, run } from "../../scripts/torture/Races.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_SEED

describe("completions of one token against whatever else may end its wait", () => {
  if (given !== undefined) {
    it(`have one winner, with seed ${given}`, () => {
      const seed = Number(given)
      console.dir(draw(seed), { depth: null })
      assert.deepStrictEqual(check(seed), [])
    })
    return
  }

  for (let block = 0; block < 5; block++) {
    it(`have one winner, seeds ${block * 100} to ${block * 100 + 99}`, () => {
      assert.strictEqual(run(100, block * 100).join("\n"), "")
    })
  }
})
