import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { EngineConfig } from "../../src/index.js"

const { newId, newToken } = EngineConfig.defaults

describe("a fresh id", () => {
  it.effect("is a UUID of version 7, in the order of time, and never the same", () =>
    Effect.gen(function* () {
      const ids: Array<string> = []
      for (const at of [0, 1, 255, 256, 1_700_000_000_000, 1_700_000_000_001, 2 ** 47]) {
        yield* TestClock.setTime(at)
        const [one, other] = [yield* newId, yield* newId]
        assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        assert.strictEqual(Number.parseInt(one.replaceAll("-", "").slice(0, 12), 16), at)
        assert.notStrictEqual(one, other)
        ids.push(one)
      }
      assert.deepStrictEqual([...ids].sort(), ids)
    })
  )
})

describe("a fresh token", () => {
  it("is URL-safe text of 192 random bits, but for those that look like an option", () => {
    const tokens = Array.from({ length: 1_000 }, newToken)
    for (const token of tokens) assert.match(token, /^\w[\w-]{31}$/)
    assert.strictEqual(new Set(tokens).size, 1_000)
  })
})
