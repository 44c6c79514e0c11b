import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import { Context } from "../../src/core/Context.js"
import "../support/seeded.js"

describe("the context of a phase", () => {
  it("is plain JSON, with a schema", () => {
    assert.isObject(JSONSchema.make(Context))
  })

  it.prop(
    "comes back equal from its JSON text",
    { context: Arbitrary.make(Context) },
    ({ context }) => {
      const text = JSON.stringify(Schema.encodeSync(Context)(context))
      assert.strictEqual(JSON.stringify(Schema.decodeUnknownSync(Context)(JSON.parse(text))), text)
    },
    { fastCheck: { numRuns: 20 } }
  )
})
