import { assert, describe, it } from "@effect/vitest"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { Action } from "../../src/core/Action.js"
import { Plan } from "../../src/core/Plan.js"

const plan: Plan = {
  execution: "order-7",
  task: "order",
  action: { _tag: "resume", payload: { sku: "tea" }, amend: "undo-too", values: { pay: null } },
  status: "Failed",
  to: "Running",
  steps: [{ does: "run", path: "ship", name: "ship", kind: "phase", attempt: 2 }],
  more: true,
  inDoubt: [{ path: "ship", name: "ship", then: "verify" }],
  commits: [],
  irreversible: [],
  remaining: [],
  amended: [],
  missing: [{ needs: "value", path: "pay", schema: null, message: "phase pay answers something: give its value" }],
  warnings: [],
  hash: "0123456789abcdef"
}

describe("a plan", () => {
  it("is plain JSON, with a schema", () => {
    assert.deepStrictEqual(Schema.decodeUnknownSync(Plan)(JSON.parse(JSON.stringify(plan))), plan)
    assert.isObject(JSONSchema.make(Plan))
  })
})

describe("an action", () => {
  const decode = Schema.decodeUnknownOption(Action)

  it("takes values for phases whatever they are called, and nothing else as values", () => {
    const values: unknown = JSON.parse('{ "__proto__": 1, "a/b#2": null }')
    const decoded = decode({ _tag: "resume", values })
    assert.deepStrictEqual(
      decoded._tag === "Some" && decoded.value._tag === "resume" ? Object.entries(decoded.value.values!) : [],
      [
        ["__proto__", 1],
        ["a/b#2", null]
      ]
    )
    for (const wrong of [null, [1], "a", { a: undefined }, { a: 1n }]) {
      assert.strictEqual(decode({ _tag: "resume", values: wrong })._tag, "None")
    }
  })
})
