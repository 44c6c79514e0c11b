import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Orderly from "../../scripts/torture/Orderly.js"
import { taste } from "./setting.js"

describe("a process that is asked to end", () => {
  it.scopedLive(
    "hands its executions back, exits with the signal's code, and leaves nothing undone",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Orderly.part.run(yield* taste(3))
        assert.deepStrictEqual(
          problems.filter((problem) => !problem.includes(" ms")),
          []
        )
        assert.isAtLeast(Number(figures.signals), 3)
      }),
    120_000
  )
})
