/**
 * `npm run torture -- [--minutes N] [--seed S] [--only PART,PART] [--kills N]`: the long fault tests, within the time given
 * (10 minutes by default). Plain lines; exit code 0 if nothing failed, 1 if something did, 2 for wrong arguments.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Dice from "./torture/Dice.js"
import type { Part, Report } from "./torture/Part.js"
import { parts } from "./torture/parts.js"

interface Arguments {
  readonly minutes: number
  readonly seed: number | undefined
  readonly only: ReadonlyArray<Part>
  readonly kills: number | undefined
}

/** The arguments, or what is wrong with them. */
const read = (args: ReadonlyArray<string>): Arguments | string => {
  const options = {
    minutes: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    kills: { type: "string" }
  } as const
  try {
    const { values } = parseArgs({ args: [...args], options })
    const names = values.only?.split(",")
    const unknown = names?.find((name) => !parts.some((part) => part.name === name))
    if (unknown !== undefined)
      return `there is no part ${unknown}; there are ${parts.map(({ name }) => name).join(", ")}`
    const number = (text: string | undefined) => (text === undefined ? undefined : Number(text))
    const found = { minutes: number(values.minutes) ?? 10, seed: number(values.seed), kills: number(values.kills) }
    const wrong = Object.entries(found).find(([, value]) => value !== undefined && !(value >= 0))
    if (wrong !== undefined) return `--${wrong[0]} takes a number`
    return { ...found, only: names === undefined ? parts : parts.filter(({ name }) => names.includes(name)) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const render = (name: string, { figures, problems, result }: Report, seconds: number): ReadonlyArray<string> => [
  `${name}: ${result} in ${seconds.toFixed(0)} s. ${Object.entries(figures)
    .map(([key, value]) => `${key} ${value}`)
    .join(", ")}`,
  ...problems.slice(0, 20).map((problem) => `${name}:   ${problem}`),
  ...(problems.length > 20 ? [`${name}:   and ${problems.length - 20} more`] : [])
]

const runPart = (part: Part, seed: number, deadline: number, kills: number | undefined) =>
  Effect.gen(function* () {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), `tidemark-torture-${part.name}-`))
    const programs = fileURLToPath(new URL("./torture/programs", import.meta.url))
    const say = (line: string) => Console.log(`${part.name}: ${line}`)
    const began = yield* Clock.currentTimeMillis
    yield* say(part.about)
    const setting = { seed: Dice.derive(seed, part.name), deadline, amount: kills, folder, programs, say }
    const report = yield* Effect.catchAllCause(Effect.withTracerEnabled(part.run(setting), false), (cause) =>
      Effect.succeed<Report>({ result: "failed", figures: {}, problems: [Cause.pretty(cause)] })
    )
    const seconds = ((yield* Clock.currentTimeMillis) - began) / 1000
    for (const line of render(part.name, report, seconds)) yield* Console.log(line)
    if (report.result === "failed") {
      const amount = kills === undefined ? "" : ` --kills ${kills}`
      yield* say(`replay with: npm run torture -- --only ${part.name} --seed ${seed}${amount}; its files: ${folder}`)
    } else fs.rmSync(folder, { recursive: true, force: true })
    return report
  })

const main = (given: Arguments) =>
  Effect.gen(function* () {
    const seed = given.seed ?? (yield* Random.nextIntBetween(0, 1_000_000_000))
    yield* Console.log(`seed ${seed}, ${given.minutes} minutes: ${given.only.map(({ name }) => name).join(", ")}`)
    const end = (yield* Clock.currentTimeMillis) + given.minutes * 60_000
    const reports = new Map<string, Report>()
    for (const [index, part] of given.only.entries()) {
      // What earlier parts left of their time is shared by those to come.
      const now = yield* Clock.currentTimeMillis
      const shares = given.only.slice(index).reduce((sum, { share }) => sum + share, 0)
      reports.set(part.name, yield* runPart(part, seed, now + ((end - now) * part.share) / shares, given.kills))
    }
    const all = [...reports]
    const of = (result: Report["result"]) => all.filter(([, report]) => report.result === result).map(([name]) => name)
    const [passed, failed, blocked] = [of("passed"), of("failed"), of("blocked")]
    yield* Console.log(
      `summary: ${passed.length} passed, ${failed.length} failed, ${blocked.length} blocked (seed ${seed})` +
        `${failed.length === 0 ? "" : `; failed: ${failed.join(", ")}`}${blocked.length === 0 ? "" : `; blocked: ${blocked.join(", ")}`}`
    )
    return failed.length === 0
  })

const given = read(process.argv.slice(2))
if (typeof given === "string") {
  process.stderr.write(`${given}\n`)
  process.exitCode = 2
} else {
  const passed = await Effect.runPromise(main(given))
  process.exitCode = passed ? 0 : 1
}
