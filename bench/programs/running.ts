/** The memory of a process with so many executions in flight, in MB: `running.js DATABASE EXECUTIONS`. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = "", count] = process.argv
const executions = Number(count)

let running = 0
const waiting = Task.make("waiting", {
  *run() {
    yield* Phase.make("first", Effect.succeed("done"))
    yield* Phase.make(
      "second",
      Effect.zipRight(
        Effect.sync(() => void running++),
        Effect.never
      )
    )
  }
})

const main = Effect.gen(function* () {
  const all = yield* Effect.fork(
    Effect.forEach(Array.from({ length: executions }), () => waiting.execute({}), {
      concurrency: "unbounded",
      discard: true
    })
  )
  while (running < executions && all.unsafePoll() === null) yield* Effect.sleep("20 millis")
  process.stdout.write(`${process.memoryUsage().rss / 2 ** 20}\n`)
  if (running < executions) yield* Fiber.join(all)
  process.exit(0)
})

await Effect.runPromise(Effect.provide(main, Sqlite.layer({ filename })))
