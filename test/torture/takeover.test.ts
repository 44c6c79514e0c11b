import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Takeover from "../../scripts/torture/Takeover.js"
import { taste } from "./setting.js"

describe("a second engine on the same file", () => {
  it.scopedLive(
    "is told who owns it, running or stopped, and goes on where the owner was killed",
    () =>
      Effect.gen(function* () {
        const { problems, refused, stopped, tookOver } = yield* Takeover.round(yield* taste(1), 0)
        assert.deepStrictEqual(problems, [])
        for (const millis of [refused, stopped, tookOver]) assert.isBelow(millis, 15_000)
      }),
    120_000
  )

  it.scopedLive(
    "that took an execution keeps its former owner from writing to it",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* Takeover.forge(yield* taste(1), 0), [])
      }),
    120_000
  )
})
