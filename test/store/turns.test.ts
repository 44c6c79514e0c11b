/** One connection, taken by one at a time; reads come between. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { Turns } from "../../src/store/Turns.js"

/** Fibers that can run do. */
const others = Effect.repeatN(Effect.yieldNow(), 20)

describe("turns", () => {
  it.effect("of those that write are one after the other, in the order in which they came", () =>
    Effect.gen(function* () {
      const turns = new Turns()
      const seen: Array<string> = []
      const write = (name: string) =>
        turns.alone(
          Effect.gen(function* () {
            seen.push(`${name} begins`)
            yield* others
            seen.push(`${name} ends`)
          })
        )
      yield* Effect.all([write("a"), write("b"), write("c")], { concurrency: "unbounded" })
      assert.deepStrictEqual(seen, ["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"])
    })
  )

  it.effect("of a read are never within another one's, and it is done again where one began meanwhile", () =>
    Effect.gen(function* () {
      const turns = new Turns()
      let written = "before"
      let reads = 0
      const read = Effect.suspend(() => {
        reads++
        return Effect.zipLeft(
          Effect.sync(() => written),
          others
        )
      })
      const write = turns.alone(
        Effect.zipRight(
          Effect.sync(() => {
            written = "half"
          }),
          Effect.zipRight(
            others,
            Effect.sync(() => {
              written = "after"
            })
          )
        )
      )
      const early = yield* Effect.fork(turns.between(read))
      yield* Effect.yieldNow()
      const writing = yield* Effect.fork(write)
      yield* Effect.yieldNow()
      const late = yield* Effect.fork(turns.between(read))
      assert.deepStrictEqual([yield* Fiber.join(early), yield* Fiber.join(late)], ["after", "after"])
      assert.strictEqual(reads, 3)
      yield* Fiber.join(writing)
      assert.strictEqual(yield* turns.between(read), "after")
      assert.strictEqual(reads, 4)
    })
  )

  it.effect("end where what they were for fails, dies or is interrupted", () =>
    Effect.gen(function* () {
      const turns = new Turns()
      assert.deepStrictEqual(yield* Effect.exit(turns.alone(Effect.fail("no"))), Exit.fail("no"))
      assert.deepStrictEqual(yield* Effect.exit(turns.alone(Effect.die("why"))), Exit.die("why"))
      const held = yield* Effect.fork(turns.alone(others))
      yield* Effect.yieldNow()
      const waiting = yield* Effect.fork(turns.alone(Effect.succeed("written")))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiting)
      yield* Fiber.join(held)
      assert.strictEqual(yield* turns.alone(Effect.succeed("next")), "next")
      assert.strictEqual(yield* turns.between(Effect.succeed("read")), "read")
    })
  )
})
