/**
 * Takes an execution up again, and prints the milliseconds until its first new effect: `replay.js DATABASE PHASES`. One of
 * a single phase runs before it, so that owning the database is not measured as replay.
 */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import { counting } from "../Counting.js"
import * as Long from "../Long.js"

const [, , filename = "", phases] = process.argv
let began = 0
let took = 0
const long = Long.make(
  Effect.sync(() => {
    took = performance.now() - began
  })
)

const resume = Effect.suspend(() => {
  began = performance.now()
  return long.execute({ phases: Number(phases) }, { id: "long" })
})

const main = Effect.zipRight(counting.execute({ phases: 1 }), resume)

await Effect.runPromise(Effect.provide(main, Sqlite.layer({ filename })))
process.stdout.write(`${took}\n`)
