/**
 * Takes a task of stages up again, and prints the milliseconds until its first new effect: `stages.js DATABASE PHASES`.
 * One of a single phase runs before it, as in `replay.js`.
 */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import { counting } from "../Counting.js"
import * as Paged from "../Paged.js"

const [, , filename = "", phases] = process.argv
let began = 0
let took = 0
const paged = Paged.make(
  Effect.sync(() => {
    took = performance.now() - began
  })
)

const resume = Effect.suspend(() => {
  began = performance.now()
  return paged.execute({ phases: Number(phases) }, { id: "paged" })
})

const main = Effect.zipRight(counting.execute({ phases: 1 }), resume)

await Effect.runPromise(Effect.provide(main, Sqlite.layer({ filename })))
process.stdout.write(`${took}\n`)
