/** Starts so many executions that nobody runs: `filled.js DATABASE COUNT`. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = "", count] = process.argv

const idle = Task.make("idle", {
  payload: { n: Schema.Number },
  *run() {
    yield* Phase.make("nothing", Effect.void)
  }
})

const numbers = Array.from({ length: Number(count) }, (_, n) => n)

await Effect.runPromise(
  Effect.forEach(numbers, (n) => idle.start({ n }, { id: `idle-${n}`, at: 8_000_000_000_000 }), {
    concurrency: 2_000,
    discard: true
  }).pipe(Effect.provide(Sqlite.layer({ filename, durability: "normal" })))
)
