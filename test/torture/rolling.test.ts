import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Rolling from "../../scripts/torture/Rolling.js"
import { taste } from "./setting.js"

describe("a change that is rolled out and back, under kill -9", () => {
  it.scopedLive(
    "ends all executions, and asks nobody",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Rolling.part.run(yield* taste(3))
        assert.deepStrictEqual(problems, [])
        assert.isAtLeast(Number(figures.kills), 1)
      }),
    120_000
  )
})
