import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Phase from "../../src/authoring/Phase.js"
import { StoreError } from "../../src/core/Errors.js"
import { EngineConfig, Errors, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { engine, idle, logbook, memory, tags } from "../support/engines.js"

type Log = ReturnType<typeof logbook>
const hour = 3_600_000
const passive = { mode: "passive" } as const

const noting = (log: Log) =>
  Task.make("noting", {
    payload: { line: Schema.String },
    *run({ line }) {
      yield* Phase.make("note", log.note(line))
    }
  })

describe("an execution that is started for later", () => {
  it.scoped("is Pending until then, and runs then", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = noting(log)
      const { run, service } = yield* engine(store, [task])
      const ats = { l1: new Date(hour), l2: hour, l3: DateTime.unsafeMake(hour) }
      for (const [id, at] of Object.entries(ats)) yield* run(task.start({ line: id }, { id, at }))
      yield* idle
      yield* TestClock.adjust(hour - 1)
      yield* idle
      const { status, times } = yield* service.settled("l1")
      assert.deepStrictEqual([status, times.due, times.started], ["Pending", hour, undefined])
      assert.deepStrictEqual(log.lines, [])
      yield* TestClock.adjust(1)
      yield* idle
      for (const id of ["l1", "l2", "l3"]) assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual([...log.lines].sort(), ["l1", "l2", "l3"])
    })
  )

  it.scoped("is as late as it has to be where no engine was there, and never early where one comes", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = noting(log)
      const client = yield* engine(store)
      yield* client.run(task.start({ line: "a" }, { id: "a", at: hour }))
      yield* client.run(task.start({ line: "b" }, { id: "b", at: 3 * hour }))
      yield* client.end
      yield* TestClock.adjust(2 * hour)
      const { service } = yield* engine(store, [task])
      assert.strictEqual((yield* service.settled("a")).status, "Completed")
      yield* idle
      assert.deepStrictEqual(log.lines, ["a"])
      yield* TestClock.adjust(hour)
      yield* idle
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("is waited for by execute, started again without haste, closed, and told of by a passive engine", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = noting(log)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({ line: "a" }, { id: "a", at: hour }))
      yield* run(task.start({ line: "a" }, { id: "a" }))
      const waiting = yield* Effect.fork(run(task.execute({ line: "a" }, { id: "a" })))
      yield* run(task.start({ line: "b" }, { id: "b", at: hour }))
      yield* idle
      assert.deepStrictEqual(tags(store, "a"), ["Created"])
      assert.strictEqual((yield* service.close("b")).status, "Closed")
      yield* TestClock.adjust(hour)
      yield* Fiber.join(waiting)
      yield* idle
      assert.deepStrictEqual(log.lines, ["a"])
      const quiet = yield* engine(memory(), [task], passive)
      yield* quiet.run(task.start({ line: "c" }, { id: "c", at: 3 * hour }))
      assert.deepStrictEqual(yield* quiet.run(TaskEngine.advance("c")), {
        id: "c",
        status: "Pending",
        until: 3 * hour,
        waits: []
      })
      assert.deepStrictEqual(
        yield* Effect.flip(quiet.run(task.execute({ line: "c" }, { id: "c" }))),
        new Errors.ExecutionWaiting({ execution: "c", until: 3 * hour })
      )
      assert.deepStrictEqual(yield* quiet.run(TaskEngine.advanceDue()), [])
      yield* TestClock.adjust(2 * hour)
      assert.lengthOf(yield* quiet.run(TaskEngine.advanceDue()), 1)
    })
  )

  it.scoped("is closed where it was paused before it began, and so is a child that was", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = noting(log)
      const { end, run, service } = yield* engine(store, [task])
      yield* run(task.start({ line: "a" }, { id: "a", at: hour }))
      assert.strictEqual((yield* service.pause("a")).status, "Paused")
      assert.strictEqual((yield* service.close("a")).status, "Closed")
      yield* end
      const one = Task.make("one", {
        payload: { line: Schema.String },
        concurrencyKey: () => "a",
        *run({ line }) {
          yield* Phase.make("wait", Effect.never)
          yield* Phase.make("note", log.note(line))
        }
      })
      const both = Task.make("both", {
        *run() {
          yield* Phase.all([one.phase({ line: "b" }, { id: "b" }), one.phase({ line: "c" }, { id: "c" })])
        }
      })
      const other = yield* engine(store, [one, both])
      yield* other.run(both.start({}, { id: "both" }))
      yield* idle
      assert.deepStrictEqual(tags(store, "c"), ["Created"])
      yield* other.service.pause("c")
      assert.strictEqual((yield* other.service.close("both")).status, "Closed")
      assert.deepStrictEqual(tags(store, "c"), ["Created", "PauseRequested", "Paused", "Closed"])
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it("is refused a time that is none, and a priority that is none", () => {
    const task = noting(logbook())
    const payload = { line: "a" }
    for (const at of [new Date(Number.NaN), Number.NaN, Number.POSITIVE_INFINITY, "tomorrow" as never]) {
      assert.throws(() => task.start(payload, { at }), TypeError, "at of a start of task noting must be a valid Date")
    }
    for (const priority of [0.5, Number.NaN, "high" as never]) {
      assert.throws(() => task.start(payload, { priority }), TypeError, "must be an integer")
    }
  })
})

describe("an execution that is started where it may run at once", () => {
  const waits = Task.make("waits", {
    payload: { line: Schema.String },
    *run() {
      yield* Phase.make("wait", Effect.never)
    }
  })

  it.scoped("is created, claimed and begun in one commit, on disk before that is answered", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run } = yield* engine(store, [waits])
      yield* idle
      assert.strictEqual(yield* run(waits.start({ line: "a" }, { id: "a" })), "a")
      assert.deepStrictEqual(tags(store, "a"), ["Created", "Claimed", "PhaseStarted"])
      assert.deepInclude(store.executions.get("a")!.row, { status: "Running", epoch: 1 })
    })
  )

  it.scoped("is one execution, however often it is started at the same time; with another payload it is refused", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = noting(log)
      const { run, service } = yield* engine(store, [task], { concurrency: 2 })
      yield* idle
      const starts = ["a", "a", "b", "a"].map((line) => Effect.either(run(task.start({ line }, { id: "one" }))))
      const answers = yield* Effect.all(starts, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        answers.map((answer) => (Either.isRight(answer) ? answer.right : answer.left._tag)),
        ["one", "one", "ExecutionConflict", "one"]
      )
      assert.strictEqual((yield* service.settled("one")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a"])
      // Neither place is lost.
      for (const line of ["b", "c", "d"]) yield* run(task.start({ line }, { id: line }))
      yield* idle
      for (const line of ["b", "c", "d"]) assert.strictEqual((yield* service.settled(line)).status, "Completed")
    })
  )

  it.scoped("fails where the store does not take it, and takes no place", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = noting(log)
      let broken = true
      const failed = new StoreError({ reason: "Failed", store: "memory", message: "it is broken" })
      const encoded = yield* MemoryStore.make(memory())
      const store = fromEncoded({ ...encoded, create: (request) => (broken ? failed : encoded.create(request)) })
      const knobs = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, concurrency: 1 })
      const layer = TaskEngine.layer.pipe(Layer.provide(Layer.merge(Layer.succeed(TaskStore, store), knobs)))
      const run = yield* Layer.build(Layer.provideMerge(task.layer, layer))
      const start = (line: string) => Effect.provide(task.start({ line }, { id: line }), run)
      yield* idle
      for (const line of ["a", "b"]) assert.strictEqual(yield* Effect.flip(start(line)), failed)
      broken = false
      yield* start("a")
      yield* idle
      assert.deepStrictEqual(log.lines, ["a"])
    })
  )
})

describe("a schedule", () => {
  const ids = (store: ReturnType<typeof memory>) => [...store.executions.keys()].sort()
  const at = (hours: number) => `noting/hourly/${new Date(hours * hour).toISOString()}`
  const hourly = { name: "hourly" }

  it.scoped("starts an execution at each of its times, once, whoever has it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = noting(log)
      const layer = task.schedule("0 * * * *", { line: "tick" }, hourly)
      const one = yield* engine(store, [task, { layer }])
      const two = yield* engine(store, [{ layer }])
      for (let turn = 0; turn < 3; turn++) {
        yield* TestClock.adjust(hour)
        yield* idle
      }
      assert.deepStrictEqual(ids(store), [at(1), at(2), at(3)])
      assert.strictEqual((yield* one.service.settled(at(3))).status, "Completed")
      assert.deepStrictEqual(log.lines, ["tick", "tick", "tick"])
      yield* one.end
      yield* TestClock.adjust(hour)
      yield* idle
      assert.deepStrictEqual(ids(store), [at(1), at(2), at(3), at(4)])
      yield* two.end
      yield* TestClock.adjust(hour)
      assert.lengthOf(ids(store), 4)
    })
  )

  for (const [missed, made] of [
    ["skip", [1, 5]],
    ["latest", [1, 4, 5]],
    ["all", [1, 2, 3, 4, 5]]
  ] as const) {
    it.scoped(`makes up for the times that were missed as it is told: ${missed}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const task = noting(logbook())
        const layer = task.schedule("0 * * * *", { line: "tick" }, { ...hourly, missed })
        const first = yield* engine(store, [{ layer }])
        yield* TestClock.adjust(1.5 * hour)
        yield* idle
        yield* first.kill
        yield* TestClock.adjust(3 * hour)
        yield* engine(store, [{ layer }])
        yield* idle
        yield* TestClock.adjust(hour)
        yield* idle
        assert.deepStrictEqual(ids(store), made.map(at))
      })
    )
  }

  it.scoped("does not start again what it had started when its process died", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = noting(log)
      const layer = task.schedule("0 * * * *", { line: "tick" }, hourly)
      const first = yield* engine(store, [{ layer }])
      yield* TestClock.adjust(hour)
      yield* idle
      yield* first.kill
      // It died before it could write how far it had come; and the payload is another one now.
      store.reached.set("noting/hourly", 0)
      const other = task.schedule("0 * * * *", { line: "tock" }, { ...hourly, missed: "all" })
      const { service } = yield* engine(store, [task, { layer: other }])
      yield* idle
      assert.deepStrictEqual(ids(store), [at(1)])
      assert.strictEqual((yield* service.settled(at(1))).status, "Completed")
      assert.deepStrictEqual(log.lines, ["tick"])
      assert.strictEqual(store.reached.get("noting/hourly"), hour)
    })
  )

  it.scoped("is kept by advanceDue where the engine is passive", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = noting(log)
      const layer = task.schedule("0 * * * *", { line: "tick" }, hourly)
      const { run } = yield* engine(store, [task, { layer }], passive)
      assert.deepStrictEqual(yield* run(TaskEngine.advanceDue()), [])
      yield* TestClock.adjust(hour)
      yield* idle
      assert.deepStrictEqual(ids(store), [])
      assert.deepStrictEqual(yield* run(TaskEngine.advanceDue()), [{ id: at(1), status: "Completed", waits: [] }])
      assert.deepStrictEqual(yield* run(TaskEngine.advanceDue()), [])
    })
  )

  it.scoped("keeps the times of its zone, over changes of the clocks too", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = noting(logbook())
      yield* TestClock.setTime(Date.UTC(2026, 2, 28))
      const layer = task.schedule("30 9 * * *", { line: "tick" }, { timeZone: "Europe/Paris", name: "nine" })
      yield* engine(store, [{ layer }])
      for (let turn = 0; turn < 2; turn++) {
        yield* idle
        yield* TestClock.adjust(24 * hour)
      }
      yield* idle
      assert.deepStrictEqual(ids(store), [
        "noting/nine/2026-03-28T08:30:00.000Z",
        "noting/nine/2026-03-29T07:30:00.000Z"
      ])
    })
  )

  it("is refused what does not parse, never comes, or does not fit", () => {
    const task = noting(logbook())
    const payload = { line: "a" }
    const refused: ReadonlyArray<readonly [() => unknown, string]> = [
      [() => task.schedule("every day", payload), `the cron expression "every day" in UTC does not parse`],
      [() => task.schedule("61 * * * *", payload), "does not parse"],
      [() => task.schedule("0 0 31 2 *", payload), "has no next time"],
      [() => task.schedule("0 9 * * *", payload, { timeZone: "Mars/North" }), "in Mars/North does not parse"],
      [() => task.schedule(7 as never, payload), "a cron expression is a text, not 7"],
      [() => task.schedule("0 9 * * *", payload, { missed: "some" as never }), `must be "skip", "latest" or "all"`],
      [() => task.schedule("0 9 * * *", {} as never), "the payload of the schedule of task noting does not fit"]
    ]
    for (const [make, message] of refused) assert.throws(make, TypeError, message)
    assert.throws(() => task.schedule("0 9 * * *", payload, { name: "a\u0000" }), Errors.InvalidName)
  })
})
