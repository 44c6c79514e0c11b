/**
 * Simulated worlds, for long and on every core: random programs against a reference, the crash matrix with two crashes
 * anywhere, combinators in each other crashed everywhere, and branches that end in any order.
 */
import * as os from "node:os"
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import * as Marks from "./Marks.js"
import * as Nests from "./Nests.js"
import { type Part, report, type Setting } from "./Part.js"

/** A part that goes by seeds: so many, and in one process at most so many, for what died in its worlds stays in its memory. */
interface Check extends Omit<Part, "run"> {
  readonly seeds: number
  readonly most?: number
}

/** One process's share of the seeds. */
const share = (setting: Setting, name: string, first: number, count: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const seconds = (setting.deadline - (yield* Clock.currentTimeMillis)) / 1_000
      const child = yield* Child.program(path.join(setting.programs, "model.js"), name, first, count, seconds)
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
const shares = (setting: Setting, { most = 5_000, name }: Check, first: number, count: number) =>
  Effect.forEach(Array.from({ length: Math.ceil(count / most) }), (_, index) =>
    share(setting, name, first + index * most, Math.min(most, count - index * most))
  )

const bySeeds = (check: Check): Part => ({
  ...check,
  run: Effect.fn(check.name)(function* (setting: Setting) {
    const count = setting.amount ?? check.seeds
    const cores = os.availableParallelism()
    const each = Math.ceil(count / cores)
    // Small seeds, so that a failing one is easy to type; the same for the same seed of the whole run.
    const first = setting.seed % 1_000_000_000
    const found = (yield* Effect.forEach(
      Array.from({ length: cores }),
      (_, core) => shares(setting, check, first + core * each, each),
      { concurrency: "unbounded" }
    )).flat()
    const seeds = found.reduce((sum, one) => sum + one.seeds, 0)
    return report(
      { seeds, first, "of wanted": count },
      found.flatMap(({ problems }) => problems)
    )
  })
})

const checks: ReadonlyArray<Check> = [
  {
    name: "pairs",
    about: "every kind of task, with one crash or two anywhere, ends as without",
    share: 4,
    seeds: 20_000
  },
  {
    name: "model",
    about: "random programs under random crashes and commands end as the reference says",
    share: 14,
    seeds: 100_000
  },
  {
    name: "concurrent",
    about: "random concurrent programs under random crashes and commands go no other way than they may",
    share: 14,
    seeds: 100_000
  },
  {
    name: "nests",
    about: "every combinator in every other in every other, crashed at every write, ends as without",
    share: 30,
    seeds: Nests.size,
    // Each is crashed some dozen times.
    most: 100
  },
  {
    name: "grids",
    about: "branches of branches that end in any order, and fail, go as the reference says",
    share: 12,
    seeds: 60_000
  },
  {
    name: "races",
    about: "completions against suspension, timeout, pause, close, revert, loss and skip have one winner each",
    share: 6,
    seeds: 20_000
  },
  {
    name: "stages",
    about: "random tasks of stages under random crashes end as they read",
    share: 4,
    seeds: 10_000,
    most: 1_000
  },
  {
    name: "plans",
    about: "actions on random programs do what their plans said, and planning changes nothing",
    share: 4,
    seeds: 5_000
  },
  {
    name: "marks",
    about:
      "from every checkpoint of a task of groups and stages to every other one, crashed at every write, ends there",
    share: 2,
    seeds: Marks.size,
    most: 40
  },
  {
    name: "queues",
    about:
      "executions with concurrency keys keep to their places and their order, under crashes, deploys and operators",
    share: 4,
    seeds: 10_000,
    most: 1_000
  },
  {
    name: "changes",
    about: "changed definitions are found at the first difference of journals that stopped anywhere, and no others",
    share: 4,
    seeds: 400,
    most: 100
  }
]

export const parts: ReadonlyArray<Part> = checks.map(bySeeds)
