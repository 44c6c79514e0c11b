/** The other half of concurrent.test.ts, so that two cores share them. */
import { afterEach, assert, describe, it } from "@effect/vitest"
import { runConcurrent, traceConcurrent } from "../../scripts/torture/Model.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe.skipIf(process.env.TIDEMARK_SEED !== undefined)("another random concurrent program", () => {
  for (let block = 10; block < 20; block++) {
    it(`goes no other way than it may, seeds ${block * 100} to ${block * 100 + 99}`, () => {
      const failures = runConcurrent(100, block * 100)
      assert.strictEqual(failures.join("\n"), "")
    })
  }

  it("goes the same way twice with the same seed", () => {
    for (let seed = 1_000; seed < 2_000; seed += 200) assert.strictEqual(traceConcurrent(seed), traceConcurrent(seed))
  })
})
