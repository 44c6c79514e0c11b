import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { Phase, Retry, Task } from "../../src/index.js"
import { running, statusOf } from "../support/desk.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "s1"

/** Sleeps between two phases. */
const napping = (log: Log, duration: Parameters<typeof Phase.sleep>[1]) =>
  Task.make("nap", {
    *run() {
      yield* undoable(log, "before")
      yield* Phase.sleep("nap", duration)
      yield* undoable(log, "after")
    }
  })

describe("a sleep", () => {
  it.scoped("that is short is sat out, and its execution is not let go", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const { run, service } = yield* engine(store, [napping(log, "9 seconds")])
      yield* run(napping(log, "9 seconds").start({}, { id }))
      yield* TestClock.adjust("8999 millis")
      assert.strictEqual((yield* service.status(id)).status, "Running")
      assert.deepStrictEqual(log.lines, ["before"])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.isFalse(tags(store, id).includes("Waiting"))
    })
  )

  it.scoped("that is long lets its execution go: nothing runs for it until its time has come", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = napping(log, "3 days")
      const supervisor = yield* Supervisor.track
      const one = yield* Effect.supervised(engine(store, [task]), supervisor)
      const began = yield* Clock.currentTimeMillis
      yield* one.run(task.start({}, { id }))
      yield* idle
      const { status, waits } = yield* one.service.settled(id)
      assert.strictEqual(status, "Waiting")
      assert.deepStrictEqual(waits, [
        { path: "nap", name: "nap", kind: "timer", since: began, until: began + 259_200_000 }
      ])
      assert.deepStrictEqual(yield* running(supervisor), [])
      yield* TestClock.adjust("71 hours")
      yield* idle
      assert.strictEqual(tags(store, id).filter((tag) => tag === "Claimed").length, 1)
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, ["before", "after"])
      assert.deepStrictEqual((yield* one.service.settled(id)).waits, [])
    })
  )

  for (const late of [false, true]) {
    it.scoped(`goes on in the next process, that starts ${late ? "after" : "before"} its time`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const store = memory()
        const task = napping(log, "3 days")
        for (const how of ["end", "kill"] as const) {
          const one = yield* engine(store, [task])
          yield* one.run(task.start({}, { id: how }))
          yield* recorded(store, how, "Waiting")
          yield* one[how]
          if (late) yield* TestClock.adjust("4 days")
          const two = yield* engine(store, [task])
          yield* idle
          if (!late) {
            assert.strictEqual(yield* statusOf(two, how), "Waiting")
            yield* TestClock.adjust("3 days")
          }
          yield* recorded(store, how, "Completed")
          yield* two.end
        }
        assert.deepStrictEqual(log.lines, ["before", "after", "before", "after"])
      })
    )
  }

  it.scoped("is due in an engine whose task is registered later", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = napping(log, "3 days")
      const other = Task.make("other", { *run() {} })
      const one = yield* engine(store, [task])
      yield* one.run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* one.end
      yield* TestClock.adjust("3 days")
      const two = yield* engine(store, [other])
      yield* idle
      yield* two.register(task)
      yield* recorded(store, id, "Completed")
    })
  )

  it.scoped("until an instant is over at that instant, and at once if it has passed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        payload: { at: Schema.Number },
        *run({ at }) {
          yield* Phase.sleepUntil("nap", at)
          yield* undoable(log, "after")
        }
      })
      yield* TestClock.adjust("1 hour")
      const { run, service } = yield* engine(store, [task])
      for (const at of [0, 3_600_000]) {
        yield* run(task.start({ at }, { id: `past ${at}` }))
        assert.strictEqual((yield* service.settled(`past ${at}`)).status, "Completed")
        assert.isFalse(tags(store, `past ${at}`).includes("Waiting"))
      }
      yield* run(task.start({ at: 7_200_000 }, { id }))
      yield* recorded(store, id, "Waiting")
      yield* TestClock.setTime(7_199_999)
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Waiting")
      yield* TestClock.setTime(7_200_000)
      yield* recorded(store, id, "Completed")
    })
  )

  it.scoped("beside other branches keeps nobody waiting, and the nearest of many lets go", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([Phase.sleep("one", "1 hour"), undoable(log, "a"), Phase.sleep("two", "2 hours")])
          yield* Phase.race([Phase.sleep("three", "3 hours"), Phase.sleep("four", "4 hours")])
          yield* Phase.forEach("each", [1, 2, 3], (n) => Phase.sleep(`nap ${n}`, `${n} hours`), { concurrency: 2 })
          yield* undoable(log, "z")
        }
      })
      const { run } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      assert.deepStrictEqual(log.lines, ["a"])
      yield* TestClock.adjust("2 hours")
      yield* recorded(store, id, "PhaseStarted", "race")
      yield* idle
      yield* TestClock.adjust("3 hours")
      yield* recorded(store, id, "PhaseSucceeded", "race")
      yield* idle
      // Two at a time: one and two hours, then three more after the first.
      yield* TestClock.adjust("1 hours")
      yield* idle
      yield* TestClock.adjust("1 hours")
      yield* idle
      yield* TestClock.adjust("2 hours")
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "z"])
    })
  )

  it.scoped("in a group that is tried again begins anew", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* Phase.sleep("nap", "1 hour")
              if (attempt < 3) yield* Phase.fail("again")
            },
            { retry: Retry.times(5) }
          )
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      for (let hour = 0; hour < 3; hour++) {
        yield* idle
        assert.strictEqual((yield* service.status(id)).status, "Waiting")
        yield* TestClock.adjust("1 hour")
      }
      yield* recorded(store, id, "Completed")
      assert.strictEqual(entries(store, id).filter(({ _tag }) => _tag === "Rewound").length, 2)
    })
  )

  it.scoped("in a finally is sat out while the execution is closed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.sleep("nap", "1 day")
          } finally {
            yield* Phase.sleep("rest", "1 hour")
            yield* undoable(log, "clean")
          }
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      const closing = yield* Effect.fork(service.close(id))
      yield* recorded(store, id, "PhaseStarted", "close/rest")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Closing")
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Fiber.join(closing)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["clean"])
    })
  )

  it.scoped("goes on counting while the execution is paused, and does not wake it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = napping(log, "1 hour")
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      assert.strictEqual((yield* service.pause(id)).status, "Paused")
      yield* TestClock.adjust("2 hours")
      yield* idle
      assert.deepStrictEqual(log.lines, ["before"])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
    })
  )
})
