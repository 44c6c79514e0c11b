/**
 * An engine with a hundred executions in flight, for as long as it lives; and `target`, which waits for a signal. Every 20
 * ms a line: how many phases it has recorded. `loaded.js DATABASE`
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = ""] = process.argv

let phases = 0

const busy = Task.make("busy", {
  *run() {
    for (let n = 0; n < 10; n++) {
      yield* Phase.make(`phase-${n}`, Effect.succeed(n))
      phases++
    }
  }
})

const target = Task.make("target", {
  *run() {
    yield* Phase.signal("go", Schema.Boolean)
  }
})

const main = Effect.gen(function* () {
  yield* target.start({}, { id: "target" })
  yield* Effect.fork(
    Effect.forever(
      Effect.zipRight(
        Effect.sleep("20 millis"),
        Effect.sync(() => process.stdout.write(`${phases}\n`))
      )
    )
  )
  yield* Effect.forEach(Array.from({ length: 100 }), () => Effect.forever(busy.execute({})), {
    concurrency: "unbounded",
    discard: true
  })
})

const tasks = Layer.mergeAll(target.layer, busy.layer)
await Effect.runPromise(
  Effect.provide(main, Layer.provideMerge(tasks, Sqlite.layer({ filename }))).pipe(Effect.withTracerEnabled(false))
)
