import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { StoreError } from "../../src/core/Errors.js"
import { Places } from "../../src/engine/Places.js"
import { Trouble } from "../../src/engine/Trouble.js"
import { EngineConfig, Phase, Task } from "../../src/index.js"
import { engine, idle, memory } from "../support/engines.js"

/** Counts how many of its executions run, in the order in which they began. */
const counted = (name: string, gate: Effect.Effect<void>) => {
  const began: Array<string> = []
  const peak = { now: 0, most: 0 }
  const task = Task.make(name, {
    payload: { id: Schema.String },
    idempotencyKey: ({ id }) => id,
    *run({ id }) {
      const enter = Effect.sync(() => {
        began.push(id)
        peak.now++
        peak.most = Math.max(peak.most, peak.now)
      })
      const leave = Effect.sync(() => void peak.now--)
      yield* Phase.make("work", Effect.ensuring(Effect.zipRight(enter, gate), leave))
    }
  })
  return { task, began, peak }
}

const numbered = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(5, "0")}`)

/** Until so many are over. */
const completed = (store: ReturnType<typeof memory>, count: number): Effect.Effect<void> =>
  Effect.suspend(() => {
    let done = 0
    for (const { row } of store.executions.values()) if (row.status === "Completed") done++
    return done >= count ? Effect.void : Effect.zipRight(Effect.yieldNow(), completed(store, count))
  })

describe("executions that nobody waits for", () => {
  it.scoped("run oldest first, as many at once as there are places, however many are due", () =>
    Effect.gen(function* () {
      const store = memory()
      const { began, peak, task } = counted("many", Effect.yieldNow())
      const client = yield* engine(store)
      const ids = numbered(2_000, "m")
      for (const id of ids) {
        yield* client.run(task.start({ id }))
        if (id.endsWith("00")) yield* TestClock.adjust(1)
      }
      yield* client.end
      yield* engine(store, [task], { concurrency: 7 })
      yield* completed(store, ids.length)
      assert.strictEqual(peak.most, 7)
      assert.deepStrictEqual(began.length, ids.length)
      // What starts together may begin its phases in any order.
      for (const [index, id] of began.entries()) assert.isBelow(Math.abs(ids.indexOf(id) - index), 200, id)
    })
  )

  it.scoped("keep within the limit of their task, and let others pass", () =>
    Effect.gen(function* () {
      const store = memory()
      const gate = yield* Deferred.make<void>()
      const slow = counted("slow", Deferred.await(gate))
      const quick = counted("quick", Effect.void)
      const client = yield* engine(store)
      for (const id of numbered(600, "s")) yield* client.run(slow.task.start({ id }))
      yield* TestClock.adjust(1)
      for (const id of numbered(5, "q")) yield* client.run(quick.task.start({ id }))
      yield* client.end
      const { run } = yield* engine(store, [slow.task, quick.task], { concurrency: 10, tasks: { slow: 2 } })
      yield* completed(store, 5)
      assert.deepStrictEqual(quick.began, numbered(5, "q"))
      assert.deepStrictEqual(slow.began, ["s00000", "s00001"])
      yield* run(quick.task.start({ id: "late" }))
      for (let turn = 0; turn < 3; turn++) {
        yield* idle
        yield* TestClock.adjust(100)
      }
      yield* completed(store, 6)
      yield* Deferred.succeed(gate, undefined)
      yield* completed(store, 606)
      assert.strictEqual(slow.peak.most, 2)
    })
  )

  it.scoped("run by their priority", () =>
    Effect.gen(function* () {
      const store = memory()
      const { began, task } = counted("ranked", Effect.void)
      const client = yield* engine(store)
      for (const [id, priority] of Object.entries({ low: -1, plain: 0, high: 5, higher: 6 })) {
        yield* client.run(task.start({ id }, { priority }))
        yield* TestClock.adjust(1)
      }
      yield* client.end
      yield* engine(store, [task], { concurrency: 1 })
      yield* completed(store, 4)
      assert.deepStrictEqual(began, ["higher", "high", "plain", "low"])
    })
  )

  it.scoped("are all taken up that a dead engine left, with few places", () =>
    Effect.gen(function* () {
      const store = memory()
      const gate = yield* Deferred.make<void>()
      let dead = false
      const { peak, task } = counted(
        "left",
        Effect.suspend(() => (dead ? Effect.yieldNow() : Deferred.await(gate)))
      )
      const first = yield* engine(store, [task], { concurrency: 50 })
      const ids = numbered(50, "l")
      for (const id of ids) yield* first.run(task.start({ id }))
      yield* idle
      yield* first.kill
      dead = true
      peak.now = 0
      peak.most = 0
      yield* engine(store, [task], { concurrency: 3 })
      yield* completed(store, 50)
      assert.strictEqual(peak.most, 3)
    })
  )
})

describe("places", () => {
  it("are refused limits that are none", () => {
    const { defaults } = EngineConfig
    for (const concurrency of [0, -1, 1.5, Number.NaN]) {
      assert.throws(() => new Places({ ...defaults, concurrency }), TypeError, "EngineConfig.concurrency must be")
      assert.throws(() => new Places({ ...defaults, tasks: { a: concurrency } }), TypeError, 'EngineConfig.tasks["a"]')
    }
  })
})

describe("a store in trouble", () => {
  it.effect("is asked ever less often, and told of when that begins and ends", () =>
    Effect.gen(function* () {
      const lines: Array<string> = []
      const logger = Layer.merge(
        Logger.remove(Logger.defaultLogger),
        Logger.add(
          Logger.make(({ annotations, message }) => void lines.push(`${message} ${HashMap.size(annotations)}`))
        )
      )
      const busy = new StoreError({ reason: "Busy", store: "a", message: "it is busy" })
      const trouble = new Trouble()
      const times: Array<number> = []
      const work = Effect.gen(function* () {
        yield* trouble.over
        for (let n = 0; n < 10; n++) {
          const before = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
          yield* trouble.failed(busy)
          times.push((yield* Effect.clockWith((clock) => clock.currentTimeMillis)) - before)
        }
        yield* trouble.over
        yield* trouble.over
      })
      const fiber = yield* Effect.fork(Effect.provide(work, logger))
      yield* TestClock.adjust("1 minute")
      yield* fiber
      for (const [index, time] of times.entries()) {
        const most = Math.min(5_000, 100 * 2 ** index)
        assert.isTrue(time >= most / 2 && time <= most, `${index}: ${time}`)
      }
      assert.deepStrictEqual(lines, [
        "it is busy; nothing new is taken up until the store answers 0",
        "the store answers again, after 10 attempts 0"
      ])
    })
  )
})
