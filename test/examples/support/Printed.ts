import type * as Console from "effect/Console"
import * as Effect from "effect/Effect"

/** The lines that an effect prints, instead of printing them. */
export const printed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<ReadonlyArray<string>, E, R> =>
  Effect.flatMap(Effect.console, (console) => {
    const lines: Array<string> = []
    const log = (...args: ReadonlyArray<unknown>) => Effect.sync(() => void lines.push(args.join(" ")))
    return Effect.as(Effect.withConsole(effect, { ...console, log } satisfies Console.Console), lines)
  })
