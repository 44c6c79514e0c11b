/** Cases of tasks that forget what was before their last checkpoints. */
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import type { Case } from "./Matrix.js"
import { broken, flaky, is, once, resume, step } from "./Steps.js"

const Page = Task.stage("page", { state: { n: Schema.Number } })

export const discarding: ReadonlyArray<Case> = [
  {
    name: "the last two of five stages",
    ends: "Completed",
    leaves: ["1", "2", "3", "4", "5", "a"],
    make: (world) =>
      Task.make("t", {
        keep: { last: 2 },
        success: Schema.Number,
        stages: [
          Page.body(function* ({ n }) {
            yield* step(world, `${n}`)
            return n < 5 ? yield* Page.enter({ n: n + 1 }) : n
          })
        ],
        *run() {
          yield* step(world, "a")
          return yield* Page.enter({ n: 1 })
        }
      })
  },
  {
    name: "the last two of five checkpoints, between groups and branches",
    ends: "Completed",
    leaves: ["1", "2", "3", "4", "5", "1b", "2b", "3b", "4b", "5b"],
    make: (world) =>
      Task.make("t", {
        keep: { last: 2 },
        success: Schema.String,
        error: Schema.String,
        *run() {
          let all = ""
          for (let n = 1; n <= 5; n++) {
            const [a, b] = yield* Phase.all([
              step(world, `${n}`),
              Phase.group("g", function* () {
                return yield* step(world, `${n}b`)
              })
            ])
            all += `${a}${b}`
            yield* Phase.either(Phase.make("f", flaky(world, 1)))
            yield* Phase.checkpoint("mark")
          }
          return all
        }
      })
  },
  {
    name: "checkpoints within stages, and a failure that reverts what is kept",
    ends: "Reverted",
    leaves: ["a", "1", "1b", "2", "2b"],
    make: (world) =>
      Task.make("t", {
        keep: { last: 2 },
        onFailure: "revert",
        error: Schema.String,
        stages: [
          Page.body(function* ({ n }) {
            yield* step(world, `${n}`)
            yield* Phase.checkpoint("mark")
            yield* step(world, `${n}b`)
            if (n < 3) return yield* Page.enter({ n: n + 1 })
            yield* broken(world, "no")
          })
        ],
        *run() {
          yield* step(world, "a")
          return yield* Page.enter({ n: 1 })
        }
      })
  },
  {
    name: "the last checkpoint, whose strategy tries again what follows it",
    ends: "Completed",
    leaves: ["1", "2", "3"],
    operator: once(is("Paused"), resume),
    make: (world) =>
      Task.make("t", {
        keep: { last: 1 },
        error: Schema.String,
        *run() {
          yield* step(world, "1")
          yield* Phase.checkpoint("a", { retry: Retry.times(2) })
          yield* step(world, "2")
          yield* Phase.checkpoint("b", { retry: Retry.times(5), pause: true })
          yield* step(world, "3")
          yield* Phase.make("f", flaky(world, 2))
          yield* Phase.checkpoint("c")
        }
      })
  }
]
