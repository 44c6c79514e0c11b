/** Checks what has not ended against its code, and prints the milliseconds: `check.js DATABASE PHASES COUNT`. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { EngineConfig, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Long from "../Long.js"

const [, , filename = "", , count] = process.argv

const passive = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, mode: "passive" })
const engine = Layer.provide(Sqlite.layerReadonly({ filename }), passive)

const main = Effect.gen(function* () {
  const began = performance.now()
  const fitting = yield* Stream.runFold(TaskEngine.check(), 0, (sum, { verdict }) => sum + (verdict === "fits" ? 1 : 0))
  const took = performance.now() - began
  if (fitting !== Number(count)) throw new Error(`${fitting} fit`)
  process.stdout.write(`${took}\n`)
})

await Effect.runPromise(Effect.provide(main, Layer.provideMerge(Long.make(Effect.void).layer, engine)))
