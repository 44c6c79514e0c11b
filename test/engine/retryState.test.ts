import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { type Failure, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "g1"

const now = Effect.map(Effect.clock, (clock) => clock.unsafeCurrentTimeMillis())

/** Says when each attempt of its group runs, and fails before the `until`-th. */
const timed = (log: Log, until: number, retry: Retry.Retry<void>) =>
  Task.make("timed", {
    error: Schema.String,
    *run() {
      yield* Phase.group(
        "g",
        function* (attempt) {
          yield* undoable(log, `a ${attempt}`)
          yield* Phase.make(
            "b",
            Effect.flatMap(now, (at) =>
              Effect.zipRight(log.note(`${attempt} at ${at}`), attempt < until ? Effect.fail("no") : Effect.void)
            )
          )
        },
        { retry }
      )
    }
  })

const doubling = Retry.schedule(Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3)))

describe("a schedule of a group", () => {
  it.scoped("delays its attempts, each counted from its failure, after everything was undone", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run } = yield* engine(memory())
      const caller = yield* Effect.fork(run(timed(log, 4, doubling).execute({}, { id })))
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(log.lines, ["a 1", "1 at 0", "undo a 1"])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(caller)
      assert.deepStrictEqual(
        log.lines.filter((line) => line.includes("at")),
        ["1 at 0", "2 at 1000", "3 at 3000", "4 at 7000"]
      )
    })
  )

  it.scoped("gives up when it ends, and is given the failures of each attempt", () =>
    Effect.gen(function* () {
      const log = logbook()
      const seen: Array<unknown> = []
      const input = Schedule.identity<ReadonlyArray<Failure.Failure>>().pipe(
        Schedule.tapInput((failures: ReadonlyArray<Failure.Failure>) => Effect.sync(() => void seen.push(failures))),
        Schedule.intersect(Schedule.recurs(1))
      )
      const { run } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(timed(log, 9, Retry.schedule(input)).execute({}, { id }))), "no")
      const failure = { _tag: "Fail", path: "g/b", error: "no" }
      // Driven from its start for every decision: once for the first attempt, twice for the second.
      assert.deepStrictEqual(seen, [[failure], [failure], [failure]])
    })
  )

  it.scoped("goes on after a crash where it was, and with what is left of its delay", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = timed(log, 4, doubling)
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* TestClock.adjust("1500 millis")
      yield* first.kill
      yield* TestClock.adjust("500 millis")
      const second = yield* engine(store, [task])
      yield* TestClock.adjust("999 millis")
      assert.deepStrictEqual(log.lines, ["a 1", "1 at 0", "undo a 1", "a 2", "2 at 1000", "undo a 2"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines.slice(6), ["a 3", "3 at 3000", "undo a 3", "a 4", "4 at 7000"])
    })
  )

  it.scoped("whose delay ended while no engine ran begins anew at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = timed(log, 2, Retry.schedule(Schedule.spaced("1 hour")))
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseSucceeded", "g/revert#1/undo/g/a 1")
      yield* first.kill
      yield* TestClock.adjust("1 day")
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a 1", "1 at 0", "undo a 1", "a 2", `2 at ${Duration.toMillis("1 day")}`])
    })
  )

  it.scoped("holds a pause up no longer than its undos; closing ends it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = timed(log, 2, Retry.schedule(Schedule.spaced("1 hour")))
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.start({}, { id }))
      yield* idle
      assert.strictEqual((yield* service.pause(id)).status, "Paused")
      yield* TestClock.adjust("30 minutes")
      yield* service.resume(id)
      yield* TestClock.adjust("29 minutes")
      assert.deepStrictEqual(log.lines, ["a 1", "1 at 0", "undo a 1"])
      assert.strictEqual((yield* service.close(id)).status, "Closed")
    })
  )
})

describe("a decision", () => {
  it.scoped("is given the attempts so far, with their values, failures and times, also those before a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      const given: Array<unknown> = []
      const store = memory()
      let crashed = false
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt, value) {
              yield* Phase.make(
                "wait",
                Effect.suspend(() => (attempt === 2 && !crashed ? never : log.note(`${attempt}: ${value.size}`)))
              )
              if (attempt < 3) yield* failing(log, `no ${attempt}`)
            },
            {
              retry: Retry.from({
                first: { size: 1 },
                next: (tries) => {
                  given.push(tries.map(({ at, attempt, failures, value }) => [attempt, value, failures, at]))
                  return Effect.succeed(Retry.again({ size: tries[tries.length - 1]!.value.size * 10 }, { delay: 500 }))
                }
              })
            }
          )
        }
      })
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* TestClock.adjust("1 second")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      const one = [1, { size: 1 }, [{ _tag: "Fail", path: "g/no 1", error: "no 1" }], 0]
      const two = [2, { size: 10 }, [{ _tag: "Fail", path: "g/no 2", error: "no 2" }], 1000]
      assert.deepStrictEqual(given, [[one], [one, two]])
      assert.deepStrictEqual(log.lines, ["1: 1", "no 1", "2: 10", "no 2", "3: 100"])
    })
  )

  it.scoped("is never taken twice, though the process died before it was carried out", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* Phase.make("a", log.note(`a ${attempt}`), {
                undo: () => (crashed ? log.note("undo a") : never)
              })
              if (attempt === 1) yield* failing(log, "no")
            },
            { retry: Retry.from({ first: 0, next: () => Effect.as(log.note("asked"), Retry.again(1)) }) }
          )
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/revert#1/undo/g/a")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a 1", "no", "asked", "undo a", "a 2"])
    })
  )

  for (const [how, next] of [
    ["dies", () => Effect.dieMessage("undecided")],
    ["throws", () => assert.fail("undecided")],
    ["is none", () => "again" as never]
  ] as const) {
    it.scoped(`that ${how} gives up, and is kept beside the failure`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* Phase.group(
              "g",
              function* () {
                yield* failing(log, "no")
              },
              { retry: Retry.from({ first: 0, next }) }
            )
          }
        })
        const { run, service } = yield* engine(memory())
        assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no")
        const { failures, status } = yield* service.status(id)
        assert.deepStrictEqual(
          [status, ...failures.map(({ _tag, path }) => `${_tag} ${path}`)],
          ["Failed", "Fail g/no", "Die g"]
        )
        assert.deepStrictEqual(log.lines, ["no"])
      })
    )
  }

  it.scoped("that takes its time holds nobody up; a pause waits for it, a close does not", () =>
    Effect.gen(function* () {
      const log = logbook()
      const decided = yield* Effect.makeLatch(false)
      const slow = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.group(
              "g",
              function* (attempt) {
                if (attempt === 1) yield* failing(log, "no")
              },
              {
                retry: Retry.from({
                  first: 0,
                  next: () => Effect.as(Effect.zipRight(log.note("asked"), decided.await), Retry.again(1))
                })
              }
            ),
            gated(log, "slow", slow.await)
          ])
          yield* undoable(log, "end")
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* run(task.start({}, { id: "g2" }))
      yield* idle
      assert.deepStrictEqual(log.lines, ["no", "asked", "no", "asked"])
      yield* slow.open
      yield* recorded(store, id, "PhaseSucceeded", "all/slow")
      const pausing = yield* Effect.fork(service.pause(id))
      assert.strictEqual((yield* service.close("g2")).status, "Closed")
      yield* decided.open
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines.slice(4), ["slow", "slow", "end"])
    })
  )
})

describe("what is done anew", () => {
  it.scoped("has another key, as its undo has; what is outside of the group keeps its own over a crash", () =>
    Effect.gen(function* () {
      const keys: Array<string> = []
      const keep = Effect.flatMap(Phase.key, (key) => Effect.sync(() => void keys.push(key)))
      let crashed = false
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* Phase.make("a", keep, { undo: () => keep })
              yield* Phase.make(
                "b",
                Effect.suspend(() =>
                  attempt === 1 ? Effect.fail("no") : crashed ? keep : Effect.zipRight(keep, never)
                )
              )
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "Rewound")
      yield* idle
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      const [a, undo, again, b, after] = keys
      assert.strictEqual(keys.length, 5)
      assert.strictEqual(b, after)
      assert.strictEqual(new Set([a, undo, again, b]).size, 4)
      const started = entries(store, id).flatMap((entry) =>
        entry._tag === "PhaseStarted" && entry.path === "g/a" ? [entry.generation] : []
      )
      assert.deepStrictEqual(started, [undefined, 1])
    })
  )
})
