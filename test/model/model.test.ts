import { afterEach, assert, describe, it } from "@effect/vitest"
import { check, run, trace } from "../../scripts/torture/Model.js"
import { write } from "../../scripts/torture/Program.js"
import { predict } from "../../scripts/torture/Reference.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_SEED

describe("a random program under random crashes and commands", () => {
  if (given !== undefined) {
    it(`ends as the reference says, with seed ${given}`, () => {
      const seed = Number(given)
      console.dir({ program: write(seed), predicted: predict(write(seed)) }, { depth: null })
      assert.deepStrictEqual(check(seed), [])
    })
    return
  }

  for (let block = 0; block < 8; block++) {
    it(`ends as the reference says, seeds ${block * 250} to ${block * 250 + 249}`, () => {
      const failures = run(250, block * 250)
      assert.strictEqual(failures.join("\n"), "")
    })
  }

  it("goes the same way twice with the same seed", () => {
    for (let seed = 0; seed < 2_000; seed += 100) assert.strictEqual(trace(seed), trace(seed))
  })
})
