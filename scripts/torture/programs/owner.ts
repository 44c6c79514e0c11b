/**
 * An engine that owns a database for a while: `owner.js DATABASE EXECUTION PHASES MILLISECONDS`. It executes one execution
 * of so many phases that take so long each, and prints `phase K` as each begins.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Long from "../Long.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", id = "", phases, millis] = process.argv

const print = (text: string) => Effect.sync(() => void fs.writeSync(1, `${text}\n`))
const long = Long.make((phase) => print(`phase ${phase}`))
const main = Effect.zipRight(
  long.execute({ phases: Number(phases), millis: Number(millis) }, { id }),
  print("completed")
)

runUntilSignal(Effect.provide(main, Sqlite.layer({ filename })))
