/** The task that replay is measured with: so many phases, and then one that `last` does. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import { value } from "./Counting.js"

export const make = (last: Effect.Effect<void>) =>
  Task.make("long", {
    payload: { phases: Schema.Number },
    *run({ phases }) {
      for (let phase = 0; phase < phases; phase++) yield* Phase.make(`phase-${phase}`, Effect.succeed(value))
      yield* Phase.make("last", last)
    }
  })
