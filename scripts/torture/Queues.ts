/**
 * Random executions with concurrency keys, some of them children, under crashes, deploys with other limits and operators:
 * never are there more of a key than the limit says, nobody goes before who came first, and all come to their end.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { KeptExecution } from "../../src/store/Memory.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import * as Dice from "./Dice.js"
import { runner } from "./Seeds.js"
import { type Crash, World } from "./World.js"

const verbs = ["pause", "close", "revert", "resume"] as const

/** One that is started, or executed by a caller who may leave, or a parent with children of the key. Times in milliseconds. */
interface Job {
  readonly id: string
  readonly tenant: string
  readonly kind: "start" | "execute" | "parent"
  readonly at: number
  readonly priority: number
  /** how much later it is to begin */
  readonly later: number
  /** how often it fails */
  readonly fails: number
  readonly nap: number
  /** it calls one of its own key */
  readonly nests: boolean
  /** when its caller leaves */
  readonly leaves: number | undefined
}

interface Operation {
  readonly at: number
  readonly verb: (typeof verbs)[number]
  readonly job: number
}

/** What a seed says. */
export interface Queue {
  /** of each process: how many of a key may be under way */
  readonly limits: ReadonlyArray<number>
  /** whether there is a layer of the task with the key */
  readonly registered: boolean
  readonly onFailure: "halt" | "revert"
  readonly jobs: ReadonlyArray<Job>
  readonly operations: ReadonlyArray<Operation>
  readonly crashes: ReadonlyArray<Crash>
}

export const draw = (seed: number): Queue => {
  const between = (name: string, low: number, high: number) => Dice.between(seed, name, low, high)
  const chance = (name: string, part: number) => Dice.chance(seed, name) < part
  const registered = chance("registered", 0.7)
  const pick = <A>(name: string, of: ReadonlyArray<A>): A => of[between(name, 0, of.length - 1)]!
  const jobs = Array.from({ length: between("jobs", 3, 8) }, (_, index): Job => {
    const name = (what: string) => `${index} ${what}`
    const kind = pick(name("kind"), ["start", "start", "execute", "parent"] as const)
    return {
      id: `j${index}`,
      tenant: chance(name("tenant"), 0.7) ? "a" : "b",
      kind: kind === "start" && !registered ? "execute" : kind,
      at: between(name("at"), 0, 30),
      priority: between(name("priority"), -1, 1),
      later: chance(name("later"), 0.2) ? between(name("how later"), 1, 60) : 0,
      fails: chance(name("fails"), 0.25) ? between(name("how often"), 1, 2) : 0,
      nap: pick(name("nap"), [0, 0, 0, 20, 12_000]),
      nests: chance(name("nests"), 0.15),
      leaves: chance(name("leaves"), 0.3) ? between(name("when"), 0, 60) : undefined
    }
  })
  const crashes = Array.from({ length: between("crashes", -1, 3) }, (_, index) => ({
    write: between(`crash ${index}`, 1, 50),
    after: chance(`after ${index}`, 0.5)
  }))
  return {
    registered,
    limits: [0, ...crashes].map((_, index) => between(`limit ${index}`, 1, 3)),
    onFailure: chance("onFailure", 0.3) ? "revert" : "halt",
    jobs,
    operations: Array.from({ length: between("operations", -2, 4) }, (_, index) => ({
      at: between(`operation ${index}`, 0, 80),
      verb: pick(`verb ${index}`, verbs),
      job: between(`operated ${index}`, 0, jobs.length - 1)
    })),
    crashes
  }
}

const payload = { id: Schema.String, tenant: Schema.String, nap: Schema.Number, nests: Schema.Boolean }

/** The tasks of a process. */
const tasksOf = (world: World, { onFailure, jobs }: Queue, limit: number, failed: Map<string, number>) => {
  const takes = (name: string) => world.seen(() => Effect.as(Effect.sleep(5), name))
  const fails = new Map(jobs.map((job) => [job.id, job.fails]))
  type Work = Schema.Struct.Type<typeof payload>
  const work: Task.Task<"work", Work, void, string, never> = Task.make("work", {
    payload,
    error: Schema.String,
    onFailure,
    concurrencyKey: ({ tenant }) => tenant,
    limit,
    *run({ id, nap, nests, tenant }) {
      yield* Phase.make("one", { run: takes("one"), undo: () => Effect.sleep(5), undoUnknown: () => Effect.void })
      const may = world.seen(() => {
        const before = failed.get(id) ?? 0
        if (before >= (fails.get(id) ?? 0)) return Effect.succeed(before)
        failed.set(id, before + 1)
        return Effect.fail("it fails")
      })
      yield* Phase.make("may fail", may)
      if (nap > 0) yield* Phase.sleep("nap", nap)
      if (nests) yield* work.phase({ id: `${id}/n`, tenant, nap: 0, nests: false }, { id: `${id}/n` })
      yield* Phase.make("two", takes("two"))
    }
  })
  const family = Task.make("family", {
    payload,
    error: Schema.String,
    onFailure,
    *run({ id, nap, nests, tenant }) {
      yield* Phase.forEach(
        "each",
        ["1", "2", "3"],
        (n) => work.phase({ id: `${id}.${n}`, tenant, nap, nests }, { id: `${id}.${n}` }),
        { key: (n) => n, concurrency: 2 }
      )
    }
  })
  return { work, family }
}

const since = ({ row, wake }: KeptExecution): number => wake ?? row.createdAt
const inLine = ({ lane, placed, row }: KeptExecution) => lane !== undefined && !placed && row.status === "Pending"

/** Watches the memory: who has a place, and who came first. */
const watching = (world: World, { registered }: Queue, limit: number, resumed: Set<string>) => {
  const { memory, simulation, violations } = world
  const placed = new Set<string>()
  const holders = (lane: string) =>
    [...memory.executions.values()].filter((each) => each.lane === lane && each.placed).length
  /** since when they stood in line, or stand there */
  const stood = new Map<string, number>()
  const isBefore = (a: KeptExecution, b: KeptExecution) =>
    a.priority === b.priority ? since(a) < (stood.get(b.row.id) ?? since(b)) : a.priority > b.priority
  const entered = (one: KeptExecution): void => {
    const { id, status } = one.row
    if (status !== "Running") return
    const room = limit - holders(one.lane!)
    if (room < 0) violations.push(`${id} began as one more than ${limit}`)
    if (!registered || resumed.has(id)) return
    const before = [...memory.executions.values()].filter(
      (other) =>
        other.lane === one.lane &&
        inLine(other) &&
        Math.max(since(other), other.row.updatedAt) < simulation.now &&
        isBefore(other, one)
    )
    // Those who may begin at the same time may do so in any order.
    if (before.length > room) violations.push(`${id} began before ${before.map(({ row }) => row.id)}`)
  }
  const lengths = new Map<string, number>()
  const look = () => {
    for (const one of memory.executions.values()) {
      const { id, status } = one.row
      if (one.lane === undefined || lengths.get(id) === one.rows.length) continue
      lengths.set(id, one.rows.length)
      if (inLine(one)) stood.set(id, since(one))
      const history = world.history(id)
      if (history.placed !== one.placed || history.status !== status) {
        violations.push(`${id} is ${status}, ${one.placed}, its journal says ${history.status}, ${history.placed}`)
      }
      if (one.placed && !placed.has(id)) entered(one)
      if (one.placed) placed.add(id)
      else placed.delete(id)
    }
  }
  // What is there when the process begins was looked at by the one before.
  for (const one of memory.executions.values()) {
    lengths.set(one.row.id, one.rows.length)
    if (inLine(one)) stood.set(one.row.id, since(one))
    if (one.placed) placed.add(one.row.id)
  }
  return look
}

const ended: ReadonlySet<string> = new Set(["Completed", "Closed", "Reverted"])
const standing: ReadonlySet<string> = new Set(["Failed", "Paused", "RevertFailed"])

/** What one process does: starts what is not there, operates, and sees to it that all come to their end. */
const program = (world: World, queue: Queue, limit: number, failed: Map<string, number>, resumed: Set<string>) => {
  const { family, work } = tasksOf(world, queue, limit, failed)
  const { jobs, operations } = queue
  const given = ({ id, nap, nests, tenant }: Job) => ({ id, nap, nests, tenant })
  const start = (job: Job): Effect.Effect<unknown, unknown, TaskEngine> => {
    if (job.kind === "parent") return family.start(given(job), { id: job.id })
    if (job.kind === "execute") {
      const call = work.execute(given(job), { id: job.id, resume: true })
      return job.leaves === undefined ? call : Effect.timeoutOption(call, job.leaves)
    }
    const options = job.later === 0 ? {} : { at: world.simulation.now + job.later }
    return world.memory.executions.has(job.id)
      ? Effect.void
      : work.start(given(job), { id: job.id, priority: job.priority, ...options })
  }
  const operate = (engine: TaskEngine["Type"], { at, job, verb }: Operation) => {
    const { id } = jobs[job]!
    if (verb === "resume") resumed.add(id)
    return Effect.delay(Effect.exit(engine[verb](id)), at)
  }
  return {
    tasks: queue.registered ? [work, family] : [family],
    effect: Effect.scoped(
      Effect.gen(function* () {
        const engine = yield* TaskEngine
        const look = watching(world, queue, limit, resumed)
        world.memory.watchers.add(look)
        for (const job of jobs) yield* Effect.forkScoped(Effect.delay(Effect.exit(start(job)), job.at))
        for (const operation of operations) yield* Effect.forkScoped(operate(engine, operation))
        yield* Effect.sleep(100)
        const calls = new Map<string, Fiber.RuntimeFiber<unknown, unknown>>()
        for (let turn = 0; turn < 1_000; turn++) {
          const rows = [...world.memory.executions.values()].map(({ row }) => row)
          if (rows.length >= jobs.length && rows.every(({ status }) => ended.has(status))) return true
          for (const { id, status } of rows) {
            const isChild = world.history(id).parent !== undefined
            if (standing.has(status) && !isChild) {
              resumed.add(id)
              yield* Effect.exit(engine.resume(id))
            }
            const job = jobs.find((each) => each.id === id)
            if (job?.kind !== "execute" || queue.registered || ended.has(status) || calls.has(id)) continue
            calls.set(id, yield* Effect.forkScoped(Effect.exit(work.execute(given(job), { id, resume: true }))))
          }
          for (const [id, call] of calls) if (call.unsafePoll() !== null) calls.delete(id)
          yield* Effect.sleep(turn < 40 ? 50 : 1_000)
        }
        return false
      })
    )
  }
}

/** Runs what a seed says, in one process after the other, until all have ended. */
const live = (queue: Queue) => {
  const world = new World()
  const failed = new Map<string, number>()
  const resumed = new Set<string>()
  for (let index = 0; ; index++) {
    const limit = queue.limits[Math.min(index, queue.limits.length - 1)]!
    const { effect, tasks } = program(world, queue, limit, failed, resumed)
    const life = world.process(effect, { crash: queue.crashes[index], tasks, config: { crashes: 10 } })
    if (life._tag === "Died") continue
    if (life.exit._tag === "Failure") throw new Error(String(life.exit.cause))
    return { world, done: life.exit.value }
  }
}

const problemsOf = ({ done, world }: ReturnType<typeof live>): ReadonlyArray<string> => {
  const found = [...world.violations]
  if (!done) {
    for (const { row, lane, placed } of world.memory.executions.values()) {
      if (!ended.has(row.status)) found.push(`${row.id} is stuck: ${row.status}, lane ${lane}, placed ${placed}`)
    }
  }
  return found
}

/** What is wrong with how it went: nothing, as a rule. */
export const check = (seed: number): ReadonlyArray<string> => {
  const queue = draw(seed)
  try {
    const found = problemsOf(live(queue))
    return found.length === 0 ? found : [JSON.stringify(queue), ...found.slice(0, 10)]
  } catch (thrown) {
    return [JSON.stringify(queue), thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)]
  }
}

/** Checks `count` seeds from `seed` on, and answers the failing ones. */
export const run = runner(check, "queues")
