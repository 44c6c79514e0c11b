import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"

const never = Effect.never as Effect.Effect<void>
type Log = ReturnType<typeof logbook>

const hanging = (log: Log, gate: Effect.Effect<void>) =>
  Task.make("hanging", {
    *run() {
      try {
        yield* Phase.make("a", log.note("a"))
        yield* Phase.make("b", Effect.ensuring(Effect.zipRight(gate, log.note("b")), log.note("b finalized")))
        yield* Phase.make("c", log.note("c"))
      } finally {
        yield* Phase.make("clean", log.note("clean"))
      }
    }
  })

describe("an engine that ends", () => {
  it.scoped("lets the running phase end within its grace, and hands the execution back", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const gate = yield* Deferred.make<void>()
      const task = hanging(log, Deferred.await(gate))
      const first = yield* engine(store, [task], { grace: "1 minute" })
      yield* first.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      const ending = yield* Effect.fork(first.end)
      yield* idle
      const locked = yield* engine(store)
      assert.instanceOf(yield* Effect.flip(locked.run(task.execute({}, { id: "h2" }))), Errors.EngineBusy)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(ending)
      assert.deepStrictEqual(log.lines, ["a", "b", "b finalized"])
      assert.strictEqual(tags(store, "h1").at(-1), "Suspended")
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled("h1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "b finalized", "c", "clean"])
      assert.isTrue(entries(store, "h1").every((entry) => entry._tag !== "Claimed" || !entry.crashed))
    })
  )

  it.scoped("interrupts what outlives its grace: it is in doubt, and runs again where the execution is taken up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      let first = true
      const task = hanging(
        log,
        Effect.suspend(() => (first ? never : Effect.void))
      )
      const one = yield* engine(store, [task], { grace: "10 seconds" })
      yield* one.run(task.start({}, { id: "h1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      const ending = yield* Effect.fork(one.end)
      yield* idle
      assert.strictEqual(store.ownedSince, 0)
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(ending)
      assert.deepStrictEqual(tags(store, "h1").slice(-2), ["PhaseInterrupted", "Suspended"])
      first = false
      const two = yield* engine(store, [task])
      assert.strictEqual((yield* two.service.settled("h1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b finalized", "b", "b finalized", "c", "clean"])
    })
  )

  it.scoped("interrupts callers that still wait, and takes up nothing new", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = hanging(log, never)
      const one = yield* engine(store)
      const caller = yield* Effect.fork(one.run(task.execute({}, { id: "h1" })))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      yield* one.end
      const exit = yield* Fiber.await(caller)
      assert.isTrue(exit._tag === "Failure" && exit.cause._tag === "Interrupt")
      assert.strictEqual(tags(store, "h1").at(-1), "Suspended")
    })
  )
})

describe("an engine that starts after a crash", () => {
  it.scoped("takes up what has its task, and leaves the rest where it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      let crashed = false
      const task = hanging(
        log,
        Effect.suspend(() => (crashed ? Effect.void : never))
      )
      const other = Task.make("other", {
        *run() {
          yield* Phase.make("a", never)
        }
      })
      const first = yield* engine(store, [task, other])
      yield* first.run(task.start({}, { id: "h1" }))
      yield* first.run(other.start({}, { id: "o1" }))
      yield* recorded(store, "h1", "PhaseStarted", "b")
      yield* recorded(store, "o1", "PhaseStarted", "a")
      yield* idle
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled("h1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "b finalized", "c", "clean"])
      const left = yield* second.service.status("o1")
      assert.deepStrictEqual([left.status, left.registered], ["Running", false])
      const claims = entries(store, "h1").flatMap((entry) => (entry._tag === "Claimed" ? [entry.crashed] : []))
      assert.deepStrictEqual(claims, [false, true])
    })
  )

  it.scoped("parks what killed its process three times in a row; the suspects run alone, the others go on", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      let kill: Effect.Effect<void> = Effect.void
      const poison = Task.make("poison", {
        *run() {
          yield* Phase.make("a", log.note("poison"))
          yield* Phase.make(
            "b",
            Effect.zipRight(
              idle,
              Effect.suspend(() => Effect.zipRight(kill, never))
            )
          )
        }
      })
      const beside = Task.make("beside", {
        *run() {
          yield* Phase.make(
            "a",
            Effect.suspend(() => (log.lines.includes("parked") ? Effect.void : never))
          )
        }
      })
      for (let process = 0; process < 3; process++) {
        const one = yield* engine(store, process === 0 ? [] : [poison, beside])
        kill = one.kill
        if (process === 0) {
          yield* Effect.forkDaemon(one.run(beside.execute({}, { id: "i1" })))
          yield* Effect.forkDaemon(one.run(poison.execute({}, { id: "p1" })))
        }
        yield* Effect.repeatN(idle, 3)
        assert.strictEqual(store.ownedSince, undefined, `process ${process} lives`)
      }
      yield* log.note("parked")
      const last = yield* engine(store, [poison, beside])
      yield* Effect.repeatN(idle, 3)
      const status = yield* last.service.settled("p1")
      assert.deepInclude(status.failures[0], { _tag: "Fault", reason: "Poisoned" })
      assert.strictEqual((yield* last.service.settled("i1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["poison", "parked"])
    })
  )
})

describe("code that does not fit the journal", () => {
  const stop = (number: number) => (number === 1 ? (Effect.never as Effect.Effect<void>) : Effect.die("stop"))
  const release = (log: Log, number: number, names: ReadonlyArray<string>) =>
    Task.make("t", {
      *run() {
        for (const name of names) yield* Phase.make(name, name === "stop" ? stop(number) : log.note(name))
      }
    })

  it.scoped("runs nothing and is recorded once for each difference; the fitting code goes on by itself", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const mismatches = () =>
        entries(store, "m1").flatMap((entry) =>
          entry._tag === "Failed" && entry.failures[0]._tag === "Fault" ? [entry.failures[0].path] : []
        )
      const start = (code: ReturnType<typeof release>) => engine(store, [code])
      const one = yield* start(release(log, 1, ["a", "b", "stop"]))
      yield* one.run(release(log, 1, ["a", "b", "stop"]).start({}, { id: "m1" }))
      yield* recorded(store, "m1", "PhaseStarted", "stop")
      yield* one.kill
      const two = yield* start(release(log, 2, ["a", "x", "stop"]))
      const status = yield* two.service.settled("m1")
      assert.deepInclude(status.failures[0], { _tag: "Fault", reason: "HistoryMismatch", path: "b" })
      assert.instanceOf(yield* Effect.flip(two.service.resume("m1")), Errors.HistoryMismatch)
      yield* two.end
      for (let turn = 0; turn < 3; turn++) {
        const again = yield* start(release(log, 2, ["a", "x", "stop"]))
        yield* idle
        yield* again.end
      }
      assert.deepStrictEqual(mismatches(), ["b"])
      const three = yield* start(release(log, 3, ["y"]))
      yield* idle
      yield* three.end
      assert.deepStrictEqual(mismatches(), ["b", "a"])
      assert.deepStrictEqual(log.lines, ["a", "b"])
      const four = yield* start(
        release(
          log,
          4,
          ["a", "b", "stop", "c"].filter((name) => name !== "stop" || !log.lines.includes("go"))
        )
      )
      yield* idle
      assert.deepInclude((yield* four.service.settled("m1")).failures[0], { _tag: "Die" })
    })
  )

  it.scoped("is no reason to lose the author's own revert, which needs names and values only", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const make = (names: ReadonlyArray<string>) =>
        Task.make("t", {
          *run() {
            for (const name of names)
              yield* Phase.make(name, name === "stop" ? Effect.dieMessage("stop") : log.note(name))
          },
          *revert(completed) {
            for (const { name } of completed) yield* Phase.make(`undo ${name}`, log.note(`undo ${name}`))
          }
        })
      const one = yield* engine(store, [make(["a", "b", "stop"])])
      yield* Effect.flip(one.run(make(["a", "b", "stop"]).execute({}, { id: "m1" })))
      yield* one.end
      const two = yield* engine(store, [make(["z"])])
      assert.strictEqual((yield* two.service.revert("m1")).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b", "undo b", "undo a"])
    })
  )
})
