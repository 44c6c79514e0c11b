import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Completions from "../../scripts/torture/Completions.js"
import * as Duels from "../../scripts/torture/Duels.js"
import * as Sleepers from "../../scripts/torture/Sleepers.js"
import * as ThreeProcesses from "../../scripts/torture/ThreeProcesses.js"
import { taste } from "./setting.js"

/** What is wrong beside that a busy machine takes its time. */
const inTime = (problems: ReadonlyArray<string>) => problems.filter((problem) => !problem.endsWith(" ms"))

describe("answers, while who gives them and the engine are killed", () => {
  it.scopedLive(
    "are recorded once if they were accepted, and never if they were not",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Completions.part.run(yield* taste(10))
        assert.deepStrictEqual(inTime(problems), [])
        assert.isAtLeast(Number(figures.silenced), 10)
      }),
    120_000
  )
})

describe("a starter, a completer, and a worker that is killed every 2 seconds", () => {
  it.scopedLive(
    "end 20 approvals with the right results",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* ThreeProcesses.part.run(yield* taste(20))
        assert.deepStrictEqual(problems, [])
        assert.isAtLeast(Number(figures.accepted), 20)
      }),
    120_000
  )
})

describe("two processes that complete the same tokens, and somebody who guesses", () => {
  it.scopedLive(
    "have one winner for each, and no luck",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Duels.part.run(yield* taste(40))
        assert.deepStrictEqual(problems, [])
        assert.strictEqual(figures.completions, 320)
      }),
    120_000
  )
})

describe("executions that are all due when a process starts", () => {
  it.scopedLive(
    "go on in the order in which they were due",
    () =>
      Effect.gen(function* () {
        const { figures, problems } = yield* Sleepers.part.run(yield* taste(300))
        assert.deepStrictEqual(inTime(problems), [])
        assert.isBelow(Number(figures["first after ms"]), 15_000)
      }),
    120_000
  )
})
