/** A hundred executions, each of which leaves a rejected promise behind. Prints how many completed. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"

const stray = Task.make("stray", {
  payload: { n: Schema.Number },
  *run({ n }) {
    yield* Phase.make(
      "leave",
      Effect.sync(() => void Promise.reject(new Error(`stray ${n}`)))
    )
    yield* Phase.make(
      "rest",
      Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))
    )
  }
})

const program = Effect.gen(function* () {
  yield* Effect.forEach(
    Array.from({ length: 100 }, (_, n) => n),
    (n) => stray.execute({ n }),
    { concurrency: "unbounded" }
  )
  process.stdout.write(`completed ${(yield* TaskEngine.list({ status: ["Completed"] })).length}\n`)
})

const live = Layer.provideMerge(TaskEngine.layerRejections, TaskEngine.layerMemory)

await Effect.runPromise(program.pipe(Effect.provide(live), Effect.provide(Logger.pretty)))
