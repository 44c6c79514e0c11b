/**
 * Executions that sleep for hours: `sleeper.js DATABASE COUNT park` starts them, to be due one a millisecond in an order of
 * their own, and prints "parked" when all wait. `sleeper.js DATABASE COUNT wake` comes a day later: it prints "up
 * MILLISECONDS" when it has the store, "first MILLISECONDS" when the first of them goes on, and in the end how many did, how
 * far any was from its turn, and the largest memory.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { Random } from "../Random.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", countText, mode] = process.argv
const count = Number(countText)
const ranks = Array.from({ length: count }, (_, rank) => rank)
const hour = 3_600_000

const woken: Array<number> = []

const task = Task.make("sleeper", {
  payload: { rank: Schema.Number, until: Schema.Number },
  *run({ rank, until }) {
    yield* Phase.sleepUntil("rest", until)
    yield* Phase.make(
      "wake",
      Effect.sync(() => {
        if (woken.push(rank) === 1) process.stdout.write(`first ${Math.round(process.uptime() * 1_000)}\n`)
      })
    )
  }
})

const until = (status: "Waiting" | "Completed") =>
  Effect.gen(function* () {
    let most = 0
    for (let found = 0; found < count; found = (yield* TaskEngine.list({ status: [status] })).length) {
      most = Math.max(most, process.memoryUsage().rss)
      yield* Effect.sleep(500)
    }
    return most
  })

const park = Effect.gen(function* () {
  const base = (yield* Clock.currentTimeMillis) + hour
  const start = (rank: number) => task.start({ rank, until: base + rank }, { id: `s${rank}` })
  yield* Effect.forEach(new Random(1).shuffle(ranks), start, { concurrency: 100, discard: true })
  yield* until("Waiting")
  process.stdout.write("parked\n")
  yield* Effect.never
})

const wake = Effect.gen(function* () {
  process.stdout.write(`up ${Math.round(process.uptime() * 1_000)}\n`)
  const most = yield* until("Completed")
  const off = woken.reduce((worst, rank, turn) => Math.max(worst, Math.abs(rank - turn)), 0)
  process.stdout.write(`woken ${woken.length} off ${off} megabytes ${Math.round(most / 1_048_576)}\n`)
})

const live = Layer.provideMerge(task.layer, Sqlite.layer({ filename }))

/** The same clock, a day later. */
const tomorrow = Effect.map(Effect.clock, (clock): Clock.Clock => {
  const later = (now: number) => now + 24 * hour
  return {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => later(clock.unsafeCurrentTimeMillis()),
    unsafeCurrentTimeNanos: () => clock.unsafeCurrentTimeNanos(),
    currentTimeMillis: Effect.map(clock.currentTimeMillis, later),
    currentTimeNanos: clock.currentTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
})

runUntilSignal(
  mode === "park"
    ? Effect.provide(park, live)
    : Effect.flatMap(tomorrow, (clock) => Effect.withClock(Effect.provide(wake, live), clock))
)
