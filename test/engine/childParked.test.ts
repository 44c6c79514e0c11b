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
import { type Engine, engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, undoable } from "../support/phases.js"

const id = "p1"
const kid = "p1/kid"

/** A child whose second phase waits for a gate. */
const waiting = (log: Log, gate: Effect.Effect<unknown>) =>
  Task.make("kid", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      yield* undoable(log, "a")
      yield* gated(log, "b", gate)
      yield* undoable(log, "c")
      return "done"
    }
  })

const calling = (child: ReturnType<typeof waiting>, log: Log, last: Effect.Effect<unknown>) =>
  Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      const answer = yield* child.phase({})
      yield* gated(log, "after", last)
      return answer
    }
  })

/** A parent and its child, that somebody pauses while its second phase runs. */
const paused = (log: Log, last: Effect.Effect<unknown> = Effect.void) =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    const child = waiting(log, Deferred.await(gate))
    const task = calling(child, log, last)
    const store = memory()
    const first = yield* engine(store, [task, child])
    yield* first.run(task.start({}, { id }))
    yield* recorded(store, kid, "PhaseStarted", "b")
    const pausing = yield* Effect.fork(first.service.pause(kid))
    yield* recorded(store, kid, "PauseRequested")
    yield* Deferred.succeed(gate, undefined)
    assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
    yield* idle
    return { child, first, store, task }
  })

/** What the fibers of phases run, of those that a supervisor has seen. */
const running = (supervisor: Supervisor.Supervisor<Array<Fiber.RuntimeFiber<unknown, unknown>>>) =>
  Effect.map(supervisor.value, (fibers) =>
    fibers.flatMap((fiber) => {
      const current = Context.getOption(fiber.getFiberRef(FiberRef.currentContext), Phase.Current)
      const ended = fiber.unsafePoll() !== null
      return ended || current._tag === "None" || current.value === undefined ? [] : [current.value.path]
    })
  )

const statuses = (service: Engine["service"]) =>
  Effect.all([service.status(id), service.status(kid)]).pipe(Effect.map((both) => both.map(({ status }) => status)))

describe("a parent whose child somebody has paused", () => {
  for (const how of ["is killed", "ends"] as const) {
    it.scoped(`waits for it in the next process too, without a fiber, where its own ${how}`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const last = yield* Deferred.make<void>()
        const { child, first, store, task } = yield* paused(log, Deferred.await(last))
        yield* how === "ends" ? first.end : first.kill
        const supervisor = yield* Supervisor.track
        const { service } = yield* Effect.supervised(engine(store, [task, child]), supervisor)
        yield* idle
        assert.deepStrictEqual(yield* statuses(service), ["Waiting", "Paused"])
        assert.deepStrictEqual(yield* running(supervisor), [])
        const [wait, ...others] = (yield* service.status(id)).waits
        assert.deepInclude(wait, { path: "kid", name: "kid", kind: "child", child: "p1/kid" })
        assert.deepStrictEqual(others, [])
        yield* TestClock.adjust("1 day")
        assert.deepStrictEqual(log.lines, ["a", "b"])
        yield* service.resume(kid)
        yield* recorded(store, id, "PhaseStarted", "after")
        yield* idle
        assert.deepStrictEqual(yield* running(supervisor), ["after"])
        assert.deepStrictEqual((yield* service.status(id)).waits, [])
        yield* Deferred.succeed(last, undefined)
        assert.strictEqual((yield* service.settled(id)).result, "done")
        assert.deepStrictEqual(log.lines, ["a", "b", "c", "after"])
      })
    )
  }

  it.scoped("has its result where it ended while nobody had the parent's code", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, first, store, task } = yield* paused(log)
      yield* first.kill
      const second = yield* engine(store, [child])
      yield* second.service.resume(kid)
      assert.strictEqual((yield* second.service.settled(kid)).status, "Completed")
      assert.strictEqual((yield* second.service.status(id)).status, "Waiting")
      yield* second.end
      const { service } = yield* engine(store, [task, child])
      assert.strictEqual((yield* service.settled(id)).result, "done")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "after"])
      assert.isFalse(tags(store, kid).includes("PhaseFailed"))
    })
  )

  it.scoped("has its failure where it failed, and stops where it was closed, while the parent's process was down", () =>
    Effect.gen(function* () {
      const log = logbook()
      for (const act of ["fail", "close"] as const) {
        const { child, first, store, task } = yield* paused(log)
        yield* first.kill
        const broken = Task.make("kid", {
          success: Schema.String,
          error: Schema.String,
          *run() {
            yield* undoable(log, "a")
            yield* undoable(log, "b")
            return yield* Phase.fail("no")
          }
        })
        const second = yield* engine(store, [act === "fail" ? broken : child])
        if (act === "fail") yield* second.service.resume(kid)
        else yield* second.service.close(kid, { force: true, reason: "enough" })
        yield* second.service.settled(kid)
        yield* second.end
        const { service } = yield* engine(store, [task, act === "fail" ? broken : child])
        const { failures, status } = yield* service.settled(id)
        assert.strictEqual(status, "Failed")
        assert.match(JSON.stringify(failures), act === "fail" ? /"Fail","path":"kid","error":"no"/ : /closed: enough/)
        yield* service.close(id)
        yield* first.end
      }
    })
  )

  it.scoped("takes no place of those that are recovered: others run meanwhile", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, first, store, task } = yield* paused(log)
      const other = Task.make("other", {
        *run() {
          yield* undoable(log, "other")
        }
      })
      yield* first.kill
      const { run, service } = yield* engine(store, [task, child, other], { concurrency: 1 })
      yield* idle
      yield* run(other.start({}, { id: "o1" }))
      assert.strictEqual((yield* service.settled("o1")).status, "Completed")
      yield* service.resume(kid)
      assert.strictEqual((yield* service.settled(id)).result, "done")
    })
  )

  it.scoped("goes on where the child is resumed before the parent listens, and after a pause of both", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { child, first, store, task } = yield* paused(log)
      yield* first.kill
      const { service } = yield* engine(store, [task, child])
      yield* service.resume(kid)
      assert.strictEqual((yield* service.settled(id)).result, "done")
      assert.deepStrictEqual(entries(store, kid).filter(({ _tag }) => _tag === "Resumed").length, 1)
    })
  )

  it.scoped("waits beside its other branches, which go on; two deep, after a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const child = waiting(log, Deferred.await(gate))
      const middle = Task.make("middle", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          const [answer] = yield* Phase.all([child.phase({}), undoable(log, "beside")])
          return answer
        }
      })
      const task = Task.make("t", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          return yield* middle.phase({})
        }
      })
      const deep = "p1/middle/all/kid"
      const store = memory()
      const first = yield* engine(store, [task, middle, child])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, deep, "PhaseStarted", "b")
      const pausing = yield* Effect.fork(first.service.pause(deep))
      yield* recorded(store, deep, "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(pausing)
      yield* first.kill
      const { service } = yield* engine(store, [task, middle, child])
      yield* idle
      assert.strictEqual((yield* service.status("p1/middle")).status, "Waiting")
      yield* service.resume(deep)
      assert.strictEqual((yield* service.settled(id)).result, "done")
      assert.deepStrictEqual([...log.lines].sort(), ["a", "b", "beside", "c"])
    })
  )
})
