/** The model test: runs the program of a seed in a world where processes die, and holds it against what it should do. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Queue from "effect/Queue"
import type { History } from "../../src/core/History.js"
import * as Path from "../../src/core/Path.js"
import type { PhaseRecord } from "../../src/core/PhaseRecord.js"
import { isActive } from "../../src/core/Status.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { type Command, type Program, weave, write } from "./Program.js"
import { type Mark, type Prediction, predict } from "./Reference.js"
import { runner } from "./Seeds.js"
import { taskOf } from "./TaskOf.js"
import { Witness } from "./Witness.js"
import { World } from "./World.js"

/** More crashes than a program has: none of them is poisonous. */
const config = { crashes: 10 }

/** How often somebody looks at an execution and does what there is to do, before he gives it up. */
const patience = 50

const resumesOf = (world: World, id: string): number =>
  world.entries(id).filter(({ entry }) => entry._tag === "Resumed" && entry.act.by === "operator").length

/** Lets executions live in one process after the other, until all of them stand still for good. */
export const live = (program: Program) => {
  const world = new World()
  const ids = Array.from({ length: program.executions }, (_, index) => `x${index + 1}`)
  /** what is due in the present process */
  const commands = new Map<string, Queue.Queue<Command>>()
  const task = taskOf(world, program, (execution, command) =>
    Effect.suspend(() => Queue.offer(commands.get(execution)!, command))
  )

  const one = (id: string) =>
    Effect.gen(function* () {
      const engine = yield* TaskEngine
      const due = yield* Queue.unbounded<Command>()
      commands.set(id, due)
      const caller =
        program.mode === "execute"
          ? yield* Effect.fork(Effect.exit(task.execute({}, { id })))
          : yield* Effect.as(Effect.orDie(task.start({}, { id })), undefined)
      const obey = ({ verb }: Command) => {
        if (verb === "pause") return engine.pause(id)
        if (verb !== "interrupt") return engine.close(id, { revert: verb === "closeAndRevert" })
        return caller === undefined ? Effect.void : Fiber.interrupt(caller)
      }
      for (let act = 0; act < patience; act++) {
        yield* Effect.sleep("1 millis")
        const next = yield* Effect.raceFirst(Queue.take(due), Effect.either(engine.settled(id)))
        if ("verb" in next) yield* Effect.exit(obey(next))
        if ("verb" in next || next._tag === "Left") continue
        const { status } = next.right
        if (isActive(status)) continue
        if (status === "Paused") yield* Effect.exit(engine.resume(id, { by: "pauser" }))
        else if (status === "Failed" && resumesOf(world, id) < program.resumes) {
          yield* Effect.exit(engine.resume(id, { by: "operator" }))
        } else if (status === "RevertFailed") yield* Effect.exit(engine.resume(id))
        else if (program.after === "nothing" || !(yield* finish(engine, id, status))) return
      }
    })

  /** Whether there was something to do about an execution that stands still. */
  const finish = (engine: TaskEngine["Type"], id: string, status: string) => {
    if (program.after === "revert" && status !== "Reverted" && status !== "RevertFailed") {
      return Effect.as(Effect.exit(engine.revert(id)), true)
    }
    return program.after === "close" && status === "Failed"
      ? Effect.as(Effect.exit(engine.close(id)), true)
      : Effect.succeed(false)
  }

  const all = Effect.forEach(ids, one, { concurrency: "unbounded", discard: true })
  for (let index = 0; ; index++) {
    const ended = world.process(all, { crash: program.crashes[index], tasks: [task], config })
    if (ended._tag === "Died") continue
    if (ended.exit._tag === "Failure") throw new Error(String(ended.exit.cause))
    return { world, ids }
  }
}

const stateOf = (record: PhaseRecord): Mark["state"] =>
  record.state === "succeeded" || record.state === "failed" ? record.state : "doubt"

const marks = (history: History, scope: string): ReadonlyArray<Mark> =>
  (history.scopes.get(scope) ?? []).map((record) => ({ path: record.path, state: stateOf(record) }))

/** The paths of the phases of an execution that stand outside. */
const standing = (world: World, id: string): ReadonlyArray<string> =>
  [...world.outside.keys()].flatMap((key) => (key.startsWith(`${id} `) ? [key.slice(id.length + 1)] : []))

/** What became of an execution, in the reference's terms. */
const observe = (world: World, id: string, expected: Prediction): Prediction => {
  const history = world.history(id)
  const failures = history.status === "Closed" ? [] : history.failures
  const first = failures[0]?._tag
  const undone = [...history.phases.values()].flatMap(({ state, undoes }) =>
    undoes !== undefined && state === "succeeded" ? [undoes] : []
  )
  // A phase that died may have happened before its process died: only then is it decided by the revert.
  const failed = new Set(expected.body.filter(({ state }) => state === "failed").map(({ path }) => path))
  return {
    status: history.status as Prediction["status"],
    failure: first as Prediction["failure"],
    body: marks(history, Path.root),
    cleanup: marks(history, Path.close),
    undone: undone.filter((path) => !failed.has(path)),
    outside: [...standing(world, id)].sort()
  }
}

/** Everything that happened, as text. */
const traceOf = (program: Program): string => {
  const { ids, world } = live(program)
  return JSON.stringify([world.ran, ids.map((id) => world.entries(id))])
}

/** What is wrong with how the executions of a program went: their journals are not among what it can lead to. */
const unlawful = (program: Program, { ids, world }: ReturnType<typeof live>): ReadonlyArray<string> => [
  ...world.violations,
  ...ids.flatMap((id) => {
    const witness = new Witness(program)
    const wrong = witness.read(world.entries(id))
    const misplaced = wrong === undefined ? witness.misplaced(new Set(standing(world, id))) : [wrong]
    return misplaced.map((problem) => `${id}: ${problem}`)
  })
]

/** What is wrong with a seed's life: nothing, as a rule. */
const problemsOf = (check: () => ReadonlyArray<string>): ReadonlyArray<string> => {
  try {
    return check()
  } catch (thrown) {
    return [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)]
  }
}

/** Programs without concurrency: exactly what the reference says becomes of them. */
export const check = (seed: number): ReadonlyArray<string> =>
  problemsOf(() => {
    const program = write(seed)
    const lived = live(program)
    const predicted = predict(program)
    const expected = predicted.status === "Closed" ? { ...predicted, failure: undefined } : predicted
    return [
      ...unlawful(program, lived),
      ...lived.ids.flatMap((id) => {
        const observed = observe(lived.world, id, expected)
        return JSON.stringify(observed) === JSON.stringify(expected)
          ? []
          : [`${id}: expected ${JSON.stringify(expected)}, observed ${JSON.stringify(observed)}`]
      })
    ]
  })
export const trace = (seed: number): string => traceOf(write(seed))
export const run = runner(check, "model")

/** Programs with concurrency: nothing but what their course allows, to its end. */
export const checkConcurrent = (seed: number): ReadonlyArray<string> =>
  problemsOf(() => unlawful(weave(seed), live(weave(seed))))
export const traceConcurrent = (seed: number): string => traceOf(weave(seed))
export const runConcurrent = runner(checkConcurrent, "concurrent")
