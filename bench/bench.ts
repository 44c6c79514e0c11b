/**
 * `npm run bench -- [PART ...] [--rounds N]`: what tidemark costs, against what SQLite and Effect do without it, in
 * interleaved rounds on the real disk. Parts: raw sequential in-flight interpreter replay check stages endless cold-start cli
 * commands memory waiting; all by default.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { parseArgs } from "node:util"
import Database from "better-sqlite3"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Answering from "./Answering.js"
import * as Commands from "./Commands.js"
import { type Group, median, run } from "./Measure.js"
import * as Processes from "./Processes.js"
import * as Throughput from "./Throughput.js"
import * as Waiting from "./Waiting.js"

const parts: Readonly<Record<string, (folder: string) => ReadonlyArray<Group>>> = {
  raw: (folder) => [Throughput.raw(folder)],
  sequential: (folder) => [Throughput.sequential(folder)],
  "in-flight": (folder) => [Throughput.inFlight(folder)],
  branches: Throughput.branches,
  interpreter: () => [Throughput.interpreter()],
  replay: Processes.replay,
  check: (folder) => [Processes.check(folder)],
  stages: (folder) => [Processes.stages(folder)],
  endless: (folder) => [Processes.endless(folder)],
  "cold-start": (folder) => [Processes.coldStart(folder)],
  cli: Commands.all,
  commands: (folder) => [Answering.answering(folder)],
  memory: (folder) => [Processes.memory(folder)],
  waiting: (folder) => [
    Waiting.parking(folder),
    Waiting.resuming(folder),
    Waiting.waking(folder),
    Processes.waiting(folder)
  ]
}

/** What a sync takes here, in microseconds: a file is grown by 4 KB and synced. */
const syncTime = (folder: string): number => {
  const file = fs.openSync(path.join(folder, "sync"), "w")
  const page = Buffer.alloc(4_096)
  const times = Array.from({ length: 200 }, () => {
    fs.writeSync(file, page)
    const began = performance.now()
    fs.fsyncSync(file)
    return (performance.now() - began) * 1_000
  })
  fs.closeSync(file)
  return median(times)
}

const machine = (folder: string): string => {
  const db = new Database(":memory:")
  const version = db.prepare<[], { v: string }>("SELECT sqlite_version() AS v").get()!.v
  db.close()
  const [cpu] = os.cpus()
  const memory = Math.round(os.totalmem() / 2 ** 30)
  const load = os.loadavg()[0]!.toFixed(1)
  return (
    `${os.availableParallelism()} x ${cpu?.model ?? "?"}, ${memory} GB, ${os.type()} ${os.release()}, Node ${process.version}, ` +
    `SQLite ${version}, one fsync ${syncTime(folder).toFixed(0)} us in ${folder}, load ${load}`
  )
}

const main = (names: ReadonlyArray<string>, rounds: number | undefined) =>
  Effect.gen(function* () {
    const folder = yield* Effect.acquireRelease(
      Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "tidemark-bench-"))),
      (made) => Effect.sync(() => fs.rmSync(made, { recursive: true, force: true }))
    )
    // tmpfs has nothing to sync.
    if (fs.statfsSync(folder).type === 0x01021994)
      yield* Console.warn(`${folder} is in memory: set TMPDIR to a folder on a disk`)
    yield* Console.log(machine(folder))
    const began = performance.now()
    for (const name of names) for (const group of parts[name]!(folder)) yield* run(group, rounds)
    yield* Console.log(`\n${((performance.now() - began) / 1_000).toFixed(0)} s`)
  }).pipe(Effect.scoped)

const { positionals, values } = parseArgs({ allowPositionals: true, options: { rounds: { type: "string" } } })
const unknown = positionals.filter((name) => !Object.hasOwn(parts, name))
if (unknown.length > 0 || !(values.rounds === undefined || Number(values.rounds) >= 1)) {
  process.stderr.write(`usage: npm run bench -- [${Object.keys(parts).join("|")} ...] [--rounds N]\n`)
  process.exitCode = 2
} else {
  const names = positionals.length === 0 ? Object.keys(parts) : positionals
  await Effect.runPromise(main(names, values.rounds === undefined ? undefined : Number(values.rounds)))
}
