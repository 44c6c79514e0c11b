/** Phases a second: one execution after the other, many at once, and without a disk. */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { counting, plain } from "./Counting.js"
import { type Group, time, type Variant } from "./Measure.js"
import * as Raw from "./Raw.js"

const perSecond = (count: number) => (millis: number) => (count * 1_000) / millis

const stored = (
  name: string,
  filename: string,
  durability: "full" | "normal",
  phases: number,
  run: Effect.Effect<unknown, unknown, TaskEngine>
): Variant => ({
  name,
  unit: "/s",
  round: time(run).pipe(
    Effect.map(perSecond(phases)),
    Effect.provide(Sqlite.layer({ filename, durability })),
    Effect.withTracerEnabled(false),
    Effect.orDie
  )
})

const one = (phases: number) => counting.execute({ phases })

const many = (executions: number, phases: number) =>
  Effect.forEach(Array.from({ length: executions }), () => one(phases), { concurrency: 100, discard: true })

export const raw = (folder: string): Group => ({
  name: "raw",
  about: "inserts of 300 bytes, without us",
  rounds: 5,
  warmUp: 1,
  variants: Raw.all(folder),
  ratios: [{ name: "SqlClient / better-sqlite3, FULL", of: Raw.names.client, to: Raw.names.full }]
})

export const sequential = (folder: string): Group => {
  const [ours, normal] = ["phases of one execution, FULL", "phases of one execution, NORMAL"]
  return {
    name: "sequential",
    about: "one execution of 1,000 phases, each recorded before the next begins",
    rounds: 5,
    warmUp: 1,
    variants: [
      Raw.full(folder),
      stored(ours, path.join(folder, "sequential.db"), "full", 1_000, one(1_000)),
      stored(normal, path.join(folder, "sequential-normal.db"), "normal", 1_000, one(1_000))
    ],
    ratios: [{ name: "ours / raw, FULL", of: ours, to: Raw.names.full, goal: { least: 0.6 } }]
  }
}

export const inFlight = (folder: string): Group => {
  const ours = "phases of 200 executions, FULL"
  return {
    name: "in-flight",
    about: "200 executions of 10 phases, 100 in flight",
    rounds: 5,
    warmUp: 1,
    variants: [Raw.full(folder), stored(ours, path.join(folder, "in-flight.db"), "full", 2_000, many(200, 10))],
    ratios: [{ name: "ours / raw, FULL", of: ours, to: Raw.names.full, goal: { least: 4 } }]
  }
}

export const interpreter = (): Group => {
  const [bare, ours] = ["Effect.gen", "phases over memory"]
  return {
    name: "interpreter",
    about: "1,000 phases without a disk, against the same effects in Effect.gen",
    rounds: 7,
    warmUp: 2,
    variants: [
      { name: bare, unit: "/s", round: Effect.map(time(plain(1_000)), perSecond(1_000)) },
      {
        name: ours,
        unit: "/s",
        round: time(one(1_000)).pipe(
          Effect.map(perSecond(1_000)),
          Effect.provide(TaskEngine.layerMemory),
          Effect.withTracerEnabled(false),
          Effect.orDie
        )
      }
    ],
    ratios: [{ name: "Effect.gen / ours", of: bare, to: ours }]
  }
}
