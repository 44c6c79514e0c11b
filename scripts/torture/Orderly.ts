/**
 * SIGTERM and SIGINT at random moments: what runs is recorded and handed back, the process exits within its grace with the
 * signal's code, and the next one goes on; a second signal ends it at once, and still nothing is lost.
 */
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Account from "./Account.js"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Journals from "./Journals.js"
import * as Log from "./Log.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

const executions = 30

/** What programs/crew.ts gives its phases, and what ending may take besides, in milliseconds. */
const grace = 1_000
const slack = 2_000

const codes: Readonly<Record<string, number>> = { SIGTERM: 143, SIGINT: 130 }

interface Tally {
  signals: number
  twice: number
  worlds: number
  slowest: number
  readonly problems: Array<string>
}

/** One process, sent a signal after a while, or two; whether it had ended by itself. */
const life = (setting: Setting, database: string, seed: number, number: number, tally: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = path.join(setting.programs, "crew.js")
      const child = yield* Child.program(file, database, `${database}.log`, seed, executions)
      yield* child.line((line) => line === "up", "30 seconds")
      yield* Effect.sleep(Dice.between(seed, `after ${number}`, 0, 200))
      const signal = Dice.chance(seed, `signal ${number}`) < 0.5 ? "SIGTERM" : "SIGINT"
      const twice = Dice.chance(seed, `twice ${number}`) < 0.2
      const began = yield* Clock.currentTimeMillis
      yield* child.kill(signal)
      if (twice) yield* Effect.zipRight(Effect.sleep(5), child.kill(signal))
      const end = yield* Effect.timeoutOption(child.ended, "30 seconds")
      const took = (yield* Clock.currentTimeMillis) - began
      const complain = (text: string) => void tally.problems.push(`${database}, process ${number}: ${text}`)
      if (end._tag === "None") return complain(`${signal} did not end it`) ?? true
      const { code } = end.value
      // It may be over before the signal comes, or be met by it in the moment after.
      if (code === 0 || child.lines.includes("all ended")) return true
      tally.signals++
      tally.slowest = Math.max(tally.slowest, took)
      if (twice) tally.twice++
      if (code !== codes[signal])
        complain(`${signal} ended it with ${code ?? end.value.signal}: ${child.lines.slice(-2).join(" | ")}`)
      if (took > (twice ? 1_000 : grace) + slack) complain(`${signal} ended it after ${took} ms`)
      if (!twice) {
        for (const [id, { status }] of yield* Journals.read(database)) {
          if (status.owner !== undefined) complain(`${id} was not handed back: ${status.status} at ${status.position}`)
        }
      }
      return false
    })
  )

const world = (setting: Setting, number: number, tally: Tally, target: number) =>
  Effect.gen(function* () {
    const database = path.join(setting.folder, `signals${number}.db`)
    const seed = Dice.derive(setting.seed, `world ${number}`)
    let over = false
    for (let process = 0; process < 15 && !over && tally.signals < target; process++)
      over = yield* life(setting, database, seed, process, tally)
    const last = yield* Effect.scoped(
      Effect.flatMap(
        Child.program(path.join(setting.programs, "crew.js"), database, `${database}.log`, seed, executions),
        (child) => Effect.timeoutOption(child.ended, "60 seconds")
      )
    )
    if (last._tag === "None" || last.value.code !== 0)
      tally.problems.push(`${database}: the last process did not end well`)
    const journals = yield* Journals.read(database)
    for (const problem of Account.problemsOf(journals, Log.read(`${database}.log`), true)) {
      tally.problems.push(`${database}: ${problem}`)
    }
    tally.worlds++
  }).pipe(
    Effect.catchAllCause((cause) => Effect.sync(() => void tally.problems.push(`world ${number}: ${String(cause)}`)))
  )

export const part: Part = {
  name: "signals",
  about: "SIGTERM and SIGINT at random moments: handed back within the grace, nothing lost",
  share: 8,
  run: Effect.fn("signals")(function* (setting: Setting) {
    const tally: Tally = { signals: 0, twice: 0, worlds: 0, slowest: 0, problems: [] }
    const target = setting.amount ?? 60
    for (let number = 0; tally.signals < target && tally.problems.length < 10; number++) {
      if (number > 0 && !(yield* hasTime(setting))) break
      yield* world(setting, number, tally, target)
    }
    const { problems, slowest, ...figures } = tally
    return report({ ...figures, "slowest end in ms": slowest }, problems)
  })
}
