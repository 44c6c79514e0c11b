/**
 * The wall clock is set days ahead, days back and ten years ahead while an engine lives (by libfaketime): nothing that
 * waits ends early by the time that goes on, and nothing is lost.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Child from "./Child.js"
import { blocked, hasTime, type Part, report, type Setting } from "./Part.js"

const library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
const jumps = ["+3d", "-10d", "+3650d", "+0"]
const kinds = 5

/** How long each waits, how early it may end, and how late on a busy machine, in milliseconds. */
const wait = 2_000
const early = 50
const late = 5_000

/** One process whose clock is set every half second; `off` is how far it was seen from where it began, in days. */
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
        String(each)
      ])
      yield* child.line((line) => line.startsWith("up "), "30 seconds")
      for (const jump of jumps) {
        yield* Effect.sleep(400)
        fs.writeFileSync(`${file}.time`, `${jump}\n`)
      }
      const ended = yield* Effect.timeoutOption(child.ended, "60 seconds")
      return { lines: child.lines, code: Option.getOrUndefined(ended)?.code }
    })
  )

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
      const walls = lines.filter((line) => line.startsWith("up ")).map((line) => Number(line.slice(3)))
      if (Math.max(...walls) - Math.min(...walls) < 3_600 * 86_400_000) problems.push("the clock was not set")
      jumped += walls.filter((wall, index) => index > 0 && Math.abs(wall - walls[index - 1]!) > 86_400_000).length
      const ends = lines.flatMap((line) => /^(?!up)(\w+) (\d+)$/.exec(line)?.slice(1, 3).join(" ") ?? [])
      if (code !== 0) problems.push(`it ended with ${code}: ${lines.slice(-3).join(" | ")}`)
      if (ends.length !== kinds * each) problems.push(`${ends.length} of ${kinds * each} waits ended`)
      for (const end of ends) {
        const millis = Number(end.split(" ")[1])
        waited.push(millis)
        if (millis < wait - early || millis > wait + late) problems.push(`${end} ms, and ${wait} were to be waited`)
      }
    }
    return report(
      {
        waits: waited.length,
        jumps: jumped,
        "shortest in ms": Math.min(...waited),
        "longest in ms": Math.max(...waited)
      },
      problems
    )
  })
}
