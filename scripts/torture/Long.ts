/** A task that takes its time. */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

/** So many phases of so many milliseconds each; `begun` is told as each begins. */
export const make = (begun: (phase: number) => Effect.Effect<void>) =>
  Task.make("long", {
    payload: { phases: Schema.Number, millis: Schema.Number },
    success: Schema.Number,
    *run({ millis, phases }) {
      for (let phase = 0; phase < phases; phase++) {
        yield* Phase.make(`p${phase}`, Effect.zipRight(begun(phase), Effect.sleep(millis)))
      }
      return phases
    }
  })
