/** The memory of a process in which so many executions run that nobody waits for, in MB: `running.js DATABASE EXECUTIONS`. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { EngineConfig, Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = "", count] = process.argv
const executions = Number(count)

let running = 0
const hundred = Array.from({ length: 100 })
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
  const started = yield* Effect.fork(
    // A concurrent forEach keeps the fiber of every item until its end, so it gets a hundred at a time.
    Effect.forEach(
      Array.from({ length: executions / 100 }),
      () => Effect.forEach(hundred, () => waiting.start({}), { concurrency: "unbounded", discard: true }),
      { discard: true }
    )
  )
  while (running < executions && started.unsafePoll()?._tag !== "Failure") yield* Effect.sleep("20 millis")
  process.stdout.write(`${process.memoryUsage().rss / 2 ** 20}\n`)
  yield* Fiber.join(started)
  process.exit(0)
})

const room = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, concurrency: executions })
const engine = Layer.provide(Sqlite.layer({ filename }), room)

await Effect.runPromise(Effect.provide(main, Layer.provideMerge(waiting.layer, engine)))
