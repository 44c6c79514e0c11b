import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "p1"

/** Two phases, the second of which waits for a gate. */
const kid = (log: Log, gate: Effect.Effect<unknown> = Effect.void) =>
  Task.make("kid", {
    *run() {
      yield* undoable(log, "a")
      yield* gated(log, "b", gate)
    }
  })

describe("reverting a parent", () => {
  it.scoped("reverts a child that completed, in its place among the phases, two deep", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = kid(log)
      const between = Task.make("between", {
        *run() {
          yield* undoable(log, "m")
          yield* child.phase({})
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "first")
          yield* between.phase({})
          yield* undoable(log, "last")
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(5), ["undo last", "undo b", "undo a", "undo m", "undo first"])
      assert.strictEqual((yield* service.status("p1/between")).status, "Reverted")
      const started = (yield* service.history("p1/between/kid")).find(({ entry }) => entry._tag === "RevertStarted")
      assert.deepStrictEqual(started?.entry._tag === "RevertStarted" ? started.entry.act : undefined, {
        by: "p1/between",
        reason: "its parent undoes it"
      })
    })
  )

  it.scoped("reverts a child that failed, its failure a value or not", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        error: Schema.String,
        *run() {
          yield* undoable(log, "a")
          yield* failing(log, "b")
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.either(child.phase({}))
          yield* child.phase({})
        }
      })
      const { run, service } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "b")
      assert.deepStrictEqual(log.lines, ["a", "b", "a", "b", "undo a", "undo a"])
      assert.strictEqual((yield* service.status("p1/kid")).status, "Reverted")
      assert.strictEqual((yield* service.status("p1/kid#2")).status, "Reverted")
    })
  )

  it.scoped("reverts a child that is paused, and has its clean-up done before", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = Task.make("kid", {
        *run() {
          try {
            yield* undoable(log, "a")
            yield* gated(log, "b", Deferred.await(gate))
            yield* undoable(log, "c")
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause(id))
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(pausing)
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "clean", "undo b", "undo a"])
    })
  )

  it.scoped("closes and reverts a child that somebody lets run meanwhile", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = kid(log, never)
      const gate = yield* Deferred.make<void>()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            child.phase({}),
            Phase.make("fails", Effect.zipRight(Deferred.await(gate), Effect.fail("no")))
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task, child])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/all/kid", "PhaseStarted", "b")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      yield* service.resume("p1/all/kid")
      yield* recorded(store, "p1/all/kid", "AttemptStarted", "b")
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual((yield* service.status("p1/all/kid")).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "b let go", "undo b?", "undo a"])
    })
  )

  it.scoped("leaves alone what was never called, and what is reverted already", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = kid(log)
      const store = memory()
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
          yield* Phase.make("last", Effect.void)
        }
      })
      const { run, service } = yield* engine(store, [task, child])
      yield* run(task.execute({}, { id }))
      yield* service.revert("p1/kid", { force: true })
      const before = entries(store, "p1/kid").length
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual(entries(store, "p1/kid").length, before)
      yield* run(task.execute({}, { id: "p2" }))
      store.executions.delete("p2/kid")
      assert.strictEqual((yield* service.revert("p2")).status, "Reverted")
      assert.isFalse(store.executions.has("p2/kid"))
    })
  )

  it.scoped("fails at a child that cannot be reverted, and goes on with it", () =>
    Effect.gen(function* () {
      const log = logbook()
      let broken = true
      const child = Task.make("kid", {
        *run() {
          yield* undoable(log, "a")
          yield* Phase.make("b", {
            run: Effect.void,
            undo: () => Effect.suspend(() => (broken ? Effect.fail("not now") : log.note("undo b")))
          })
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "first")
          yield* child.phase({})
          yield* undoable(log, "last")
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      const error = yield* Effect.flip(service.revert(id))
      assert.instanceOf(error, Errors.RevertIncomplete)
      assert.match(error.message, /the revert of execution p1\/kid stopped: failed at revert#1\/undo\/b: .*not now/)
      assert.deepStrictEqual(log.lines.slice(3), ["undo last"])
      assert.strictEqual((yield* service.status("p1/kid")).status, "RevertFailed")
      assert.instanceOf(yield* Effect.flip(service.revert(id)), Errors.RevertIncomplete)
      broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(3), ["undo last", "undo b", "undo a", "undo first"])
    })
  )

  it.scoped("goes on without a child whose undo is skipped", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        *run() {
          yield* Phase.make("b", { run: Effect.void, undo: () => Effect.fail("never") })
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "first")
          yield* child.phase({})
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      yield* Effect.flip(service.revert(id))
      yield* service.skip(id, "revert#1/undo/kid")
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["first", "undo first"])
    })
  )
})

describe("a revert of one's own", () => {
  it.scoped("gets the children that completed, and undoes them by yielding their undo", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        payload: { name: Schema.String },
        success: Schema.String,
        *run({ name }) {
          return yield* undoable(log, name)
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* child.phase({ name: "one" })
          yield* child.phase({ name: "two" })
          yield* Phase.fail("no")
        },
        *revert(completed) {
          for (const phase of completed) {
            yield* Phase.make(`saw ${phase.path}`, log.note(`saw ${phase.path}: ${phase.value}`))
            if (phase.value === "two") yield* phase.undo
          }
        }
      })
      const { run, service } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines.slice(2), ["saw kid#2: two", "undo two", "saw kid: one"])
      assert.strictEqual((yield* service.status("p1/kid")).status, "Completed")
      assert.strictEqual((yield* service.status("p1/kid#2")).status, "Reverted")
    })
  )

  it.scoped("may call children of its own, and so may a clean-up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        payload: { name: Schema.String },
        *run({ name }) {
          yield* undoable(log, name)
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          try {
            yield* Phase.fail("no")
          } finally {
            yield* child.phase({ name: "clean" })
          }
        },
        *revert() {
          yield* child.phase({ name: "revert" })
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines, ["clean", "revert"])
      assert.deepStrictEqual([...store.executions.keys()].sort(), ["p1", "p1/close/kid", "p1/revert#1/kid"])
    })
  )
})
