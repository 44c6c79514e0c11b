import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { asked, engine, entries, logbook, memory, recorded } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "p1"

const tasks = (log: Log, gate: Effect.Effect<unknown>) => {
  const child = Task.make("kid", {
    success: Schema.String,
    *run() {
      yield* undoable(log, "a")
      return yield* gated(log, "b", gate)
    }
  })
  const task = Task.make("t", {
    success: Schema.String,
    *run() {
      return yield* child.phase({})
    }
  })
  return { child, task }
}

const isOwned = (error: unknown, verb: string) => {
  assert.instanceOf(error, Errors.OwnedByParent)
  const { execution, parent, path, verb: found } = error
  assert.deepStrictEqual([execution, found, parent, path], ["p1/kid", verb, id, "kid"])
  assert.include(error.message, `${verb} p1, or ${verb} the child alone with force`)
}

describe("an operator", () => {
  it.scoped("is refused to close or revert a child that runs, and told whose it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, task } = tasks(log, never)
      const store = memory()
      const { run, service } = yield* engine(store, [task, child])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const before = entries(store, "p1/kid").length
      isOwned(yield* Effect.flip(service.close("p1/kid")), "close")
      isOwned(yield* Effect.flip(service.close("p1/kid", { revert: true })), "close")
      isOwned(yield* Effect.flip(service.revert("p1/kid")), "revert")
      assert.strictEqual(entries(store, "p1/kid").length, before)
      const closed = yield* service.close("p1/kid", { force: true, reason: "enough" })
      assert.strictEqual(closed.status, "Closed")
      assert.deepStrictEqual(log.lines, ["a", "b let go"])
      const { failures, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.match(JSON.stringify(failures), /ChildStopped.*p1\/kid was closed: enough/)
    })
  )

  it.scoped("is refused to revert one that has ended, unless that is forced; its parent does not care", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, task } = tasks(log, Effect.void)
      const { run, service } = yield* engine(memory(), [task, child])
      yield* run(task.execute({}, { id }))
      isOwned(yield* Effect.flip(service.revert("p1/kid")), "revert")
      assert.strictEqual((yield* service.revert("p1/kid", { force: true })).status, "Reverted")
      assert.strictEqual((yield* service.revert("p1/kid")).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "undo b", "undo a"])
      assert.strictEqual((yield* service.status(id)).status, "Completed")
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual(log.lines.length, 4)
    })
  )

  it.scoped("may pause, resume and skip in a child alone", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const child = Task.make("kid", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          yield* Phase.make(
            "a",
            Effect.suspend(() => (fails ? Effect.fail("no") : log.note("a")))
          )
          return yield* undoable(log, "b")
        }
      })
      const task = Task.make("t", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          return yield* child.phase({})
        }
      })
      const { run, service } = yield* engine(memory(), [task, child])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      yield* service.skip("p1/kid", "a")
      assert.strictEqual((yield* service.settled("p1/kid")).status, "Completed")
      fails = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "b")
      assert.deepStrictEqual(log.lines, ["b"])
    })
  )

  it.scoped("is told the same by the engine of another process", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, task } = tasks(log, never)
      const store = memory()
      const owner = yield* engine(store, [task, child], { inbox: "100 millis" })
      yield* owner.run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const { service } = yield* engine(store, [], { inbox: "100 millis" })
      isOwned(yield* asked(Effect.flip(service.close("p1/kid"))), "close")
      isOwned(yield* asked(Effect.flip(service.revert("p1/kid"))), "revert")
      assert.strictEqual((yield* asked(service.close("p1/kid", { force: true }))).status, "Closed")
      assert.strictEqual((yield* asked(service.revert("p1/kid", { force: true }))).status, "Reverted")
      assert.strictEqual((yield* service.status(id)).status, "Failed")
    })
  )
})

describe("a caller", () => {
  it.scoped("may wait for a child by its id, and is not its parent", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, task } = tasks(log, Effect.void)
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      assert.strictEqual(yield* run(child.execute({}, { id: "p1/kid" })), "b")
      assert.strictEqual(yield* run(child.start({}, { id: "p1/kid" })), "p1/kid")
      assert.deepStrictEqual((yield* service.status("p1/kid")).parent, { execution: id, path: "kid" })
      const error = yield* Effect.flip(run(task.execute({}, { id: "p1/kid" })))
      assert.instanceOf(error, Errors.ExecutionConflict)
    })
  )

  it.scoped("that takes a child up and is interrupted hands it back, even where it would close its own", () =>
    Effect.gen(function* () {
      const log = logbook()
      let hangs = true
      const { child, task } = tasks(
        log,
        Effect.suspend(() => (hangs ? never : Effect.void))
      )
      const store = memory()
      const first = yield* engine(store, [task, child])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      yield* first.end
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(run(child.execute({}, { id: "p1/kid", onInterrupt: "close" })))
      yield* recorded(store, "p1/kid", "AttemptStarted", "b")
      yield* Fiber.interrupt(caller)
      assert.strictEqual((yield* service.status("p1/kid")).status, "Pending")
      hangs = false
      assert.strictEqual(yield* run(task.execute({}, { id })), "b")
    })
  )
})
