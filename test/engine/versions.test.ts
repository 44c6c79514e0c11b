import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, idle, logbook, memory } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "v1"

/** One and two have nothing in common but their name. */
const release = (log: Log, version: number) =>
  Task.make("t", {
    version,
    success: Schema.String,
    *run() {
      yield* undoable(log, `a${version}`)
      yield* Phase.sleep(`nap${version}`, "1 hour")
      yield* undoable(log, `b${version}`)
      yield* Phase.checkpoint(`mark${version}`, { pause: true })
      return `v${version}`
    }
  })

describe("the versions of a task", () => {
  it.scoped("run side by side, each execution with its own, whoever asks for it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const [one, two] = [release(log, 1), release(log, 2)]
      const store = memory()
      const first = yield* engine(store, [one])
      yield* first.run(one.start({}, { id }))
      yield* idle
      yield* first.end
      const { run, service } = yield* engine(store, [one, two])
      yield* run(two.start({}, { id: "new" }))
      const old = yield* Effect.fork(run(two.execute({}, { id })))
      yield* idle
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* Effect.flip(Fiber.join(old)))._tag, "ExecutionPaused")
      assert.sameMembers(log.lines, ["a1", "a2", "b1", "b2"])
      assert.deepInclude(yield* service.status(id), { version: 1, registered: true, status: "Paused" })
      assert.deepInclude(yield* service.status("new"), { version: 2, registered: true, status: "Paused" })
      assert.strictEqual(yield* run(two.execute({}, { id, resume: true })), "v1")
      yield* service.revert(id)
      yield* service.resume("new")
      assert.strictEqual((yield* service.settled("new")).result, "v2")
      assert.deepStrictEqual(log.lines.slice(4), ["undo b1", "undo a1"])
    })
  )

  it.scoped("are waited for where they are not, and taken up once they are", () =>
    Effect.gen(function* () {
      const log = logbook()
      const [one, two] = [release(log, 1), release(log, 2)]
      const store = memory()
      const first = yield* engine(store, [one])
      yield* first.run(one.start({}, { id }))
      yield* idle
      yield* first.kill
      const later = yield* engine(store, [two])
      yield* idle
      yield* TestClock.adjust("2 hours")
      yield* idle
      assert.deepInclude(yield* later.service.status(id), { version: 1, registered: false, status: "Waiting" })
      assert.deepStrictEqual(log.lines, ["a1"])
      for (const refused of [
        yield* Effect.flip(later.service.revert(id)),
        yield* Effect.flip(later.run(two.execute({}, { id })))
      ]) {
        assert.isTrue(refused._tag === "TaskNotRegistered" || refused._tag === "IllegalTransition", refused._tag)
      }
      const missing = yield* Effect.flip(later.run(two.execute({}, { id })))
      assert.include(missing.message, "needs task t in version 1, which this engine does not have")
      yield* later.register(one)
      yield* idle
      assert.strictEqual((yield* later.service.settled(id)).position, "mark1")
      assert.deepStrictEqual(log.lines, ["a1", "b1"])
    })
  )

  it.scoped("cost no look at the journals of those that are due where they are not", () =>
    Effect.gen(function* () {
      const [one, two] = [release(logbook(), 1), release(logbook(), 2)]
      const other = Task.make("other", { *run() {} })
      const store = memory()
      const first = yield* engine(store, [one])
      yield* first.run(one.start({}, { id }))
      yield* idle
      yield* first.end
      const kept = store.executions.get(id)!
      const { rows } = kept
      let reads = 0
      const look = () => {
        reads++
        return rows
      }
      const later = yield* engine(store, [other])
      yield* idle
      Object.defineProperty(kept, "rows", { get: look })
      yield* TestClock.adjust("2 hours")
      yield* idle
      assert.strictEqual(reads, 0)
      // Which version it goes by is looked up once.
      yield* later.register(two)
      yield* idle
      const looked = reads
      assert.isAbove(looked, 0)
      for (let round = 0; round < 5; round++) yield* Effect.zipRight(later.run(other.execute({})), idle)
      assert.strictEqual(reads, looked)
      assert.deepInclude(yield* later.service.status(id), { registered: false, status: "Waiting" })
    })
  )

  it.scoped("that died are taken over by the version that they ran with", () =>
    Effect.gen(function* () {
      const log = logbook()
      let hangs = true
      const hanging = (version: number) =>
        Task.make("t", {
          version,
          success: Schema.String,
          *run() {
            yield* Phase.make(
              `a${version}`,
              Effect.suspend(() => (hangs ? (Effect.never as Effect.Effect<void>) : log.note(`a${version}`)))
            )
            return `v${version}`
          }
        })
      const store = memory()
      const first = yield* engine(store, [hanging(1), hanging(2)])
      yield* first.run(hanging(1).start({}, { id }))
      yield* first.run(hanging(2).start({}, { id: "new" }))
      yield* idle
      yield* first.kill
      hangs = false
      const alone = yield* engine(store, [hanging(2)])
      yield* idle
      assert.strictEqual((yield* alone.service.status("new")).status, "Completed")
      assert.strictEqual((yield* alone.service.status(id)).status, "Running")
      yield* alone.end
      const { service } = yield* engine(store, [hanging(3), hanging(1)])
      assert.strictEqual((yield* service.settled(id)).result, "v1")
      assert.deepStrictEqual(log.lines, ["a2", "a1"])
    })
  )

  it.scoped("are one of each number in an engine", () =>
    Effect.gen(function* () {
      const log = logbook()
      const one = release(log, 1)
      const { register } = yield* engine(memory(), [one])
      yield* register(one)
      const exit = yield* Effect.exit(register(release(log, 1)))
      const defect = Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined
      assert.instanceOf(defect, Errors.TaskConflict)
      assert.include(String(defect), "give the later one a higher version, or another name")
    })
  )

  it("are positive integers", () => {
    for (const version of [0, -1, 1.5, Number.NaN]) assert.throws(() => release(logbook(), version), TypeError)
  })
})
