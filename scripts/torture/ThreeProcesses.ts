/**
 * One process starts approvals, one answers them, and one runs them and is killed every two seconds: all end with the right
 * results.
 */
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Completions from "./Completions.js"
import * as Dice from "./Dice.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

const approvals = 200
const between = 2_000

/** Has workers run, each for two seconds, until one of them comes to the end. */
const work = (setting: Setting, world: Completions.World, found: Completions.Tally) =>
  Effect.gen(function* () {
    for (let life = 0; life < 60; life++) {
      const over = yield* Effect.scoped(
        Effect.gen(function* () {
          const worker = yield* Completions.approver(setting, world)
          yield* worker.line((line) => line === "up", "30 seconds")
          const ended = yield* Effect.timeoutOption(worker.ended, between)
          if (Option.isNone(ended)) {
            found.kills++
            return false
          }
          if (ended.value.code !== 0) found.problems.push(`${world.database}: ${worker.lines.slice(-3).join(" | ")}`)
          return true
        })
      )
      if (over) return
    }
    yield* Completions.lastLife(setting, world, found)
  })

const round = (setting: Setting, world: Completions.World, found: Completions.Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const starter = yield* Completions.program(setting, "starter", world.database, world.executions, 10)
      yield* Completions.completer(setting, world, 0)
      yield* work(setting, world, found)
      const { code } = yield* starter.ended
      if (code !== 0) found.problems.push(`${world.database}: the starter: ${starter.lines.slice(-3).join(" | ")}`)
    })
  )

export const part: Part = {
  name: "approvals",
  about: "a starter, a completer, and a worker that is killed every 2 s: all approvals end with the right results",
  share: 6,
  run: Effect.fn("approvals")(function* (setting: Setting) {
    const found = Completions.tally()
    const executions = setting.amount ?? approvals
    const began = yield* Clock.currentTimeMillis
    for (let number = 0; found.problems.length < 10 && number < 5; number++) {
      if (number > 0 && !(yield* hasTime(setting))) break
      const name = `approvals${number}`
      const database = path.join(setting.folder, `${name}.db`)
      const world = { seed: Dice.derive(setting.seed, name), database, executions }
      yield* round(setting, world, found)
      yield* Completions.account(world, found)
      if (setting.amount !== undefined) break
    }
    const { accepted, asked, kills, problems, refused, worlds } = found
    const seconds = Math.round(((yield* Clock.currentTimeMillis) - began) / 1_000)
    return report({ kills, worlds, accepted, refused, asked, seconds }, problems)
  })
}
