import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task, TaskEngine } from "../../src/index.js"
import { asked, engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"

const passive = { mode: "passive" } as const
type Log = ReturnType<typeof logbook>

const napping = (log: Log) =>
  Task.make("napping", {
    *run() {
      yield* Phase.make("a", log.note("a"))
      yield* Phase.sleep("nap", "1 hour")
      yield* Phase.make("b", log.note("b"))
    }
  })

/** It naps as the child of another. */
const family = (log: Log) => {
  const child = napping(log)
  const parent = Task.make("parent", {
    *run() {
      yield* child.phase({})
      yield* Phase.make("after", log.note("after"))
    }
  })
  return { child, parent }
}

const asking = (tokens: Array<string>) =>
  Task.make("asking", {
    success: Schema.Number,
    *run() {
      const answer = yield* Phase.delegate("ask", {
        success: Schema.Number,
        notify: (token) => Effect.sync(() => void tokens.push(token))
      })
      return answer + (yield* Phase.signal("more", Schema.Number))
    }
  })

describe("a passive engine", () => {
  it.scoped("runs an execution until it waits, answers how it stands, and lets the store go", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = napping(log)
      const { run } = yield* engine(store, [task], passive)
      yield* run(task.start({}, { id: "n1" }))
      yield* idle
      assert.deepStrictEqual(tags(store, "n1"), ["Created"])
      assert.isUndefined(store.ownedSince)
      const waits = yield* run(TaskEngine.advance("n1"))
      const until = 3_600_000
      assert.deepStrictEqual(waits, {
        id: "n1",
        status: "Waiting",
        until,
        waits: [{ path: "nap", name: "nap", kind: "timer", since: 0, until }]
      })
      assert.isUndefined(store.ownedSince)
      yield* TestClock.adjust("1 hour")
      yield* idle
      assert.deepStrictEqual(log.lines, ["a"])
      const { status, waits: left } = yield* run(TaskEngine.advance("n1"))
      assert.deepStrictEqual([status, left], ["Completed", []])
      assert.deepStrictEqual(log.lines, ["a", "b"])
      assert.isUndefined(store.ownedSince)
    })
  )

  it.scoped("writes nothing and takes no lock for what is not due", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = napping(logbook())
      const one = yield* engine(store, [task], passive)
      yield* one.run(task.start({}, { id: "n1" }))
      yield* one.run(TaskEngine.advance("n1"))
      const { writes } = store
      const awake = yield* engine(store)
      yield* awake.run(Effect.ignore(TaskEngine.pause("nobody")))
      assert.isDefined(store.ownedSince)
      const before = yield* one.run(TaskEngine.advance("n1"))
      assert.strictEqual(before.status, "Waiting")
      assert.strictEqual(store.writes, writes)
      yield* TestClock.adjust("1 hour")
      assert.instanceOf(yield* Effect.flip(one.run(TaskEngine.advance("n1"))), Errors.EngineBusy)
      assert.instanceOf(yield* Effect.flip(one.run(TaskEngine.advanceDue())), Errors.EngineBusy)
      assert.instanceOf(yield* Effect.flip(one.run(TaskEngine.advance("n2"))), Errors.ExecutionNotFound)
    })
  )

  it.scoped("says so where execute comes to wait, and goes on where it is due", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = napping(log)
      const { run } = yield* engine(store, [task], passive)
      const waiting = yield* Effect.flip(run(task.execute({}, { id: "n1" })))
      assert.deepStrictEqual(waiting, new Errors.ExecutionWaiting({ execution: "n1", until: 3_600_000 }))
      assert.deepStrictEqual(yield* Effect.flip(run(task.execute({}, { id: "n1" }))), waiting)
      assert.isUndefined(store.ownedSince)
      yield* TestClock.adjust("1 hour")
      yield* run(task.execute({}, { id: "n1" }))
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("advances at a completion or a signal, where it is asked to", () =>
    Effect.gen(function* () {
      const store = memory()
      const tokens: Array<string> = []
      const task = asking(tokens)
      const { run, service } = yield* engine(store, [task], passive)
      yield* run(task.start({}, { id: "a1" }))
      const { until, waits } = yield* run(TaskEngine.advance("a1"))
      assert.isUndefined(until)
      assert.deepStrictEqual(
        waits.map(({ kind }) => kind),
        ["delegate"]
      )
      yield* run(TaskEngine.complete(tokens[0]!, Exit.succeed(40), { advance: true }))
      assert.deepStrictEqual(
        (yield* service.status("a1")).waits.map(({ kind }) => kind),
        ["signal"]
      )
      const client = yield* engine(store, [], passive)
      yield* client.run(TaskEngine.signal("a1", "more", 2, { advance: true }))
      assert.strictEqual((yield* service.status("a1")).status, "Waiting")
      yield* run(TaskEngine.complete(tokens[0]!, Exit.succeed(40), { advance: true }))
      const { result, status } = yield* service.status("a1")
      assert.deepStrictEqual([status, result], ["Completed", 42])
    })
  )

  it.scoped("runs an execution once for all who advance it, and hands it back if they go", () =>
    Effect.gen(function* () {
      const store = memory()
      const gate = yield* Deferred.make<void>()
      const log = logbook()
      const task = Task.make("gated", {
        *run() {
          yield* Phase.make("a", Effect.zipRight(log.note("a"), Deferred.await(gate)))
        }
      })
      const { run } = yield* engine(store, [task], passive)
      yield* run(task.start({}, { id: "g1" }))
      yield* run(task.start({}, { id: "g2" }))
      const both = yield* Effect.fork(
        Effect.all([run(TaskEngine.advance("g1")), run(TaskEngine.advance("g1"))], { concurrency: 2 })
      )
      const gone = yield* Effect.fork(run(TaskEngine.advance("g2")))
      yield* recorded(store, "g1", "PhaseStarted", "a")
      yield* recorded(store, "g2", "PhaseStarted", "a")
      yield* idle
      yield* asked(Fiber.interrupt(gone))
      assert.strictEqual(tags(store, "g2").at(-1), "Suspended")
      assert.isDefined(store.ownedSince)
      yield* Deferred.succeed(gate, undefined)
      const [one, other] = yield* Fiber.join(both)
      assert.deepStrictEqual(one, { id: "g1", status: "Completed", waits: [] })
      assert.deepStrictEqual(other, one)
      assert.deepStrictEqual(log.lines, ["a", "a"])
      assert.isUndefined(store.ownedSince)
    })
  )

  it.scoped("advances all that are due, once each: the oldest first, and what comes to be due by that", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const { child, parent } = family(log)
      const { run, service } = yield* engine(store, [child, parent], { ...passive, concurrency: 1 })
      for (const id of ["p1", "p2", "p3"]) {
        yield* run(parent.start({}, { id }))
        yield* TestClock.adjust("1 second")
      }
      const first = yield* run(TaskEngine.advanceDue({ limit: 2 }))
      assert.deepStrictEqual(
        first.map(({ id, status, until }) => [id, status, until]),
        [
          ["p1", "Waiting", 3_603_000],
          ["p2", "Waiting", 3_603_000]
        ]
      )
      const second = yield* run(TaskEngine.advanceDue())
      assert.deepStrictEqual(
        second.map(({ id }) => id),
        ["p3"]
      )
      assert.deepStrictEqual(yield* run(TaskEngine.advanceDue()), [])
      yield* TestClock.adjust("1 hour")
      const last = yield* run(TaskEngine.advanceDue())
      assert.strictEqual(last.filter(({ status }) => status === "Completed").length, 6)
      assert.strictEqual((yield* service.status("p1")).status, "Completed")
      assert.strictEqual(log.lines.filter((line) => line === "after").length, 3)
    })
  )

  it.scoped("advances a parent through the child that it waits for", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const { child, parent } = family(log)
      const { run } = yield* engine(store, [child, parent], passive)
      yield* run(parent.start({}, { id: "p1" }))
      const { status, until } = yield* run(TaskEngine.advance("p1"))
      assert.deepStrictEqual([status, until], ["Waiting", 3_600_000])
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* run(TaskEngine.advance("p1"))).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "after"])
    })
  )

  it.scoped(
    "takes up what a dead engine left, leaves the rest for those who have the code, and answers what has ended",
    () =>
      Effect.gen(function* () {
        const store = memory()
        const log = logbook()
        const task = Task.make("hanging", {
          *run() {
            yield* Phase.make(
              "a",
              log.lines.length === 0 ? Effect.zipRight(log.note("a"), Effect.never) : log.note("a")
            )
          }
        })
        const first = yield* engine(store, [task])
        yield* first.run(task.start({}, { id: "h1" }))
        yield* recorded(store, "h1", "PhaseStarted", "a")
        yield* idle
        yield* first.kill
        const stranger = yield* engine(store, [], passive)
        assert.instanceOf(yield* Effect.flip(stranger.run(TaskEngine.advance("h1"))), Errors.TaskNotRegistered)
        assert.deepStrictEqual(yield* stranger.run(TaskEngine.advanceDue()), [])
        const second = yield* engine(store, [task], passive)
        yield* idle
        assert.strictEqual((yield* second.service.status("h1")).status, "Running")
        const [one] = yield* second.run(TaskEngine.advanceDue())
        assert.deepStrictEqual(one, { id: "h1", status: "Completed", waits: [] })
        const { length } = entries(store, "h1")
        assert.deepStrictEqual(yield* second.run(TaskEngine.advance("h1")), one)
        assert.strictEqual(entries(store, "h1").length, length)
      })
  )

  it.scoped("carries out what is asked of executions, and what others ask of it meanwhile", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const task = Task.make("undone", {
        *run() {
          yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
          yield* Phase.sleep("nap", "1 hour")
          yield* Phase.make("b", Deferred.await(gate))
          yield* Phase.make("c", log.note("c"))
        }
      })
      const { run, service } = yield* engine(store, [task], passive)
      yield* run(Effect.ignore(task.execute({}, { id: "u1" })))
      yield* run(Effect.ignore(task.execute({}, { id: "u2" })))
      yield* run(Effect.ignore(task.execute({}, { id: "u3" })))
      assert.strictEqual((yield* service.close("u1", { revert: true })).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "a", "a", "undo a"])
      assert.strictEqual((yield* service.pause("u3")).status, "Paused")
      assert.strictEqual((yield* service.resume("u3")).status, "Waiting")
      yield* TestClock.adjust("1 hour")
      const advancing = yield* Effect.fork(run(TaskEngine.advance("u2")))
      yield* recorded(store, "u2", "PhaseStarted", "b")
      const other = yield* engine(store)
      const pausing = yield* Effect.fork(asked(other.service.pause("u2")))
      yield* recorded(store, "u2", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(advancing)).status, "Paused")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      assert.isUndefined(store.ownedSince)
    })
  )

  it.scoped("refuses a limit that is none", () =>
    Effect.gen(function* () {
      const { run } = yield* engine(memory(), [], passive)
      for (const limit of [0, -1, 1.5, Number.NaN]) {
        const exit = yield* Effect.exit(run(TaskEngine.advanceDue({ limit })))
        assert.include(String(Exit.isFailure(exit) && exit.cause), "positive integer")
      }
    })
  )
})
