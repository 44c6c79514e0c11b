/** The task that is measured: so many phases, each of which does next to nothing and records some 300 bytes. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

/** What a phase records. */
export const value = "v".repeat(200)

const work = Effect.sync(() => value)

export const counting = Task.make("counting", {
  payload: { phases: Schema.Number },
  success: Schema.Number,
  *run({ phases }) {
    let length = 0
    for (let phase = 0; phase < phases; phase++) length += (yield* Phase.make(`phase-${phase}`, work)).length
    return length
  }
})

/** The same work without us. */
export const plain = (phases: number) =>
  Effect.gen(function* () {
    let length = 0
    for (let phase = 0; phase < phases; phase++) length += (yield* work).length
    return length
  })

/** One phase for each item, so many at a time. */
export const copying = Task.make("copying", {
  payload: { items: Schema.Number, atOnce: Schema.Number },
  *run({ atOnce, items }) {
    const all = Array.from({ length: items }, (_, index) => index)
    yield* Phase.forEach("items", all, (item) => Phase.make("copy", Effect.succeed(item)), { concurrency: atOnce })
  }
})

/** One phase for each item, all at once; they end within 50 milliseconds, a few at a time. */
export const spreading = Task.make("spreading", {
  payload: { items: Schema.Number },
  *run({ items }) {
    const all = Array.from({ length: items }, (_, index) => index)
    yield* Phase.forEach("items", all, (item) => Phase.make("wait", Effect.sleep(item % 50)), {
      concurrency: "unbounded"
    })
  }
})

/** As many phases beside each other as it is wide, again and again. */
export const branching = Task.make("branching", {
  payload: { rounds: Schema.Number, width: Schema.Number },
  *run({ rounds, width }) {
    for (let round = 0; round < rounds; round++) {
      yield* Phase.all(Array.from({ length: width }, (_, index) => Phase.make("count", Effect.succeed(index))))
    }
  }
})
