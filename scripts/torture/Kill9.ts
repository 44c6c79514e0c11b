/**
 * kill -9, hundreds of times: a process runs 50 executions over one file and is killed at random moments, while it starts,
 * recovers, works, reverts; another takes over. In the end nothing is lost, nothing recorded ran again, nothing was
 * undone twice or out of order, and every effect is in its journal.
 */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Account from "./Account.js"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Journals from "./Journals.js"
import * as Log from "./Log.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

const executions = 50

/** After so many kills a world is left to end. */
const patience = 25

interface Tally {
  kills: number
  worlds: number
  executions: number
  effects: number
  undos: number
  poisoned: number
  readonly problems: Array<string>
}

interface World {
  readonly seed: number
  readonly database: string
  readonly log: string
}

/** Runs one process, and kills it after a while; whether it came to its end before that. */
const life = (setting: Setting, world: World, number: number, mayKill: boolean) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = path.join(setting.programs, "crew.js")
      const child = yield* Child.program(file, world.database, world.log, world.seed, executions)
      const name = `life ${number}`
      const early = Dice.chance(world.seed, `${name} early`) < 0.25
      const hunted = Effect.gen(function* () {
        if (!early) yield* child.line((line) => line === "up", "30 seconds")
        yield* Effect.sleep(Dice.between(world.seed, name, early ? 150 : 0, early ? 700 : 150))
        yield* child.kill("SIGKILL")
        return yield* child.ended
      })
      const spared = Effect.timeoutOption(child.ended, "60 seconds")
      const end = mayKill
        ? Option.some(yield* Effect.raceFirst(child.ended, Effect.zipRight(hunted, child.ended)))
        : yield* spared
      if (Option.isNone(end))
        return { killed: false, over: true, problem: "a process that was left alone did not end in 60 s" }
      const { code, signal } = end.value
      if (signal === "SIGKILL") return { killed: true, over: false, problem: undefined }
      const said = child.lines.filter((line) => !/^(up|all ended)$/.test(line) && !line.includes("level=")).join(" | ")
      return {
        killed: false,
        over: true,
        problem: code === 0 ? undefined : `a process ended with ${code ?? signal}: ${said}`
      }
    })
  )

const endure = (setting: Setting, world: World, tally: Tally, target: number) =>
  Effect.gen(function* () {
    for (let number = 0; ; number++) {
      const mayKill = tally.kills < target && number < patience && (yield* hasTime(setting))
      const { killed, over, problem } = yield* life(setting, world, number, mayKill)
      if (killed) tally.kills++
      if (problem !== undefined) tally.problems.push(`${world.database}: ${problem}`)
      if (killed && tally.kills % 50 === 0)
        yield* setting.say(`${tally.kills} kills, ${tally.problems.length} problems`)
      if (over) return
    }
  })

const account = (world: World, tally: Tally) =>
  Effect.gen(function* () {
    const journals = yield* Journals.read(world.database)
    const log = Log.read(world.log)
    for (const problem of Account.problemsOf(journals, log, true)) tally.problems.push(`${world.database}: ${problem}`)
    tally.executions += journals.size
    tally.effects += log.filter(({ kind }) => kind === "run").length
    tally.undos += log.filter(({ kind }) => kind === "undone").length
    for (const { entries } of journals.values()) {
      for (const { entry } of entries) {
        if ((entry._tag === "Failed" || entry._tag === "RevertFailed") && isPoisoned(entry.failures)) tally.poisoned++
      }
    }
    tally.worlds++
  }).pipe(
    Effect.catchAllCause((cause) => Effect.sync(() => void tally.problems.push(`${world.database}: ${String(cause)}`)))
  )

const isPoisoned = (failures: ReadonlyArray<{ readonly _tag: string; readonly reason?: string }>): boolean =>
  failures.some((failure) => failure._tag === "Fault" && failure.reason === "Poisoned")

/** World after world, until there were enough kills or the time is over. */
const lane = (setting: Setting, tally: Tally, name: string, target: number) =>
  Effect.gen(function* () {
    for (let number = 0; tally.kills < target && tally.problems.length < 10 && (yield* hasTime(setting)); number++) {
      const file = path.join(setting.folder, `${name}${number}`)
      const world = { seed: Dice.derive(setting.seed, `${name}${number}`), database: `${file}.db`, log: `${file}.log` }
      yield* endure(setting, world, tally, target)
      yield* account(world, tally)
    }
  })

export const part: Part = {
  name: "kill9",
  about: "SIGKILL at random moments: nothing lost, nothing twice, undone in order",
  share: 32,
  run: Effect.fn("kill9")(function* (setting: Setting) {
    const tally: Tally = { kills: 0, worlds: 0, executions: 0, effects: 0, undos: 0, poisoned: 0, problems: [] }
    const target = setting.amount ?? 300
    yield* Effect.all([lane(setting, tally, "a", target), lane(setting, tally, "b", target)], { concurrency: 2 })
    const { problems, ...figures } = tally
    const few = figures.kills < Math.min(target, 1) ? [`there was time for ${figures.kills} kills only`] : []
    return report(figures, [...problems, ...few])
  })
}
