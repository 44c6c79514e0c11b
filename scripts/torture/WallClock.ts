/**
 * The wall clock is set days ahead, days back and ten years ahead while an engine lives (by libfaketime): nothing that
 * waits ends early by the time that goes on, and nothing is lost.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Child from "./Child.js"
import { blocked, hasTime, type Part, report, type Setting } from "./Part.js"

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
const day = 86_400_000
/** In days, from the true time. */
const jumps = [3, -10, 3_650, 0]
const kinds = 6

/** How long each waits and how early it may end, in milliseconds; and how many times as long as one that waits in a fiber. */
const wait = 2_000
const early = 50
const late = 3

/** One process that sets its clock; what it printed, and its exit code if it ended. */
const round = (setting: Setting, number: number, each: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = path.join(setting.folder, `clock${number}`)
      fs.writeFileSync(`${file}.time`, "+0\n")
      const child = yield* Child.start("env", [
        `LD_PRELOAD=${library}`,
        `FAKETIME_TIMESTAMP_FILE=${file}.time`,
        "FAKETIME_NO_CACHE=1",
        "FAKETIME_DONT_FAKE_MONOTONIC=1",
        process.execPath,
        path.join(setting.programs, "clocked.js"),
        `${file}.db`,
        String(each),
        `${file}.time`,
        ...jumps.map((days) => `${days < 0 ? "" : "+"}${days}d`)
      ])
      const ended = yield* Effect.timeoutOption(child.ended, "2 minutes")
      return { lines: child.lines, code: Option.getOrUndefined(ended)?.code }
    })
  )

const isWall = (line: string): boolean => line.startsWith("wall ")

/** How far the wall clock was seen from the true time, in days. */
const seen = (lines: ReadonlyArray<string>, now: number): ReadonlyArray<number> =>
  lines.flatMap((line) => (isWall(line) ? [Math.round((Number(line.slice(5)) - now) / day)] : []))

export const part: Part = {
  name: "clock",
  about: "the wall clock jumps while an engine lives: no wait ends more than 50 ms early, none is lost",
  share: 3,
  run: Effect.fn("clock")(function* (setting: Setting) {
    if (!fs.existsSync(library)) return blocked("libfaketime is not installed (apt-get install faketime)")
    const problems: Array<string> = []
    const waited: Array<number> = []
    const each = 20
    let jumped = 0
    for (let number = 0; number < (setting.amount ?? 50) && problems.length < 10; number++) {
      if (number > 0 && !(yield* hasTime(setting))) break
      const { code, lines } = yield* round(setting, number, each)
      const walls = seen(lines, yield* Clock.currentTimeMillis)
      if (walls.join() !== jumps.join()) problems.push(`the clock was set to ${walls}`)
      const last = lines.findLastIndex((line) => !isWall(line))
      jumped += lines.slice(0, last).filter(isWall).length
      const ends = lines.flatMap((line) => {
        const [, kind, millis] = /^(?!wall)(\w+) (\d+)$/.exec(line) ?? []
        return kind === undefined ? [] : [{ kind, millis: Number(millis) }]
      })
      const plain = Math.max(...ends.filter(({ kind }) => kind === "plain").map(({ millis }) => millis))
      if (code !== 0) problems.push(`it ended with ${code}: ${lines.slice(-3).join(" | ")}`)
      if (ends.length !== kinds * each) problems.push(`${ends.length} of ${kinds * each} waits ended`)
      for (const { kind, millis } of ends) {
        waited.push(millis)
        if (millis < wait - early || millis > late * plain)
          problems.push(`${kind} ${millis} ms, and ${wait} were to be waited; in a fiber at most ${plain}`)
      }
    }
    return report(
      {
        waits: waited.length,
        "jumps while some wait": jumped,
        "shortest in ms": Math.min(...waited),
        "longest in ms": Math.max(...waited)
      },
      problems
    )
  })
}
