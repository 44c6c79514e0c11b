import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { Bank, Declined, subscription } from "../../examples/subscription.js"
import { type Engine, engine, idle, memory } from "../support/engines.js"

/** A bank that notes when it was asked for which month, and declines what it is told to. */
const bank = (declines: (month: number, day: string) => boolean) => {
  const asked: Array<string> = []
  const paid = new Map<string, string>()
  const layer = Layer.succeed(Bank, {
    charge: (_customer, month, key) =>
      Effect.flatMap(TestClock.currentTimeMillis, (now) => {
        const day = new Date(now).toISOString().slice(0, 10)
        asked.push(`${month} ${day}`)
        if (declines(month, day)) return new Declined({ month })
        paid.set(key, day)
        return Effect.void
      })
  })
  return { asked, paid, task: { layer: Layer.provide(subscription.layer, layer) } }
}

/** Lets days go by: the clock stops wherever somebody sleeps until. */
const days = (count: number) => Effect.zipRight(TestClock.adjust(`${count} days`), idle)

const resultOf = (live: Engine) => Effect.map(live.service.settled("s"), ({ result }) => result)

describe("the example subscription", () => {
  it.scoped("renews for two years by the calendar, over declined cards and other engines, until it is cancelled", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 31, 12))
      const { asked, paid, task } = bank((month, day) => month === 3 && day < "2026-04-03")
      const store = memory()
      let live = yield* engine(store, [task])
      yield* live.run(subscription.start({ customer: "ann" }, { id: "s" }))
      yield* idle
      for (let quarter = 1; quarter <= 8; quarter++) {
        yield* days(91)
        const { status, waits } = yield* live.service.status("s")
        assert.deepStrictEqual([status, waits.map(({ kind }) => kind).sort()], ["Waiting", ["signal", "timer"]])
        yield* live.end
        live = yield* engine(store, [task])
        yield* idle
      }
      yield* live.service.signal("s", "cancel", "moved away")
      yield* idle
      assert.deepStrictEqual(yield* resultOf(live), { months: 24, because: "moved away" })
      assert.strictEqual(paid.size, 24)
      assert.deepStrictEqual(asked.slice(0, 7), [
        "1 2026-01-31",
        "2 2026-02-28",
        "3 2026-03-31",
        "3 2026-04-01",
        "3 2026-04-02",
        "3 2026-04-03",
        "4 2026-04-30"
      ])
      assert.strictEqual(asked.at(-1), "24 2027-12-31")
    })
  )

  it.scoped("ends after a week of grace", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const { asked, task } = bank((month) => month === 2)
      const live = yield* engine(memory(), [task])
      yield* live.run(subscription.start({ customer: "bob" }, { id: "s" }))
      yield* idle
      yield* days(35)
      assert.strictEqual((yield* live.service.status("s")).status, "Waiting")
      yield* days(4)
      assert.deepStrictEqual(yield* resultOf(live), { months: 1, because: "the card was declined" })
      assert.strictEqual(asked.length, 9)
      assert.strictEqual(asked.at(-1), "2 2026-02-08")
    })
  )

  it.scoped("keeps a cancellation that comes before anybody asks for it", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.UTC(2026, 0, 1))
      const { asked, task } = bank((month, day) => month === 1 && day < "2026-01-03")
      const live = yield* engine(memory(), [task])
      yield* live.run(subscription.start({ customer: "eve" }, { id: "s" }))
      yield* idle
      yield* live.service.signal("s", "cancel", "changed my mind")
      yield* days(3)
      assert.deepStrictEqual(yield* resultOf(live), { months: 1, because: "changed my mind" })
      assert.deepStrictEqual(asked, ["1 2026-01-01", "1 2026-01-02", "1 2026-01-03"])
    })
  )
})
