/**
 * A subscription that renews every month until somebody cancels it. A declined card is tried again every day of a grace
 * period. Between two months nothing of it runs anywhere: there is a row in the store, with the time at which it is due.
 *
 * Two years of it are run in test/examples/subscription.test.ts, in a second of a test's clock.
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

export class Declined extends Schema.TaggedError<Declined>()("Declined", { month: Schema.Number }) {}

/** Takes money. A payment with a key that it has seen is taken once. */
export class Bank extends Context.Tag("examples/Bank")<
  Bank,
  { readonly charge: (customer: string, month: number, key: string) => Effect.Effect<void, Declined> }
>() {}

const charge = (customer: string, month: number) =>
  Effect.gen(function* () {
    const bank = yield* Bank
    yield* bank.charge(customer, month, yield* Phase.key)
  })

/** A week. The delays are longer than an engine stays awake for: between two attempts the execution is let go. */
const grace = Schedule.intersect(Schedule.spaced("1 day"), Schedule.recurs(7))

export const subscription = Task.make("subscription", {
  payload: { customer: Schema.String },
  success: Schema.Struct({ months: Schema.Number, because: Schema.String }),
  *run({ customer }) {
    // The code between two phases is pure: what the clock says is a phase, so that a replay sees the same.
    const began = yield* Phase.make("begin", { success: Schema.DateTimeUtc, run: DateTime.now })
    for (let month = 1; ; month++) {
      const error = Declined
      const paid = yield* Phase.either(Phase.make("charge", { run: charge(customer, month), error, retry: grace }))
      if (Either.isLeft(paid)) return { months: month - 1, because: "the card was declined" }
      const cancelled = yield* Phase.race([
        Phase.sleepUntil("a month", DateTime.add(began, { months: month })),
        Phase.signal("cancel", Schema.String)
      ])
      if (cancelled !== undefined) return { months: month, because: cancelled }
    }
  }
})
