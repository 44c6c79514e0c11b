/** Runs grids, ends their phases one by one in the order that is drawn, and holds what became of them against the reference. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TaskEngine } from "../../src/TaskEngine.js"
import { draw, type Grid, type Hand, pathOf, taskOf } from "./Grid.js"
import { type Outcome, predict } from "./GridReference.js"
import { World } from "./World.js"

/** How many executions one engine gets: a world keeps all that happened in it. */
const most = 50

/** What became of one execution beside its journal. */
interface Life {
  readonly grid: Grid
  readonly hand: Hand
  /** the phases that run, and what ends them */
  readonly running: Map<number, Deferred.Deferred<void>>
  readonly undone: Array<string>
  readonly doubted: Array<string>
}

const lifeOf = (world: World, grid: Grid): Life => {
  const running: Life["running"] = new Map()
  const undone: Array<string> = []
  const doubted: Array<string> = []
  const ends = (phase: number): Effect.Effect<string, string> => {
    const how = grid.fails.get(phase)
    if (how === undefined) return Effect.succeed(pathOf(phase))
    return how === "Die" ? Effect.dieMessage(`no ${pathOf(phase)}`) : Effect.fail(`no ${pathOf(phase)}`)
  }
  const hand: Hand = {
    run: (phase) =>
      world.seen(() =>
        Effect.flatMap(Deferred.make<void>(), (gate) => {
          running.set(phase, gate)
          return Effect.zipRight(
            Effect.ensuring(
              Deferred.await(gate),
              Effect.sync(() => running.delete(phase))
            ),
            ends(phase)
          )
        })
      ),
    undo: (phase, sure) => world.seen(() => Effect.sync(() => void (sure ? undone : doubted).push(pathOf(phase))))
  }
  return { grid, hand, running, undone, doubted }
}

/** Ends one phase after the other; what follows from each is over before the clock moves on. */
const lead = ({ grid, running }: Life) =>
  Effect.gen(function* () {
    for (;;) {
      yield* Effect.sleep("1 millis")
      const next = grid.order.find((phase) => running.has(phase))
      if (next === undefined) return
      yield* Deferred.succeed(running.get(next)!, undefined)
    }
  })

const observe = (world: World, id: string, { doubted, undone }: Life, result: unknown): Outcome => {
  const history = world.history(id)
  const entries = world.entries(id).map(({ entry }) => entry)
  const isPhase = (path: string): boolean => /^grid\/.\/.$/.test(path)
  const paths = (tag: "PhaseSucceeded" | "PhaseInterrupted") =>
    entries.flatMap((entry) => (entry._tag === tag && isPhase(entry.path) ? [entry.path] : []))
  return {
    status: history.status as Outcome["status"],
    result: result as Outcome["result"],
    failures: history.failures.map(({ _tag, path }) => `${_tag} at ${path}`),
    completed: paths("PhaseSucceeded"),
    interrupted: paths("PhaseInterrupted").sort(),
    undone,
    doubted: [...doubted].sort()
  }
}

/** What is different, one line each. */
const differences = (expected: Outcome, found: Outcome): ReadonlyArray<string> =>
  (Object.keys(expected) as ReadonlyArray<keyof Outcome>).flatMap((what) => {
    const [wanted, is] = [JSON.stringify(expected[what]), JSON.stringify(found[what])]
    return wanted === is ? [] : [`${what}: ${is} instead of ${wanted}`]
  })

/** Runs the grids of these seeds in one engine. */
const some = (seeds: ReadonlyArray<number>): ReadonlyMap<number, ReadonlyArray<string>> => {
  const world = new World()
  const lives = new Map(seeds.map((seed) => [`g${seed}`, lifeOf(world, draw(seed))]))
  const task = taskOf((id) => lives.get(id)!)
  const found = new Map<number, ReadonlyArray<string>>()
  const one = (seed: number) =>
    Effect.gen(function* () {
      const engine = yield* TaskEngine
      const id = `g${seed}`
      const life = lives.get(id)!
      const caller = yield* Effect.fork(Effect.exit(task.execute({ id }, { id })))
      yield* lead(life)
      yield* Fiber.join(caller)
      const { result } = yield* engine.status(id)
      found.set(seed, [
        ...differences(predict(life.grid), observe(world, id, life, result)),
        ...world.violations.splice(0)
      ])
    })
  const ended = world.process(Effect.orDie(Effect.forEach(seeds, one, { discard: true })))
  if (ended._tag === "Died" || ended.exit._tag === "Failure")
    throw new Error(`grids of ${seeds[0]}: ${JSON.stringify(ended)}`)
  return found
}

/** Checks `count` seeds from `seed` on, and answers the failing ones: at most ten, each with how to replay it. */
export const run = (count: number, seed: number): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (let index = 0; index < count && failures.length < 10; index += most) {
    const seeds = Array.from({ length: Math.min(most, count - index) }, (_, at) => seed + index + at)
    for (const [failing, problems] of some(seeds)) {
      const replay = `TIDEMARK_SEED=${failing} npx vitest run test/model/grids.test.ts`
      if (problems.length > 0) failures.push([replay, ...problems].join("\n  "))
    }
  }
  return failures.slice(0, 10)
}
