import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, idle, memory, recorded } from "../support/engines.js"

const day = 86_400_000
const jumps = [3 * day, -10 * day, 3_650 * day]

/** A wall clock that somebody sets; time goes on as it does. */
class Wall {
  off = 0

  get clock(): Effect.Effect<Clock.Clock> {
    return Effect.map(Effect.clock, (inner) => ({
      [Clock.ClockTypeId]: Clock.ClockTypeId,
      unsafeCurrentTimeMillis: () => inner.unsafeCurrentTimeMillis() + this.off,
      unsafeCurrentTimeNanos: () => inner.unsafeCurrentTimeNanos(),
      currentTimeMillis: Effect.map(inner.currentTimeMillis, (now) => now + this.off),
      currentTimeNanos: inner.currentTimeNanos,
      sleep: (duration) => inner.sleep(duration)
    }))
  }

  /** Runs with this clock. */
  with<A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> {
    return Effect.flatMap(this.clock, (clock) => Effect.withClock(effect, clock))
  }
}

/** Everything that is over after an hour. */
const hours = () => {
  let tries = 0
  const slow = Phase.signal("never", Schema.String)
  const tasks = {
    sleep: Task.make("sleep", {
      *run() {
        yield* Phase.sleep("rest", "1 hour")
      }
    }),
    retry: Task.make("retry", {
      error: Schema.String,
      *run() {
        yield* Phase.make("flaky", {
          run: Effect.suspend(() => (tries++ === 0 ? Effect.fail("once") : Effect.void)),
          retry: Schedule.spaced("1 hour")
        })
      }
    }),
    delegate: Task.make("delegate", {
      *run() {
        yield* Phase.either(Phase.delegate("ask", { timeout: "1 hour" }))
      }
    }),
    silence: Task.make("silence", {
      *run() {
        yield* Phase.either(Phase.delegate("ask", { heartbeat: "1 hour" }))
      }
    }),
    signal: Task.make("signal", {
      *run() {
        yield* Phase.either(Phase.signal("go", Schema.String, { timeout: "1 hour" }))
      }
    }),
    group: Task.make("group", {
      *run() {
        const body = function* () {
          return yield* slow
        }
        yield* Phase.either(Phase.group("group", body, { timeout: "1 hour" }))
      }
    }),
    task: Task.make("task", {
      timeout: "1 hour",
      *run() {
        yield* slow
      }
    })
  }
  return tasks
}

const over = (store: ReturnType<typeof memory>, id: string): boolean => {
  const last = entries(store, id).at(-1)?._tag
  return last === "Completed" || last === "Failed"
}

describe("a wall clock that is set while an engine lives", () => {
  // Awake, they are sat out in memory; else they are let go and woken.
  for (const awake of ["2 hours", "1 second"]) {
    it.scoped(`ends nothing early and loses nothing of what is ${awake === "2 hours" ? "sat out" : "let go"}`, () =>
      Effect.gen(function* () {
        const wall = new Wall()
        const store = memory()
        const tasks = Object.entries(hours())
        const owner = yield* wall.with(
          engine(
            store,
            tasks.map(([, task]) => task),
            { awake: awake as "1 second" }
          )
        )
        for (const [id, task] of tasks) yield* wall.with(owner.run(task.start({}, { id })))
        yield* idle
        const ended = () => tasks.flatMap(([id]) => (over(store, id) ? [id] : []))
        for (const jump of jumps) {
          wall.off += jump
          yield* TestClock.adjust("15 minutes")
          yield* idle
          assert.deepStrictEqual(ended(), [])
        }
        yield* TestClock.adjust(15 * 60_000 - 50)
        yield* idle
        assert.deepStrictEqual(ended(), [])
        yield* TestClock.adjust(100)
        yield* idle
        assert.deepStrictEqual(
          ended(),
          tasks.map(([id]) => id)
        )
      })
    )
  }
})

describe("a wall clock that is wrong when an engine starts", () => {
  for (const [what, off, until] of [
    ["set forward wakes early, by that much", 3 * day, 0],
    ["set back wakes late, by that much", -10 * day, 10 * day]
  ] as const) {
    it.scoped(what, () =>
      Effect.gen(function* () {
        const wall = new Wall()
        const store = memory()
        const { sleep } = hours()
        const first = yield* wall.with(engine(store, [sleep]))
        yield* wall.with(first.run(sleep.start({}, { id: "e" })))
        yield* recorded(store, "e", "Waiting")
        yield* first.kill
        wall.off = off
        const second = yield* wall.with(engine(store, [sleep]))
        yield* idle
        if (until > 0) {
          assert.isFalse(over(store, "e"))
          yield* TestClock.adjust(until + 3_600_000 - 1)
          yield* idle
          assert.isFalse(over(store, "e"))
          yield* TestClock.adjust(1)
        }
        assert.strictEqual((yield* second.service.settled("e")).status, "Completed")
      })
    )
  }

  it.scoped("decides by the clock of who completes whether a token has expired", () =>
    Effect.gen(function* () {
      const wall = new Wall()
      const store = memory()
      const tokens: Array<string> = []
      const task = Task.make("asking", {
        *run() {
          yield* Phase.delegate("ask", {
            timeout: "1 hour",
            notify: (token) => Effect.sync(() => void tokens.push(token))
          })
        }
      })
      const owner = yield* engine(store, [task])
      yield* owner.run(task.start({}, { id: "e" }))
      yield* recorded(store, "e", "Waiting")
      wall.off = day
      const ahead = yield* wall.with(engine(store))
      assert.strictEqual((yield* Effect.flip(ahead.service.complete(tokens[0]!, Exit.void)))._tag, "TokenExpired")
      yield* owner.service.complete(tokens[0]!, Exit.void)
      assert.strictEqual((yield* owner.service.settled("e")).status, "Completed")
    })
  )
})
