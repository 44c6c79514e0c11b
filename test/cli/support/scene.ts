/** Executions in the states that people look at, made by the engine itself over a memory, at known times. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../../src/index.js"
import * as MemoryStore from "../../../src/store/MemoryStore.js"
import { fromEncoded } from "../../../src/store/Store.js"
import { engine, idle, recorded } from "../../support/engines.js"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}

/** An effect that takes its time. */
const takes = <A>(millis: number, value: A) => Effect.as(TestClock.adjust(millis), value)

const order = Task.make("place-order", {
  payload: { sku: Schema.String, card: Schema.String },
  success: Schema.String,
  error: Declined,
  *run({ card, sku }) {
    const hold = yield* Phase.make("reserve", { run: takes(12, `hold of ${sku}`), undo: () => takes(5, undefined) })
    yield* Phase.make("charge", {
      run:
        card === "stolen"
          ? Effect.zipRight(takes(40, 0), new Declined({ reason: "the card is stolen" }))
          : takes(40, true),
      error: Declined,
      retry: Schedule.recurs(1)
    })
    return yield* Phase.make("ship", takes(1_500, `parcel of ${hold}`))
  }
})

const convert = Task.make("convert", {
  payload: { file: Schema.String },
  success: Schema.Boolean,
  *run({ file }) {
    yield* Phase.make("read", takes(3, file.length))
    const { ok } = yield* Phase.delegate("ask somebody", {
      success: Schema.Struct({ ok: Schema.Boolean }),
      notify: () => Effect.void,
      timeout: "2 days"
    })
    return ok
  }
})

const batch = Task.make("batch", {
  payload: { files: Schema.Array(Schema.String) },
  *run({ files }) {
    yield* Phase.checkpoint("begun")
    yield* Phase.forEach("files", files, (file) => Phase.make("copy", takes(7, file)), {
      key: (file) => file,
      concurrency: 1
    })
    yield* Phase.group("finish", function* () {
      yield* Phase.make("index", takes(20, files.length))
      yield* convert.phase({ file: files[0] ?? "" })
    })
  }
})

const missing = Object.assign(new Error("no such bucket"), {
  stack: "Error: no such bucket\n    at open (/app/bucket.js:12:9)"
})

const broken = Task.make("broken", {
  payload: {},
  onFailure: "revert",
  *run() {
    yield* Phase.make("make", { run: takes(4, 1), undo: () => takes(2, undefined) })
    yield* Phase.make("break", Effect.die(missing))
  }
})

const untimed = <A, E>(effect: Effect.Effect<A, E>) => Effect.zipRight(Effect.exit(effect), idle)

/** When the scene was looked at, in milliseconds UTC. */
export const now = Date.UTC(2026, 10, 21, 20, 0, 0)

/** What the memory holds after all of that, with an engine that is gone. */
export const left = Effect.gen(function* () {
  const memory = MemoryStore.memory()
  yield* TestClock.setTime(now - 7_200_000)
  const live = yield* engine(memory, [order, convert, batch, broken], { newId: Effect.succeed("engine-1") })
  yield* untimed(live.run(order.execute({ sku: "tea", card: "4242" }, { id: "order-1" })))
  yield* TestClock.adjust("10 minutes")
  yield* untimed(live.run(order.execute({ sku: "tea", card: "stolen" }, { id: "order-2" })))
  yield* TestClock.adjust("10 minutes")
  yield* untimed(live.run(broken.execute({}, { id: "broken-1" })))
  yield* TestClock.adjust("10 minutes")
  yield* live.run(batch.start({ files: ["a.txt", "b.txt"] }, { id: "batch-1" }))
  yield* recorded(memory, "batch-1", "Waiting")
  yield* TestClock.adjust("10 minutes")
  yield* live.run(order.start({ sku: "coffee", card: "1" }, { id: "order-3", at: now + 3_600_000 }))
  yield* live.end
  yield* TestClock.setTime(now)
  return memory
})

/** A store over it. */
export const scene = Effect.map(
  Effect.flatMap(left, (memory) => MemoryStore.make(memory)),
  fromEncoded
)
