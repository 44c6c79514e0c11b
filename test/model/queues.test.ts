import { afterEach, assert, describe, it } from "@effect/vitest"
import { draw, run } from "../../scripts/torture/Queues.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_SEED

describe("executions with concurrency keys, under crashes, deploys and operators", () => {
  if (given !== undefined) {
    it(`keep to their places and their order, with seed ${given}`, () => {
      console.dir(draw(Number(given)), { depth: null })
      assert.deepStrictEqual(run(1, Number(given)), [])
    })
    return
  }

  for (let block = 0; block < 4; block++) {
    it(`keep to their places and their order, seeds ${block * 50} to ${block * 50 + 49}`, () => {
      assert.strictEqual(run(50, block * 50).join("\n"), "")
    })
  }
})
