/** What waiting costs: to be let go, to be woken, and to be let go by the thousand. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { EngineConfig, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import { approving, hurried, type Noted } from "./Approving.js"
import { type Group, median, type Variant } from "./Measure.js"
import * as Raw from "./Raw.js"

const executions = 1_000

/** None of them waits for a place. */
const roomy = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, concurrency: executions })

type Task = ReturnType<typeof approving>

/** Waits until none of the executions of a store has any of these statuses. */
const none = (...status: ReadonlyArray<"Pending" | "Running" | "Waiting">) =>
  Effect.gen(function* () {
    while ((yield* TaskEngine.list({ status, limit: 1 })).length > 0) yield* Effect.sleep("1 millis")
  })

const startAll = (task: Task, concurrency: number | "unbounded" = "unbounded") =>
  Effect.forEach(Array.from({ length: executions }), () => task.start({}), { concurrency, discard: true })

const completeAll = ({ tokens }: Noted) =>
  Effect.forEach(tokens, (token) => TaskEngine.complete(token, Exit.succeed("yes")), {
    concurrency: "unbounded",
    discard: true
  })

/** A round on a new database, that measures itself. */
const stored = (
  folder: string,
  name: string,
  unit: Variant["unit"],
  taskOf: (noted: Noted) => Task,
  round: (task: Task, noted: Noted) => Effect.Effect<number, unknown, TaskEngine>,
  config: Layer.Layer<never> = Layer.empty
): Variant => ({
  name,
  unit,
  round: Effect.suspend(() => {
    const noted: Noted = { tokens: [], ran: [] }
    const task = taskOf(noted)
    const filename = path.join(fs.mkdtempSync(path.join(folder, "waiting-")), "waiting.db")
    return round(task, noted).pipe(
      Effect.provide(Layer.provideMerge(task.layer, Layer.provide(Sqlite.layer({ filename }), config))),
      Effect.withTracerEnabled(false),
      Effect.orDie
    )
  })
})

/** The event loop comes by: who asks again and again at once would keep it from what it is to do. */
const otherTurn = Effect.async<void>((resume) => {
  setImmediate(() => resume(Effect.void))
})

const since = (began: number) => Effect.sync(() => performance.now() - began)

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => Effect.zipRight(effect, since(performance.now())))

const perSecond = (millis: number): number => (executions * 1_000) / millis

export const parking = (folder: string): Group => {
  const [some, all] = ["100 starts at a time, FULL", "1,000 starts at once, FULL"]
  const parked = (name: string, concurrency: number | "unbounded") =>
    stored(
      folder,
      name,
      "/s",
      approving,
      (task) => Effect.map(timed(Effect.zipRight(startAll(task, concurrency), none("Pending", "Running"))), perSecond),
      roomy
    )
  return {
    name: "parking",
    about: "1,000 executions, each with a place, from their start until all of them wait for somebody and are let go",
    rounds: 5,
    warmUp: 5,
    variants: [Raw.full(folder), parked(some, 100), parked(all, "unbounded")],
    ratios: [
      { name: "100 at a time / raw, FULL", of: some, to: Raw.names.full, goal: { least: 1.5 } },
      { name: "at once / raw, FULL", of: all, to: Raw.names.full }
    ]
  }
}

/**
 * From the call of `complete` to the next phase, one after the other; and before each a raw commit, for the disk of one
 * moment is not that of the next.
 */
const completeEach = ({ ran, tokens }: Noted, rawCommit: () => number) =>
  Effect.gen(function* () {
    const delays: Array<number> = []
    const raw: Array<number> = []
    for (const token of tokens.slice(0, 400)) {
      raw.push(rawCommit())
      const began = performance.now()
      yield* TaskEngine.complete(token, Exit.succeed("yes"))
      while (ran.length === delays.length) yield* otherTurn
      delays.push(ran[delays.length]! - began)
      yield* none("Running")
    }
    return [median(delays), median(raw)] as const
  })

export const resuming = (folder: string): Group => {
  const [raw, ours] = ["better-sqlite3, FULL, one commit, p50 of 400", "from complete to the next phase, p50 of 400"]
  const rawCommit = Raw.commits(folder)
  let meanwhile = 0
  return {
    name: "resuming",
    about: "400 of 1,000 that wait are completed one by one, in the process that runs them",
    rounds: 5,
    warmUp: 5,
    variants: [
      stored(folder, ours, "ms", approving, (task, noted) =>
        startAll(task).pipe(
          Effect.zipRight(none("Pending", "Running")),
          Effect.zipRight(completeEach(noted, rawCommit)),
          Effect.map(([delay, commit]) => {
            meanwhile = commit
            return delay
          })
        )
      ),
      { name: raw, unit: "ms", round: Effect.sync(() => meanwhile) }
    ],
    ratios: [{ name: "ours / one raw commit", of: ours, to: raw, goal: { most: 3 } }]
  }
}

export const waking = (folder: string): Group => {
  const [plain, woken] = ["1,000 that wait for nothing, started to ended", "1,000 that wait, completed to ended"]
  return {
    name: "waking",
    about: "1,000 completed at once, against 1,000 of the same phases without the wait",
    rounds: 5,
    warmUp: 5,
    variants: [
      stored(folder, plain, "ms", hurried, (task) =>
        timed(Effect.zipRight(startAll(task), none("Pending", "Running")))
      ),
      stored(folder, woken, "ms", approving, (task, noted) =>
        startAll(task).pipe(
          Effect.zipRight(none("Pending", "Running")),
          Effect.zipRight(timed(Effect.zipRight(completeAll(noted), none("Pending", "Running", "Waiting"))))
        )
      )
    ],
    ratios: [{ name: "woken / without waits", of: woken, to: plain, goal: { most: 2 } }]
  }
}
