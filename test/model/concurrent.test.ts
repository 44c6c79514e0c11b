import { afterEach, assert, describe, it } from "@effect/vitest"
import { checkConcurrent, runConcurrent, traceConcurrent } from "../../scripts/torture/Model.js"
import { weave } from "../../scripts/torture/Program.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const given = process.env.TIDEMARK_SEED

/** Seeds that went another way once. */
const kept = [
  148555903, 148581628, 266269206, 266270948, 266283521, 266319168, 266339318, 266341523, 293948043, 395351367,
  652868440, 652879222, 783358198
]

describe("a random concurrent program under random crashes and commands", () => {
  if (given !== undefined) {
    it(`goes no other way than it may, with seed ${given}`, () => {
      const seed = Number(given)
      console.dir(weave(seed), { depth: null })
      assert.deepStrictEqual(checkConcurrent(seed), [])
    })
    return
  }

  // The others: concurrentLater.test.ts, for the other core.
  for (let block = 0; block < 10; block++) {
    it(`goes no other way than it may, seeds ${block * 100} to ${block * 100 + 99}`, () => {
      const failures = runConcurrent(100, block * 100)
      assert.strictEqual(failures.join("\n"), "")
    })
  }

  it("goes no other way than it may, with seeds that once did", () => {
    for (const seed of kept) assert.deepStrictEqual(checkConcurrent(seed), [], `seed ${seed}`)
  })

  it("goes the same way twice with the same seed", () => {
    for (let seed = 0; seed < 1_000; seed += 200) assert.strictEqual(traceConcurrent(seed), traceConcurrent(seed))
  })
})
