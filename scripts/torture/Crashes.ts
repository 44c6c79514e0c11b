/** The model test, for long: random programs in a world whose processes die, against a reference; on every core. */
import * as os from "node:os"
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import { type Part, report, type Setting } from "./Part.js"

/** One process's share of the seeds. */
const share = (setting: Setting, first: number, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seconds = (setting.deadline - (yield* Clock.currentTimeMillis)) / 1_000
      const child = yield* Child.program(path.join(setting.programs, "model.js"), first, count, seconds)
      const { code, signal } = yield* child.ended
      const failures = child.lines.flatMap((line) =>
        line.startsWith("{") ? [(JSON.parse(line) as { readonly failure: string }).failure] : []
      )
      const last = child.lines.findLast((line) => line.startsWith("seeds "))
      const broken = code === 0 ? [] : [`model.js ended with ${code ?? signal}: ${child.lines.slice(-3).join(" | ")}`]
      return { seeds: Math.min(count, Number(last?.slice(6) ?? 0)), problems: [...failures, ...broken] }
    })
  )

export const part: Part = {
  name: "model",
  about: "random programs under random crashes and commands end as the reference says",
  share: 14,
  run: Effect.fn("model")(function* (setting: Setting) {
    const count = setting.amount ?? 100_000
    const cores = os.availableParallelism()
    const each = Math.ceil(count / cores)
    // Small seeds, so that a failing one is easy to type; the same for the same seed of the whole run.
    const first = setting.seed % 1_000_000_000
    const shares = Array.from({ length: cores }, (_, core) => share(setting, first + core * each, each))
    const found = yield* Effect.all(shares, { concurrency: "unbounded" })
    const seeds = found.reduce((sum, one) => sum + one.seeds, 0)
    return report(
      { seeds, first, "of wanted": count },
      found.flatMap(({ problems }) => problems)
    )
  })
}
