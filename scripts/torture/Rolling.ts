/**
 * A change that is rolled out and back while executions are in flight: processes of the old release and of the new one own one
 * database in turns, each killed with -9; the last one is new. All executions end as their journals say, and nobody is asked.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import type { Entry } from "../../src/core/Entry.js"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Journals from "./Journals.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

type Release = "old" | "new"

const release = (setting: Setting, database: string, which: Release, count: number) =>
  Child.program(path.join(setting.programs, "rolling.js"), database, `${database}.log`, which, count)

/** One process, killed after a while; whether it had ended everything. */
const life = (setting: Setting, database: string, which: Release, count: number, number: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* release(setting, database, which, count)
      yield* child.line((line) => line === "up", "60 seconds")
      yield* Effect.sleep(Dice.between(setting.seed, `life ${number}`, 50, 400))
      yield* child.kill("SIGKILL")
      yield* child.ended
      return child.lines.includes("all ended")
    })
  )

/** What is wrong with one execution at its end. */
const problemsOf = (id: string, entries: ReadonlyArray<Entry>, lines: ReadonlyArray<string>, lives: number) => {
  const found: Array<string> = []
  const done = entries.flatMap((entry) => (entry._tag === "PhaseSucceeded" ? [entry.path] : []))
  const last = entries.findLast((entry) => entry._tag === "Completed")
  const told = done.includes("tell")
  const result = last?._tag === "Completed" ? String(last.value) : "none"
  if (result.replace(".", "") !== (told ? "abctellde" : "abcde")) found.push(`it ended with ${result}`)
  for (const name of ["a", "b", "c", ...(told ? ["tell"] : []), "d", "e"]) {
    const ran = lines.filter((line) => line === `${id} ${name}`).length
    if (done.filter((path) => path === name).length !== 1) found.push(`${name} is recorded more than once, or not`)
    if (ran < 1 || ran > lives) found.push(`${name} ran ${ran} times`)
  }
  const acts = entries.flatMap((entry) => (entry._tag === "Resumed" ? [entry.act.by] : []))
  if (acts.some((by) => by !== "engine")) found.push(`${acts.join()} let it go on`)
  return found.map((problem) => `${id}: ${problem}`)
}

export const part: Part = {
  name: "rolling",
  about: "an old and a new release in turns on one file, each killed with -9: all executions end, and nobody is asked",
  share: 3,
  run: Effect.fn("rolling")(function* (setting: Setting) {
    const count = setting.amount ?? 300
    const database = path.join(setting.folder, "rolling.db")
    let lives = 0
    for (let over = false; !over && lives < 40 && (lives === 0 || (yield* hasTime(setting))); lives++) {
      over = yield* life(setting, database, lives % 2 === 0 ? "old" : "new", count, lives)
    }
    const last = yield* Effect.scoped(
      Effect.gen(function* () {
        const child = yield* release(setting, database, "new", count)
        return yield* child.line((line) => line === "all ended", "120 seconds")
      })
    )
    const journals = yield* Effect.orDie(Journals.read(database))
    const lines = fs.readFileSync(`${database}.log`, "utf8").split("\n")
    const problems = [...journals].flatMap(([id, { entries }]) =>
      problemsOf(
        id,
        entries.map(({ entry }) => entry),
        lines,
        lives + 1
      )
    )
    const parked = [...journals.values()].filter(({ entries }) => entries.some(({ entry }) => entry._tag === "Failed"))
    const told = [...journals.values()].filter(({ entries }) =>
      entries.some(({ entry }) => entry._tag === "PhaseSucceeded" && entry.path === "tell")
    )
    if (last._tag === "None") problems.unshift("the last process did not end everything")
    if (journals.size !== count) problems.unshift(`there are ${journals.size} of ${count}`)
    return report(
      { executions: count, kills: lives, "by new code": told.length, "parked once": parked.length },
      problems
    )
  })
}
