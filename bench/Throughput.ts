/** Phases a second: one execution after the other, many at once, and without a disk. */
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { branching, copying, counting, plain, spreading } from "./Counting.js"
import { type Group, time, type Variant } from "./Measure.js"
import * as Raw from "./Raw.js"

const perSecond = (count: number) => (millis: number) => (count * 1_000) / millis

const one = (phases: number) => counting.execute({ phases })

/** On a database that is open: what is measured begins after the engine's first execution, with which it took the lock. */
const stored = (
  name: string,
  filename: string,
  durability: "full" | "normal",
  phases: number,
  run: Effect.Effect<unknown, unknown, TaskEngine>
): Variant => ({
  name,
  unit: "/s",
  round: Effect.zipRight(one(1), time(run)).pipe(
    Effect.map(perSecond(phases)),
    Effect.provide(Sqlite.layer({ filename, durability })),
    Effect.withTracerEnabled(false),
    Effect.orDie
  )
})

const inMemory = (name: string, phases: number, run: Effect.Effect<unknown, unknown, TaskEngine>): Variant => ({
  name,
  unit: "/s",
  round: time(run).pipe(
    Effect.map(perSecond(phases)),
    Effect.provide(TaskEngine.layerMemory),
    Effect.withTracerEnabled(false),
    Effect.orDie
  )
})

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
    about: "200 executions of 10 phases, 100 in flight, in a process that has done so for a while",
    rounds: 9,
    warmUp: 6,
    variants: [Raw.full(folder), stored(ours, path.join(folder, "in-flight.db"), "full", 2_000, many(200, 10))],
    ratios: [{ name: "ours / raw, FULL", of: ours, to: Raw.names.full, goal: { least: 4 } }]
  }
}

export const branches = (folder: string): ReadonlyArray<Group> => {
  const items = "items of one forEach, 64 at a time, FULL"
  const [narrow, wide] = ["items of one forEach, all 1,000 at once", "items of one forEach, all 10,000 at once"]
  const [bare, all] = ["phases of 64 executions, FULL", "phases in 64 branches of Phase.all, FULL"]
  return [
    {
      name: "for-each",
      about: "one execution, 1,000 items, 64 at a time",
      rounds: 5,
      warmUp: 1,
      variants: [
        Raw.full(folder),
        stored(items, path.join(folder, "for-each.db"), "full", 1_000, copying.execute({ items: 1_000, atOnce: 64 }))
      ],
      ratios: [{ name: "ours / raw, FULL", of: items, to: Raw.names.full, goal: { least: 2.5 } }]
    },
    {
      name: "wide",
      about: "one execution without a disk, all of its items at once",
      rounds: 5,
      warmUp: 1,
      variants: [
        inMemory(narrow, 1_000, spreading.execute({ items: 1_000 })),
        inMemory(wide, 10_000, spreading.execute({ items: 10_000 }))
      ],
      ratios: [{ name: "one of 1,000 / one of 10,000", of: narrow, to: wide, goal: { most: 1.5 } }]
    },
    {
      name: "all",
      about: "1,280 phases, 64 in flight: in executions of their own, or in the branches of one",
      rounds: 5,
      warmUp: 1,
      variants: [
        stored(bare, path.join(folder, "bare.db"), "full", 1_280, many(64, 20)),
        stored(all, path.join(folder, "all.db"), "full", 1_280, branching.execute({ rounds: 20, width: 64 }))
      ],
      ratios: [{ name: "a bare phase / one in Phase.all", of: bare, to: all, goal: { most: 1.3 } }]
    }
  ]
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
      inMemory(ours, 1_000, one(1_000))
    ],
    ratios: [{ name: "Effect.gen / ours", of: bare, to: ours }]
  }
}
