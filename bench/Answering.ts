/** Commands beside an engine that has its hands full: how soon they are answered, and what they take from the engine. */
import { execFile, spawn } from "node:child_process"
import type { Socket } from "node:net"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { type Group, median, time } from "./Measure.js"

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

/** How long the engine is looked at, in milliseconds. */
const window = 4_000

/** The engine, in a process of its own, and how many phases it has recorded; ended with the bench. */
class Loaded {
  private readonly child
  private count = 0

  constructor(readonly file: string) {
    this.child = spawn(process.execPath, [at("programs/loaded.js"), file], { stdio: ["ignore", "pipe", "inherit"] })
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.count = Number(text.trimEnd().split("\n").pop())
    })
    // It does not keep the bench from its end.
    this.child.unref()
    const pipe = this.child.stdout as Socket
    pipe.unref()
    process.once("exit", () => this.child.kill("SIGKILL"))
  }

  /** It works at its full speed. */
  readonly ready: Effect.Effect<void> = Effect.suspend(() =>
    this.count > 2_000 ? Effect.void : Effect.delay(this.ready, "50 millis")
  )

  /** Phases a second while something else is done. */
  during<A>(work: Effect.Effect<A>): Effect.Effect<number> {
    return Effect.gen(this, function* () {
      yield* this.ready
      const before = this.count
      const took = yield* time(work)
      return ((this.count - before) * 1_000) / took
    })
  }
}

const node = (args: ReadonlyArray<string>): Effect.Effect<void> =>
  Effect.async((resume) => {
    execFile(process.execPath, args, (error, _, stderr) =>
      resume(error === null ? Effect.void : Effect.dieMessage(`${args.join(" ")} failed: ${stderr}`))
    )
  })

export const answering = (folder: string): Group => {
  const file = path.join(folder, "answering.db")
  let engine: Loaded | undefined
  const loaded = Effect.sync(() => {
    engine ??= new Loaded(file)
    return engine
  })
  let verb: "pause" | "resume" = "resume"
  let times: Array<number> = []
  /** A command that the engine records, the other one each time. */
  const command = Effect.suspend(() => {
    verb = verb === "pause" ? "resume" : "pause"
    const asked = time(node([at("../src/bin.js"), verb, "target", "--yes", "--json", "--db", file]))
    return Effect.map(asked, (took) => void times.push(took))
  })
  const aSecond = (work: Effect.Effect<void>) =>
    Effect.repeatN(Effect.all([work, Effect.sleep("1 second")], { concurrency: 2, discard: true }), window / 1_000 - 1)
  const commanded = Effect.suspend(() => {
    times = []
    return aSecond(command)
  })
  /** What the machine takes for a process: this one asks nobody for anything. */
  const started = aSecond(node([at("../src/bin.js"), "--help"]))
  const during = (work: Effect.Effect<unknown>) => Effect.flatMap(loaded, (one) => one.during(work))
  const [alone, beside] = ["phases, with no command", "phases, with a command a second"]
  const idle = "phases, with --help a second"
  const [usual, worst] = ["a command is answered", "the slowest of a round"]
  return {
    name: "commands",
    about: "pause and resume in processes of their own, beside an engine of another with 100 executions in flight",
    rounds: 7,
    warmUp: 1,
    variants: [
      { name: alone, unit: "/s", round: during(Effect.sleep(window)) },
      { name: idle, unit: "/s", round: during(started) },
      { name: beside, unit: "/s", round: during(commanded) },
      { name: usual, unit: "ms", round: Effect.sync(() => median(times)) },
      { name: worst, unit: "ms", round: Effect.sync(() => Math.max(...times)) }
    ],
    ratios: [
      { name: "with / without", of: beside, to: alone, goal: { least: 0.85 } },
      { name: "a command / --help", of: beside, to: idle }
    ],
    limits: [usual, worst].map((of) => ({ of, below: 1_000 }))
  }
}
