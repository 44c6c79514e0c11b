import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { running } from "../support/desk.js"
import { engine, idle, memory, recorded, tags } from "../support/engines.js"

const id = "s1"

/** Takes two signals of a name, and one of another, between sleeps. */
const listens = Task.make("listens", {
  success: Schema.Array(Schema.Number),
  *run() {
    const first = yield* Phase.signal("go", Schema.Number)
    const second = yield* Phase.signal("go", Schema.Number)
    const other = yield* Phase.signal("other", Schema.Number)
    return [first, second, other]
  }
})

const started = Effect.gen(function* () {
  const store = memory()
  const one = yield* engine(store, [listens])
  yield* one.run(listens.start({}, { id }))
  yield* recorded(store, id, "Waiting")
  return { one, store }
})

describe("a signal", () => {
  it.scoped("is waited for with nothing running, and taken by the phase of its name", () =>
    Effect.gen(function* () {
      const store = memory()
      const supervisor = yield* Supervisor.track
      const one = yield* Effect.supervised(engine(store, [listens]), supervisor)
      yield* one.run(listens.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* idle
      assert.deepStrictEqual(yield* running(supervisor), [])
      assert.deepStrictEqual((yield* one.service.settled(id)).waits, [
        { path: "go", name: "go", kind: "signal", since: 0 }
      ])
      yield* one.service.signal(id, "go", 1)
      yield* recorded(store, id, "PhaseStarted", "go#2")
      yield* one.service.signal(id, "go", 2)
      yield* recorded(store, id, "PhaseStarted", "other")
      yield* one.service.signal(id, "other", 3)
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual((yield* one.service.status(id)).result, [1, 2, 3])
    })
  )

  it.scoped("that comes early is kept, in order, over names, pauses and crashes, and taken once", () =>
    Effect.gen(function* () {
      const { one, store } = yield* started
      yield* one.service.signal(id, "other", 3)
      yield* idle
      assert.strictEqual((yield* one.service.status(id)).status, "Waiting")
      yield* one.service.pause(id)
      yield* one.service.signal(id, "go", 1)
      yield* one.kill
      const none = yield* engine(store)
      yield* none.service.signal(id, "go", 2)
      yield* none.service.signal(id, "go", 4)
      yield* none.end
      const two = yield* engine(store, [listens])
      yield* idle
      assert.strictEqual((yield* two.service.status(id)).status, "Paused")
      yield* two.service.resume(id)
      assert.deepStrictEqual((yield* two.service.settled(id)).result, [1, 2, 3])
      assert.strictEqual(store.letters.size, 1)
    })
  )

  it.scoped("to an execution that does not ask for it does not keep it awake", () =>
    Effect.gen(function* () {
      const { one, store } = yield* started
      for (let n = 0; n < 3; n++) yield* one.service.signal(id, "nobody asks", n)
      yield* idle
      const before = tags(store, id).length
      yield* TestClock.adjust("1 day")
      yield* idle
      assert.lengthOf(tags(store, id), before)
      assert.strictEqual((yield* one.service.settled(id)).status, "Waiting")
    })
  )

  it.scoped("that arrives from another process while the execution goes to rest wakes it", () =>
    Effect.gen(function* () {
      const { store } = yield* started
      const other = yield* engine(store)
      for (const [name, value] of [
        ["go", 1],
        ["go", 2],
        ["other", 3]
      ] as const) {
        yield* other.service.signal(id, name, value)
        if (name === "other") yield* recorded(store, id, "Completed")
      }
      assert.deepStrictEqual((yield* other.service.status(id)).result, [1, 2, 3])
    })
  )

  it.scoped("is refused by what has ended, by what is not there, and under no name", () =>
    Effect.gen(function* () {
      const { one } = yield* started
      yield* one.service.close(id)
      const refused = (to: string, name: string, value: unknown) =>
        Effect.map(Effect.flip(one.service.signal(to, name, value as never)), ({ _tag }) => _tag)
      assert.strictEqual(yield* refused(id, "go", 1), "ExecutionEnded")
      assert.strictEqual(yield* refused("nobody", "go", 1), "ExecutionNotFound")
      assert.strictEqual(yield* refused(id, "", 1), "InvalidName")
      assert.strictEqual(yield* refused(id, "go", () => 1), "ValueRefused")
    })
  )

  it.scoped("that does not fit parks the execution where it asks for it, and is not lost", () =>
    Effect.gen(function* () {
      const { one, store } = yield* started
      yield* one.service.signal(id, "go", "one")
      yield* recorded(store, id, "Failed")
      assert.deepInclude((yield* one.service.status(id)).failures[0], {
        _tag: "Fault",
        reason: "ValueNotDecodable",
        path: "go"
      })
      assert.strictEqual(store.letters.size, 1)
      yield* one.end
      const lenient = Task.make("listens", {
        success: Schema.String,
        *run() {
          return yield* Phase.signal("go", Schema.String)
        }
      })
      const two = yield* engine(store, [lenient])
      yield* two.service.resume(id)
      assert.strictEqual((yield* two.service.settled(id)).result, "one")
    })
  )

  it.scoped("that does not fit is taken away by a skip with a value, one that fits refuses it", () =>
    Effect.gen(function* () {
      const { one, store } = yield* started
      yield* one.service.signal(id, "other", "three")
      yield* one.service.signal(id, "go", "one")
      yield* recorded(store, id, "Failed")
      const [failure] = (yield* one.service.status(id)).failures
      assert.include(failure?._tag === "Fault" ? failure.message : "", "Skip it with a value that fits")
      assert.include((yield* Effect.flip(one.service.skip(id, "go", "1"))).message, "does not fit at $")
      yield* one.service.skip(id, "go", 1)
      yield* recorded(store, id, "PhaseStarted", "go#2")
      yield* one.service.pause(id)
      yield* one.service.signal(id, "go", 2)
      const refused = yield* Effect.flip(one.service.skip(id, "go#2", 5))
      assert.include(refused.message, "somebody has sent it: resume takes that up")
      yield* one.service.resume(id)
      assert.strictEqual((yield* one.service.settled(id)).status, "Failed")
      yield* one.service.skip(id, "other", 3)
      assert.deepStrictEqual((yield* one.service.settled(id)).result, [1, 2, 3])
      assert.strictEqual(store.letters.size, 0)
    })
  )

  it.scoped("is waited for no longer than its timeout, and asked for again after a resume", () =>
    Effect.gen(function* () {
      const store = memory()
      const timed = Task.make("timed", {
        success: Schema.Number,
        *run() {
          const late = yield* Phase.either(Phase.signal("go", Schema.Number, { timeout: "1 hour" }))
          if (Either.isRight(late)) return 0
          return yield* Phase.signal("go", Schema.Number, { timeout: "1 hour" })
        }
      })
      const one = yield* engine(store, [timed])
      yield* one.run(timed.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, id, "PhaseStarted", "go#2")
      yield* idle
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, id, "Failed")
      assert.deepInclude((yield* one.service.status(id)).failures[0], {
        _tag: "Timeout",
        path: "go#2",
        after: 3_600_000
      })
      yield* one.service.resume(id)
      yield* idle
      yield* TestClock.adjust("30 minutes")
      yield* one.service.signal(id, "go", 7)
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* one.service.status(id)).result, 7)
    })
  )

  it.scoped("of two branches is taken by the first that asked, one each", () =>
    Effect.gen(function* () {
      const store = memory()
      const both = Task.make("both", {
        success: Schema.Array(Schema.Number),
        *run() {
          return yield* Phase.all([Phase.signal("go", Schema.Number), Phase.signal("go", Schema.Number)])
        }
      })
      const one = yield* engine(store, [both])
      yield* one.run(both.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* one.service.signal(id, "go", 1)
      yield* idle
      yield* one.service.signal(id, "go", 2)
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual((yield* one.service.status(id)).result, [1, 2])
    })
  )

  it.scoped("by the hundred makes a journal of many wakes, which replays", () =>
    Effect.gen(function* () {
      const store = memory()
      const counts = Task.make("counts", {
        success: Schema.Number,
        *run() {
          let sum = 0
          for (let n = 0; n < 300; n++) sum += yield* Phase.signal("add", Schema.Number)
          return sum
        }
      })
      const one = yield* engine(store, [counts])
      yield* one.run(counts.start({}, { id }))
      for (let n = 0; n < 300; n++) {
        yield* one.service.signal(id, "add", 1)
        if (n % 3 === 0) yield* idle
      }
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* one.service.status(id)).result, 300)
      assert.isAbove(tags(store, id).filter((tag) => tag === "Waiting").length, 90)
      assert.strictEqual(store.letters.size, 0)
    })
  )
})
