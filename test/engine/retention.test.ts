import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { EngineConfig, Errors, Phase, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import * as CrashStore from "../../src/testing/CrashStore.js"
import { asked, engine, idle, logbook, memory, recorded } from "../support/engines.js"
import { undoable } from "../support/phases.js"

type Retention = Parameters<typeof Task.make>[1]["retention"]

const task = (name: string, retention?: Retention) =>
  Task.make(name, {
    payload: { n: Schema.Number.pipe(Schema.optionalWith({ exact: true })) },
    ...(retention === undefined ? {} : { retention }),
    *run() {
      yield* Phase.make("a", Effect.void)
    }
  })

const calling = (child: ReturnType<typeof task>) =>
  Task.make("parent", {
    retention: "3 hours",
    *run() {
      yield* child.phase({}, { id: "child" })
      yield* Phase.make("b", Effect.void)
    }
  })

const ids = (store: ReturnType<typeof memory>) => [...store.executions.keys()]

describe("retention", () => {
  it.scoped("purges what ended longer ago than its task says, and else than the engine says", () =>
    Effect.gen(function* () {
      const store = memory()
      const tasks = [task("short", "1 hour"), task("usual"), task("ever", Infinity)] as const
      const { run, service } = yield* engine(store, tasks, { retention: "3 hours" })
      for (const one of tasks) yield* run(one.execute({}, { id: one.name }))
      yield* run(task("unseen").start({}, { id: "newest" }))
      yield* idle
      yield* TestClock.adjust("59 minutes")
      assert.deepStrictEqual(ids(store), ["short", "usual", "ever", "newest"])
      yield* TestClock.adjust("8 minutes")
      assert.deepStrictEqual(ids(store), ["usual", "ever", "newest"])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["ever", "newest"])
      assert.deepStrictEqual((yield* service.list({})).map(({ id }) => id).sort(), ["ever", "newest"])
    })
  )

  it.scoped("keeps all for ever where nobody says anything, and an engine that does nothing sleeps", () =>
    Effect.gen(function* () {
      const store = memory()
      const usual = task("usual")
      const { run } = yield* engine(store, [usual])
      yield* run(usual.execute({}, { id: "a" }))
      yield* run(usual.execute({}, { id: "b" }))
      const { writes } = store
      yield* TestClock.adjust("20 days")
      assert.deepStrictEqual(ids(store), ["a", "b"])
      assert.strictEqual(store.writes, writes)
    })
  )

  it.scoped("tells whoever asks for something in the moment of the purge what has happened", () =>
    Effect.gen(function* () {
      const store = memory()
      const undone = task("t")
      const { run, service } = yield* engine(store, [undone])
      const { executions } = store
      const told: Array<string> = []
      // At the first look; once its row was read, and not its journal; once it was decided about, and not claimed.
      for (const moment of [1, 9, 11]) {
        const id = `x${moment}`
        yield* run(undone.execute({}, { id }))
        let looks = 0
        executions.get = (key) => {
          if (key === id && ++looks === moment) {
            executions.delete(id)
            store.purged.set(id, { id, task: "t", createdAt: 0, at: 7 })
          }
          return Map.prototype.get.call(executions, key) as ReturnType<typeof executions.get>
        }
        const reverted = yield* Effect.either(service.revert(id))
        told.push(reverted._tag === "Left" ? reverted.left._tag : reverted.right.status)
      }
      assert.deepStrictEqual(told, new Array(3).fill("ExecutionDiscarded"))
    })
  )

  it.scoped("answers an id that was purged with ExecutionDiscarded, whoever asks, and starts nothing anew", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const once = Task.make("once", {
        retention: "1 hour",
        *run() {
          yield* undoable(log, "a")
        }
      })
      const { run, service } = yield* engine(store, [once])
      yield* run(once.execute({}, { id: "x" }))
      yield* run(once.execute({}, { id: "newest" }))
      log.lines.length = 0
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["newest"])
      const asked: Readonly<Record<string, Effect.Effect<unknown, { readonly _tag: string }>>> = {
        status: service.status("x"),
        settled: service.settled("x"),
        history: service.history("x"),
        context: service.contextOf("x", "a"),
        watch: Stream.runCollect(service.watch("x")),
        execute: run(once.execute({}, { id: "x" })),
        start: run(once.start({}, { id: "x" })),
        later: run(once.start({}, { id: "x", at: 1e12 })),
        plan: service.plan("x", { _tag: "resume" }),
        resume: service.resume("x"),
        rerun: service.rerun("x"),
        pause: service.pause("x"),
        close: service.close("x"),
        revert: service.revert("x"),
        goTo: service.goTo("x", "here"),
        skip: service.skip("x", "a"),
        discard: service.discard("x", { before: "here" }),
        signal: service.signal("x", "go")
      }
      for (const [what, effect] of Object.entries(asked)) {
        const error = yield* Effect.flip(effect)
        assert.instanceOf(error, Errors.ExecutionDiscarded, what)
        assert.isAtLeast(error.at, 3_600_000)
      }
      assert.deepStrictEqual(ids(store), ["newest"])
      assert.deepStrictEqual(log.lines, [])
    })
  )

  it.scoped("is told to other processes, and to who has a token", () =>
    Effect.gen(function* () {
      const store = memory()
      const tokens: Array<string> = []
      const asking = Task.make("asking", {
        retention: "1 hour",
        *run() {
          yield* Phase.delegate("ask", { notify: (token) => Effect.sync(() => void tokens.push(token)) })
        }
      })
      const often = { inbox: "100 millis" } as const
      const owner = yield* engine(store, [asking], often)
      yield* owner.run(asking.start({}, { id: "x" }))
      yield* recorded(store, "x", "PhaseStarted", "ask")
      yield* idle
      yield* owner.service.complete(tokens[0]!, Exit.void)
      assert.strictEqual((yield* owner.service.settled("x")).status, "Completed")
      yield* owner.run(asking.start({}, { id: "newest" }))
      yield* idle
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["newest"])
      const other = yield* engine(store, [], often)
      for (const { service } of [owner, other]) {
        const refused = yield* Effect.flip(service.complete(tokens[0]!, Exit.void))
        assert.instanceOf(refused, Errors.TokenNotFound)
        assert.instanceOf(yield* Effect.flip(asked(service.revert("x"))), Errors.ExecutionDiscarded)
      }
    })
  )

  it.scoped("purges a child with its parent, never alone", () =>
    Effect.gen(function* () {
      const store = memory()
      const child = task("child", "1 hour")
      const parent = calling(child)
      const { run, service } = yield* engine(store, [child, parent])
      yield* run(parent.execute({}, { id: "p" }))
      yield* run(child.execute({}, { id: "newest" }))
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["p", "child", "newest"])
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["newest"])
      assert.instanceOf(yield* Effect.flip(service.status("child")), Errors.ExecutionDiscarded)
    })
  )

  it.scoped("purges in small transactions", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run } = yield* engine(store, [task("many", "1 hour")])
      const many = task("many", "1 hour")
      yield* Effect.forEach(Array.from({ length: 1_001 }), (_, n) => run(task("other").start({}, { id: `${n}` })))
      for (const kept of store.executions.values()) {
        kept.row = { ...kept.row, task: many.name, status: "Completed" }
      }
      const sizes: Array<number> = []
      let before = store.executions.size
      store.watchers.add(() => {
        if (store.executions.size < before) sizes.push(before - store.executions.size)
        before = store.executions.size
      })
      yield* TestClock.adjust("2 hours")
      while (store.executions.size > 1) yield* idle
      assert.deepStrictEqual(
        sizes,
        Array.from({ length: 10 }, () => 100)
      )
      assert.deepStrictEqual(ids(store), ["1000"])
    })
  )

  it.scoped("of a passive engine purges when it is asked for what is due", () =>
    Effect.gen(function* () {
      const store = memory()
      const short = task("short", "1 hour")
      const { run } = yield* engine(store, [short], { mode: "passive" })
      yield* run(short.execute({}, { id: "a" }))
      yield* run(short.execute({}, { id: "newest" }))
      yield* TestClock.adjust("2 hours")
      assert.deepStrictEqual(ids(store), ["a", "newest"])
      yield* run(TaskEngine.advanceDue())
      assert.deepStrictEqual(ids(store), ["newest"])
      assert.instanceOf(yield* Effect.flip(run(TaskEngine.advance("a"))), Errors.ExecutionDiscarded)
    })
  )

  it.scoped("takes all of a family or nothing, wherever the process dies", () =>
    Effect.gen(function* () {
      const child = task("child")
      const parent = calling(child)
      for (const when of ["before", "after"] as const) {
        for (let at = 1; ; at++) {
          const store = memory()
          const first = yield* engine(store, [child, parent])
          for (const n of [1, 2]) {
            yield* first.run(
              Task.make("parent", {
                *run() {
                  yield* child.phase({}, { id: `child ${n}` })
                }
              }).execute({}, { id: `p${n}` })
            )
          }
          yield* first.run(child.execute({}, { id: "newest" }))
          yield* first.end
          yield* TestClock.adjust("2 days")
          const crash = yield* CrashStore.make(yield* MemoryStore.make(store), { at, when })
          const layer = TaskEngine.layer.pipe(
            Layer.provide(Layer.succeed(TaskStore, fromEncoded(crash.encoded))),
            Layer.provide(
              Layer.succeed(EngineConfig, { ...EngineConfig.defaults, mode: "passive", retention: "1 day" })
            )
          )
          yield* Effect.ignore(Effect.provide(TaskEngine.advanceDue(), layer))
          const left = ids(store)
          for (const n of [1, 2])
            assert.strictEqual(left.includes(`p${n}`), left.includes(`child ${n}`), `${when} ${at}`)
          assert.strictEqual(store.purged.size + store.executions.size, 5)
          const last = yield* engine(store, [child, parent], { mode: "passive" })
          yield* last.run(TaskEngine.advanceDue())
          assert.deepStrictEqual(ids(store), ["newest"])
          yield* last.end
          if (!(yield* crash.crashed)) break
        }
      }
    })
  )

  it.scoped("refuses what is no duration", () =>
    Effect.gen(function* () {
      for (const given of [0, -1, "soon", Number.NaN, null]) {
        assert.throws(() => task("t", given as never), TypeError, /retention of task t must be a duration/)
        const died = yield* Effect.exit(engine(memory(), [], { retention: given as never }))
        assert.include(
          Exit.isFailure(died) ? Cause.pretty(died.cause) : "",
          "retention of the engine must be a duration"
        )
      }
    })
  )
})
