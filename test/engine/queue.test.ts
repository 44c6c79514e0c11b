import { assert, describe, it, vi } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Phase, Task } from "../../src/index.js"
import { engine, memory } from "../support/engines.js"

describe("the queue of live executions", () => {
  it.scoped("lets timers and sockets have their turn while executions have work", () =>
    Effect.gen(function* () {
      let over = false
      const most = 5_000
      const task = Task.make("busy", {
        *run() {
          for (let n = 0; n < most && !over; n++) yield* Phase.make("turn", Effect.void)
          yield* Phase.make("last", Effect.void)
        }
      })
      const { run } = yield* engine(memory(), [task])
      setImmediate(() => {
        over = true
      })
      yield* run(Effect.all([task.execute({}, { id: "a" }), task.execute({}, { id: "b" })], { concurrency: 2 }))
      assert.isTrue(over)
    })
  )

  it.scoped("goes on where a test has put a clock of its own in the place of timers", () =>
    Effect.gen(function* () {
      const task = Task.make("busy", {
        *run() {
          for (let n = 0; n < 2_000; n++) yield* Phase.make("turn", Effect.void)
        }
      })
      const { run } = yield* engine(memory(), [task])
      vi.useFakeTimers({ toFake: ["setImmediate", "clearImmediate"] })
      const ended = run(Effect.all([task.execute({}, { id: "a" }), task.execute({}, { id: "b" })], { concurrency: 2 }))
      yield* Effect.ensuring(
        ended,
        Effect.sync(() => vi.useRealTimers())
      )
    })
  )
})
