import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, never, undoable } from "../support/phases.js"

const id = "p1"

const text = { success: Schema.Unknown, error: Schema.String } as const

/** A task that calls another one, somehow. */
const calling = <A>(body: () => Generator<Phase.Yielded<string, never>, A, never>) =>
  Task.make("t", { ...text, run: body })

/** A task that does no more than one phase. */
const only = <A>(phase: () => Phase.Phase<A, string>) =>
  calling(function* () {
    return yield* phase()
  })

const left = <A, E>(found: Either.Either<A, E>) => (Either.isLeft(found) ? found.left : "a value")

describe("the failure of a child", () => {
  const child = Task.make("kid", {
    error: Schema.String,
    *run() {
      yield* Phase.all([failing(logbook(), "a"), failing(logbook(), "b")], { mode: "settle" })
    }
  })

  it.scoped("is that of its phase: every one of several", () =>
    Effect.gen(function* () {
      const { run, service } = yield* engine(memory())
      const task = only(() => child.phase({}))
      const exit = yield* Effect.exit(run(task.execute({}, { id })))
      assert.deepStrictEqual(Exit.isFailure(exit) && [...Cause.failures(exit.cause)], ["a", "b"])
      const { failures, status } = yield* service.status(id)
      assert.deepStrictEqual(
        [status, failures],
        [
          "Failed",
          [
            { _tag: "Fail", path: "kid", error: "a" },
            { _tag: "Fail", path: "kid", error: "b" }
          ]
        ]
      )
      assert.strictEqual((yield* service.status("p1/kid")).status, "Failed")
    })
  )

  it.scoped("is a value by either and exit, alone and beside others", () =>
    Effect.gen(function* () {
      const { run } = yield* engine(memory())
      const task = calling(function* () {
        const one = yield* Phase.either(child.phase({}))
        const all = yield* Phase.exit(child.phase({}))
        const within = yield* Phase.either(Phase.all([child.phase({})]))
        const both = yield* Phase.exit(
          Phase.group("g", function* () {
            yield* child.phase({})
          })
        )
        const causes = [all, both].map((exit) => (Exit.isFailure(exit) ? [...Cause.failures(exit.cause)].join() : ""))
        return [left(one), left(within), ...causes]
      })
      assert.deepStrictEqual(yield* run(task.execute({}, { id })), ["a", "a", "a,b", "a,b"])
      const again = yield* engine(memory(), [task])
      assert.deepStrictEqual(yield* again.run(task.execute({}, { id })), ["a", "a", "a,b", "a,b"])
    })
  )

  it.scoped("is recorded as its parent records its own", () =>
    Effect.gen(function* () {
      const dated = Task.make("dated", {
        error: Schema.Date,
        *run() {
          yield* Phase.fail(new Date(86_400_000))
        }
      })
      const task = Task.make("t", {
        error: Schema.DateFromNumber,
        success: Schema.Number,
        *run() {
          const found = yield* Phase.either(dated.phase({}))
          if (Either.isRight(found)) return 0
          yield* dated.phase({})
          return found.left.getTime()
        }
      })
      const { run, service } = yield* engine(memory())
      assert.deepStrictEqual(yield* Effect.flip(run(task.execute({}, { id }))), new Date(86_400_000))
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(failures, [{ _tag: "Fail", path: "dated#2", error: 86_400_000 }])
    })
  )

  it.scoped("reaches its parent at once, while others go on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run, service } = yield* engine(memory())
      const task = only(() => Phase.all([gated(log, "slow", never), child.phase({})]))
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "a")
      assert.deepStrictEqual(log.lines, ["slow let go"])
      assert.strictEqual((yield* service.status(id)).status, "Failed")
    })
  )

  it.scoped("comes when the child has reverted itself, if that is what it does", () =>
    Effect.gen(function* () {
      const log = logbook()
      const reverting = Task.make("kid", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* undoable(log, "a")
          yield* failing(log, "b")
        }
      })
      const { run, service } = yield* engine(memory())
      const task = calling(function* () {
        const found = yield* Phase.either(reverting.phase({}))
        yield* Phase.make("next", log.note("next"))
        return left(found)
      })
      assert.strictEqual(yield* run(task.execute({}, { id })), "b")
      assert.deepStrictEqual(log.lines, ["a", "b", "undo a", "next"])
      assert.strictEqual((yield* service.status("p1/kid")).status, "Reverted")
    })
  )
})

describe("what is no error of the child's", () => {
  const dying = Task.make("dying", {
    *run() {
      yield* Phase.make("a", Effect.die(new RangeError("a bug")))
    }
  })
  const throwing = Task.make("throwing", {
    *run() {
      yield* Phase.make("a", Effect.void)
      throw new RangeError("a bug in the body")
    }
  })
  const late = Task.make("late", {
    *run() {
      yield* Phase.make("a", { run: never, timeout: "1 second" })
    }
  })

  const table = [
    [dying, "RangeError", "a bug"],
    [throwing, "RangeError", "a bug in the body"],
    [late, "TimeoutException", "p1/late timed out at a after 1000 ms"]
  ] as const
  for (const [child, name, message] of table) {
    it.scoped(`is a defect of its phase, not seen by either, but by exit: one that is ${child.name}`, () =>
      Effect.gen(function* () {
        const { run, service } = yield* engine(memory())
        const either = only(() => Phase.either(child.phase({})))
        const failed = yield* Effect.fork(Effect.flip(run(either.execute({}, { id }))))
        yield* idle
        yield* TestClock.adjust("1 second")
        assert.instanceOf(yield* Fiber.join(failed), Errors.ExecutionFailed)
        const [failure] = (yield* service.status(id)).failures
        assert.isTrue(failure?._tag === "Die", JSON.stringify(failure))
        const defect = failure?._tag === "Die" ? failure.defect : undefined
        assert.deepStrictEqual([defect?.name, defect?.message], [name, message])
        const exit = calling(function* () {
          const found = yield* Phase.exit(child.phase({}, { id: `${id}/${child.name}` }))
          return Exit.isFailure(found) ? Chunk.toReadonlyArray(Cause.defects(found.cause)).map(String) : []
        })
        const second = yield* engine(memory())
        const seen = yield* Effect.fork(second.run(exit.execute({}, { id })))
        yield* idle
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(yield* Fiber.join(seen), [`${name}: ${message}`])
      })
    )
  }

  it.scoped("stops its parent where the engine stopped the child, whatever takes failures as values", () =>
    Effect.gen(function* () {
      const child = Task.make("kid", {
        *run() {
          yield* Phase.make("a", Effect.succeed(new Map() as never))
        }
      })
      const { run, service } = yield* engine(memory())
      const task = only(() => Phase.exit(Phase.all([child.phase({})])))
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionFailed)
      const { failures, status } = yield* service.status(id)
      assert.strictEqual(status, "Failed")
      const [failure] = failures
      assert.isTrue(failure?._tag === "Fault" && failure.reason === "ChildStopped")
      assert.deepStrictEqual(failure?._tag === "Fault" ? failure.detail : undefined, {
        execution: "p1/all/kid",
        reason: "ValueNotRecordable",
        path: "a"
      })
    })
  )

  it.scoped("stops its parent where somebody forces the child to an end", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        *run() {
          yield* undoable(log, "a")
          yield* gated(log, "b", never)
        }
      })
      const task = only(() => Phase.exit(child.phase({})))
      const store = memory()
      const { run, service } = yield* engine(store, [task, child])
      const why = Effect.fn(function* (parent: string) {
        const error = yield* Effect.flip(run(task.execute({}, { id: parent })))
        assert.instanceOf(error, Errors.ExecutionFailed)
        return error.failures.map((failure) => (failure._tag === "Fault" ? failure.message : "")).join()
      })
      const first = yield* Effect.fork(why("p1"))
      yield* Effect.yieldNow()
      yield* service.close("p1/kid", { force: true, reason: "sold out" })
      assert.strictEqual(yield* Fiber.join(first), "execution p1/kid was closed: sold out")
      const second = yield* Effect.fork(why("p2"))
      yield* Effect.yieldNow()
      yield* service.close("p2/kid", { force: true, revert: true })
      assert.strictEqual(yield* Fiber.join(second), "execution p2/kid was reverted")
    })
  )
})

describe("resuming a parent", () => {
  /** The child fails until it is mended. */
  const mendable = (mended: { current: boolean }, onFailure: "halt" | "revert" = "halt") => {
    const log = logbook()
    const child = Task.make("kid", {
      success: Schema.String,
      error: Schema.String,
      onFailure,
      *run() {
        yield* undoable(log, "a")
        yield* Phase.make(
          "b",
          Effect.suspend(() => (mended.current ? log.note("b") : Effect.fail("no")))
        )
        return "done"
      }
    })
    const task = only(() => child.phase({}))
    return { child, log, task }
  }

  it.scoped("resumes its failed child, that goes on where it stopped", () =>
    Effect.gen(function* () {
      const mended = { current: false }
      const { log, task } = mendable(mended)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      mended.current = true
      assert.strictEqual(yield* run(task.execute({}, { id, resume: true })), "done")
      assert.deepStrictEqual(log.lines, ["a", "b"])
      const rounds = entries(store, "p1/kid").flatMap((entry) => (entry._tag === "Resumed" ? [entry.round] : []))
      assert.deepStrictEqual(rounds, [1, 2])
    })
  )

  it.scoped("finds what its child came to, where somebody resumed that alone", () =>
    Effect.gen(function* () {
      const mended = { current: false }
      const { child, log, task } = mendable(mended)
      const { run, service } = yield* engine(memory(), [task, child])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      mended.current = true
      yield* service.resume("p1/kid")
      assert.strictEqual((yield* service.settled("p1/kid")).status, "Completed")
      assert.strictEqual((yield* service.status(id)).status, "Failed")
      assert.strictEqual(yield* run(task.execute({}, { id, resume: true })), "done")
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("lets the revert of its child go on that had stopped", () =>
    Effect.gen(function* () {
      let broken = true
      const child = Task.make("kid", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.make("a", {
            run: Effect.void,
            undo: () => Effect.suspend(() => (broken ? Effect.fail("not yet") : Effect.void))
          })
          yield* Phase.fail("no")
        }
      })
      const task = calling(function* () {
        return left(yield* Phase.either(child.phase({})))
      })
      const { run, service } = yield* engine(memory(), [task])
      assert.instanceOf(yield* Effect.flip(run(task.execute({}, { id }))), Errors.ExecutionFailed)
      assert.strictEqual((yield* service.status("p1/kid")).status, "RevertFailed")
      broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "no")
      assert.strictEqual((yield* service.status("p1/kid")).status, "Reverted")
    })
  )

  it.scoped("with a value for the phase leaves the child as it stands; a revert still reaches it", () =>
    Effect.gen(function* () {
      const { log, task } = mendable({ current: false })
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      yield* service.skip(id, "kid", "given")
      assert.strictEqual((yield* service.settled(id)).result, "given")
      assert.strictEqual((yield* service.status("p1/kid")).status, "Failed")
      yield* service.revert(id)
      assert.strictEqual((yield* service.status("p1/kid")).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["a", "undo a"])
    })
  )

  it.scoped("has its child run what is in doubt again, if that was asked for", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const hanging = Effect.suspend(() => (crashed ? Effect.void : never))
      const child = Task.make("kid", {
        *run() {
          yield* Phase.make("a", { run: Effect.zipRight(hanging, log.note("a")), inDoubt: "ask" })
        }
      })
      const task = only(() => child.phase({}))
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, "p1/kid", "PhaseStarted")
      yield* first.kill
      crashed = true
      const { service } = yield* engine(store, [task, child])
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      yield* service.resume(id, { inDoubt: "rerun" })
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a"])
    })
  )
})
