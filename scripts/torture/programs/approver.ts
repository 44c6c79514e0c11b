/**
 * The engine of approvals: `approver.js DATABASE TOKENS COUNT`. It prints "up", and "all ended" once COUNT have completed.
 * What too many kills in a row have parked is resumed. Each is let go wherever it waits for more than 20 ms.
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
  while ((yield* TaskEngine.list({ status: ["Completed"] })).length < Number(count)) {
    for (const { id } of yield* TaskEngine.list({ status: ["Failed"] })) yield* TaskEngine.resume(id)
    yield* Effect.sleep(100)
  }
  process.stdout.write("all ended\n")
})

runUntilSignal(Effect.provide(main, live))
