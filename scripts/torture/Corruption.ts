/**
 * A damaged file: bits flipped and ends cut off, in the database and in its log. What changed is refused and named, what
 * did not is answered as it was, and nothing is told with a raw trace.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Child from "./Child.js"
import type { Kind, Verdict } from "./Damage.js"
import * as Dice from "./Dice.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"

/** Copies that one process reads. */
const block = 25

const measures: ReadonlyArray<readonly [kind: Kind, count: number]> = [
  ["flip", 500],
  ["cut", 50],
  ["log-flip", 100],
  ["log-cut", 100]
]

/** A database whose executions have ended, closed in an orderly way. */
const ended = (setting: Setting) =>
  Effect.scoped(
    Effect.gen(function* () {
      const database = path.join(setting.folder, "ended.db")
      const crew = path.join(setting.programs, "crew.js")
      const child = yield* Child.program(crew, database, `${database}.log`, Dice.derive(setting.seed, "ended"), 50)
      yield* child.ended
      return database
    })
  )

/** A database whose owner was killed, with all that it wrote in its log, and an anchor that knows most of it. */
const killed = (setting: Setting) =>
  Effect.scoped(
    Effect.gen(function* () {
      const database = path.join(setting.folder, "killed.db")
      const owner = yield* Child.program(path.join(setting.programs, "owner.js"), database, "first", 10_000, 8)
      // Soon after its first anchor, and before its log is moved into the database.
      for (let tries = 0; tries < 1_000 && !fs.existsSync(`${database}.anchor`); tries++) yield* Effect.sleep(20)
      yield* Effect.sleep(100)
      yield* owner.kill("SIGKILL")
      yield* owner.ended
      return database
    })
  )

const parse = (line: string): ReadonlyArray<Verdict> => (line.startsWith("{") ? [JSON.parse(line) as Verdict] : [])

/** Reads `count` damaged copies, a block a process. */
const damage = (setting: Setting, database: string, kind: Kind, count: number) =>
  Effect.gen(function* () {
    const verdicts: Array<Verdict> = []
    const problems: Array<string> = []
    for (let first = 0; first < count && (first === 0 || (yield* hasTime(setting))); first += block) {
      const found = yield* Effect.scoped(
        Effect.gen(function* () {
          const file = path.join(setting.programs, "damaged.js")
          const many = Math.min(block, count - first)
          const child = yield* Child.program(file, database, setting.folder, setting.seed, first, many, kind)
          const { code, signal } = yield* child.ended
          const dead =
            code === 0 ? [] : [`${kind} after ${first}: reading ended with ${code ?? signal}: ${child.lines.at(-1)}`]
          return { verdicts: child.lines.flatMap(parse), dead }
        })
      )
      verdicts.push(...found.verdicts)
      problems.push(...found.dead)
    }
    return { verdicts, problems }
  })

const sum = (verdicts: ReadonlyArray<Verdict>, of: (verdict: Verdict) => number): number =>
  verdicts.reduce((total, verdict) => total + of(verdict), 0)

/** What does not hold of these verdicts: all but 1 % of what changed is found. What no anchor can tell of is not counted. */
const complaints = (kind: Kind, verdicts: ReadonlyArray<Verdict>): ReadonlyArray<string> => {
  const changed = verdicts.filter((verdict) => verdict.changed > 0)
  const unseen = changed.filter((verdict) => verdict.detected + verdict.young < verdict.changed)
  const most = changed.length * 0.01
  return [
    ...(verdicts.length >= block && changed.length === 0
      ? [`${kind}: ${verdicts.length} copies, and no journal was hit`]
      : []),
    ...verdicts.flatMap(({ at, number, wrong }) =>
      wrong.map((id) => `${kind} ${number} at ${at}: ${id} was answered wrongly`)
    ),
    ...verdicts.flatMap(({ at, number, raw }) => raw.slice(0, 1).map((text) => `${kind} ${number} at ${at}: ${text}`)),
    ...(unseen.length <= most
      ? []
      : [`${kind}: ${unseen.length} of ${changed.length} copies lost entries unseen, e.g. number ${unseen[0]!.number}`])
  ]
}

export const part: Part = {
  name: "corruption",
  about: "flipped bits and cut ends: found and named, never used",
  share: 10,
  run: Effect.fn("corruption")(function* (setting: Setting) {
    const figures: Record<string, string> = {}
    const problems: Array<string> = []
    const databases = { database: yield* ended(setting), log: yield* killed(setting) }
    for (const [kind, count] of measures) {
      const database = kind.startsWith("log") ? databases.log : databases.database
      const found = yield* damage(setting, database, kind, Math.min(count, setting.amount ?? count))
      const { verdicts } = found
      problems.push(...found.problems, ...complaints(kind, verdicts))
      const changed = verdicts.filter((verdict) => verdict.changed > 0)
      const seen = changed.filter((verdict) => verdict.detected === verdict.changed)
      const young = changed.filter((verdict) => verdict.young > 0)
      figures[kind] =
        `${verdicts.length} (${changed.length} changed journals: ${seen.length} found, ${young.length} younger than the anchor, ${sum(verdicts, (one) => one.wrong.length)} wrong)`
      yield* setting.say(`${kind}: ${figures[kind]}`)
    }
    return report(figures, problems)
  })
}
