import { assert, describe, it } from "@effect/vitest"
import { type Action, actOf, essence } from "../../src/core/Action.js"

describe("the act of an action", () => {
  it("is who asks, why, and for which plan, as far as that was said", () => {
    assert.deepStrictEqual(actOf({ by: "ann", reason: "late", plan: "x" }), { by: "ann", reason: "late", plan: "x" })
    assert.deepStrictEqual(actOf({}), {})
  })
})

describe("the essence of an action", () => {
  it("leaves out who asks, why, and for which plan", () => {
    assert.strictEqual(
      essence({ _tag: "close", revert: true, by: "ann", reason: "late", plan: "x" }),
      essence({ _tag: "close", revert: true })
    )
    assert.notStrictEqual(essence({ _tag: "close", revert: true }), essence({ _tag: "close" }))
  })

  it("is the same in whatever order it was written, and keeps the order of lists", () => {
    const one: Action = { _tag: "skip", phase: "a", value: { x: [1, { b: 1, a: null }], y: 2 } }
    const other: Action = { value: { y: 2, x: [1, { a: null, b: 1 }] }, phase: "a", _tag: "skip" }
    assert.strictEqual(essence(one), essence(other))
    assert.notStrictEqual(essence(one), essence({ ...one, value: { x: [{ b: 1, a: null }, 1], y: 2 } }))
  })
})
