import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import { InvalidName } from "../../src/core/Errors.js"
import type { Yielded } from "../../src/core/Instruction.js"
import { groupOf } from "./support/Described.js"

const refuses = (says: string, make: () => unknown) => assert.throws(make, TypeError, says)

/** As a caller without a compiler sees it. */
const group = Phase.group as unknown as (name: unknown, body?: unknown, options?: unknown) => Phase.Any

describe("Phase.group", () => {
  it("describes a generator, and starts none", () => {
    let started = 0
    const described = groupOf(
      Phase.group("g", function* () {
        started++
        yield* Phase.make("a", Effect.void)
      })
    )
    assert.deepInclude(described, { name: "g", capture: "none", strategy: undefined })
    assert.strictEqual(started, 0)
  })

  it("makes a fresh generator for each attempt, with its number and value", () => {
    const { body } = groupOf(
      Phase.group(
        "g",
        function* (attempt, value) {
          yield* Phase.make(`${attempt} ${value.region}`, Effect.void)
          return value
        },
        { retry: Retry.forEach([{ region: "eu" }]) }
      )
    )
    const recorded = { region: "us" }
    const run = (attempt: number) => {
      const generator = body(attempt, recorded) as Generator<Yielded>
      return [(generator.next().value as Yielded).instruction.name, generator.next().value] as const
    }
    for (const attempt of [1, 2]) {
      const [name, value] = run(attempt)
      assert.deepStrictEqual([name, value], [`${attempt} us`, recorded])
      assert.notStrictEqual(value, recorded)
    }
  })

  it("records what it returns as plain JSON, or by its schema", () => {
    const plain = groupOf(Phase.group("g", function* () {})).value
    assert.deepStrictEqual([plain.encode(undefined), plain.encode([1])], [Either.right(undefined), Either.right([1])])
    const dated = groupOf(
      Phase.group(
        "g",
        function* () {
          return new Date(0)
        },
        { success: Schema.Date }
      )
    ).value
    assert.deepStrictEqual(dated.encode(new Date(0)), Either.right("1970-01-01T00:00:00.000Z"))
  })

  it("has the strategy that it is given", () => {
    const retry = Retry.times(3)
    assert.strictEqual(groupOf(Phase.group("g", function* () {}, { retry })).strategy, retry.strategy)
  })

  it("refuses a generator that is handed out twice", () => {
    const generator = (function* () {})()
    const { body } = groupOf(Phase.group("g", () => generator))
    assert.strictEqual(body(1, undefined), generator)
    refuses("the body of group g answers the same generator twice: make a new one each time", () => body(2, undefined))
  })

  it("refuses what is no body, no schema, no strategy", () => {
    const body = function* () {}
    refuses("body of Phase.group g must be a generator function, not undefined", () => group("g"))
    refuses("body of Phase.group g must be a generator function, not [object Generator]", () => group("g", body()))
    refuses("success of Phase.group g must be a Schema, not string", () => group("g", body, { success: "string" }))
    const says = "retry of Phase.group g must be a Retry, such as Retry.times(3) or Retry.schedule(schedule), not "
    refuses(`${says}3`, () => group("g", body, { retry: 3 }))
    refuses(says, () => group("g", body, { retry: Schedule.recurs(3) }))
    assert.throws(() => group("", body), InvalidName, "the phase name")
  })
})
