/**
 * The crash matrix: a case runs once without a crash, then once for every place where its process can die (and for pairs
 * of them), until it is settled; its ending must be the same, and nothing may have run that the journal does not explain.
 */
import * as Effect from "effect/Effect"
import type { ExecutionStatus } from "../../src/authoring/ExecutionStatus.js"
import type * as Authored from "../../src/authoring/TaskEngine.js"
import { type Failure, render } from "../../src/core/Failure.js"
import * as Path from "../../src/core/Path.js"
import type { Status } from "../../src/core/Status.js"
import { isActive } from "../../src/core/Status.js"
import type { Task } from "../../src/index.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { type Crash, World } from "./World.js"

/** Any task whose phases need nothing. */
export type AnyTask = Task.Task<string, never, unknown, unknown, never>

/** An act of the operator; `false` if there is none at this point. */
export type Operator = (
  status: ExecutionStatus,
  engine: Authored.Service,
  world: World
) => Effect.Effect<unknown, unknown> | undefined

/** A task, and what an operator does about it, in terms of what its status shows. */
export interface Case {
  readonly name: string
  readonly make: (world: World) => {
    readonly layer: AnyTask["layer"]
    readonly execute: AnyTask["execute"]
    readonly start: AnyTask["start"]
  }
  readonly operator?: Operator
  /** how it ends, if that is not to be Completed */
  readonly ends: Status
  /** what then stands outside */
  readonly leaves: ReadonlyArray<string>
  /** how its children end then, by id; there are no others */
  readonly family?: Readonly<Record<string, Status>>
}

/** How a dead process's execution is taken up: by the layer of its task, or by calling `execute` again. */
export type Mode = "recover" | "execute"

export interface Result {
  readonly status: Status
  readonly result: unknown
  readonly failures: ReadonlyArray<string>
  readonly outside: ReadonlyArray<string>
  /** the statuses of the other executions, at the moment when it stood still */
  readonly family: Readonly<Record<string, Status>>
}

const id = "one"

/** Lets the operator act until the execution stands still and there is nothing more to do. */
const tend = (world: World, operator: Operator | undefined) =>
  Effect.gen(function* () {
    const engine = yield* TaskEngine
    if (operator === undefined) return yield* engine.settled(id)
    for (;;) {
      const status = yield* engine.status(id)
      const act = operator(status, engine, world)
      if (act !== undefined) yield* Effect.exit(act)
      else if (!isActive(status.status) && status.status !== "Waiting") return status
      yield* Effect.sleep(status.status === "Waiting" ? "1 seconds" : "50 millis")
    }
  })

const resultOf = (status: ExecutionStatus, world: World): Result => ({
  status: status.status,
  result: status.result,
  failures: status.failures.map(plainly),
  outside: [...world.outside.keys()].sort(),
  family: Object.fromEntries(others(world).map((other) => [other, world.history(other).status]))
})

const others = (world: World): ReadonlyArray<string> =>
  [...world.memory.executions.keys()].filter((other) => other !== id).sort()

const plainly = (failure: Failure): string =>
  failure._tag === "Fault" ? `${failure.reason} at ${failure.path}` : render(failure)

/** Runs a case in a world; the n-th process dies at the n-th crash. */
export const live = (given: Case, mode: Mode, crashes: ReadonlyArray<Crash>) => {
  const world = new World()
  const task = given.make(world)
  const program = Effect.gen(function* () {
    if (mode === "recover") yield* Effect.orDie(task.start({} as never, { id }))
    else yield* Effect.fork(Effect.exit(task.execute({} as never, { id })))
    yield* Effect.yieldNow()
    yield* Effect.sleep("1 millis")
    return resultOf(yield* tend(world, given.operator), world)
  })
  const writes: Array<number> = []
  for (let index = 0; ; index++) {
    const tasks = mode === "recover" || given.operator !== undefined ? [task] : []
    const ended = world.process(program as Effect.Effect<Result, never, never>, { crash: crashes[index], tasks })
    writes.push(world.writes)
    if (ended._tag === "Died") continue
    if (ended.exit._tag === "Failure") throw new Error(`${given.name}: ${String(ended.exit.cause)}`)
    return { world, result: ended.exit.value, writes }
  }
}

/** What is wrong with how a case ended. */
const problems = (given: Case, lived: ReturnType<typeof live>): ReadonlyArray<string> => {
  const { result, world } = lived
  const found = [...world.violations, ...[id, ...others(world)].flatMap((one) => explain(world, one))]
  if (result.status !== given.ends)
    found.push(`it ended ${result.status}, not ${given.ends}: ${result.failures.join("; ")}`)
  const family = given.family ?? {}
  for (const child of new Set([...Object.keys(family), ...Object.keys(result.family)])) {
    const [wanted = "not there", is = "not there"] = [family[child], result.family[child]]
    if (is !== wanted) found.push(`its child ${child} is ${is}, not ${wanted}`)
  }
  const left = result.outside.join()
  if (left !== [...given.leaves].sort().join()) found.push(`it leaves ${left || "nothing"}`)
  return found
}

/** Whether the order and number of undos is what the journal promises. */
const explain = (world: World, execution: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  const history = world.history(execution)
  const crashes = world.died.length
  for (const record of history.phases.values()) {
    const runs = world.ran.filter((ran) => ran.execution === execution && ran.path === record.path).length
    if (record.undoes === undefined) continue
    const failed = world.failures(execution, record.path)
    if (runs > 1 + crashes + failed) found.push(`${record.path} ran ${runs} times in ${crashes} crashes`)
  }
  const body = [...history.phases.values()].filter(({ scope }) => Path.isBody(scope)).map(({ path }) => path)
  const undone = [...history.phases.values()].flatMap(({ state, undoes }) =>
    undoes !== undefined && state === "succeeded" ? [undoes] : []
  )
  const places = undone.map((path) => body.indexOf(path)).filter((place) => place >= 0)
  if (places.some((place, index) => index > 0 && place >= places[index - 1]!))
    found.push(`undone in the order ${undone.join()}`)
  return found
}

/** Lives a case once without a crash, and with all the crashes; every difference as one line. */
export const check = (
  given: Case,
  mode: Mode,
  plans: (writes: number, pick: (crashes: ReadonlyArray<Crash>) => number) => Iterable<ReadonlyArray<Crash>>
) => {
  const found: Array<string> = []
  const note = (crashes: ReadonlyArray<Crash>, problem: string) => {
    const where = crashes.map(({ after, write }) => `${after ? "after" : "before"} write ${write}`).join(" and ")
    found.push(`${given.name}, ${mode}, crash ${where || "never"}: ${problem}`)
  }
  const reference = live(given, mode, [])
  for (const problem of problems(given, reference)) note([], problem)
  let count = 0
  const attempt = (crashes: ReadonlyArray<Crash>): number => {
    count++
    try {
      const lived = live(given, mode, crashes)
      for (const problem of problems(given, lived)) note(crashes, problem)
      const { failures, result } = lived.result
      const differs =
        JSON.stringify([result, failures]) !== JSON.stringify([reference.result.result, reference.result.failures])
      if (differs)
        note(crashes, `it answers ${JSON.stringify(lived.result)} instead of ${JSON.stringify(reference.result)}`)
      return lived.writes[crashes.length] ?? 0
    } catch (thrown) {
      note(crashes, String(thrown))
      return 0
    }
  }
  for (const crashes of plans(reference.writes[0]!, attempt)) attempt(crashes)
  return { found, count }
}

const moments = (writes: number): ReadonlyArray<Crash> =>
  Array.from({ length: writes }, (_, index) => [
    { write: index + 1, after: false },
    { write: index + 1, after: true }
  ]).flat()

/** Every crash, and every `stride`-th pair of crashes, the second of which falls into the recovery from the first. */
export const crashes = (stride: number, offset = 0) =>
  function* (writes: number, pick: (crashes: ReadonlyArray<Crash>) => number): Generator<ReadonlyArray<Crash>> {
    let nth = offset
    for (const first of moments(writes)) {
      const after = pick([first])
      for (const second of moments(after)) if (nth++ % stride === 0) yield [first, second]
    }
  }
