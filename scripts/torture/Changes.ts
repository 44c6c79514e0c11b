/**
 * Changed definitions against journals that stopped at every position: `check` and the engine find the same first
 * difference, run nothing and write one entry; the code as it was then finishes every execution. Changes after the last
 * position, of time, and of the code inside a phase are no difference.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Checked } from "../../src/authoring/Checked.js"
import type { EntryOf, Recorded } from "../../src/core/Entry.js"
import * as Fold from "../../src/core/Fold.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { type Change, changed, changes, children, type Definition, taskOf, write } from "./Changed.js"
import { Random } from "./Random.js"
import { runner } from "./Seeds.js"
import { World } from "./World.js"

const id = "one"

type Task = ReturnType<typeof taskOf>

interface Life {
  readonly world: World
  /** how many entries there were where it could have stopped */
  readonly positions: ReadonlyArray<number>
}

const succeeded = <A>(
  world: World,
  program: Effect.Effect<A, unknown, TaskEngine>,
  tasks: ReadonlyArray<Task>,
  mode: "active" | "passive"
) => {
  const registered = [...Object.values(children(world)), ...tasks]
  const ended = world.process(program, { tasks: registered, config: { mode, inbox: "1 second" } })
  if (ended._tag === "Exited" && ended.exit._tag === "Success") return ended.exit.value
  throw new Error(ended._tag === "Died" ? "it died" : String(ended.exit))
}

/** What becomes of an execution with this code, by itself. */
const settled = (world: World, task: Task) =>
  succeeded(world, Effect.zipRight(Effect.sleep("1 second"), TaskEngine.settled(id)), [task], "active")

/** A whole life, as this definition has it, and how long its journal was after each commit. */
const lived = (definition: Definition): Life => {
  const world = new World()
  const task = taskOf(world, definition)
  const lengths = new Set<number>()
  const watch = Effect.sync(() => world.memory.watchers.add(() => lengths.add(world.entries(id).length)))
  const program = Effect.zipRight(watch, Effect.zipRight(task.start({}, { id }), TaskEngine.settled(id)))
  succeeded(world, program, [task], "active")
  const whole = world.entries(id).length
  return { world, positions: [...lengths].filter((length) => length > 1 && length < whole) }
}

const isStart = (entry: Recorded["entry"]): entry is EntryOf<"PhaseStarted"> => entry._tag === "PhaseStarted"

const parentOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")))

/** What a replay of these entries meets, in order: nothing of a group that has returned. */
const starts = (entries: ReadonlyArray<Recorded>, known: ReadonlyArray<Recorded> = entries) => {
  const all = entries.flatMap(({ entry }) => (isStart(entry) ? [entry] : []))
  const over = new Set(known.flatMap(({ entry }) => (entry._tag === "PhaseSucceeded" ? [entry.path] : [])))
  const hidden = new Set(all.filter(({ kind, path }) => kind === "group" && over.has(path)).map(({ path }) => path))
  return all.filter(({ path }) => !hidden.has(parentOf(path)))
}

const valueOf = (entries: ReadonlyArray<Recorded>, path: string) =>
  entries.flatMap(({ entry }) => (entry._tag === "PhaseSucceeded" && entry.path === path ? [entry.value] : []))[0]

/** Where the code of another life comes to something else than these entries hold, or to a value of another type. */
const differs = (before: ReadonlyArray<Recorded>, other: ReadonlyArray<Recorded>): string | undefined => {
  const now = starts(other, before)
  return starts(before).find(({ kind, name, path }, index) => {
    const there = now[index]
    const value = valueOf(before, path)
    const isThere = there?.path === path && there.kind === kind && there.name === name
    return !isThere || (value !== undefined && typeof value !== typeof valueOf(other, path))
  })?.path
}

/** A world in which the journal stopped after so many entries. */
const stopped = ({ world: life }: Life, count: number): World => {
  const world = new World()
  const before = life.entries(id).slice(0, count)
  const called = new Set(
    before.flatMap(({ entry }) => (isStart(entry) && entry.child !== undefined ? [entry.child] : []))
  )
  for (const [execution, kept] of life.memory.executions) {
    if (execution !== id && !called.has(execution)) continue
    const rows = execution === id ? kept.rows.slice(0, count) : kept.rows
    const { epoch, status } = Fold.all(execution === id ? before : life.entries(execution))
    world.memory.executions.set(execution, {
      ...kept,
      rows: [...rows],
      row: { ...kept.row, epoch, status },
      wake: null
    })
  }
  for (const { entry } of before) if (entry._tag === "PhaseSucceeded") world.outside.set(entry.path, "")
  return world
}

const checked = (world: World, task: Task): Checked => {
  const all = TaskEngine.check({ filter: { task: "changed" } }).pipe(Stream.runCollect)
  return [...succeeded(world, all, [task], "passive")][0]!
}

/** What is wrong with how a change is met by a journal that stopped after so many entries. */
const meet = (life: Life, count: number, definition: Definition, other: Definition, expected: string | undefined) => {
  const found: Array<string> = []
  const world = stopped(life, count)
  const verdict = checked(world, taskOf(world, other))
  if (world.writes > 0 || world.ran.length > 0) found.push("check did something")
  if ((verdict.verdict === "fits") !== (expected === undefined) || verdict.path !== expected) {
    found.push(`check says ${verdict.verdict} at ${verdict.path}, not ${expected}: ${verdict.why}`)
  }
  if (verdict.verdict === "fits" || found.length > 0) return found
  const { failures, status } = settled(world, taskOf(world, other))
  const [failure] = failures
  const added = world
    .entries(id)
    .slice(count)
    .map(({ entry }) => entry._tag)
    .join()
  if (status !== "Failed" || failure?.path !== expected)
    found.push(`it is ${status} at ${failure?.path}, not ${expected}`)
  if (failure?._tag !== "Fault" || !failure.message.startsWith(verdict.why!))
    found.push(`it says ${JSON.stringify(failure)}`)
  if (added !== "Claimed,Failed" || world.ran.length > 0)
    found.push(`the engine did ${added}, and ran ${world.ran.length}`)
  settled(world, taskOf(world, other))
  if (world.entries(id).length > count + 2) found.push("the engine says it twice")
  const end = settled(world, taskOf(world, definition))
  const result = life.world.history(id).result
  if (end.status !== "Completed" || end.result !== result) found.push(`put back, it ends ${end.status}: ${end.result}`)
  return [...found, ...world.violations]
}

/** A change of a definition, against every position at which a journal of it can stop. */
const against = (random: Random, definition: Definition, life: Life): ReadonlyArray<string> => {
  const found: Array<string> = []
  for (let tries = 0; tries < 20; tries++) {
    const change: Change = random.pick(changes)
    const index = random.below(definition.length)
    const other = changed(definition, change, index)
    if (other === undefined) continue
    const otherLife = lived(other).world.entries(id)
    const whole = life.world.entries(id)
    for (const count of life.positions) {
      const before = whole.slice(0, count)
      const expected = differs(before, otherLife)
      for (const problem of meet(life, count, definition, other, expected)) {
        found.push(`${change} at ${index}, stopped after ${count} of ${JSON.stringify(definition)}: ${problem}`)
      }
    }
    return found
  }
  return found
}

/** A change that a journal has not come to yet, or that none can see: it goes on by the new code, to its end. */
const harmless = (random: Random, definition: Definition, life: Life): ReadonlyArray<string> => {
  const whole = life.world.entries(id)
  const index = 1 + random.below(definition.length - 1)
  const later = starts(whole).filter(({ scope }) => scope === undefined)[index]!
  const end = whole.findIndex(({ entry }) => isStart(entry) && entry.path === later.path)
  const positions = life.positions.filter((position) => position <= end)
  if (positions.length === 0) return []
  const count = random.pick(positions)
  const other = changed(definition, random.pick(["insert", "remove", "rename", "kind"]), index)!
  const world = stopped(life, count)
  const task = taskOf(world, other, true)
  const { path, verdict, why } = checked(world, task)
  const { status } = settled(world, task)
  const told = `stopped after ${count}, ${JSON.stringify(definition)} became ${JSON.stringify(other)}`
  return [
    ...(verdict === "fits" ? [] : [`${told}: check says ${verdict} at ${path}: ${why}`]),
    ...(status === "Completed" ? [] : [`${told}: it ends ${status}`]),
    ...world.violations
  ]
}

/** The problems with one seed. */
const check = (seed: number): ReadonlyArray<string> => {
  const random = new Random(seed)
  const definition = write(random)
  const life = lived(definition)
  return [...against(random, definition, life), ...harmless(random, definition, life)]
}

/** Checks `count` seeds from `seed` on, and answers the failing ones. */
export const run = runner(check, "changes")
