/** Records so many phases of an execution, and dies at the next: `record.js DATABASE PHASES`. */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import * as Long from "../Long.js"

const [, , filename = "", phases] = process.argv
const die = Effect.sync(() => process.kill(process.pid, "SIGKILL"))

await Effect.runPromise(
  Long.make(Effect.asVoid(die))
    .execute({ phases: Number(phases) }, { id: "long" })
    .pipe(Effect.provide(Sqlite.layer({ filename, durability: "normal" })))
)
