/**
 * The engine of approvals: `approver.js DATABASE TOKENS COUNT`. It prints "up", "N ended" as they complete, and "all ended"
 * once COUNT have. What too many kills in a row have parked is resumed. Each is let go wherever it waits for more than 20 ms.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EngineConfig, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "../Approvals.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", tokens = "", count] = process.argv

const config = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: "1 second", awake: "20 millis" })
const live = Layer.provideMerge(Approvals.make(tokens).layer, Layer.provide(Sqlite.layer({ filename }), config))

const main = Effect.gen(function* () {
  process.stdout.write("up\n")
  const completed = Effect.map(TaskEngine.list({ status: ["Completed"] }), ({ length }) => length)
  for (let known = 0, now = yield* completed; now < Number(count); known = now, now = yield* completed) {
    if (now > known) process.stdout.write(`${now} ended\n`)
    for (const { id } of yield* TaskEngine.list({ status: ["Failed"] })) yield* TaskEngine.resume(id)
    yield* Effect.sleep(100)
  }
  process.stdout.write("all ended\n")
})

runUntilSignal(Effect.provide(main, live))
