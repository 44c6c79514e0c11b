import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { asked, engine, idle, logbook, memory, recorded, tags } from "../support/engines.js"

const never = Effect.never as Effect.Effect<void>
const often = { inbox: "100 millis", standby: "100 millis" } as const

/** Two engines over one memory: the first owns it, the second can only ask. */
const two = (task: Parameters<typeof engine>[1]) =>
  Effect.gen(function* () {
    const store = memory()
    const owner = yield* engine(store, task, often)
    yield* idle
    return { store, owner, client: yield* engine(store, [], often) }
  })

const hanging = (log: ReturnType<typeof logbook>) =>
  Task.make("hanging", {
    *run() {
      try {
        yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
        yield* Phase.make("b", { run: never, undoUnknown: () => log.note("undo b?") })
      } finally {
        yield* Phase.make("clean", log.note("clean"))
      }
    }
  })

const failing = (log: ReturnType<typeof logbook>, fixed: { current: boolean }) =>
  Task.make("failing", {
    error: Schema.String,
    *run() {
      yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
      yield* Phase.make(
        "b",
        Effect.suspend(() => (fixed.current ? log.note("b") : Effect.fail("no")))
      )
    }
  })

describe("a second engine over the same store", () => {
  it.scoped("does not advance anything, says who does, and reads everything", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = hanging(log)
      const { client, owner, store } = yield* two([task])
      yield* owner.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      const refused = yield* Effect.flip(client.run(task.execute({}, { id: "h1" })))
      assert.instanceOf(refused, Errors.EngineBusy)
      assert.match((refused as Error).message, new RegExp(String(process.pid)))
      assert.strictEqual((yield* client.service.status("h1")).position, "b")
      assert.strictEqual((yield* client.service.list()).length, 1)
    })
  )

  it.scoped("closes through the inbox; closing once more is answered too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = hanging(log)
      const { client, owner, store } = yield* two([task])
      yield* owner.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      const [one, other] = yield* asked(
        Effect.all([client.service.close("h1", { by: "ann" }), client.service.close("h1", { by: "bob" })], {
          concurrency: 2
        })
      )
      assert.deepStrictEqual([one.status, other.status], ["Closed", "Closed"])
      assert.strictEqual((yield* asked(client.service.close("h1"))).status, "Closed")
      assert.deepStrictEqual(log.lines, ["a", "clean"])
      assert.strictEqual(store.inbox.size, 0)
    })
  )

  it.scoped("pauses, resumes and reverts through the inbox", () =>
    Effect.gen(function* () {
      const log = logbook()
      const fixed = { current: false }
      const task = failing(log, fixed)
      const { client, owner } = yield* two([task])
      yield* Effect.flip(owner.run(task.execute({}, { id: "f1" })))
      fixed.current = true
      yield* asked(client.service.resume("f1"))
      assert.strictEqual((yield* asked(client.service.settled("f1"))).status, "Completed")
      const refused = yield* Effect.flip(asked(client.service.pause("f1")))
      assert.instanceOf(refused, Errors.IllegalTransition)
      assert.strictEqual((yield* asked(client.service.revert("f1"))).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "undo a"])
      assert.instanceOf(yield* Effect.flip(asked(client.service.resume("nobody"))), Errors.ExecutionNotFound)
    })
  )

  it.scoped("skips a failed phase through the inbox, and is told why not", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = failing(log, { current: false })
      const { client, owner, store } = yield* two([task])
      yield* Effect.flip(owner.run(task.execute({}, { id: "f1" })))
      assert.instanceOf(yield* Effect.flip(asked(client.service.skip("f1", "a"))), Errors.PhaseNotOpen)
      yield* asked(client.service.skip("f1", "b"))
      assert.strictEqual((yield* asked(client.service.settled("f1"))).status, "Completed")
      assert.strictEqual(tags(store, "f1").filter((tag) => tag === "Resumed").length, 1)
    })
  )

  it.scoped("starts an execution that the owner takes up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = failing(log, { current: true })
      const { client } = yield* two([task])
      yield* client.run(task.start({}, { id: "f1" }))
      assert.strictEqual((yield* asked(client.service.settled("f1"))).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("takes over when the owner ends, and carries out what was ordered meanwhile", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = hanging(log)
      const store = memory()
      const owner = yield* engine(store, [task], often)
      const other = yield* engine(store, [task], often)
      yield* owner.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      yield* owner.kill
      assert.strictEqual((yield* asked(other.service.close("h1"))).status, "Closed")
      assert.strictEqual(log.lines.at(-1), "clean")
    })
  )

  it.scoped("holds no timer while it waits for what another engine does, or owns the store", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = hanging(log)
      const config = { inbox: "1 millis" } as const
      const owner = yield* engine(store, [task], config)
      const client = yield* engine(store, [], config)
      yield* owner.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      const settled = yield* Effect.fork(client.service.settled("h1"))
      const watched = yield* Effect.fork(Stream.runCollect(client.service.watch("h1")))
      yield* idle
      yield* TestClock.adjust("1000 days")
      yield* owner.service.close("h1")
      assert.strictEqual((yield* Fiber.join(settled)).status, "Closed")
      assert.deepStrictEqual(
        Array.from(yield* Fiber.join(watched), ({ entry }) => entry._tag),
        tags(store, "h1")
      )
    })
  )

  it.scoped("says so when nobody answers; the order stays", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = hanging(log)
      const store = memory()
      const owner = yield* engine(store, [task])
      yield* owner.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      yield* owner.kill
      // As a process does that was stopped: it holds the store, and does nothing.
      yield* (yield* MemoryStore.make(store)).own
      const client = yield* engine(store, [], { answer: "1 second" })
      assert.instanceOf(yield* Effect.flip(asked(client.service.pause("h1"))), Errors.OrderRefused)
      assert.strictEqual(store.inbox.size, 1)
    })
  )
})
