import { afterEach, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { discarding } from "../../scripts/torture/Discarding.js"
import { live } from "../../scripts/torture/Matrix.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("an execution that discards, and whose process dies at any write, ends as it would have ended", () => {
  for (const given of discarding) {
    it(given.name, () => {
      const whole = live(given, "recover", [])
      assert.strictEqual(whole.result.status, given.ends)
      assert.deepStrictEqual(whole.result.outside, [...given.leaves].sort())
      for (let write = 1; write <= whole.writes[0]!; write++) {
        for (const after of [false, true]) {
          const { result, world } = live(given, "recover", [{ write, after }])
          assert.deepStrictEqual(result, whole.result, `${after ? "after" : "before"} write ${write}`)
          // Whatever is there is linked: what was discarded is gone as a whole, or there as a whole.
          const store = fromEncoded(Effect.runSync(MemoryStore.make(world.memory)))
          assert.isDefined(Effect.runSync(store.load("one")))
        }
      }
    })
  }
})
