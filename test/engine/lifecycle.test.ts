import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "../../src/index.js"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}

const log: Array<string> = []
const note = (text: string) =>
  Effect.sync(() => {
    log.push(text)
  })

const order = Task.make("order", {
  payload: { sku: Schema.String, fail: Schema.Boolean },
  success: Schema.String,
  error: Declined,
  onFailure: "revert",
  *run({ fail, sku }) {
    try {
      const hold = yield* Phase.make("reserve", Effect.as(note("reserve"), `hold-${sku}`), {
        undo: (hold) => note(`release ${hold}`)
      })
      yield* Phase.make("charge", { run: note("charge"), undo: () => note("refund") })
      yield* Phase.make("ship", fail ? Effect.fail(new Declined({ reason: "no" })) : note("ship"))
      return hold
    } finally {
      yield* Phase.make("clean", note("clean"))
    }
  }
})

describe("a task", () => {
  it.effect("runs its phases and answers its result", () =>
    Effect.gen(function* () {
      log.length = 0
      const result = yield* order.execute({ sku: "tea", fail: false }, { id: "o1" })
      assert.strictEqual(result, "hold-tea")
      const status = yield* TaskEngine.status("o1")
      assert.strictEqual(status.status, "Completed")
      assert.deepStrictEqual(log, ["reserve", "charge", "ship", "clean"])
      const again = yield* order.execute({ sku: "tea", fail: false }, { id: "o1" })
      assert.strictEqual(again, "hold-tea")
      assert.strictEqual(log.length, 4)
      const reverted = yield* TaskEngine.revert("o1")
      assert.strictEqual(reverted.status, "Reverted")
      assert.deepStrictEqual(log.slice(4), ["refund", "release hold-tea"])
    }).pipe(Effect.provide(Layer.provideMerge(order.layer, TaskEngine.layerMemory)))
  )

  it.effect("is reverted when a phase fails", () =>
    Effect.gen(function* () {
      log.length = 0
      const failure = yield* Effect.flip(order.execute({ sku: "tea", fail: true }, { id: "o2" }))
      assert.instanceOf(failure, Declined)
      assert.deepStrictEqual(log, ["reserve", "charge", "clean", "refund", "release hold-tea"])
      const history = yield* TaskEngine.history("o2")
      assert.strictEqual(history[history.length - 1]?.entry._tag, "Reverted")
    }).pipe(Effect.provide(Layer.provideMerge(order.layer, TaskEngine.layerMemory)))
  )
})
