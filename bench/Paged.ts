/** The endless task that resumption from a stage is measured with: pages of ten phases each, then one that `last` does. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { value } from "./Counting.js"

const Page = Task.stage("page", { state: { left: Schema.Number } })

/** So many phases on a page. */
const size = 10

export const make = (last: Effect.Effect<void>) =>
  Task.make("paged", {
    payload: { phases: Schema.Number },
    stages: [
      Page.body(function* ({ left }) {
        if (left <= 0) yield* Phase.make("last", last)
        for (let phase = 0; phase < size; phase++) yield* Phase.make(`phase-${phase}`, Effect.succeed(value))
        if (left > 0) return yield* Page.enter({ left: left - size })
      })
    ],
    *run({ phases }) {
      return yield* Page.enter({ left: phases })
    }
  })
