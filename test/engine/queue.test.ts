import { assert, describe, it } from "@effect/vitest"
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
})
