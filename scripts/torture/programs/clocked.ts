/**
 * Waits of 2 seconds of every kind, by a clock that nobody sets: `clocked.js DATABASE EACH CLOCK JUMP...`. It prints for each
 * wait "KIND MILLISECONDS". The kind `plain` waits in a fiber: what is later than that is not late for the machine alone.
 * While all wait, it writes each JUMP to the file CLOCK, which sets the wall clock, and prints "wall MILLISECONDS UTC".
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { EngineConfig, Phase, Task } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", each, clock = "", ...jumps] = process.argv
const wait = "2 seconds"

const now = Effect.sync(() => Number(process.hrtime.bigint() / 1_000_000n))

let began = 0
const begins = Effect.tap(
  now,
  Effect.sync(() => void began++)
)

/** How long this takes, as a task. */
const timed = (name: string, phase: () => Phase.Any) =>
  Task.make(name, {
    success: Schema.Number,
    error: Schema.String,
    *run() {
      const from = yield* Phase.make("from", begins)
      yield* phase() as Phase.Phase<unknown, never, never, never, true>
      return (yield* Phase.make("to", now)) - from
    }
  })

const flaky = () =>
  Phase.make("flaky", {
    run: Effect.flatMap(Phase.attempt, (attempt) => (attempt === 1 ? Effect.fail("once") : Effect.void)),
    retry: Schedule.spaced(wait)
  })

const tasks = [
  timed("plain", () => Phase.make("rest", Effect.sleep(wait))),
  timed("sleep", () => Phase.sleep("rest", wait)),
  timed("retry", flaky),
  timed("delegate", () => Phase.either(Phase.delegate("ask", { timeout: wait }))),
  timed("silence", () => Phase.either(Phase.delegate("ask", { heartbeat: wait }))),
  timed("group", () =>
    Phase.either(
      Phase.group(
        "group",
        function* () {
          yield* Phase.signal("never")
        },
        { timeout: wait }
      )
    )
  )
]

const all = Array.from({ length: Number(each) }, () => tasks).flat()

const jump = Effect.gen(function* () {
  while (began < all.length) yield* Effect.sleep(10)
  const from = yield* now
  for (const [index, to] of jumps.entries()) {
    yield* Effect.sleep(Math.max(0, from + 250 * (index + 1) - (yield* now)))
    fs.writeFileSync(clock, `${to}\n`)
    process.stdout.write(`wall ${Date.now()}\n`)
  }
})

const main = Effect.gen(function* () {
  const jumping = yield* Effect.fork(jump)
  const one = (task: (typeof tasks)[number]) =>
    Effect.map(task.execute({}), (millis) => void process.stdout.write(`${task.name} ${millis}\n`))
  yield* Effect.forEach(all, one, { concurrency: "unbounded", discard: true })
  yield* Fiber.join(jumping)
})

const config = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, awake: "1 second" })
runUntilSignal(Effect.provide(main, Layer.provide(Sqlite.layer({ filename }), config)))
