import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Power from "../../scripts/torture/Power.js"
import * as Trace from "../../scripts/torture/Trace.js"
import { taste } from "./setting.js"

const unavailable = Trace.unavailable()

describe(`what is on disk before the next effect begins${unavailable === undefined ? "" : ` (skipped: ${unavailable})`}`, () => {
  const traced = it.scopedLive.skipIf(unavailable !== undefined)

  traced(
    "is the outcome of each phase, and each result before it is answered",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Power.part.run(yield* taste(2))
        assert.deepStrictEqual(problems, [])
        assert.isAtLeast(Number(figures["effects and answers"]), 50)
      }),
    120_000
  )

  traced(
    "is not there yet with durability normal: the trace tells",
    () =>
      Effect.gen(function* () {
        const { problems } = yield* Power.round(yield* taste(1), 1, "normal")
        assert.include(problems.join("\n"), "before tok-x")
      }),
    120_000
  )
})
