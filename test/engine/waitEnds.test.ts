import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Retry, Task } from "../../src/index.js"
import { asks, type Desk, desk, told } from "../support/desk.js"
import { engine, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "e1"

/** A delegate that can be undone, and may be late. */
const undone = (log: Log, at: Desk) =>
  Phase.delegate("ask", {
    success: Schema.String,
    error: Schema.String,
    notify: at.notify,
    timeout: "1 hour",
    undo: (value) => log.note(`undo ${value}`),
    undoUnknown: () => log.note("take back")
  })

const task = (log: Log, at: Desk) =>
  Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    onFailure: "halt",
    *run() {
      yield* undoable(log, "a")
      const answer = yield* Phase.either(undone(log, at))
      return Either.isRight(answer) ? answer.right : "late"
    }
  })

/** One that waits. */
const waiting = (log: Log, at: Desk) =>
  Effect.gen(function* () {
    const store = memory()
    const one = yield* engine(store, [task(log, at)])
    yield* one.run(task(log, at).start({}, { id }))
    yield* recorded(store, id, "Waiting")
    return { one, store }
  })

describe("what ends a wait, and then refuses completions", () => {
  for (const engines of ["the engine that waits", "no engine", "an engine that starts later"] as const) {
    it.scoped(`is its timeout, with ${engines}`, () =>
      Effect.gen(function* () {
        const at = desk()
        const { one, store } = yield* waiting(logbook(), at)
        if (engines !== "the engine that waits") yield* one.kill
        yield* TestClock.adjust("1 hour")
        if (engines === "the engine that waits") yield* recorded(store, id, "Completed")
        const two = engines === "no engine" ? yield* engine(store) : yield* engine(store, [task(logbook(), at)])
        assert.strictEqual(yield* told(two, at.last), "TokenExpired")
        if (engines === "no engine") return
        yield* recorded(store, id, "Completed")
        assert.strictEqual((yield* two.service.status(id)).result, "late")
        assert.strictEqual(yield* told(two, at.last), "TokenExpired")
      })
    )
  }

  it.scoped("is not its timeout, where it was completed before that: the engine comes later", () =>
    Effect.gen(function* () {
      const at = desk()
      const { one, store } = yield* waiting(logbook(), at)
      yield* one.kill
      yield* TestClock.adjust("3599 seconds")
      const none = yield* engine(store)
      assert.strictEqual(yield* told(none, at.last), "done")
      yield* none.end
      yield* TestClock.adjust("1 day")
      const two = yield* engine(store, [task(logbook(), at)])
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* two.service.status(id)).result, "yes")
    })
  )

  it.scoped("is the end of the execution, by closing and by reverting; what was sent is taken back", () =>
    Effect.gen(function* () {
      for (const how of ["close", "revert"] as const) {
        const at = desk()
        const log = logbook()
        const { one } = yield* waiting(log, at)
        const { status } = yield* one.service.close(id, { revert: how === "revert" })
        assert.strictEqual(status, how === "close" ? "Closed" : "Reverted")
        assert.deepStrictEqual(log.lines, how === "close" ? ["a"] : ["a", "take back", "undo a"])
        assert.strictEqual(yield* told(one, at.last), "TokenClosed")
      }
    })
  )

  it.scoped("undoes what was completed and never taken up, with its value", () =>
    Effect.gen(function* () {
      const at = desk()
      const log = logbook()
      const { one } = yield* waiting(log, at)
      yield* one.service.pause(id)
      assert.strictEqual(yield* told(one, at.last), "done")
      yield* one.service.revert(id)
      assert.deepStrictEqual(log.lines, ["a", "undo yes", "undo a"])
    })
  )

  for (const undo of [false, true]) {
    it.scoped(`is a race that another branch has won, ${undo ? "which takes it back" : "with nothing to undo"}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const at = desk()
        const log = logbook()
        const racing = Task.make("racing", {
          success: Schema.String,
          error: Schema.String,
          *run() {
            const loser = Phase.exit(undo ? undone(log, at) : asks(at))
            const all = Phase.group("branch", function* () {
              yield* loser
              return "asked"
            })
            const nap = Phase.group("nap", function* () {
              yield* Phase.sleep("long", "30 minutes")
              return "slept"
            })
            const answer = yield* Phase.race([all, nap])
            yield* Phase.sleep("more", "1 day")
            return answer
          }
        })
        const one = yield* engine(store, [racing])
        yield* one.run(racing.start({}, { id }))
        yield* recorded(store, id, "Waiting")
        yield* TestClock.adjust("30 minutes")
        yield* recorded(store, id, "PhaseStarted", "more")
        yield* idle
        assert.strictEqual(yield* told(one, at.last), "TokenClosed")
        assert.deepStrictEqual(log.lines, undo ? ["take back"] : [])
        assert.deepStrictEqual(
          (yield* one.service.status(id)).waits.map(({ path }) => path),
          ["more"]
        )
        yield* TestClock.adjust("1 day")
        yield* recorded(store, id, "Completed")
      })
    )
  }

  it.scoped("is that what is around it has failed, and that is a value, or is tried again", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const failing = Task.make("failing", {
        error: Schema.String,
        *run() {
          const soon = Phase.group("soon", function* () {
            yield* Phase.sleep("nap", "30 minutes")
            yield* Phase.make("no", { error: Schema.String, run: Effect.fail("no") })
          })
          yield* Phase.either(Phase.all([asks(at), soon]))
          yield* Phase.group(
            "again",
            function* (attempt) {
              if (attempt === 1) yield* Phase.all([asks(at), soon])
            },
            { retry: Retry.times(2) }
          )
          yield* Phase.sleep("more", "1 day")
        }
      })
      const one = yield* engine(store, [failing])
      yield* one.run(failing.start({}, { id }))
      for (const path of ["again", "more"]) {
        yield* idle
        yield* TestClock.adjust("30 minutes")
        yield* idle
        yield* recorded(store, id, "PhaseStarted", path)
        yield* idle
        assert.strictEqual(yield* told(one, at.tokens[path === "again" ? 0 : 1]!), "TokenClosed")
      }
      assert.lengthOf(at.tokens, 2)
    })
  )

  it.scoped("is nothing while the execution stands still after a failure beside it", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const failing = Task.make("failing", {
        error: Schema.String,
        *run() {
          yield* Phase.all([asks(at), Phase.fail("no")])
        }
      })
      const one = yield* engine(store, [failing])
      yield* one.run(failing.start({}, { id }))
      yield* recorded(store, id, "Failed")
      if (at.tokens.length > 0) assert.strictEqual(yield* told(one, at.last), "done")
      assert.isFalse(tags(store, id).includes("Waiting"))
    })
  )
})
