/** The heap before and after so many executions, in MB: `finished.js DATABASE EXECUTIONS`, with --expose-gc. */
import * as Effect from "effect/Effect"
import { Sqlite } from "tidemark/sqlite"
import { counting } from "../Counting.js"

const [, , filename = "", executions] = process.argv

const heap = Effect.zipRight(
  Effect.sleep("50 millis"),
  Effect.sync(() => {
    globalThis.gc?.()
    globalThis.gc?.()
    return process.memoryUsage().heapUsed / 2 ** 20
  })
)

const run = (count: number) =>
  Effect.forEach(Array.from({ length: count }), () => counting.execute({ phases: 3 }), {
    concurrency: 100,
    discard: true
  })

const main = Effect.gen(function* () {
  // As many as the store remembers the ends of.
  yield* run(1_500)
  const before = yield* heap
  yield* run(Number(executions))
  return [before, yield* heap]
})

const heaps = await Effect.runPromise(Effect.provide(main, Sqlite.layer({ filename })))
process.stdout.write(`${heaps.join(" ")}\n`)
