/**
 * A disk that fails. A full one is waited out: effects stop, nothing is acknowledged, and everything goes on when there is
 * space again. After a sync that failed the process acknowledges nothing more, and the next one goes on.
 */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Journals from "./Journals.js"
import { blocked, hasTime, type Part, report, type Setting } from "./Part.js"
import * as Trace from "./Trace.js"

interface Shape {
  readonly executions: number
  readonly phases: number
  readonly concurrency: number
  /** that each phase takes */
  readonly millis?: number
}

const shapes: ReadonlyArray<Shape> = [
  { executions: 1, phases: 40, concurrency: 1 },
  { executions: 30, phases: 5, concurrency: 30 }
]

const marks = (setting: Setting, database: string, file: string, { concurrency, executions, millis, phases }: Shape) =>
  [path.join(setting.programs, "marks.js"), database, "full", file, executions, phases, concurrency, millis ?? 0].map(
    String
  )

/** Which results were printed although their executions are not recorded as completed, or not at all in the end. */
const unkept = (database: string, lines: ReadonlyArray<string>, all: number | undefined) =>
  Effect.map(Journals.read(database), (journals) => {
    const completed = [...journals].filter(([, { status }]) => status.status === "Completed").map(([id]) => id)
    const told = lines.filter((line) => line.startsWith("result ")).map((line) => line.slice(7))
    return [
      ...told
        .filter((id) => !completed.includes(id))
        .map((id) => `${database}: ${id} was answered, and is not completed`),
      ...(all === undefined || completed.length === all ? [] : [`${database}: ${completed.length} of ${all} completed`])
    ]
  })

/** A run under strace with one kind of call failing at random; then one without. */
const injected = (setting: Setting, number: number, kind: "sync" | "space") =>
  Effect.scoped(
    Effect.gen(function* () {
      const shape = shapes[number % shapes.length]!
      const file = path.join(setting.folder, `${kind}${number}`)
      const [database, trace] = [`${file}.db`, `${file}.trace`]
      const at = Dice.between(setting.seed, `${kind} ${number}`, 1, kind === "sync" ? 40 : 120)
      const rule =
        kind === "sync"
          ? `fsync,fdatasync:error=EIO:when=${at}`
          : `pwrite64:error=ENOSPC:when=${at}..${at + (number % 5)}`
      const args = marks(setting, database, `${file}.marks`, shape)
      const child = yield* Child.start("strace", [...Trace.command(trace, [rule]), process.execPath, ...args])
      const first = yield* child.ended
      const calls = Trace.read(trace)
      const hit = Trace.failures(calls) > 0
      const { early } = Trace.judge(calls, database)
      const raw = child.lines.filter((line) => /^\s+at /.test(line))
      const kept =
        fs.existsSync(database) && hit ? yield* Effect.either(unkept(database, child.lines, undefined)) : undefined
      const again = yield* Child.start(process.execPath, args)
      const second = yield* again.ended
      return {
        hit,
        problems: [
          ...early.map((text) => `${database}: ${text}`),
          ...(kept?._tag === "Right" ? kept.right : []),
          ...(raw.length === 0 ? [] : [`${database}: a raw trace: ${raw.slice(0, 2).join(" | ")}`]),
          ...(kind === "space" && first.code !== 0 && !couldNotOpen(child.lines)
            ? [
                `${database}: a full disk at write ${at} ended the process with ${first.code}: ${child.lines.slice(-2).join(" | ")}`
              ]
            : []),
          ...(second.code === 0
            ? []
            : [`${database}: the next process ended with ${second.code}: ${again.lines.slice(-2).join(" | ")}`]),
          ...(yield* unkept(database, [...child.lines, ...again.lines], shape.executions))
        ]
      }
    }).pipe(
      Effect.catchAllCause((cause) => Effect.succeed({ hit: true, problems: [`${kind} ${number}: ${String(cause)}`] }))
    )
  )

/** Nothing was accepted yet: a process that cannot open its database for want of space ends, and says so. */
const couldNotOpen = (lines: ReadonlyArray<string>): boolean => !lines.some((line) => line.startsWith("up "))

const run = (command: string, ...args: ReadonlyArray<string>) =>
  Effect.sync(() => spawnSync(command, [...args], { encoding: "utf8" }).status === 0)

const small = (folder: string) =>
  Effect.acquireRelease(
    Effect.zipRight(
      Effect.sync(() => fs.mkdirSync(folder, { recursive: true })),
      run("mount", "-t", "tmpfs", "-o", "size=12m", "tidemark-torture", folder)
    ),
    (mounted) => (mounted ? run("umount", folder) : Effect.void)
  )

/** Takes all the space there is. */
const fill = (filename: string): void => {
  const file = fs.openSync(filename, "w")
  try {
    for (const block of [65_536, 512]) {
      try {
        for (;;) fs.writeSync(file, Buffer.alloc(block))
      } catch {
        // full, down to this size
      }
    }
  } finally {
    fs.closeSync(file)
  }
}

const sizeOf = (filename: string): number => fs.statSync(filename, { throwIfNoEntry: false })?.size ?? 0

/** A real file system that is full for a while; nothing if this machine may not mount one. */
const full = (setting: Setting, number: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const folder = path.join(setting.folder, `small${number}`)
      if (!(yield* small(folder))) return undefined
      const [database, filler, log] = [path.join(folder, "a.db"), path.join(folder, "filler"), `${folder}.marks`]
      const shape = { executions: 60, phases: 60, concurrency: 20, millis: 10 }
      const child = yield* Child.start(process.execPath, marks(setting, database, log, shape))
      yield* child.line((line) => line.startsWith("up "), "30 seconds")
      yield* Effect.sleep(Dice.between(setting.seed, `full ${number}`, 0, 400))
      yield* Effect.sync(() => fill(filler))
      const told = yield* child.line((line) => line.includes("no space"), "20 seconds")
      yield* Effect.sleep("200 millis")
      const size = sizeOf(log)
      yield* Effect.sleep("1500 millis")
      const went = sizeOf(log) - size
      fs.rmSync(filler)
      const end = yield* Effect.timeoutOption(child.ended, "30 seconds")
      const over = Option.isSome(end) && end.value.code === 0
      return [
        ...(Option.isSome(told) ? [] : [`${database}: nothing was said of the full disk`]),
        ...(went === 0 ? [] : [`${database}: effects went on while the disk was full`]),
        ...(over
          ? yield* unkept(database, child.lines, shape.executions)
          : [`${database}: did not go on: ${child.lines.slice(-2)}`])
      ]
    }).pipe(Effect.catchAllCause((cause) => Effect.succeed([`full ${number}: ${String(cause)}`])))
  )

export const part: Part = {
  name: "disk",
  about: "a full disk is waited out; after a failed sync nothing is acknowledged",
  share: 12,
  run: Effect.fn("disk")(function* (setting: Setting) {
    const problems: Array<string> = []
    const reason = Trace.unavailable()
    const done = { "failed syncs": 0, "failed writes": 0, "full disks": 0 }
    const most = setting.amount ?? 60
    let mountable = true
    for (let number = 0; number < most && problems.length < 10; number++) {
      if (number > 0 && !(yield* hasTime(setting))) break
      const found: ReadonlyArray<string> | undefined = mountable && number % 4 === 0 ? yield* full(setting, number) : []
      mountable = found !== undefined
      if (found !== undefined && number % 4 === 0) done["full disks"]++
      problems.push(...(found ?? []))
      if (reason !== undefined) continue
      const sync = yield* injected(setting, number, "sync")
      const space = yield* injected(setting, number, "space")
      done["failed syncs"] += sync.hit ? 1 : 0
      done["failed writes"] += space.hit ? 1 : 0
      problems.push(...sync.problems, ...space.problems)
    }
    if (reason !== undefined && !mountable) return blocked(`${reason}; and no tmpfs can be mounted here`)
    return report(
      {
        ...done,
        ...(reason === undefined ? {} : { "not injected": reason }),
        ...(mountable ? {} : { mount: "refused" })
      },
      problems
    )
  })
}
