/**
 * What a power cut would find: under strace, the journal's outcome of each phase was written and synced before the next
 * effect began, and before any result was printed. A kill cannot show this: what was written outlives it without a sync.
 */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import { blocked, hasTime, type Part, report, type Setting } from "./Part.js"
import * as Trace from "./Trace.js"

/** How many executions at once, and how many phases each. */
const shapes = [
  { executions: 1, phases: 100, concurrency: 1 },
  { executions: 40, phases: 6, concurrency: 40 },
  { executions: 200, phases: 3, concurrency: 100 }
] as const

/** What one run under strace shows. With `durability` "normal" it should show that answers come too early. */
export const round = (setting: Setting, number: number, durability: "full" | "normal" = "full") =>
  Effect.scoped(
    Effect.gen(function* () {
      const { concurrency, executions, phases } = shapes[number % shapes.length]!
      const most = Dice.between(setting.seed, `phases ${number}`, 2, phases)
      const file = path.join(setting.folder, `power${number}`)
      const [database, trace] = [`${file}.db`, `${file}.trace`]
      const marks = [
        path.join(setting.programs, "marks.js"),
        database,
        durability,
        `${file}.marks`,
        executions,
        most,
        concurrency
      ]
      const child = yield* Child.start("strace", [...Trace.command(trace), process.execPath, ...marks.map(String)])
      const { code } = yield* child.ended
      const found = Trace.judge(Trace.read(trace), database)
      const wanted = executions * (most + 1)
      const problems = [
        ...found.early.map((text) => `${database}: ${text}`),
        ...(code === 0 ? [] : [`${database}: the process ended with ${code}: ${child.lines.slice(-3).join(" | ")}`]),
        ...(found.acts === wanted
          ? []
          : [`${database}: the trace shows ${found.acts} effects and results of ${wanted}`])
      ]
      return { acts: found.acts, problems }
    })
  )

export const part: Part = {
  name: "power",
  about: "strace: every outcome is on disk before the next effect and before any answer",
  share: 6,
  run: Effect.fn("power")(function* (setting: Setting) {
    const reason = Trace.unavailable()
    if (reason !== undefined) return blocked(reason)
    const problems: Array<string> = []
    let [acts, runs] = [0, 0]
    const most = setting.amount ?? 60
    while (runs < most && problems.length < 10 && (runs < shapes.length || (yield* hasTime(setting)))) {
      const found = yield* round(setting, runs)
      acts += found.acts
      runs++
      problems.push(...found.problems)
      if (runs % 10 === 0) yield* setting.say(`${runs} runs, ${acts} effects and answers, ${problems.length} problems`)
    }
    return report({ runs, "effects and answers": acts }, problems)
  })
}
