import { assert, describe, it } from "@effect/vitest"
import { misses } from "../../src/core/Near.js"

describe("a near miss", () => {
  const names = ["charge", "change", "ship", "shipping", "a"]

  it("is what differs in a few letters, begins like it, or is written in other letters, the nearest first", () => {
    assert.deepStrictEqual(misses("Charge", names), ["charge", "change"])
    assert.deepStrictEqual(misses("shi", names), ["ship", "shipping"])
    assert.deepStrictEqual(misses("shippings", names), ["ship", "shipping"])
    assert.deepStrictEqual(misses("chrage", names), ["charge", "change"])
    assert.deepStrictEqual(misses("refund", names), [])
  })

  it("is one of three at the most", () => assert.lengthOf(misses("x1", ["x2", "x3", "x4", "x5"]), 3))
})
