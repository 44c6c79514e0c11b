import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"

const never = Effect.never as Effect.Effect<void>
type Log = ReturnType<typeof logbook>

/** Three phases with a clean-up; the second waits for a gate. */
const gated = (log: Log, gate: Effect.Effect<void>) =>
  Task.make("gated", {
    *run() {
      try {
        yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
        yield* Phase.make("b", {
          run: Effect.onInterrupt(Effect.zipRight(gate, log.note("b")), () => log.note("b let go")),
          undo: () => log.note("undo b"),
          undoUnknown: () => log.note("undo b?")
        })
        yield* Phase.make("c", { run: log.note("c"), undo: () => log.note("undo c") })
      } finally {
        yield* Phase.make("clean", log.note("clean"))
      }
    }
  })

const fails = (log: Log, fixed: { current: boolean }, onFailure: "halt" | "revert" = "halt") =>
  Task.make("fails", {
    error: Schema.String,
    onFailure,
    *run() {
      try {
        yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
        yield* Phase.make("b", {
          run: Effect.suspend(() => (fixed.current ? log.note("b") : Effect.fail("no"))),
          undo: () => log.note("undo b")
        })
      } finally {
        yield* Phase.make("clean", log.note("clean"))
      }
    }
  })

describe("pause", () => {
  it.scoped("lets the running phase end and records it; no new phase starts until a resume", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const store = memory()
      const task = gated(log, Deferred.await(gate))
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id: "p1" }))))
      yield* recorded(store, "p1", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause("p1", { by: "ann", reason: "lunch" }))
      yield* recorded(store, "p1", "PauseRequested")
      assert.deepStrictEqual(log.lines, ["a"])
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      assert.deepStrictEqual(log.lines, ["a", "b"])
      assert.instanceOf(yield* Fiber.join(caller), Errors.ExecutionPaused)
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id: "p1" }))), Errors.ExecutionPaused)
      assert.strictEqual((yield* service.pause("p1")).status, "Paused")
      yield* service.resume("p1")
      assert.strictEqual((yield* service.settled("p1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "clean"])
      const asked = entries(store, "p1").find((entry) => entry._tag === "PauseRequested")
      assert.deepStrictEqual(asked, { _tag: "PauseRequested", act: { by: "ann", reason: "lunch" } })
    })
  )

  it.scoped("stops a retry's delay at once; a resume tries again at once", () =>
    Effect.gen(function* () {
      const store = memory()
      const fixed = { current: false }
      const task = Task.make("retries", {
        error: Schema.String,
        *run() {
          yield* Phase.make("a", {
            run: Effect.suspend(() => (fixed.current ? Effect.void : Effect.fail("no"))),
            retry: Schedule.spaced("1 hour")
          })
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "r1" }))
      yield* recorded(store, "r1", "AttemptFailed")
      assert.strictEqual((yield* service.pause("r1")).status, "Paused")
      fixed.current = true
      yield* service.resume("r1")
      assert.strictEqual((yield* service.settled("r1")).status, "Completed")
    })
  )

  it.scoped("is remembered by an execution whose process dies before it stopped", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = gated(log, never)
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id: "p1" }))
      yield* recorded(store, "p1", "PhaseStarted", "b")
      yield* Effect.fork(first.service.pause("p1"))
      yield* recorded(store, "p1", "PauseRequested")
      yield* first.kill
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled("p1")).status, "Paused")
      assert.deepStrictEqual(log.lines, ["a"])
    })
  )

  it.scoped("is overtaken by a close, which begins at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = gated(log, never)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "p1" }))
      yield* recorded(store, "p1", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause("p1"))
      yield* recorded(store, "p1", "PauseRequested")
      assert.strictEqual((yield* service.close("p1")).status, "Closed")
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "clean"])
    })
  )

  it.scoped("is overtaken by a failure that reverts: a revert never stops for it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const gate = yield* Deferred.make<void>()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.make("a", { run: log.note("a"), undo: () => log.note("undo a") })
          yield* Phase.make("b", Effect.zipRight(Deferred.await(gate), Effect.fail("no")))
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "p1" }))
      yield* recorded(store, "p1", "PhaseStarted", "b")
      const pausing = yield* Effect.fork(service.pause("p1"))
      yield* recorded(store, "p1", "PauseRequested")
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo a"])
    })
  )
})

describe("resume", () => {
  it.scoped("lets a failed execution go on at the phase that failed, by the operator or by execute", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const fixed = { current: false }
      const task = fails(log, fixed)
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id: "f1" }))), "no")
      assert.deepStrictEqual(log.lines, ["a"])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id: "f1" }))), "no")
      yield* service.resume("f1")
      assert.strictEqual((yield* service.settled("f1")).status, "Failed")
      fixed.current = true
      yield* run(task.execute({}, { id: "f1", resume: true }))
      assert.deepStrictEqual(log.lines, ["a", "b", "clean"])
    })
  )

  it.scoped("is refused where there is nothing to resume, and says what can be asked", () =>
    Effect.gen(function* () {
      const task = Task.make("t", { *run() {} })
      const sleeping = Task.make("sleeping", {
        *run() {
          yield* Phase.sleep("nap", "1 hour")
        }
      })
      const { run, service } = yield* engine(memory(), [task, sleeping])
      yield* run(task.execute({}, { id: "t1" }))
      const refused = yield* Effect.flip(service.resume("t1"))
      assert.instanceOf(refused, Errors.IllegalTransition)
      assert.match(refused.message, /revert/)
      yield* run(sleeping.start({}, { id: "t2" }))
      yield* idle
      assert.match((yield* Effect.flip(service.goTo("t2", "mark"))).message, /is Waiting.* Pause it first\.$/)
      assert.instanceOf(yield* Effect.flip(service.resume("nobody")), Errors.ExecutionNotFound)
    })
  )

  it.scoped("is carried out once, when two operators ask at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const fixed = { current: false }
      const task = fails(log, fixed)
      const { run, service } = yield* engine(store, [task])
      yield* Effect.flip(run(task.execute({}, { id: "f1" })))
      fixed.current = true
      const [one, two] = yield* Effect.all([Effect.exit(service.resume("f1")), Effect.exit(service.close("f1"))], {
        concurrency: 2
      })
      assert.strictEqual(one._tag, "Success")
      const status = yield* service.settled("f1")
      if (two._tag === "Success") assert.strictEqual(status.status, "Closed")
      else assert.strictEqual(status.status, "Completed")
      assert.strictEqual(tags(store, "f1").filter((tag) => tag === "Resumed").length, 1)
    })
  )
})

describe("close", () => {
  it.scoped("interrupts the phase in flight, whose finalizers run, and lets finally blocks yield under close/", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = gated(log, never)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "c1" }))
      yield* recorded(store, "c1", "PhaseStarted", "b")
      const status = yield* service.close("c1", { by: "ann", reason: "enough" })
      assert.strictEqual(status.status, "Closed")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "clean"])
      assert.deepStrictEqual(
        status.phases.map(({ path, state }) => [path, state]),
        [
          ["a", "succeeded"],
          ["b", "in doubt"],
          ["close/clean", "succeeded"]
        ]
      )
      const again = yield* service.close("c1")
      assert.strictEqual(again.status, "Closed")
      assert.deepStrictEqual(tags(store, "c1").filter((tag) => tag === "Closing").length, 1)
      const refused = yield* Effect.flip(run(task.execute({}, { id: "c1" })))
      assert.instanceOf(refused, Errors.ExecutionClosed)
      assert.match((refused as Error).message, /enough/)
    })
  )

  it.scoped("has nothing to do for an execution that never started", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = gated(log, never)
      const { run, service } = yield* engine(store)
      yield* run(task.start({}, { id: "c1" }))
      assert.strictEqual((yield* service.close("c1")).status, "Closed")
      assert.deepStrictEqual(log.lines, [])
      assert.deepStrictEqual(tags(store, "c1"), ["Created", "Closed"])
    })
  )

  it.scoped("keeps what a finally throws beside the ending", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.make("a", never)
          } finally {
            // biome-ignore lint/correctness/noUnsafeFinally: what a body may do wrong
            throw new Error("clumsy")
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "c1" }))
      yield* recorded(store, "c1", "PhaseStarted")
      const status = yield* service.close("c1")
      assert.deepStrictEqual([status.status, status.closeError?.message], ["Closed", "clumsy"])
    })
  )

  it.scoped("abandons a generator that will not end", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          for (;;) {
            try {
              yield* Phase.make(
                "a",
                Effect.suspend(() => (first ? never : Effect.void))
              )
            } finally {
              first = false
              // biome-ignore lint/correctness/noUnsafeFinally: what a body may do wrong
              if (!first) continue
            }
            break
          }
        }
      })
      let first = true
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "c1" }))
      yield* recorded(store, "c1", "PhaseStarted")
      const status = yield* service.close("c1")
      assert.deepStrictEqual([status.status, status.closeError?.name], ["Closed", "GeneratorUnclosable"])
      assert.strictEqual(status.phases.filter(({ path }) => path.startsWith("close/")).length, 100)
    })
  )

  it.scoped("ends the bodies around a finally that yields, too", () =>
    Effect.gen(function* () {
      const log = logbook()
      function* inner() {
        try {
          yield* Phase.make("a", never)
        } finally {
          yield* Phase.make("inner 1", log.note("inner 1"))
          yield* Phase.make("inner 2", log.note("inner 2"))
        }
      }
      const task = Task.make("t", {
        *run() {
          try {
            yield* inner()
            yield* Phase.make("b", log.note("b"))
          } finally {
            yield* Phase.make("outer", log.note("outer"))
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "c1" }))
      yield* recorded(store, "c1", "PhaseStarted")
      assert.strictEqual((yield* service.close("c1")).status, "Closed")
      assert.deepStrictEqual(log.lines, ["inner 1", "inner 2", "outer"])
    })
  )

  it.scoped("reverts after it if asked to", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = gated(log, never)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id: "c1" }))
      yield* recorded(store, "c1", "PhaseStarted", "b")
      assert.strictEqual((yield* service.close("c1", { revert: true })).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "b let go", "clean", "undo b?", "undo a"])
    })
  )

  it.scoped("is refused without the code or with code that misfits, unless forced: then it says what was skipped", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = fails(log, { current: false })
      const other = Task.make("fails", {
        *run() {
          yield* Phase.make("z", log.note("z"))
        }
      })
      const { register, run, service } = yield* engine(store)
      yield* Effect.flip(run(task.execute({}, { id: "f1" })))
      yield* Effect.flip(run(task.execute({}, { id: "f2" })))
      assert.instanceOf(yield* Effect.flip(service.close("f1")), Errors.TaskNotRegistered)
      assert.strictEqual((yield* service.close("f1", { force: true })).status, "Closed")
      yield* register(other)
      assert.instanceOf(yield* Effect.flip(service.close("f2")), Errors.HistoryMismatch)
      assert.strictEqual((yield* service.close("f2", { force: true })).status, "Closed")
      for (const id of ["f1", "f2"]) {
        const cleaned = entries(store, id).find((entry) => entry._tag === "CleanedUp")
        assert.match(cleaned?._tag === "CleanedUp" ? (cleaned.skipped ?? "") : "", /^forced/)
      }
      assert.deepStrictEqual(log.lines, ["a", "a"])
    })
  )
})
