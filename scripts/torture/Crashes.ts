/**
 * Worlds whose processes die, for long and on every core: random programs against a reference, and the crash matrix with
 * two crashes anywhere.
 */
import * as os from "node:os"
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import { type Part, report, type Setting } from "./Part.js"

/** A process has so many seeds, whatever of them stays in its memory. */
const most = 5_000

type Which = "model" | "concurrent" | "pairs"

/** One process's share of the seeds. */
const share = (setting: Setting, which: Which, first: number, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seconds = (setting.deadline - (yield* Clock.currentTimeMillis)) / 1_000
      const child = yield* Child.program(path.join(setting.programs, "model.js"), which, first, count, seconds)
      const { code, signal } = yield* child.ended
      const failures = child.lines.flatMap((line) =>
        line.startsWith("{") ? [(JSON.parse(line) as { readonly failure: string }).failure] : []
      )
      const last = child.lines.findLast((line) => line.startsWith("seeds "))
      const broken = code === 0 ? [] : [`model.js ended with ${code ?? signal}: ${child.lines.slice(-3).join(" | ")}`]
      return { seeds: Math.min(count, Number(last?.slice(6) ?? 0)), problems: [...failures, ...broken] }
    })
  )

/** A core's share of the seeds, in one process after the other. */
const shares = (setting: Setting, which: Which, first: number, count: number) =>
  Effect.forEach(Array.from({ length: Math.ceil(count / most) }), (_, index) =>
    share(setting, which, first + index * most, Math.min(most, count - index * most))
  )

const bySeeds = (which: Which, wanted: number) =>
  Effect.fn(which)(function* (setting: Setting) {
    const count = setting.amount ?? wanted
    const cores = os.availableParallelism()
    const each = Math.ceil(count / cores)
    // Small seeds, so that a failing one is easy to type; the same for the same seed of the whole run.
    const first = setting.seed % 1_000_000_000
    const found = (yield* Effect.forEach(
      Array.from({ length: cores }),
      (_, core) => shares(setting, which, first + core * each, each),
      { concurrency: "unbounded" }
    )).flat()
    const seeds = found.reduce((sum, one) => sum + one.seeds, 0)
    return report(
      { seeds, first, "of wanted": count },
      found.flatMap(({ problems }) => problems)
    )
  })

/** Random programs. */
export const model: Part = {
  name: "model",
  about: "random programs under random crashes and commands end as the reference says",
  share: 14,
  run: bySeeds("model", 100_000)
}

/** Random programs with concurrency; many a process dies while it takes up what another left when it died. */
export const concurrent: Part = {
  name: "concurrent",
  about: "random concurrent programs under random crashes and commands go no other way than they may",
  share: 14,
  run: bySeeds("concurrent", 100_000)
}

/** Every kind of task, with one crash or two. */
export const pairs: Part = {
  name: "pairs",
  about: "every kind of task, with one crash or two anywhere, ends as without",
  share: 4,
  run: bySeeds("pairs", 20_000)
}
