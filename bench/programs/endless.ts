/**
 * Goes through so many stages of a task that keeps the last five, and prints the bytes of the database in use then, freed
 * pages not counted: `endless.js DATABASE STAGES`.
 */
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { value } from "../Counting.js"

const [, , filename = "", stages] = process.argv

const Page = Task.stage("page", { state: { left: Schema.Number } })

const endless = Task.make("endless", {
  keep: { last: 5 },
  stages: [
    Page.body(function* ({ left }) {
      yield* Phase.make("work", { run: Effect.succeed(value), undo: () => Effect.void })
      if (left > 1) return yield* Page.enter({ left: left - 1 })
    })
  ],
  *run() {
    return yield* Page.enter({ left: Number(stages) })
  }
})

await Effect.runPromise(
  endless.execute({}, { id: "endless" }).pipe(Effect.provide(Sqlite.layer({ filename, durability: "normal" })))
)
const db = new Database(filename, { readonly: true })
const pragma = (name: string): number => Number(db.pragma(name, { simple: true }))
process.stdout.write(`${(pragma("page_count") - pragma("freelist_count")) * pragma("page_size")}\n`)
db.close()
