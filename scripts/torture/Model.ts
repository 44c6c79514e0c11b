/** The model test: runs the program of a seed in a world where processes die, and compares it with the reference. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { History } from "../../src/core/History.js"
import * as Path from "../../src/core/Path.js"
import type { PhaseRecord } from "../../src/core/PhaseRecord.js"
import { isActive } from "../../src/core/Status.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { type Command, type Program, taskOf, write } from "./Program.js"
import { type Mark, type Prediction, predict } from "./Reference.js"
import { World } from "./World.js"

/** More crashes than a program has: none of them is poisonous. */
const config = { crashes: 10 }

const resumesOf = (world: World, id: string): number =>
  world.entries(id).filter(({ entry }) => entry._tag === "Resumed" && entry.act.by === "operator").length

/** Lets executions live in one process after the other, until all of them stand still for good. */
export const live = (program: Program) => {
  const world = new World()
  const ids = Array.from({ length: program.executions }, (_, index) => `x${index + 1}`)
  const commands: Array<{ readonly execution: string; readonly command: Command }> = []
  const task = taskOf(world, program, (execution, command) =>
    Effect.sync(() => void commands.push({ execution, command }))
  )

  const one = (id: string) =>
    Effect.gen(function* () {
      const engine = yield* TaskEngine
      const caller =
        program.mode === "execute"
          ? yield* Effect.fork(Effect.exit(task.execute({}, { id })))
          : yield* Effect.as(Effect.orDie(task.start({}, { id })), undefined)
      const obey = ({ verb }: Command) => {
        if (verb === "pause") return engine.pause(id)
        if (verb !== "interrupt") return engine.close(id, { revert: verb === "closeAndRevert" })
        return caller === undefined ? Effect.void : Fiber.interrupt(caller)
      }
      for (;;) {
        yield* Effect.sleep("1 millis")
        const due = commands.findIndex(({ execution }) => execution === id)
        if (due >= 0) yield* Effect.exit(obey(commands.splice(due, 1)[0]!.command))
        const settled = yield* Effect.timeoutOption(Effect.either(engine.settled(id)), "2 millis")
        if (settled._tag === "None" || settled.value._tag === "Left") continue
        const { status } = settled.value.right
        if (isActive(status)) continue
        if (status === "Paused") yield* Effect.exit(engine.resume(id, { by: "pauser" }))
        else if (status === "Failed" && resumesOf(world, id) < program.resumes) {
          yield* Effect.exit(engine.resume(id, { by: "operator" }))
        } else if (program.after === "nothing" || !(yield* finish(engine, id, status))) return
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
    commands.length = 0
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
    outside: [...world.outside.keys()]
      .flatMap((key) => (key.startsWith(`${id} `) ? [key.slice(id.length + 1)] : []))
      .sort()
  }
}

/** Everything that happened, as text. */
export const trace = (seed: number): string => {
  const { ids, world } = live(write(seed))
  return JSON.stringify([world.ran, ids.map((id) => world.entries(id))])
}

/** What is wrong with a seed's life: nothing, as a rule. */
export const check = (seed: number): ReadonlyArray<string> => {
  const program = write(seed)
  try {
    const { ids, world } = live(program)
    const predicted = predict(program)
    const expected = predicted.status === "Closed" ? { ...predicted, failure: undefined } : predicted
    return [
      ...world.violations,
      ...ids.flatMap((id) => {
        const observed = observe(world, id, expected)
        return JSON.stringify(observed) === JSON.stringify(expected)
          ? []
          : [`${id}: expected ${JSON.stringify(expected)}, observed ${JSON.stringify(observed)}`]
      })
    ]
  } catch (thrown) {
    return [thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)]
  }
}

/** What a person does to see a failing seed again. */
export const replay = (seed: number): string => `TIDEMARK_SEED=${seed} npx vitest run test/model`

/** Checks `count` seeds from `seed` on, and answers the failing ones: at most ten, each with how to replay it. */
export const run = (count: number, seed: number): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (let index = 0; index < count && failures.length < 10; index++) {
    const problems = check(seed + index)
    if (problems.length > 0) failures.push([replay(seed + index), ...problems].join("\n  "))
  }
  return failures
}
