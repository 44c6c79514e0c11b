/**
 * Thousands of executions sleep, their process is killed, and all are due when the next one starts: the first goes on at
 * once, the others in the order in which they were due, and memory stays bounded.
 */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Completions from "./Completions.js"
import { type Part, report, type Setting } from "./Part.js"

/** As many run at once: so far may one be from its turn. */
const concurrency = 100
const megabytes = 512
/** From when the process has the store, in milliseconds. */
const soon = 2_000

export const part: Part = {
  name: "sleepers",
  about: "10,000 executions due at the start: the first within 2 s, in order, memory bounded",
  share: 3,
  run: Effect.fn("sleepers")(function* (setting: Setting) {
    const count = setting.amount ?? 10_000
    const database = path.join(setting.folder, "sleepers.db")
    const program = (mode: string) => Completions.program(setting, "sleeper", database, count, mode)
    const parked = yield* Effect.scoped(
      Effect.flatMap(program("park"), ({ line }) => line((text) => text === "parked", "5 minutes"))
    )
    if (Option.isNone(parked)) return report({}, ["they were not parked in 5 minutes"])
    const lines = yield* Effect.scoped(
      Effect.flatMap(program("wake"), ({ ended, lines }) => Effect.as(Effect.timeoutOption(ended, "5 minutes"), lines))
    )
    const numbers = (lines.join(" ").match(/\d+/g) ?? []).map(Number)
    const [up = Number.NaN, first = Number.NaN, woken = 0, off = Number.NaN, memory = Number.NaN] = numbers
    const problems = [
      ...(numbers.length === 5 ? [] : [`it said ${lines.slice(-3).join(" | ")}`]),
      ...(first - up <= soon ? [] : [`the first went on after ${first - up} ms`]),
      ...(woken === count ? [] : [`${woken} of ${count} went on`]),
      ...(off <= 2 * concurrency ? [] : [`one was ${off} from its turn`]),
      ...(memory <= megabytes ? [] : [`it took ${memory} MB`])
    ]
    return report(
      { executions: count, "first after ms": first - up, "from its turn": off, megabytes: memory },
      problems
    )
  })
}
