import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { asks, desk } from "../support/desk.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "c1"

class Whose extends Context.Tag("Whose")<Whose, string>() {}

const mood = FiberRef.unsafeMake("plain")

/** Says whose services and references its phases have, before and after each of three sleeps. */
const says = (log: Log) => {
  const say = (name: string) =>
    Phase.make(
      name,
      Effect.flatMap(Whose, (whose) =>
        Effect.flatMap(FiberRef.get(mood), (mood) => log.note(`${name} ${whose} ${mood}`))
      )
    )
  return Task.make("says", {
    success: Schema.String,
    *run() {
      for (const n of [1, 2, 3]) {
        yield* say(`before ${n}`)
        yield* Phase.sleep(`nap ${n}`, "1 hour")
      }
      yield* say("last")
      return "done"
    }
  })
}

describe("a caller whose execution is let go", () => {
  for (const registered of [false, true]) {
    it.scoped(
      `stays, and what it provided is used again, ${registered ? "also where" : "where nothing"} is registered`,
      () =>
        Effect.gen(function* () {
          const store = memory()
          const log = logbook()
          const task = says(log)
          const layer = task.layer.pipe(Layer.provide(Layer.succeed(Whose, "layer")))
          const one = yield* engine(store, registered ? [{ layer }] : [])
          const call = task
            .execute({}, { id })
            .pipe(Effect.provideService(Whose, "caller"), Effect.locally(mood, "mine"))
          const caller = yield* Effect.fork(one.run(call))
          for (let hour = 0; hour < 3; hour++) {
            yield* idle
            assert.strictEqual((yield* one.service.status(id)).status, "Waiting")
            yield* TestClock.adjust("1 hour")
          }
          assert.strictEqual(yield* Fiber.join(caller), "done")
          assert.deepStrictEqual(
            log.lines,
            ["before 1", "before 2", "before 3", "last"].map((name) => `${name} caller mine`)
          )
        })
    )
  }

  it.scoped("leaves it by being interrupted: what is registered goes on with it", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = says(log)
      const layer = task.layer.pipe(Layer.provide(Layer.succeed(Whose, "layer")))
      const one = yield* engine(store, [{ layer }])
      const caller = yield* Effect.fork(one.run(Effect.provideService(task.execute({}, { id }), Whose, "caller")))
      yield* recorded(store, id, "Waiting")
      yield* idle
      yield* Fiber.interrupt(caller)
      assert.strictEqual((yield* one.service.status(id)).status, "Waiting")
      for (let hour = 0; hour < 3; hour++) {
        yield* TestClock.adjust("1 hour")
        yield* idle
      }
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, [
        "before 1 caller plain",
        "before 2 layer plain",
        "before 3 layer plain",
        "last layer plain"
      ])
    })
  )

  it.scoped("closes it by being interrupted, if it is to, with nothing registered", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const at = desk()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          try {
            yield* asks(at)
          } finally {
            yield* undoable(log, "clean")
          }
        }
      })
      const one = yield* engine(store)
      const caller = yield* Effect.fork(one.run(task.execute({}, { id, onInterrupt: "close" })))
      yield* recorded(store, id, "Waiting")
      yield* idle
      yield* Fiber.interrupt(caller)
      yield* recorded(store, id, "Closed")
      assert.deepStrictEqual(log.lines, ["clean"])
    })
  )

  it.scoped("lends its code to an operator who closes it, and hears of that", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = says(logbook())
      const one = yield* engine(store)
      const call = Effect.provideService(task.execute({}, { id }), Whose, "caller")
      const caller = yield* Effect.fork(Effect.flip(one.run(call)))
      yield* recorded(store, id, "Waiting")
      yield* idle
      yield* one.service.close(id)
      assert.strictEqual((yield* Fiber.join(caller))._tag, "ExecutionClosed")
    })
  )

  it.scoped("hears that it was paused; another that joins waits with it", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const task = Task.make("t", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          return yield* asks(at)
        }
      })
      const one = yield* engine(store)
      const call = one.run(task.execute({}, { id }))
      const both = yield* Effect.all([Effect.fork(Effect.flip(call)), Effect.fork(Effect.flip(call))])
      yield* recorded(store, id, "Waiting")
      yield* idle
      yield* one.service.pause(id)
      for (const caller of both) assert.deepInclude(yield* Fiber.join(caller), { _tag: "ExecutionPaused" })
      const again = yield* Effect.fork(one.run(task.execute({}, { id, resume: true })))
      const joined = yield* Effect.fork(call)
      yield* idle
      yield* one.service.complete(at.last, Exit.succeed("yes"))
      assert.deepStrictEqual(yield* Effect.all([Fiber.join(again), Fiber.join(joined)]), ["yes", "yes"])
      assert.lengthOf(at.tokens, 1)
    })
  )

  it.scoped("is not left hanging when its engine ends", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = says(logbook())
      const one = yield* engine(store)
      const caller = yield* Effect.fork(one.run(Effect.provideService(task.execute({}, { id }), Whose, "caller")))
      yield* recorded(store, id, "Waiting")
      yield* idle
      yield* one.end
      assert.isTrue(Exit.isInterrupted(yield* Fiber.await(caller)))
    })
  )
})

describe("code that changed while an execution waited", () => {
  it.scoped("is noticed when it wakes: it parks, and goes on with code that fits", () =>
    Effect.gen(function* () {
      const store = memory()
      const of = (name: string) =>
        Task.make("t", {
          *run() {
            yield* Phase.sleep(name, "1 hour")
          }
        })
      const one = yield* engine(store, [of("nap")])
      yield* one.run(of("nap").start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* one.end
      const two = yield* engine(store, [of("snooze")])
      yield* idle
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, id, "Failed")
      assert.deepInclude((yield* two.service.status(id)).failures[0], { _tag: "Fault", reason: "HistoryMismatch" })
      yield* two.end
      yield* engine(store, [of("nap")])
      yield* recorded(store, id, "Completed")
    })
  )
})

describe("a parent whose child waits", () => {
  const kid = `${id}/kid`

  const family = (log: Log, beside: Effect.Effect<void> | undefined = undefined) => {
    const at = desk()
    const child = Task.make("kid", {
      success: Schema.String,
      error: Schema.String,
      *run() {
        yield* undoable(log, "a")
        yield* Phase.sleep("nap", "1 hour")
        return yield* asks(at)
      }
    })
    const parent = Task.make("parent", {
      success: Schema.String,
      error: Schema.String,
      *run() {
        if (beside === undefined) return yield* child.phase({})
        const [answer] = yield* Phase.all([child.phase({}), Phase.make("beside", beside)])
        return answer
      }
    })
    return { at, child, parent }
  }

  for (const registered of ["both", "the parent"] as const) {
    it.scoped(`is let go too, and goes on with its child, where ${registered} is registered`, () =>
      Effect.gen(function* () {
        const store = memory()
        const log = logbook()
        const { at, child, parent } = family(log)
        const tasks = registered === "both" ? [parent, child] : [parent]
        let one = yield* engine(store, tasks)
        yield* one.run(parent.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* recorded(store, kid, "Waiting")
        yield* idle
        const { waits } = yield* one.service.settled(id)
        assert.deepInclude(waits[0], { path: "kid", kind: "child", child: kid })
        yield* one.kill
        one = yield* engine(store, tasks)
        yield* idle
        yield* TestClock.adjust("1 hour")
        yield* recorded(store, kid, "PhaseWaiting", "ask")
        yield* recorded(store, kid, "Waiting")
        yield* idle
        assert.strictEqual((yield* one.service.status(id)).status, "Waiting")
        yield* one.service.complete(at.last, Exit.succeed("yes"))
        yield* recorded(store, id, "Completed")
        assert.strictEqual((yield* one.service.status(id)).result, "yes")
        assert.deepStrictEqual(log.lines, ["a"])
        assert.lengthOf(at.tokens, 1)
      })
    )

    it.scoped(`has it go on while it runs something else, where ${registered} is registered`, () =>
      Effect.gen(function* () {
        const store = memory()
        const within = `${id}/all/kid`
        const { at, child, parent } = family(logbook(), Effect.never)
        const one = yield* engine(store, registered === "both" ? [parent, child] : [parent])
        yield* one.run(parent.start({}, { id }))
        yield* recorded(store, within, "Waiting")
        yield* idle
        yield* TestClock.adjust("1 hour")
        yield* recorded(store, within, "PhaseWaiting", "ask")
        yield* idle
        yield* one.service.complete(at.last, Exit.succeed("yes"))
        yield* recorded(store, within, "Completed")
        yield* recorded(store, id, "PhaseSucceeded", "all/kid")
      })
    )
  }

  it.scoped("is paused and closed with it, while both are let go", () =>
    Effect.gen(function* () {
      for (const how of ["pause", "close", "revert"] as const) {
        const store = memory()
        const log = logbook()
        const { at, child, parent } = family(log)
        const one = yield* engine(store, [parent, child])
        yield* one.run(parent.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* recorded(store, kid, "Waiting")
        yield* idle
        if (how === "pause") {
          assert.strictEqual((yield* one.service.pause(id)).status, "Paused")
          assert.strictEqual((yield* one.service.status(kid)).status, "Paused")
          yield* TestClock.adjust("2 hours")
          yield* idle
          assert.lengthOf(at.tokens, 0)
          yield* one.service.resume(id)
          yield* recorded(store, kid, "PhaseWaiting", "ask")
          yield* idle
          yield* one.service.complete(at.last, Exit.succeed("yes"))
          yield* recorded(store, id, "Completed")
        } else {
          yield* one.service.close(id, { revert: how === "revert" })
          const ends = how === "close" ? "Closed" : "Reverted"
          assert.strictEqual((yield* one.service.status(id)).status, ends)
          assert.strictEqual((yield* one.service.status(kid)).status, ends)
          assert.deepStrictEqual(log.lines, how === "close" ? ["a"] : ["a", "undo a"])
        }
        yield* one.end
      }
    })
  )

  it.scoped("hears of its failure at once, and goes on with it when it is resumed", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const { at, child, parent } = family(log)
      const one = yield* engine(store, [parent, child])
      yield* one.run(parent.start({}, { id }))
      yield* recorded(store, kid, "Waiting")
      yield* idle
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, kid, "PhaseWaiting", "ask")
      yield* idle
      yield* one.service.complete(at.last, Exit.fail("no"))
      yield* recorded(store, id, "Failed")
      assert.deepInclude((yield* one.service.status(id)).failures[0], { _tag: "Fail", error: "no" })
      yield* one.service.resume(id)
      yield* idle
      assert.lengthOf(at.tokens, 2)
      yield* one.service.complete(at.last, Exit.succeed("yes"))
      yield* recorded(store, id, "Completed")
      assert.isAbove(entries(store, id).length, 0)
      assert.isTrue(tags(store, id).includes("Waiting"))
    })
  )
})
