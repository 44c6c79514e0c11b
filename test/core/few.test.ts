/** The set that holds a few does what a Set does. */
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import { Few } from "../../src/core/Few.js"

const member = FastCheck.integer({ min: 0, max: 14 })

const command = FastCheck.oneof(
  FastCheck.record({ do: FastCheck.constantFrom("add" as const, "delete" as const, "has" as const), member }),
  FastCheck.record({ do: FastCheck.constant("clear" as const), member })
)

describe("Few", () => {
  it("is a Set, whatever is done to it", () => {
    FastCheck.assert(
      FastCheck.property(FastCheck.array(command, { maxLength: 60 }), (commands) => {
        const [few, set] = [new Few<number>(), new Set<number>()]
        for (const { do: what, member } of commands) {
          if (what === "add") {
            few.add(member)
            set.add(member)
          } else if (what === "delete") assert.strictEqual(few.delete(member), set.delete(member))
          else if (what === "has") assert.strictEqual(few.has(member), set.has(member))
          else {
            few.clear()
            set.clear()
          }
          assert.deepStrictEqual([few.size, [...few]], [set.size, [...set]])
        }
      }),
      { numRuns: 500, seed: 1 }
    )
  })

  it("may lose members while somebody goes through them", () => {
    for (const size of [3, 20]) {
      const few = new Few<number>()
      for (let n = 0; n < size; n++) few.add(n)
      const seen: Array<number> = []
      for (const n of few) {
        seen.push(n)
        few.delete(n)
      }
      assert.deepStrictEqual([seen.length, few.size], [size, 0])
    }
  })
})
