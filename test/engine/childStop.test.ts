import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Schema from "effect/Schema"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { engine, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "p1"

/** A child whose second phase waits for a gate. */
const waiting = (log: Log, gate: Effect.Effect<unknown>) =>
  Task.make("kid", {
    success: Schema.String,
    *run() {
      try {
        yield* undoable(log, "a")
        yield* gated(log, "b", gate)
        yield* undoable(log, "c")
        return "done"
      } finally {
        yield* Phase.make("clean", log.note("kid clean"))
      }
    }
  })

const calling = (child: ReturnType<typeof waiting>) =>
  Task.make("t", {
    success: Schema.String,
    *run() {
      return yield* child.phase({})
    }
  })

/** What the fibers that run phases run. */
const running = (supervisor: Supervisor.Supervisor<Array<Fiber.RuntimeFiber<unknown, unknown>>>) =>
  Effect.map(supervisor.value, (fibers) =>
    fibers.flatMap((fiber) => {
      const current = Context.getOption(fiber.getFiberRef(FiberRef.currentContext), Phase.Current)
      const ended = fiber.unsafePoll() !== null
      return ended || current._tag === "None" || current.value === undefined ? [] : [current.value.path]
    })
  )

describe("a pause", () => {
  it.scoped("of a parent lets what runs in its child end; both go on with the parent", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = waiting(log, Deferred.await(gate))
      const task = calling(child)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause(id))
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      assert.strictEqual((yield* service.status("p1/kid")).status, "Paused")
      assert.deepStrictEqual(log.lines, ["a", "b"])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "done")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "kid clean"])
    })
  )

  it.scoped("of a child alone has its parent wait, without a fiber, until somebody lets the child go on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = waiting(log, Deferred.await(gate))
      const task = calling(child)
      const store = memory()
      const { run, service } = yield* engine(store, [child])
      const supervisor = yield* Supervisor.track
      const caller = yield* Effect.fork(Effect.supervised(run(task.execute({}, { id })), supervisor))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      assert.deepStrictEqual([...(yield* running(supervisor))].sort(), ["b", "kid"])
      const pausing = yield* Effect.fork(service.pause("p1/kid"))
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      yield* idle
      assert.deepStrictEqual(yield* running(supervisor), [])
      assert.strictEqual((yield* service.status(id)).status, "Waiting")
      yield* TestClock.adjust("1 day")
      yield* service.resume("p1/kid")
      assert.strictEqual(yield* Fiber.join(caller), "done")
      assert.deepStrictEqual(
        tags(store, id).filter((tag) => tag.startsWith("Phase") || tag.startsWith("Attempt")),
        ["PhaseStarted", "PhaseWaiting", "AttemptStarted", "PhaseSucceeded"]
      )
    })
  )

  it.scoped("of a parent whose child is paused already is over at once; both go on with the parent", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = waiting(log, Deferred.await(gate))
      const task = calling(child)
      const store = memory()
      const { run, service } = yield* engine(store, [task, child])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause("p1/kid"))
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(pausing)
      assert.strictEqual((yield* service.pause(id)).status, "Paused")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "done")
    })
  )

  it.scoped("of a parent whose child ends instead has the child's outcome", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = Task.make("kid", {
        success: Schema.String,
        *run() {
          return yield* gated(log, "b", Deferred.await(gate))
        }
      })
      const task = calling(child as never)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause(id))
      yield* recorded(store, "p1/kid", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).result, "b")
    })
  )
})

describe("a failure beside a child", () => {
  const beside = (child: ReturnType<typeof waiting>, gate: Effect.Effect<void>, fixed: { current: boolean }) =>
    Task.make("t", {
      success: Schema.Unknown,
      error: Schema.String,
      *run() {
        const fails = Effect.suspend(() => (fixed.current ? Effect.succeed("ok") : Effect.fail("no")))
        return yield* Phase.all([child.phase({}), Phase.make("fails", Effect.zipRight(gate, fails))])
      }
    })

  it.scoped("interrupts what runs in it; both go on when the parent is resumed", () =>
    Effect.gen(function* () {
      const log = logbook()
      let hangs = true
      const child = waiting(
        log,
        Effect.suspend(() => (hangs ? never : Effect.void))
      )
      const gate = yield* Deferred.make<void>()
      const fixed = { current: false }
      const task = beside(child, Deferred.await(gate), fixed)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, "p1/all/kid", "PhaseStarted", "b")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(caller), "no")
      assert.deepStrictEqual(log.lines, ["a", "b let go"])
      assert.strictEqual((yield* service.status("p1/all/kid")).status, "Paused")
      hangs = false
      fixed.current = true
      yield* service.resume(id)
      assert.deepStrictEqual((yield* service.settled(id)).result, ["done", "ok"])
      assert.deepStrictEqual(log.lines, ["a", "b let go", "b", "c", "kid clean"])
    })
  )

  it.scoped("waits for a phase in it whose outcome is asked for, two deep; meanwhile the parent can be closed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const asking = (gate: Effect.Effect<unknown>) => {
        const inner = Task.make("inner", {
          *run() {
            const ask = Effect.onInterrupt(Effect.zipRight(gate, log.note("asked")), () => log.note("let go"))
            yield* Phase.make("ask", { run: ask, inDoubt: "ask" })
            yield* Phase.make("next", log.note("next"))
          }
        })
        return Task.make("kid", {
          success: Schema.String,
          *run() {
            yield* inner.phase({})
            return "done"
          }
        })
      }
      const gate = yield* Deferred.make<void>()
      const task = beside(asking(Deferred.await(gate)) as never, Effect.void, { current: false })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, "p1/all/kid/inner", "PauseRequested")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(caller), "no")
      assert.deepStrictEqual(log.lines, ["asked"])
      assert.strictEqual((yield* service.status("p1/all/kid/inner")).status, "Paused")
      const closed = beside(asking(never) as never, Effect.void, { current: false })
      yield* Effect.fork(run(closed.execute({}, { id: "p2" })))
      yield* recorded(store, "p2/all/kid/inner", "PauseRequested")
      assert.strictEqual((yield* service.close("p2")).status, "Closed")
      assert.strictEqual((yield* service.status("p2/all/kid/inner")).status, "Closed")
      assert.deepStrictEqual(log.lines, ["asked", "let go"])
    })
  )

  it.scoped("that is a value leaves it closed, its clean-up done", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = waiting(log, never)
      const gate = yield* Deferred.make<void>()
      const task = Task.make("t", {
        success: Schema.String,
        *run() {
          const fails = Phase.make("fails", Effect.zipRight(Deferred.await(gate), Effect.fail("no")))
          const found = yield* Phase.either(Phase.all([child.phase({}), fails]))
          yield* Phase.make("next", log.note("next"))
          return found._tag
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* recorded(store, "p1/all/kid", "PhaseStarted", "b")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual(yield* Fiber.join(caller), "Left")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "kid clean", "next"])
      assert.strictEqual((yield* service.status("p1/all/kid")).status, "Closed")
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(4), ["undo b?", "undo a"])
    })
  )

  it.scoped("waits for a child that is reverting itself", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const undo = yield* Deferred.make<void>()
      const child = Task.make("kid", {
        success: Schema.String,
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.make("a", {
            run: Effect.void,
            undo: () => Effect.zipRight(Deferred.await(undo), log.note("undo"))
          })
          return yield* Phase.fail("kid")
        }
      })
      const task = beside(child as never, Deferred.await(gate), { current: false })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* recorded(store, "p1/all/kid", "RevertStarted")
      yield* Deferred.succeed(gate, undefined)
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* Deferred.succeed(undo, undefined)
      const { failures, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.deepStrictEqual(
        failures.map((failure) => (failure._tag === "Fail" ? failure.error : "")),
        ["no", "kid"]
      )
    })
  )
})
