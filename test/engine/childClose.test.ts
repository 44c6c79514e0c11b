import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "p1"

/** A child whose second phase waits for a gate, and has a clean-up. */
const waiting = (log: Log, name: string, gate: Effect.Effect<unknown>) =>
  Task.make(name, {
    *run() {
      try {
        yield* undoable(log, `${name} a`)
        yield* gated(log, `${name} b`, gate)
      } finally {
        yield* Phase.make("clean", log.note(`${name} clean`))
      }
    }
  })

describe("closing a parent", () => {
  it.scoped("closes its children first, the newest before the others; their clean-ups run", () =>
    Effect.gen(function* () {
      const log = logbook()
      const inner = waiting(log, "inner", never)
      const middle = Task.make("middle", {
        *run() {
          try {
            yield* inner.phase({})
          } finally {
            yield* Phase.make("clean", log.note("middle clean"))
          }
        }
      })
      const other = waiting(log, "other", never)
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.all([other.phase({}), middle.phase({})])
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/all/middle/inner", "PhaseStarted", "inner b")
      yield* recorded(store, "p1/all/other", "PhaseStarted", "other b")
      assert.strictEqual((yield* service.close(id, { by: "ann", reason: "sold out" })).status, "Closed")
      assert.deepStrictEqual(
        log.lines.filter((line) => line.endsWith("clean")),
        ["inner clean", "middle clean", "other clean", "clean"]
      )
      const closing = entries(store, "p1/all/middle").find(({ _tag }) => _tag === "Closing")
      assert.deepStrictEqual(closing?._tag === "Closing" ? closing.act : undefined, {
        by: id,
        reason: "its parent is closed"
      })
      for (const child of ["p1/all/other", "p1/all/middle", "p1/all/middle/inner"]) {
        assert.strictEqual((yield* service.status(child)).status, "Closed")
      }
    })
  )

  it.scoped("with a revert undoes what its children did, too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = waiting(log, "kid", never)
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "first")
          yield* child.phase({})
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "kid b")
      assert.strictEqual((yield* service.close(id, { revert: true })).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(3), ["kid clean", "undo kid b?", "undo kid a", "undo first"])
      assert.strictEqual((yield* service.status("p1/kid")).status, "Reverted")
    })
  )

  it.scoped("reaches a failed child, and one that is paused; nothing is left open", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const paused = waiting(log, "paused", never)
      const failed = Task.make("failed", {
        error: Schema.String,
        *run() {
          try {
            yield* Phase.make("a", Effect.zipRight(Deferred.await(gate), Effect.fail("no")))
          } finally {
            yield* Phase.make("clean", log.note("failed clean"))
          }
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([paused.phase({}), failed.phase({})])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, "p1/all/paused", "PhaseStarted", "paused b")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(caller), "no")
      const statuses = yield* Effect.forEach(["p1/all/paused", "p1/all/failed"], service.status)
      assert.deepStrictEqual(
        statuses.map(({ status }) => status),
        ["Paused", "Failed"]
      )
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      assert.deepStrictEqual(log.lines.slice(-2), ["failed clean", "paused clean"])
    })
  )

  it.scoped("waits for a child that reverts itself, and leaves what cannot be closed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const undo = yield* Deferred.make<void>()
      const child = Task.make("kid", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.make("a", {
            run: Effect.void,
            undo: () => Effect.zipRight(Deferred.await(undo), Effect.fail("not now"))
          })
          yield* Phase.fail("no")
        }
      })
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          try {
            yield* child.phase({})
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "RevertStarted")
      const closing = yield* Effect.fork(service.close(id))
      yield* recorded(store, id, "Closing")
      yield* idle
      assert.deepStrictEqual(log.lines, [])
      yield* Deferred.succeed(undo, undefined)
      assert.strictEqual((yield* Fiber.join(closing)).status, "Closed")
      assert.strictEqual((yield* service.status("p1/kid")).status, "RevertFailed")
    })
  )

  it.scoped("stops where a child cannot be closed, and goes on once somebody has forced that", () =>
    Effect.gen(function* () {
      const log = logbook()
      const old = waiting(log, "kid", never)
      const calling = (child: typeof old) =>
        Task.make("t", {
          *run() {
            yield* child.phase({})
          }
        })
      const store = memory()
      const first = yield* engine(store, [calling(old)])
      yield* first.run(calling(old).start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "kid b")
      yield* first.service.pause("p1/kid").pipe(Effect.fork)
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* first.kill
      const other = Task.make("kid", {
        *run() {
          yield* undoable(log, "another phase")
        }
      }) as unknown as typeof old
      const { service } = yield* engine(store, [calling(other), other])
      yield* service.settled("p1/kid")
      const stopped = yield* service.close(id)
      assert.strictEqual(stopped.status, "Failed")
      assert.match(JSON.stringify(stopped.failures), /ChildStopped.*does not fit the journal of execution p1\/kid/)
      yield* service.close("p1/kid", { force: true })
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
    })
  )
})

describe("handing a parent back", () => {
  it.scoped("hands its child back, too, when the engine ends; another one goes on with both", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = waiting(log, "kid", Deferred.await(gate))
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
        }
      })
      const store = memory()
      const first = yield* engine(store, [task], { grace: "1 minute" })
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "kid b")
      const ending = yield* Effect.fork(first.end)
      yield* idle
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(ending)
      assert.deepStrictEqual([tags(store, id).at(-1), tags(store, "p1/kid").at(-1)], ["Suspended", "Suspended"])
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["kid a", "kid b", "kid clean"])
      const claims = entries(store, "p1/kid").filter(({ _tag }) => _tag === "Claimed")
      assert.deepStrictEqual(
        claims.map((entry) => (entry._tag === "Claimed" ? entry.crashed : true)),
        [false, false]
      )
    })
  )

  it.scoped("hands its child back when the caller is interrupted: both go on with the services of the layer", () =>
    Effect.gen(function* () {
      class Who extends Context.Tag("Who")<Who, string>() {}
      const log = logbook()
      let hangs = true
      const note = (what: string) => Effect.flatMap(Who, (who) => log.note(`${what} by ${who}`))
      const child = Task.make("kid", {
        *run() {
          yield* Phase.make("a", note("a"))
          yield* Phase.make(
            "b",
            Effect.zipRight(
              Effect.suspend(() => (hangs ? never : Effect.void)),
              note("b")
            )
          )
          yield* Phase.make("c", note("c"))
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
          yield* Phase.make("d", note("d"))
        }
      })
      const store = memory()
      const layer = Layer.provide(task.layer, Layer.succeed(Who, "the layer"))
      const { run, service } = yield* engine(store, [{ layer }])
      const caller = yield* Effect.fork(run(Effect.provideService(task.execute({}, { id }), Who, "the caller")))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      hangs = false
      yield* Fiber.interrupt(caller)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a by the caller", "b by the layer", "c by the layer", "d by the layer"])
    })
  )

  it.scoped("closes its child, too, where interrupting the caller closes", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = waiting(log, "kid", never)
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id, onInterrupt: "close" })))
      yield* recorded(store, "p1/kid", "PhaseStarted", "kid b")
      yield* Fiber.interrupt(caller)
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
      assert.strictEqual((yield* service.status("p1/kid")).status, "Closed")
      assert.deepStrictEqual(log.lines, ["kid a", "kid b let go", "kid clean"])
    })
  )

  it.scoped("waits no longer than its grace for a child that is being closed, or undone", () =>
    Effect.gen(function* () {
      const log = logbook()
      let hangs = "clean"
      const gate = (what: string) => Effect.suspend(() => (hangs === what ? never : log.note(what)))
      const child = Task.make("kid", {
        *run() {
          try {
            yield* Phase.make("a", {
              run: log.note("a"),
              undo: () => gate("undo")
            })
            yield* gated(log, "b", never)
          } finally {
            yield* Phase.make("clean", gate("clean"))
          }
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* child.phase({})
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      yield* Effect.fork(first.service.close(id, { revert: true }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "close/clean")
      yield* first.end
      assert.deepStrictEqual([tags(store, id).at(-1), tags(store, "p1/kid").at(-1)], ["Suspended", "Suspended"])
      hangs = "undo"
      const second = yield* engine(store, [task])
      yield* recorded(store, "p1/kid", "PhaseStarted", "revert#1/undo/a")
      yield* second.end
      assert.deepStrictEqual([tags(store, id).at(-1), tags(store, "p1/kid").at(-1)], ["Suspended", "Suspended"])
      hangs = ""
      const third = yield* engine(store, [task])
      assert.strictEqual((yield* third.service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "clean", "undo b?", "undo"])
    })
  )
})
