import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, logbook, memory, recorded } from "../support/engines.js"

const never = Effect.never as Effect.Effect<void>
const id = "r1"

const undoable = (log: ReturnType<typeof logbook>, name: string) =>
  Phase.make(name, Effect.as(log.note(name), name), { undo: (value) => log.note(`undo ${value}`) })

describe("a failure of a task that reverts", () => {
  it.scoped("cleans up, undoes newest first, and tells the caller who was there the typed error", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          try {
            yield* undoable(log, "a")
            yield* undoable(log, "b")
            yield* Phase.make("c", Effect.fail("no"))
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const { run, service } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.deepStrictEqual(log.lines, ["a", "b", "clean", "undo b", "undo a"])
      const later = yield* Effect.flip(run(task.execute({}, { id })))
      assert.instanceOf(later, Errors.ExecutionReverted)
      const { failures, status } = yield* service.status(id)
      assert.deepStrictEqual([status, failures], ["Reverted", [{ _tag: "Fail", path: "c", error: "no" }]])
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.instanceOf(yield* Effect.flip(service.resume(id)), Errors.IllegalTransition)
    })
  )

  it.scoped("goes back to the last commit checkpoint of the body only", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          try {
            yield* undoable(log, "a")
            yield* Phase.checkpoint("paid", { commit: true })
            yield* undoable(log, "b")
            yield* Phase.fail("enough")
          } finally {
            yield* Phase.checkpoint("left", { commit: true })
          }
        }
      })
      const { run } = yield* engine(memory())
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines, ["a", "b", "undo b"])
    })
  )

  it.scoped("gives the task's own revert what completed, newest first, and the failures", () =>
    Effect.gen(function* () {
      const log = logbook()
      const given: Array<unknown> = []
      const task = Task.make("t", {
        payload: { dir: Schema.String },
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.make("a", Effect.succeed(1))
          yield* undoable(log, "b")
          yield* Phase.either(Phase.make("c", Effect.fail("left")))
          yield* Phase.fail("enough")
        },
        *revert(completed, { failures, payload }) {
          given.push(
            completed.map(({ name, path, value }) => [name, path, value]),
            failures.map(({ _tag }) => _tag),
            payload.dir
          )
          for (const phase of completed) yield* phase.undo
          yield* Phase.make("bye", log.note("bye"))
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      yield* Effect.flip(run(task.execute({ dir: "/x" }, { id })))
      assert.deepStrictEqual(given, [
        [
          ["b", "b", "b"],
          ["a", "a", 1]
        ],
        ["Fail"],
        "/x"
      ])
      assert.deepStrictEqual(log.lines, ["b", "undo b", "bye"])
      const paths = (yield* service.status(id)).phases.map(({ path }) => path)
      assert.deepStrictEqual(paths, ["a", "b", "c", "fail", "revert#1/undo/b", "revert#1/undo/a", "revert#1/bye"])
    })
  )

  it.scoped("undoes what is in doubt at its place, not before what came later", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* undoable(log, "a")
          yield* Phase.either(
            Phase.make("b", { run: never, timeout: "1 second", undoUnknown: () => log.note("undo b?") })
          )
          yield* undoable(log, "c")
          yield* Phase.fail("enough")
        }
      })
      const { run } = yield* engine(memory())
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* TestClock.adjust("1 second")
      yield* Fiber.join(caller)
      assert.deepStrictEqual(log.lines, ["a", "c", "undo c", "undo b?", "undo a"])
    })
  )

  it.scoped("never reverts for a fault of the engine", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        onFailure: "revert",
        *run() {
          yield* undoable(log, "a")
          yield* Phase.make("b", Effect.succeed(Number.NaN))
        }
      })
      const { run, service } = yield* engine(memory())
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionFailed)
      const { failures, status } = yield* service.status(id)
      assert.strictEqual(status, "Failed")
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "ValueNotRecordable", path: "b" })
    })
  )
})

describe("an operator's revert", () => {
  const twoPhases = (log: ReturnType<typeof logbook>, undoA: Effect.Effect<void, string>) =>
    Task.make("t", {
      *run() {
        yield* undoable(log, "z")
        yield* Phase.make("a", { run: log.note("a"), undo: () => undoA })
        yield* undoable(log, "b")
      }
    })

  it.scoped("stops at an undo that fails; a resume goes on there, and undoes nothing twice", () =>
    Effect.gen(function* () {
      const log = logbook()
      let broken = true
      const task = twoPhases(
        log,
        Effect.suspend((): Effect.Effect<void, string> => (broken ? Effect.fail("jammed") : log.note("undo a")))
      )
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      const stopped = yield* Effect.flip(service.revert(id))
      assert.instanceOf(stopped, Errors.RevertIncomplete)
      const { failures, position, status } = yield* service.status(id)
      assert.deepStrictEqual([status, position, failures[0]?._tag], ["RevertFailed", "revert#1/undo/a", "Fail"])
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.RevertIncomplete)
      broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "undo b", "undo a", "undo z"])
    })
  )

  it.scoped("passes an undo over that the operator skips; the body's phases cannot be skipped then", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = twoPhases(log, Effect.fail("jammed"))
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      yield* Effect.flip(service.revert(id))
      assert.instanceOf(yield* Effect.flip(service.skip(id, "a")), Errors.PhaseNotOpen)
      yield* service.skip(id, "revert#1/undo/a")
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "undo b", "undo z"])
    })
  )

  it.scoped("stops for what is in doubt, if nothing says how to find out, until the operator skips it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "a")
          yield* Phase.make("b", { run: never, undo: () => log.note("undo b") })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "b")
      assert.instanceOf(yield* Effect.flip(service.close(id, { revert: true })), Errors.RevertIncomplete)
      const { failures, position } = yield* service.status(id)
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "OutcomeUnknown", path: "revert#1/undo/b" })
      assert.strictEqual(position, "revert#1/undo/b")
      assert.instanceOf(yield* Effect.flip(service.skip(id, "b")), Errors.PhaseNotOpen)
      yield* service.skip(id, position)
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo a"])
    })
  )

  for (const happened of [true, false]) {
    it.scoped(`asks verify about what is in doubt: it had ${happened ? "" : "not "}happened`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const task = Task.make("t", {
          *run() {
            yield* undoable(log, "a")
            yield* Phase.make("b", Effect.as(never, "value"), {
              undo: (value) => log.note(`undo b ${value}`),
              undoUnknown: () => log.note("not asked"),
              verify: Effect.succeed(happened ? Option.some("value") : Option.none())
            })
          }
        })
        const store = memory()
        const { run, service } = yield* engine(store, [task])
        yield* run(task.start({}, { id }))
        yield* recorded(store, id, "PhaseStarted", "b")
        assert.strictEqual((yield* service.close(id, { revert: true })).status, "Reverted")
        assert.deepStrictEqual(log.lines, happened ? ["a", "undo b value", "undo a"] : ["a", "undo a"])
      })
    )
  }

  it.scoped("gives an undo a key of its own, and the phase's to what undoes it without knowing", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      const keep = Effect.flatMap(Phase.key, (key) => Effect.sync(() => void keys.push(key)))
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("a", { run: keep, undo: () => keep })
          yield* Phase.make("b", {
            run: Effect.zipRight(keep, never),
            undoUnknown: (key: string) => Effect.sync(() => void keys.push(key))
          })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "b")
      yield* Effect.repeatN(Effect.yieldNow(), 20)
      yield* service.close(id, { revert: true })
      const [a, b, unknown, undone] = keys
      assert.strictEqual(unknown, b)
      assert.notStrictEqual(undone, a)
    })
  )

  it.scoped("reverts what was closed, and what failed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          try {
            yield* undoable(log, "a")
            yield* Phase.fail("enough")
          } finally {
            yield* Phase.make("clean", log.note("clean"))
          }
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      yield* Effect.flip(run(task.execute({}, { id: "r2" })))
      assert.deepStrictEqual(log.lines, ["a", "a"])
      yield* service.close(id)
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual((yield* service.revert("r2", { by: "ann" })).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "a", "clean", "undo a", "clean", "undo a"])
      const begun = entries(store, "r2").find((entry) => entry._tag === "RevertStarted")
      assert.deepInclude(begun, { n: 1, act: { by: "ann" } })
    })
  )

  it.scoped("is joined by whoever asks for it while it is under way, and taken up again after a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      const undone = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "a")
          yield* Phase.make("b", Effect.void, { undo: () => Effect.zipRight(log.note("undo b"), undone.await) })
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.execute({}, { id }))
      yield* Effect.fork(first.service.revert(id))
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      yield* Effect.fork(first.service.revert(id))
      yield* Effect.repeatN(Effect.yieldNow(), 50)
      assert.deepStrictEqual(log.lines, ["a", "undo b"])
      yield* first.kill
      yield* undone.open
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo b", "undo b", "undo a"])
      assert.strictEqual(entries(store, id).filter((entry) => entry._tag === "RevertStarted").length, 1)
    })
  )
})
