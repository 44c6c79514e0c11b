import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Retry, Task } from "../../src/index.js"
import { asks, desk } from "../support/desk.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "l1"

const hour = "1 hour"

describe("a retry whose delay is long", () => {
  const flaky = (log: Log, until: number) =>
    Task.make("flaky", {
      success: Schema.Number,
      error: Schema.String,
      *run() {
        return yield* Phase.make("try", {
          run: Effect.flatMap(Phase.attempt, (attempt) =>
            Effect.zipRight(log.note(`try ${attempt}`), attempt < until ? Effect.fail("no") : Effect.succeed(attempt))
          ),
          retry: Schedule.intersect(Schedule.exponential("1 minute"), Schedule.recurs(4))
        })
      }
    })

  it.scoped("lets the execution go, and its schedule and its attempts survive crashes", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      let one = yield* engine(store, [flaky(log, 4)])
      yield* one.run(flaky(log, 4).start({}, { id }))
      for (const [index, minutes] of [1, 2, 4].entries()) {
        yield* idle
        assert.strictEqual((yield* one.service.status(id)).status, "Waiting")
        yield* one.kill
        one = yield* engine(store, [flaky(log, 4)])
        yield* idle
        yield* TestClock.adjust(`${minutes * 60 - 1} seconds`)
        yield* idle
        assert.lengthOf(log.lines, index + 1)
        yield* TestClock.adjust("1 seconds")
        yield* idle
      }
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, ["try 1", "try 2", "try 3", "try 4"])
      assert.isFalse(entries(store, id).some((entry) => entry._tag === "Claimed" && entry.crashed))
    })
  )

  it.scoped("is over at once when an operator resumes it, with a new round", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const { run, service } = yield* engine(store, [flaky(log, 2)])
      yield* run(flaky(log, 2).start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* service.pause(id)
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, 2)
    })
  )

  it.scoped("of a group is waited for the same way", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const grouped = Task.make("grouped", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* undoable(log, `a${attempt}`)
              if (attempt < 3) yield* Phase.fail("no")
            },
            { retry: Retry.schedule(Schedule.intersect(Schedule.spaced(hour), Schedule.recurs(3))) }
          )
        }
      })
      const { run, service } = yield* engine(store, [grouped])
      yield* run(grouped.start({}, { id }))
      for (const lines of [
        ["a1", "undo a1"],
        ["a1", "undo a1", "a2", "undo a2"]
      ]) {
        yield* idle
        yield* TestClock.adjust("59 minutes")
        yield* idle
        assert.deepStrictEqual(log.lines, lines)
        assert.strictEqual((yield* service.status(id)).status, "Waiting")
        yield* TestClock.adjust("1 minutes")
      }
      yield* recorded(store, id, "Completed")
    })
  )
})

describe("the time of a group", () => {
  const timed = (log: Log, at = desk(), retry = false) =>
    Task.make("timed", {
      success: Schema.String,
      error: Schema.String,
      *run() {
        yield* undoable(log, "a")
        const options = retry ? { timeout: hour, retry: Retry.times(2) } : { timeout: hour }
        yield* Phase.group(
          "g",
          function* (attempt) {
            try {
              yield* undoable(log, `in ${attempt}`)
              yield* asks(at)
            } finally {
              log.lines.push("returned")
            }
            yield* undoable(log, "after")
          },
          options as { timeout: "1 hour" }
        )
        return "done"
      }
    })

  it.scoped("is over while it waits: it fails, where nobody else decides", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = timed(log)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      assert.deepInclude(
        entries(store, id).find(({ _tag }) => _tag === "Waiting"),
        { until: 3_600_000 }
      )
      yield* TestClock.adjust(hour)
      yield* recorded(store, id, "Failed")
      assert.deepStrictEqual((yield* service.status(id)).failures, [{ _tag: "Timeout", path: "g", after: 3_600_000 }])
      assert.deepStrictEqual(log.lines, ["a", "in 1"])
    })
  )

  it.scoped("has a new term after a resume, and what waited in it goes on waiting", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const log = logbook()
      const task = timed(log, at)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* TestClock.adjust(hour)
      yield* recorded(store, id, "Failed")
      yield* service.resume(id)
      yield* idle
      yield* TestClock.adjust("59 minutes")
      yield* service.complete(at.last, Exit.succeed("yes"))
      yield* recorded(store, id, "Completed")
      assert.lengthOf(at.tokens, 1)
    })
  )

  it.scoped("begins anew with each attempt, which undoes the one before", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const log = logbook()
      const task = timed(log, at, true)
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* TestClock.adjust(hour)
      yield* recorded(store, id, "Rewound")
      yield* idle
      assert.lengthOf(at.tokens, 2)
      const late = yield* Effect.flip(service.complete(at.tokens[0]!, Exit.succeed("yes")))
      assert.strictEqual(late._tag, "TokenClosed")
      yield* TestClock.adjust("59 minutes")
      yield* service.complete(at.last, Exit.succeed("yes"))
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "in 1", "returned", "undo in 1", "in 2", "returned", "after"])
    })
  )

  it.scoped("fired while no engine ran runs nothing more in it; what was completed before is recorded first", () =>
    Effect.gen(function* () {
      for (const completed of [false, true]) {
        const store = memory()
        const at = desk()
        const log = logbook()
        const task = timed(log, at)
        const one = yield* engine(store, [task])
        yield* one.run(task.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* one.kill
        const none = yield* engine(store)
        if (completed) yield* none.service.complete(at.last, Exit.succeed("yes"))
        yield* none.end
        yield* TestClock.adjust("2 hours")
        const two = yield* engine(store, [task])
        yield* recorded(store, id, "Failed")
        assert.deepInclude((yield* two.service.status(id)).failures[0], { _tag: "Timeout", path: "g" })
        assert.deepStrictEqual(
          log.lines.filter((line) => line !== "returned"),
          ["a", "in 1"]
        )
        assert.strictEqual(
          entries(store, id).some((entry) => entry._tag === "PhaseSucceeded" && entry.path === "g/ask"),
          completed
        )
        yield* two.end
      }
    })
  )

  it.scoped("is a value where it is asked for; the shorter one outside wins, and a longer one extends nothing", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const nested = (outer: "30 minutes" | "3 hours") =>
        Task.make(`outer ${outer}`, {
          success: Schema.String,
          *run() {
            const inner = Phase.group(
              "inner",
              function* () {
                yield* Phase.either(asks(at))
              },
              { timeout: hour }
            )
            const end = yield* Phase.either(
              Phase.group(
                "outer",
                function* () {
                  const late = yield* Phase.either(inner)
                  return Either.isLeft(late) ? "inner" : "none"
                },
                { timeout: outer }
              )
            )
            return Either.isLeft(end) ? "outer" : end.right
          }
        })
      const tasks = [nested("30 minutes"), nested("3 hours")]
      const { run, service } = yield* engine(store, tasks)
      for (const task of tasks) yield* run(task.start({}, { id: task.name }))
      yield* idle
      yield* TestClock.adjust("30 minutes")
      yield* recorded(store, "outer 30 minutes", "Completed")
      assert.strictEqual((yield* service.status("outer 30 minutes")).result, "outer")
      assert.strictEqual((yield* service.status("outer 3 hours")).status, "Waiting")
      yield* TestClock.adjust("30 minutes")
      yield* recorded(store, "outer 3 hours", "Completed")
      assert.strictEqual((yield* service.status("outer 3 hours")).result, "inner")
      for (const token of at.tokens) {
        assert.strictEqual((yield* Effect.flip(service.complete(token, Exit.succeed("yes"))))._tag, "TokenClosed")
      }
    })
  )

  it.scoped("interrupts what runs in it, and is sat out while that runs", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const busy = Task.make("busy", {
        success: Schema.Boolean,
        *run() {
          const late = yield* Phase.either(
            Phase.group(
              "g",
              function* () {
                yield* gated(log, "b", never)
              },
              { timeout: hour }
            )
          )
          return Either.isLeft(late)
        }
      })
      const { run, service } = yield* engine(store, [busy])
      yield* run(busy.start({}, { id }))
      yield* idle
      yield* TestClock.adjust(hour)
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* service.status(id)).result, true)
      assert.deepStrictEqual(log.lines, ["b let go"])
    })
  )
})

describe("the time of a task", () => {
  const timed = (log: Log, onFailure: "halt" | "revert", at = desk()) =>
    Task.make("timed", {
      success: Schema.String,
      error: Schema.String,
      timeout: hour,
      onFailure,
      *run() {
        yield* undoable(log, "a")
        return yield* asks(at)
      }
    })

  for (const onFailure of ["halt", "revert"] as const) {
    it.scoped(`is over while it waits: ${onFailure}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const at = desk()
        const log = logbook()
        const task = timed(log, onFailure, at)
        const { run, service } = yield* engine(store, [task])
        yield* run(task.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* TestClock.adjust(hour)
        yield* recorded(store, id, onFailure === "halt" ? "Failed" : "Reverted")
        assert.deepStrictEqual((yield* service.status(id)).failures, [{ _tag: "Timeout", path: "", after: 3_600_000 }])
        assert.deepStrictEqual(log.lines, onFailure === "halt" ? ["a"] : ["a", "undo a"])
        const late = Effect.either(service.complete(at.last, Exit.succeed("yes")))
        if (onFailure === "revert") assert.strictEqual((yield* Effect.flip(Effect.flatten(late)))._tag, "TokenClosed")
        else {
          assert.isTrue(Either.isRight(yield* late))
          yield* service.resume(id)
          assert.strictEqual((yield* service.settled(id)).result, "yes")
        }
      })
    )
  }

  it.scoped("has a new term after a resume, and counts while the execution is paused", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = timed(log, "halt")
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* TestClock.adjust("30 minutes")
      yield* service.pause(id)
      yield* TestClock.adjust("30 minutes")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Paused")
      yield* service.resume(id)
      yield* recorded(store, id, "Failed")
      yield* service.resume(id)
      yield* idle
      yield* TestClock.adjust("59 minutes")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Waiting")
      yield* TestClock.adjust("1 minutes")
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Failed")
    })
  )

  it.scoped("that was over before it began runs nothing", () =>
    Effect.gen(function* () {
      const store = memory()
      const log = logbook()
      const task = timed(log, "revert")
      const none = yield* engine(store)
      yield* none.run(task.start({}, { id }))
      yield* TestClock.adjust("2 hours")
      yield* none.end
      yield* engine(store, [task])
      yield* recorded(store, id, "Reverted")
      assert.deepStrictEqual(log.lines, [])
      assert.isFalse(tags(store, id).includes("PhaseStarted"))
    })
  )
})
