/**
 * Records so many phases of a task of stages, leaves the megabytes of heap that it then holds beside the database, and dies
 * at the next phase: `pages.js DATABASE PHASES`.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Paged from "../Paged.js"

const [, , filename = "", phases] = process.argv
const die = Effect.sync(() => {
  globalThis.gc?.()
  fs.writeFileSync(`${filename}.heap`, String(process.memoryUsage().heapUsed / 2 ** 20))
  process.kill(process.pid, "SIGKILL")
})

await Effect.runPromise(
  Paged.make(die)
    .execute({ phases: Number(phases) }, { id: "paged" })
    .pipe(Effect.provide(Sqlite.layer({ filename, durability: "normal" })))
)
