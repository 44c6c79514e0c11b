import { afterEach, assert, describe, it } from "@effect/vitest"
import { run } from "../../scripts/torture/Changes.js"

/** The tests below never wait: vitest's own messages need a turn of the event loop in between. */
afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const seed = Number(process.env.TIDEMARK_SEED ?? 0)

describe("changed code", () => {
  it(`is found at the first difference, or is none: seeds from ${seed} on`, () => {
    assert.deepStrictEqual(run(4, seed), [])
  })
})
