import { afterEach, assert, describe, it } from "@effect/vitest"
import { run } from "../../scripts/torture/StagedPrograms.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

describe("random tasks of stages under random crashes", () => {
  for (let block = 0; block < 4; block++) {
    it(`end as they read: seeds ${block * 15} to ${block * 15 + 14}`, () => {
      assert.deepStrictEqual(run(15, block * 15), [])
    })
  }
})
