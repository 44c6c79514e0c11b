import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Supervisor from "effect/Supervisor"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { asks, desk, parked, running, told } from "../support/desk.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { undoable } from "../support/phases.js"

const id = "d1"

const task = (phase: Phase.Phase<string, string, never, never, true>) =>
  Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      return yield* phase
    }
  })

describe("a delegate", () => {
  it.scoped("waits with nothing running for it, until somebody completes its token", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const supervisor = yield* Supervisor.track
      const one = yield* Effect.supervised(engine(store, [task(asks(at))]), supervisor)
      yield* one.run(task(asks(at)).start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* idle
      assert.deepStrictEqual(yield* running(supervisor), [])
      const { status, waits } = yield* one.service.settled(id)
      assert.strictEqual(status, "Waiting")
      assert.deepStrictEqual(waits, [{ path: "ask", name: "ask", kind: "delegate", since: 0 }])
      assert.match(at.last, /^[\w-]{22,}$/)
      assert.isFalse(JSON.stringify([...store.tokens.values()]).includes(at.last))
      yield* one.service.complete(at.last, Exit.succeed("yes"))
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* one.service.settled(id)).result, "yes")
      assert.lengthOf(at.tokens, 1)
      assert.strictEqual(store.letters.size, 0)
    })
  )

  it.scoped("takes two commits until its execution is let go", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const asking = task(asks(at))
      const one = yield* engine(store, [asking])
      const before = store.writes
      yield* one.run(asking.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      assert.strictEqual(store.writes - before, 2)
    })
  )

  it.scoped("is told again, with the same token, where its process died before that had ended", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const slow = (gate: Effect.Effect<unknown>) =>
        task(
          Phase.delegate("ask", {
            success: Schema.String,
            error: Schema.String,
            notify: (token) => Effect.zipRight(at.notify(token), gate)
          })
        )
      const one = yield* engine(store, [slow(Effect.never)])
      yield* one.run(slow(Effect.never).start({}, { id }))
      yield* idle
      yield* one.kill
      const two = yield* engine(store, [slow(Effect.void)])
      yield* recorded(store, id, "Waiting")
      assert.lengthOf(at.tokens, 2)
      assert.strictEqual(at.tokens[0], at.tokens[1])
      yield* two.kill
      const three = yield* engine(store, [slow(Effect.void)])
      yield* idle
      assert.lengthOf(at.tokens, 2)
      assert.strictEqual(yield* told(three, at.last), "done")
      yield* recorded(store, id, "Completed")
    })
  )

  for (const crash of [false, true]) {
    it.scoped(`may be completed before its notify has ended${crash ? ", also if its process then dies" : ""}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const at = desk()
        const gate = yield* Deferred.make<void>()
        const slow = task(
          Phase.delegate("ask", {
            success: Schema.String,
            error: Schema.String,
            notify: (token) => Effect.zipRight(at.notify(token), Deferred.await(gate))
          })
        )
        const one = yield* engine(store, [slow])
        yield* one.run(slow.start({}, { id }))
        yield* idle
        assert.strictEqual(yield* told(one, at.last), "done")
        if (crash) yield* one.kill
        const two = crash ? yield* engine(store, [slow]) : one
        yield* idle
        yield* Deferred.succeed(gate, undefined)
        yield* recorded(store, id, "Completed")
        assert.strictEqual((yield* two.service.settled(id)).result, "yes")
        assert.strictEqual(new Set(at.tokens).size, 1)
        assert.isFalse(tags(store, id).includes("Waiting"))
      })
    )
  }

  it.scoped("is completed while Paused or Failed, and goes on with that when it is resumed", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      let broken = true
      const beside = Task.make("beside", {
        success: Schema.String,
        error: Schema.String,
        *run() {
          const flaky = Phase.make(
            "flaky",
            Effect.suspend(() => (broken ? Effect.fail("no") : Effect.succeed("yes")))
          )
          const [answer] = yield* Phase.all([
            asks(at),
            Phase.group("g", function* () {
              yield* Phase.sleep("nap", "1 hour")
              yield* flaky
            })
          ])
          return answer
        }
      })
      const one = yield* parked(store, task(asks(at)), id, [beside])
      yield* one.service.pause(id)
      assert.strictEqual(yield* told(one, at.last), "done")
      yield* idle
      assert.strictEqual((yield* one.service.status(id)).status, "Paused")
      yield* one.service.resume(id)
      assert.strictEqual((yield* one.service.settled(id)).result, "yes")

      yield* one.run(beside.start({}, { id: "failed" }))
      yield* recorded(store, "failed", "Waiting")
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, "failed", "Failed")
      assert.strictEqual(yield* told(one, at.last), "done")
      broken = false
      yield* one.service.resume("failed")
      assert.strictEqual((yield* one.service.settled("failed")).result, "yes")
    })
  )

  it.scoped("is completed with no engine, by one that has not its code, and goes on when one has", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const one = yield* parked(store, task(asks(at)), id)
      yield* one.kill
      const none = yield* engine(store)
      assert.strictEqual(yield* told(none, at.last), "done")
      yield* none.end
      const two = yield* engine(store, [task(asks(at))])
      yield* recorded(store, id, "Completed")
      assert.strictEqual((yield* two.service.settled(id)).result, "yes")
    })
  )

  it.scoped("that another process completes goes on, while it runs something else and while it waits", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const gate = yield* Deferred.make<void>()
      const both = Task.make("both", {
        error: Schema.String,
        *run() {
          yield* Phase.all([asks(at), Phase.make("beside", Deferred.await(gate))])
          yield* asks(at, "again")
        }
      })
      const owner = yield* engine(store, [both])
      yield* owner.run(both.start({}, { id }))
      yield* recorded(store, id, "PhaseWaiting")
      const other = yield* engine(store)
      assert.strictEqual(yield* told(other, at.last), "done")
      yield* recorded(store, id, "PhaseSucceeded", "all/ask")
      yield* Deferred.succeed(gate, undefined)
      yield* recorded(store, id, "Waiting")
      assert.strictEqual(yield* told(other, at.last), "done")
      yield* recorded(store, id, "Completed")
    })
  )

  it.scoped("is completed once: the same again is done, another is refused, also after the end", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const one = yield* parked(store, task(asks(at)), id)
      for (const _ of [0, 1]) {
        assert.strictEqual(yield* told(one, at.last), "done")
        assert.strictEqual(yield* told(one, at.last, Exit.succeed("no")), "AlreadyCompleted")
        assert.strictEqual(yield* told(one, at.last, Exit.fail("yes")), "AlreadyCompleted")
        yield* recorded(store, id, "Completed")
      }
      assert.strictEqual(entries(store, id).filter(({ _tag }) => _tag === "PhaseSucceeded").length, 1)
    })
  )

  it.scoped("refuses what does not fit, and tokens of no phase, and goes on waiting", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const one = yield* parked(store, task(asks(at)), id)
      const before = entries(store, id).length
      assert.strictEqual(yield* told(one, at.last, Exit.succeed(7) as never), "ValueRefused")
      assert.strictEqual(yield* told(one, at.last, Exit.fail(7) as never), "ValueRefused")
      assert.strictEqual(yield* told(one, at.last, Exit.succeed(undefined) as never), "ValueRefused")
      assert.strictEqual(yield* told(one, at.last, Exit.succeed({ a: () => 7 }) as never), "ValueRefused")
      for (const unknown of [
        "",
        "short",
        `${at.last}x`,
        at.last.slice(1),
        "x".repeat(5_000),
        "'; DROP TABLE token",
        7
      ]) {
        assert.strictEqual(yield* told(one, unknown as string), "TokenNotFound")
      }
      yield* idle
      assert.lengthOf(entries(store, id), before)
      assert.strictEqual(yield* told(one, at.last), "done")
      yield* recorded(store, id, "Completed")
    })
  )

  it.scoped("fails with what it is failed with, dies with a defect, and both are values if they are asked for", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const values = Task.make("values", {
        success: Schema.String,
        *run() {
          const left = yield* Phase.either(asks(at, "left"))
          const died = yield* Phase.exit(asks(at, "died"))
          return `${Either.isLeft(left) ? left.left : "?"} ${Exit.isFailure(died) ? died.cause._tag : "?"}`
        }
      })
      const one = yield* parked(store, task(asks(at)), id, [values])
      assert.strictEqual(yield* told(one, at.last, Exit.fail("no")), "done")
      yield* recorded(store, id, "Failed")
      assert.deepStrictEqual((yield* one.service.status(id)).failures, [{ _tag: "Fail", path: "ask", error: "no" }])
      yield* one.run(values.start({}, { id: "v" }))
      yield* recorded(store, "v", "Waiting")
      yield* one.service.complete(at.last, Exit.fail("no"))
      yield* recorded(store, "v", "PhaseWaiting", "died")
      yield* one.service.complete(at.last, Exit.die(new Error("boom")))
      yield* recorded(store, "v", "Completed")
      assert.strictEqual((yield* one.service.status("v")).result, "no Die")
    })
  )

  it.scoped("that failed is told anew with another token, if it is retried, and the old one is dead", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const again = task(
        Phase.delegate("ask", {
          success: Schema.String,
          error: Schema.String,
          notify: at.notify,
          retry: Schedule.intersect(Schedule.spaced("1 hour"), Schedule.recurs(2))
        })
      )
      const one = yield* parked(store, again, id)
      const first = at.last
      assert.strictEqual(yield* told(one, first, Exit.fail("no")), "done")
      yield* recorded(store, id, "AttemptFailed")
      yield* idle
      const [wait] = (yield* one.service.status(id)).waits
      assert.deepInclude(wait, { kind: "retry", until: 3_600_000 })
      assert.lengthOf(at.tokens, 1)
      yield* one.kill
      const two = yield* engine(store, [again])
      yield* TestClock.adjust("1 hour")
      yield* idle
      assert.strictEqual(new Set(at.tokens).size, 2)
      assert.strictEqual(yield* told(two, first), "AlreadyCompleted")
      assert.strictEqual(yield* told(two, at.last), "done")
      yield* recorded(store, id, "Completed")
    })
  )

  it.scoped("whose notify fails has failed, and its token is dead; a completion that came before counts", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const gate = yield* Deferred.make<void>()
      const failing = task(
        Phase.delegate("ask", {
          success: Schema.String,
          error: Schema.String,
          notify: (token) =>
            Effect.zipRight(at.notify(token), Effect.zipRight(Deferred.await(gate), Effect.fail("lost")))
        })
      )
      const one = yield* engine(store, [failing])
      yield* one.run(failing.start({}, { id }))
      yield* one.run(failing.start({}, { id: "won" }))
      yield* idle
      const [dead, alive] = at.tokens as [string, string]
      assert.strictEqual(yield* told(one, alive), "done")
      yield* Deferred.succeed(gate, undefined)
      yield* recorded(store, id, "Failed")
      assert.strictEqual(yield* told(one, dead), "TokenExpired")
      yield* recorded(store, "won", "Completed")
    })
  )

  it.scoped("two of which are completed at once both count, and what joins them runs once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const at = desk()
      const two = Task.make("two", {
        error: Schema.String,
        *run() {
          yield* Phase.all([asks(at, "a"), asks(at, "b")])
          yield* undoable(log, "joined")
        }
      })
      const one = yield* parked(store, two, id)
      const both = yield* Effect.all(
        at.tokens.map((token) => told(one, token)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(both, ["done", "done"])
      yield* recorded(store, id, "Completed")
      assert.deepStrictEqual(log.lines, ["joined"])
    })
  )

  it.scoped("is kept alive by heartbeats, whose progress is shown, and fails when they end", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const beating = task(
        Phase.delegate("ask", {
          success: Schema.String,
          error: Schema.String,
          notify: at.notify,
          heartbeat: "1 minute"
        }) as never
      )
      const one = yield* parked(store, beating, id)
      for (let beat = 1; beat <= 3; beat++) {
        yield* TestClock.adjust("50 seconds")
        yield* one.service.heartbeat(at.last, { progress: beat / 10, text: `page ${beat}` })
        yield* idle
      }
      const [wait] = (yield* one.service.status(id)).waits
      assert.deepInclude(wait, { kind: "delegate", progress: { progress: 0.3, text: "page 3" } })
      assert.strictEqual((yield* Effect.flip(one.service.heartbeat(at.last, { progress: 2 })))._tag, "ValueRefused")
      yield* TestClock.adjust("59999 millis")
      yield* idle
      assert.notStrictEqual((yield* one.service.status(id)).status, "Failed")
      yield* TestClock.adjust("1 millis")
      yield* recorded(store, id, "Failed")
      assert.deepInclude((yield* one.service.status(id)).failures[0], { _tag: "Timeout", path: "ask" })
      assert.strictEqual((yield* Effect.flip(one.service.heartbeat(at.last)))._tag, "TokenExpired")
      assert.strictEqual(yield* told(one, at.last), "TokenExpired")
    })
  )

  it.scoped("that is skipped by an operator has ended its token; one that was completed is not skipped", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const one = yield* engine(store, [task(asks(at))])
      for (const first of ["skip", "complete"] as const) {
        yield* one.run(task(asks(at)).start({}, { id: first }))
        yield* recorded(store, first, "Waiting")
        yield* one.service.pause(first)
        const skip = Effect.match(one.service.skip(first, "ask", "skipped"), {
          onFailure: ({ _tag }) => _tag as string,
          onSuccess: () => "skipped"
        })
        if (first === "skip") {
          assert.strictEqual(yield* skip, "skipped")
          assert.strictEqual(yield* told(one, at.last), "TokenClosed")
        } else {
          assert.strictEqual(yield* told(one, at.last), "done")
          assert.strictEqual(yield* skip, "PhaseNotOpen")
          assert.strictEqual((yield* one.service.status(first)).status, "Paused")
          yield* one.service.resume(first)
        }
        assert.strictEqual((yield* one.service.settled(first)).result, first === "skip" ? "skipped" : "yes")
      }
    })
  )
})
