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
/** In days, from the true time. */
const jumps = [3, -10, 3_650, 0]
const day = 86_400_000
const kinds = 6

/** How long each waits and how early it may end, in milliseconds; and how many times as long as one that waits in a fiber. */
const wait = 2_000
const early = 50
const late = 3

/** One process whose clock is set about every half second, as soon as it has seen what it was set to before. */
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
        yield* Effect.sleep(300)
        fs.writeFileSync(`${file}.time`, `${jump < 0 ? "" : "+"}${jump}d\n`)
        const there = (yield* Clock.currentTimeMillis) + jump * day
        yield* child.line((line) => line.startsWith("up ") && Math.abs(wallOf(line) - there) < day, "10 seconds")
      }
      const ended = yield* Effect.timeoutOption(child.ended, "60 seconds")
      return { lines: child.lines, code: Option.getOrUndefined(ended)?.code }
    })
  )

const wallOf = (line: string): number => Number(line.slice(3))

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
      const walls = lines.filter((line) => line.startsWith("up ")).map(wallOf)
      if (Math.max(...walls) - Math.min(...walls) < 3_600 * day) problems.push("the clock was not set")
      jumped += walls.filter((wall, index) => index > 0 && Math.abs(wall - walls[index - 1]!) > day).length
      const ends = lines.flatMap((line) => {
        const [, kind, millis] = /^(?!up)(\w+) (\d+)$/.exec(line) ?? []
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
        jumps: jumped,
        "shortest in ms": Math.min(...waited),
        "longest in ms": Math.max(...waited)
      },
      problems
    )
  })
}
