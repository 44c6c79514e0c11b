/**
 * One process of the fault tests: `crew.js DATABASE LOG SEED COUNT`. It owns the database, accepts COUNT executions, runs
 * them, plays their operator until nothing is left to do, and prints "all ended". On SIGTERM and SIGINT it hands
 * everything back and exits with 143 or 130; on the second of them at once.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { EngineConfig } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Crew from "../Crew.js"
import * as Operator from "../Operator.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", log = "", seedText, countText] = process.argv
const seed = Number(seedText)
const crew = Crew.make(seed, log)

const config = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: "1 second" })
const tasks = Layer.mergeAll(crew.reverts.layer, crew.halts.layer)
const live = Layer.provideMerge(tasks, Layer.provide(Sqlite.layer({ filename }), config))

const main = Effect.gen(function* () {
  process.stdout.write("up\n")
  const operated = Effect.forEach(Crew.ids(Number(countText)), (id) => Operator.lead(crew, seed, id), {
    concurrency: "unbounded",
    discard: true
  })
  const exit = yield* Effect.exit(operated)
  process.stdout.write(Exit.isSuccess(exit) ? "all ended\n" : `stopped: ${String(exit.cause)}\n`)
  return yield* exit
})

runUntilSignal(Effect.provide(main, live))
