import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import { shopInMemory, story } from "../../examples/place-order.js"
import { TaskEngine } from "../../src/index.js"
import { printed } from "./support/Printed.js"

describe("the example place-order", () => {
  it.effect("ships what is paid, once; and gives back what is not", () =>
    Effect.gen(function* () {
      const telling = yield* Effect.fork(printed(story))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(telling), [
        "order-1: tea, card 4242",
        "  shop: reserves tea: hold-1",
        "  shop: charges 4242: receipt-2",
        "  shop: the courier is busy (attempt 1)",
        "  shop: ships hold-1 (attempt 2): parcel-3",
        "  Completed: parcel-3",
        "order-1: tea, card 4242",
        "  Completed: parcel-3",
        "order-2: tea, card 0000",
        "  shop: reserves tea: hold-4",
        "  shop: declines 0000",
        "  shop: releases hold-4",
        "  Reverted: Declined"
      ])
    }).pipe(Effect.provide(Layer.merge(TaskEngine.layerMemory, shopInMemory)))
  )
})
