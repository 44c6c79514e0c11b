import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"

const never = Effect.never as Effect.Effect<void>
const id = "a1"

/** A task of one phase that fails until `until` attempts were made; it notes when. */
const failing = (log: ReturnType<typeof logbook>, until: number, retry: Schedule.Schedule<unknown, string>) =>
  Task.make("failing", {
    error: Schema.String,
    *run() {
      const run = Effect.flatMap(Effect.zip(Phase.attempt, Effect.clock), ([attempt, clock]) =>
        Effect.zipRight(
          log.note(`${attempt} at ${clock.unsafeCurrentTimeMillis()}`),
          attempt >= until ? Effect.void : Effect.fail("no")
        )
      )
      yield* Phase.make("a", run, { retry })
    }
  })

const doubling = Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(5))

describe("a retry", () => {
  it.scoped("records each attempt with its failure and the delay that was chosen", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = failing(log, 4, doubling)
      const { run } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(caller)
      assert.deepStrictEqual(log.lines, ["1 at 0", "2 at 1000", "3 at 3000", "4 at 7000"])
      const failed = entries(store, id).flatMap((entry) =>
        entry._tag === "AttemptFailed" ? [[entry.attempt, entry.delay]] : []
      )
      assert.deepStrictEqual(failed, [
        [1, 1000],
        [2, 2000],
        [3, 4000]
      ])
    })
  )

  it.scoped("keeps its schedule's state and what is left of its delay over a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = failing(log, 4, doubling)
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* TestClock.adjust("1500 millis")
      yield* first.kill
      yield* TestClock.adjust("500 millis")
      const second = yield* engine(store, [task])
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(log.lines, ["1 at 0", "2 at 1000"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["1 at 0", "2 at 1000", "3 at 3000", "4 at 7000"])
    })
  )

  it.scoped("whose time came while no engine ran goes on at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = failing(log, 2, Schedule.spaced("1 hour"))
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* idle
      yield* first.kill
      yield* TestClock.adjust("1 day")
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["1 at 0", "2 at 86400000"])
    })
  )

  it.scoped("starts a new round when an operator resumes", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = failing(log, 5, Schedule.recurs(1))
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
      assert.strictEqual(log.lines.length, 2)
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.strictEqual(log.lines.length, 4)
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(
        log.lines.map((line) => line[0]),
        ["1", "2", "3", "4", "5"]
      )
    })
  )

  it.scoped("does not follow a defect", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("a", {
            run: Effect.zipRight(log.note("a"), Effect.dieMessage("oops")),
            retry: Schedule.forever
          })
        }
      })
      const { run } = yield* engine(memory())
      const failed = yield* Effect.flip(run(task.execute({}, { id })))
      assert.instanceOf(failed, Errors.ExecutionFailed)
      assert.match((failed as Error).message, /oops/)
      assert.deepStrictEqual(log.lines, ["a"])
    })
  )

  it.scoped("whose schedule throws is a defect of the phase", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make("a", {
            run: Effect.fail("no"),
            retry: Schedule.recurWhile(() => {
              throw new Error("clumsy")
            })
          })
        }
      })
      const { run, service } = yield* engine(memory())
      const cause = yield* Effect.flip(Effect.sandbox(run(task.execute({}, { id }))))
      const [typed, other] = [...Cause.failures(cause)]
      assert.strictEqual(typed, "no")
      assert.instanceOf(other, Errors.ExecutionFailed)
      const { failures, status } = yield* service.status(id)
      assert.deepStrictEqual([status, failures[0]?._tag], ["Failed", "Die"])
    })
  )
})

describe("a timeout", () => {
  it.scoped("fails the phase, which is then in doubt: a resume runs it again with the same key", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("a", {
            run: Effect.flatMap(Phase.key, (key) => Effect.suspend(() => (keys.push(key) === 1 ? never : Effect.void))),
            timeout: "1 second"
          })
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(caller), Errors.ExecutionFailed)
      assert.deepStrictEqual((yield* service.status(id)).failures, [{ _tag: "Timeout", path: "a", after: 1000 }])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(keys, [keys[0], keys[0]])
    })
  )

  it.scoped("is a value to either, and a later attempt asks verify first", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        success: Schema.Array(Schema.String),
        *run() {
          const left = yield* Phase.either(Phase.make("a", { run: never, timeout: "1 second" }))
          const exit = yield* Phase.exit(Phase.make("b", { run: never, timeout: "1 second" }))
          const value = yield* Phase.make("c", {
            run: Effect.zipRight(log.note("c"), Effect.as(never, "ran")),
            timeout: "1 second",
            retry: Schedule.recurs(2),
            verify: Effect.as(log.note("verify c"), Option.some("verified"))
          })
          return [Either.isLeft(left) ? left.left._tag : "", Exit.isFailure(exit) ? "failure" : "", value]
        }
      })
      const { run } = yield* engine(memory())
      const caller = yield* Effect.fork(Effect.exit(run(task.execute({}, { id }))))
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(yield* Fiber.join(caller), Exit.succeed(["TimeoutException", "failure", "verified"]))
      assert.deepStrictEqual(log.lines, ["c", "verify c"])
    })
  )
})

describe("a phase in doubt", () => {
  const doubtful = (
    log: ReturnType<typeof logbook>,
    options: { inDoubt?: "ask" | "rerun"; verify?: Effect.Effect<Option.Option<string>> }
  ) =>
    Task.make("doubtful", {
      success: Schema.String,
      *run() {
        return yield* Phase.make("a", {
          run: Effect.flatMap(Effect.zip(Phase.attempt, Phase.key), ([attempt, key]) =>
            Effect.zipRight(log.note(`${attempt} ${key}`), attempt === 1 ? Effect.as(never, "") : Effect.succeed("ran"))
          ),
          ...options
        })
      }
    })

  const crashed = (options: Parameters<typeof doubtful>[1]) =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = doubtful(log, options)
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* idle
      yield* first.kill
      const { service } = yield* engine(store, [task])
      return { log, service, status: yield* service.settled(id), store }
    })

  it.scoped("runs again, with the same key and the next attempt", () =>
    Effect.gen(function* () {
      const { log, status } = yield* crashed({})
      assert.strictEqual(status.result, "ran")
      const [first, second] = log.lines.map((line) => line.split(" "))
      assert.deepStrictEqual([first?.[0], second?.[0]], ["1", "2"])
      assert.strictEqual(first?.[1], second?.[1])
    })
  )

  it.scoped("is asked about first, if it can be: what had happened does not run again", () =>
    Effect.gen(function* () {
      const some = yield* crashed({ inDoubt: "ask", verify: Effect.succeed(Option.some("found")) })
      assert.deepStrictEqual([some.status.result, some.log.lines.length], ["found", 1])
      const none = yield* crashed({ inDoubt: "ask", verify: Effect.succeed(Option.none()) })
      assert.deepStrictEqual([none.status.result, none.log.lines.length], ["ran", 2])
      const broken = yield* crashed({ verify: Effect.dieMessage("oops") })
      assert.deepInclude(broken.status.failures[0], { _tag: "Fault", reason: "OutcomeUnknown" })
    })
  )

  it.scoped("waits for the operator where it says so: a resume alone does not do, rerun and skip do", () =>
    Effect.gen(function* () {
      const { log, service, status } = yield* crashed({ inDoubt: "ask" })
      assert.deepStrictEqual([status.status, log.lines.length], ["Failed", 1])
      assert.deepInclude(status.failures[0], { _tag: "Fault", reason: "OutcomeUnknown", path: "a" })
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.instanceOf(yield* Effect.flip(service.skip(id, "nothing")), Errors.PhaseNotOpen)
      yield* service.resume(id, { inDoubt: "rerun" })
      assert.strictEqual((yield* service.settled(id)).result, "ran")
      const other = yield* crashed({ inDoubt: "ask" })
      yield* other.service.skip(id, "a", "given", { by: "ann" })
      assert.strictEqual((yield* other.service.settled(id)).result, "given")
      assert.deepStrictEqual(other.log.lines.length, 1)
    })
  )

  it.scoped("that must be asked about is waited for by a pause", () =>
    Effect.gen(function* () {
      const gate = yield* Deferred.make<void>()
      const store = memory()
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("a", { run: Deferred.await(gate), inDoubt: "ask" })
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted")
      const pausing = yield* Effect.fork(service.pause(id))
      yield* idle
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Completed")
    })
  )
})
