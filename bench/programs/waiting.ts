/**
 * What a process holds for each of so many executions that wait, half of them for somebody and half for a time, in bytes of
 * heap: `waiting.js DATABASE EXECUTIONS started|interrupted`, with --expose-gc. Interrupted: those who called `execute` are gone.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const [, , filename = "", count, how] = process.argv
const executions = Number(count)
const atOnce = 500

const waiting = Task.make("waiting", {
  payload: { sleeps: Schema.Boolean },
  *run({ sleeps }) {
    if (sleeps) yield* Phase.sleep("rest", "3 days")
    else yield* Phase.delegate("answer", { success: Schema.String })
  }
})

const parked = (id: string) =>
  Effect.gen(function* () {
    const isParked = Effect.map(TaskEngine.status(id), ({ status }) => status === "Waiting")
    // It may not be in the store yet.
    while (!(yield* Effect.orElseSucceed(isParked, () => false))) yield* Effect.sleep("5 millis")
  })

const park = (index: number) => {
  const payload = { sleeps: index % 2 === 0 }
  const id = `e${index}`
  if (how === "started") return Effect.zipRight(waiting.start(payload, { id }), parked(id))
  return Effect.flatMap(Effect.fork(waiting.execute(payload, { id })), (caller) =>
    Effect.zipRight(parked(id), Fiber.interrupt(caller))
  )
}

const parkAll = (from: number, to: number) =>
  Effect.gen(function* () {
    for (let first = from; first < to; first += atOnce) {
      const some = Array.from({ length: Math.min(atOnce, to - first) }, (_, index) => first + index)
      yield* Effect.forEach(some, park, { concurrency: "unbounded", discard: true })
    }
  })

const heap = Effect.zipRight(
  Effect.sleep("100 millis"),
  Effect.sync(() => {
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage().heapUsed
  })
)

const main = Effect.gen(function* () {
  // As many as the store remembers the ends of.
  yield* parkAll(0, 1_500)
  const before = yield* heap
  yield* parkAll(1_500, 1_500 + executions)
  return ((yield* heap) - before) / executions
})

const layer = Layer.provideMerge(how === "started" ? waiting.layer : Layer.empty, Sqlite.layer({ filename }))
process.stdout.write(`${await Effect.runPromise(Effect.provide(main, layer))}\n`)
process.exit(0)
