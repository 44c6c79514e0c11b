/** What is measured in new processes: replay, cold start, memory. */
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { type Group, time, type Variant } from "./Measure.js"

const programs = fileURLToPath(new URL("./programs", import.meta.url))

/** Runs a program of ours to its end: what it printed. A failure of it is ours. */
const program = (name: string, ...args: ReadonlyArray<string | number>): Effect.Effect<string> =>
  Effect.async((resume) => {
    const command = ["--expose-gc", path.join(programs, `${name}.js`), ...args.map(String)]
    execFile(process.execPath, command, { encoding: "utf8" }, (error, stdout, stderr) =>
      resume(error === null ? Effect.succeed(stdout) : Effect.dieMessage(`${name} failed: ${stderr}`))
    )
  })

/** A program that prints its figure. */
const figure = (name: string, ...args: ReadonlyArray<string | number>) => Effect.map(program(name, ...args), Number)

const copy = (from: string, to: string) =>
  Effect.sync(() => {
    for (const suffix of ["", "-wal", ".anchor"]) {
      fs.rmSync(to + suffix, { force: true })
      if (fs.existsSync(from + suffix)) fs.copyFileSync(from + suffix, to + suffix)
    }
  })

const replayOf = (folder: string, phases: number): Group => {
  const recorded = path.join(folder, `replay-${phases}.db`)
  const copied = `${recorded}.copy`
  // Recorded once: an execution whose process dies, as it should, at the phase after the last recorded one.
  const record = Effect.suspend(() =>
    fs.existsSync(recorded) ? Effect.void : Effect.ignore(Effect.sandbox(program("record", recorded, phases)))
  )
  const onCopy = (name: string): Effect.Effect<number> =>
    record.pipe(Effect.zipRight(copy(recorded, copied)), Effect.zipRight(figure(name, copied, phases)))
  const [rows, replay] = [`rows of ${phases} phases read`, `${phases} phases replayed`]
  return {
    name: `replay-${phases}`,
    about: "in a new process, from asking for the execution to the first new effect",
    rounds: 5,
    warmUp: 1,
    variants: [
      { name: rows, unit: "ms", round: onCopy("rows") },
      { name: replay, unit: "ms", round: onCopy("replay") }
    ],
    // A short journal takes what the engine takes to begin, whatever is in it.
    ratios: [{ name: "replay / rows", of: replay, to: rows, ...(phases < 10_000 ? {} : { goal: { most: 5 } }) }]
  }
}

export const replay = (folder: string): ReadonlyArray<Group> => [replayOf(folder, 1_000), replayOf(folder, 10_000)]

export const check = (folder: string): Group => {
  const [phases, count] = [50, 10_000]
  const file = path.join(folder, "check.db")
  const stand = Effect.suspend(() => (fs.existsSync(file) ? Effect.void : program("standing", file, phases, count)))
  const on = (name: string) => Effect.zipRight(stand, figure(name, file, phases, count))
  const [rows, checked] = [`rows of ${count} executions read`, `${count} executions checked`]
  return {
    name: "check",
    about: `in a new process, executions of ${phases} phases each that have not ended`,
    rounds: 3,
    warmUp: 0,
    variants: [
      { name: rows, unit: "ms", round: on("rows") },
      { name: checked, unit: "ms", round: on("check") }
    ],
    ratios: [{ name: "check / rows", of: checked, to: rows, goal: { most: 5 } }]
  }
}

const earlier = [10, 1_000, 100_000]

export const stages = (folder: string): Group => {
  const file = (phases: number) => path.join(folder, `stages-${phases}.db`)
  const record = (phases: number) =>
    Effect.suspend(() =>
      fs.existsSync(file(phases)) ? Effect.void : Effect.ignore(Effect.sandbox(program("pages", file(phases), phases)))
    )
  const copied = path.join(folder, "stages.copy")
  const after = (phases: number) => `after ${phases.toLocaleString("en")} phases`
  const heap = (phases: number) => `heap ${after(phases)}`
  const [few, , many] = earlier as [number, number, number]
  return {
    name: "stages",
    about: "in a new process, from asking for an execution in a stage to its first new effect",
    rounds: 11,
    warmUp: 1,
    variants: [
      ...earlier.map(
        (phases): Variant => ({
          name: after(phases),
          unit: "ms",
          round: record(phases).pipe(
            Effect.zipRight(copy(file(phases), copied)),
            Effect.zipRight(figure("stages", copied, phases))
          )
        })
      ),
      ...earlier.map(
        (phases): Variant => ({
          name: heap(phases),
          unit: "MB",
          round: Effect.sync(() => Number(fs.readFileSync(`${file(phases)}.heap`, "utf8")))
        })
      )
    ],
    ratios: [
      ...earlier.slice(1).map((phases) => ({
        name: `${phases.toLocaleString("en")} / ${few}`,
        of: after(phases),
        to: after(few),
        goal: { most: 1.3 }
      })),
      { name: `heap, ${many.toLocaleString("en")} / ${few}`, of: heap(many), to: heap(few), goal: { most: 1.3 } }
    ]
  }
}

export const endless = (folder: string): Group => {
  const after = (stages: number) => `after ${stages.toLocaleString("en")} stages`
  const variant = (stages: number): Variant => ({
    name: after(stages),
    unit: "bytes",
    round: Effect.suspend(() => {
      const own = fs.mkdtempSync(path.join(folder, "endless-"))
      return figure("endless", path.join(own, "tidemark.db"), stages)
    })
  })
  return {
    name: "endless",
    about: "the pages in use of a database of one task of stages that keeps the last five; durability normal",
    rounds: 1,
    warmUp: 0,
    variants: [variant(1_000), variant(100_000)],
    ratios: [{ name: "100,000 / 1,000", of: after(100_000), to: after(1_000), goal: { most: 1.2 } }]
  }
}

export const coldStart = (folder: string): Group => {
  const fresh = Effect.sync(() => fs.mkdtempSync(path.join(folder, "cold-")))
  const timed = (name: string, work: (folder: string) => Effect.Effect<unknown>): Variant => ({
    name,
    unit: "ms",
    round: Effect.flatMap(fresh, (own) => time(work(own)))
  })
  const [bare, imports, whole] = ["Node alone", "Node and the imports", "a task of three phases"]
  return {
    name: "cold-start",
    about: "from starting Node to its end, on a new database",
    rounds: 11,
    warmUp: 1,
    variants: [
      timed(bare, () => program("nothing")),
      timed(imports, () => program("imports")),
      timed(whole, (own) => program("cold", path.join(own, "cold.db")))
    ],
    ratios: [{ name: "task / imports", of: whole, to: imports, goal: { most: 1.3 } }]
  }
}

export const memory = (folder: string): Group => {
  const [before, after, running] = [
    "heap before",
    "heap after 10,000 finished executions",
    "RSS with 10,000 running executions"
  ]
  const heaps = path.join(folder, "heap.db")
  const fresh = Effect.sync(() => fs.mkdtempSync(path.join(folder, "running-")))
  let grown = 0
  return {
    name: "memory",
    about: "in a new process",
    rounds: 1,
    warmUp: 0,
    variants: [
      {
        name: before,
        unit: "MB",
        round: Effect.map(program("finished", heaps, 10_000), (text) => {
          const [base = 0, end = 0] = text.split(" ").map(Number)
          grown = end
          return base
        })
      },
      { name: after, unit: "MB", round: Effect.sync(() => grown) },
      {
        name: running,
        unit: "MB",
        round: Effect.flatMap(fresh, (own) => figure("running", path.join(own, "running.db"), 10_000))
      }
    ],
    ratios: [{ name: "heap after / before", of: after, to: before, goal: { most: 1.1 } }],
    limits: [{ of: running, below: 500 }]
  }
}

export const waiting = (folder: string): Group => {
  const each = (how: "started" | "interrupted"): Variant => ({
    name: `of each that was ${how}`,
    unit: "bytes",
    round: Effect.suspend(() =>
      figure("waiting", path.join(fs.mkdtempSync(path.join(folder, how)), "w.db"), 10_000, how)
    )
  })
  const variants = [each("started"), each("interrupted")]
  return {
    name: "waiting-heap",
    about: "heap held by a process that let 10,000 executions go, which wait for somebody or for a time",
    rounds: 1,
    warmUp: 0,
    variants,
    ratios: [],
    limits: variants.map(({ name }) => ({ of: name, below: 2_048 }))
  }
}
