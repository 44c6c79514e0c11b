import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Lane from "../../src/authoring/Lane.js"
import { InvalidName } from "../../src/core/Errors.js"
import { Task } from "../../src/index.js"

const given = (concurrencyKey: unknown, limit?: unknown) =>
  Task.make("t", {
    payload: { tenant: Schema.String },
    ...(concurrencyKey === undefined ? {} : { concurrencyKey: concurrencyKey as () => string }),
    ...(limit === undefined ? {} : { limit: limit as number }),
    *run() {}
  })

describe("a concurrency key", () => {
  it("makes lanes of one place, or of as many as the limit says", () => {
    const key = ({ tenant }: { readonly tenant: string }) => tenant
    assert.deepStrictEqual(given(key).definition.lane, { key, limit: 1 })
    assert.deepStrictEqual(given(key, 7).definition.lane, { key, limit: 7 })
    assert.isUndefined(given(undefined).definition.lane)
    assert.deepStrictEqual(Lane.keyOf("t", given(key).definition.lane!, { tenant: "acme" }), { key: "acme" })
  })

  it("is refused at its definition where it is no function, and with a limit that is none", () => {
    for (const limit of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, "2", null]) {
      assert.throws(() => given(() => "a", limit), TypeError, "limit of task t must be a positive integer, not ")
    }
    assert.throws(() => given("tenant"), TypeError, "concurrencyKey of task t must be a function, not tenant")
    assert.throws(
      () => given(undefined, 2),
      TypeError,
      "limit of task t is for executions with the same concurrencyKey"
    )
  })

  it("has to be what a name can be, and its function may not throw", () => {
    const refused: ReadonlyArray<readonly [() => unknown, string]> = [
      [() => "", "it is empty"],
      [() => "x".repeat(256), "it is longer than 255 bytes"],
      [() => "é".repeat(128), "it is longer than 255 bytes"],
      [() => "a\nb", "it holds a control character"],
      [() => "a\u0000", "it holds a control character"],
      [() => "\ud800", "it holds half of a surrogate pair"],
      [() => 7, "it is of type number, not a string"],
      [() => undefined, "it is undefined, not a string"],
      [() => Promise.resolve("a"), "it is of type object, not a string"],
      [
        () => {
          throw new Error("boom")
        },
        "its function threw Error: boom"
      ],
      [
        () => {
          throw Object.create(null)
        },
        "its function threw "
      ]
    ]
    for (const [key, problem] of refused) {
      const found = Lane.keyOf("t", given(key).definition.lane!, { tenant: "a" })
      assert.instanceOf(found, InvalidName)
      assert.include((found as InvalidName).problem, problem)
      assert.include((found as InvalidName).message, "the concurrency key of task t ")
      assert.throws(
        () => given(key).schedule("0 9 * * *", { tenant: "a" }),
        InvalidName,
        "the concurrency key of task t"
      )
    }
    assert.deepStrictEqual(Lane.keyOf("t", given(() => "x".repeat(255)).definition.lane!, {}), { key: "x".repeat(255) })
  })
})
