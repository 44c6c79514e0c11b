/** Has so many executions stop after so many phases each: `standing.js DATABASE PHASES COUNT`. */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Long from "../Long.js"

const [, , filename = "", phases, count] = process.argv

const long = Long.make(Effect.die(new Error("it stops here")))

await Effect.runPromise(
  Effect.forEach(
    Array.from({ length: Number(count) }, (_, n) => `long-${n}`),
    (id) => Effect.exit(long.execute({ phases: Number(phases) }, { id })),
    { concurrency: 500, discard: true }
  ).pipe(Effect.provide(Sqlite.layer({ filename, durability: "normal" })))
)
