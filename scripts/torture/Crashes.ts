/**
 * Simulated worlds, for long and on every core: random programs against a reference, the crash matrix with two crashes
 * anywhere, combinators in each other crashed everywhere, and branches that end in any order.
 */
import * as os from "node:os"
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import * as Nests from "./Nests.js"
import { type Part, report, type Setting } from "./Part.js"

/** What died in a process's worlds stays in its memory: a process has so many seeds. A nest is crashed some dozen times. */
const most = { model: 5_000, concurrent: 5_000, pairs: 5_000, nests: 100, grids: 5_000, races: 5_000, queues: 1_000 }

type Which = keyof typeof most

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
  Effect.forEach(Array.from({ length: Math.ceil(count / most[which]) }), (_, index) =>
    share(setting, which, first + index * most[which], Math.min(most[which], count - index * most[which]))
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

/** Every combinator in every other in every other, one crash anywhere. */
export const nests: Part = {
  name: "nests",
  about: "every combinator in every other in every other, crashed at every write, ends as without",
  share: 30,
  run: bySeeds("nests", Nests.size)
}

/** Three times three phases. */
export const grids: Part = {
  name: "grids",
  about: "branches of branches that end in any order, and fail, go as the reference says",
  share: 12,
  run: bySeeds("grids", 60_000)
}

/** One token, and everything that may end its wait. */
export const races: Part = {
  name: "races",
  about: "completions against suspension, timeout, pause, close, revert, loss and skip have one winner each",
  share: 6,
  run: bySeeds("races", 20_000)
}

/** Executions with concurrency keys. */
export const queues: Part = {
  name: "queues",
  about: "executions with concurrency keys keep to their places and their order, under crashes, deploys and operators",
  share: 4,
  run: bySeeds("queues", 10_000)
}
