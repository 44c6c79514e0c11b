/**
 * A task of twelve checkpoints, in its body and in groups, that an operator has go from each of them to each other one,
 * while its process dies at every write: it stands exactly there then, and what lies between ran, or was undone, once.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { step } from "./Steps.js"
import { type Crash, World } from "./World.js"

const id = "one"

/** The checkpoints, with the phases before each of them: all in their order. */
export const course: ReadonlyArray<readonly [mark: string, before: ReadonlyArray<string>]> = [
  ["c1", ["p1"]],
  ["c2", ["p2"]],
  ["g/c3", ["g/p3"]],
  ["g/c4", ["g/p4"]],
  ["g/h/c5", ["g/h/p5"]],
  ["g/h/c6", ["g/h/p6"]],
  ["g/c7", ["g/p7"]],
  ["c8", ["p8"]],
  ["c9", ["all/a", "all/x/b", "all/x/c"]],
  ["k/c10", ["k/p10"]],
  ["c11", ["p11"]],
  ["c12", ["p12"]]
]

const taskOf = (world: World) => {
  const mark = Phase.checkpoint
  return Task.make("marks", {
    success: Schema.String,
    *run() {
      let text = yield* step(world, "p1")
      yield* mark("c1")
      text += yield* step(world, "p2")
      yield* mark("c2")
      text += yield* Phase.group("g", function* () {
        let inner = yield* step(world, "p3")
        yield* mark("c3")
        inner += yield* step(world, "p4")
        yield* mark("c4")
        inner += yield* Phase.group("h", function* () {
          const first = yield* step(world, "p5")
          yield* mark("c5")
          const second = yield* step(world, "p6")
          yield* mark("c6")
          return first + second
        })
        inner += yield* step(world, "p7")
        yield* mark("c7")
        return inner
      })
      text += yield* step(world, "p8")
      yield* mark("c8")
      yield* Phase.all([
        step(world, "a"),
        Phase.group("x", function* () {
          yield* step(world, "b")
          yield* step(world, "c")
        })
      ])
      yield* mark("c9")
      text += yield* Phase.group("k", function* () {
        const found = yield* step(world, "p10")
        yield* mark("c10")
        return found
      })
      text += yield* step(world, "p11")
      yield* mark("c11")
      text += yield* step(world, "p12")
      yield* mark("c12")
      return text
    }
  })
}

const result = "p1p2p3p4p5p6p7p8p10p11p12"

const namesOf = (paths: ReadonlyArray<string>): string =>
  paths
    .map((path) => path.slice(path.lastIndexOf("/") + 1))
    .sort()
    .join()

/** The phases between two checkpoints. */
const between = (a: number, b: number): ReadonlyArray<string> =>
  course.slice(Math.min(a, b) + 1, Math.max(a, b) + 1).flatMap(([, before]) => before)

const standing = Effect.gen(function* () {
  const { position, result, status } = yield* TaskEngine.settled(id)
  return { position, result, status }
})

/** Whether it stands at a checkpoint; otherwise it goes there. */
const goes = (to: string) =>
  Effect.gen(function* () {
    const { position, status } = yield* standing
    if (status !== "Paused" || position !== to) yield* TaskEngine.goTo(id, to)
    return yield* standing
  })

/** Lives from one checkpoint to another, then to the end; what is wrong with that, and how many writes the way takes. */
const live = (from: number, to: number, crash: Crash | undefined) => {
  const world = new World()
  const task = taskOf(world)
  const found: Array<string> = []
  const process = <A>(program: Effect.Effect<A, unknown, TaskEngine>, dies?: Crash): A | undefined => {
    const ended = world.process(program, { crash: dies, tasks: [task] })
    if (ended._tag === "Died") return undefined
    if (ended.exit._tag === "Success") return ended.exit.value
    throw new Error(String(ended.exit.cause))
  }
  const [start, goal] = [course[from]![0], course[to]![0]]
  process(Effect.zipRight(task.start({}, { id, stopAt: start }), standing))
  const began = world.entries(id).length
  const way = goes(goal)
  const stands = process(way, crash) ?? process(way)
  const writes = world.writes
  if (stands?.status !== "Paused" || stands.position !== goal) found.push(`it is ${JSON.stringify(stands)}`)
  const done = world
    .entries(id)
    .slice(began)
    .flatMap(({ entry }) => (entry._tag === "PhaseSucceeded" ? [entry.path] : []))
    .filter((path) => /(^|\/)[abcp]\d*$/.test(path) && !/(^|\/)c\d+$/.test(path))
  const expected = between(from, to).map((path) => (to > from ? path : `undo/${path}`))
  if (namesOf(done) !== namesOf(expected)) found.push(`it did ${done.join()}, not ${expected.join()}`)
  if (to < from && done.some((path) => !path.includes("undo/"))) found.push(`it went on: ${done.join()}`)
  const left = namesOf([...world.outside.keys()])
  const wanted = namesOf(course.slice(0, to + 1).flatMap(([, before]) => before))
  if (left !== wanted) found.push(`it leaves ${left}, not ${wanted}`)
  const end = process(Effect.zipRight(TaskEngine.resume(id), standing))
  if (end?.status !== "Completed" || end.result !== result) found.push(`it ends ${JSON.stringify(end)}`)
  const all = namesOf(course.flatMap(([, before]) => before))
  if (namesOf([...world.outside.keys()]) !== all) found.push(`at its end it leaves ${[...world.outside.keys()].join()}`)
  return { found: [...found, ...world.violations], writes }
}

/** Every way from one checkpoint to another, and every death on it: how many there are, and all that is wrong with them. */
export const check = (from: number) => {
  const found: Array<string> = []
  let count = 0
  for (let to = 0; to < course.length; to++) {
    if (to === from) continue
    const note = (problems: ReadonlyArray<string>, crash?: Crash) => {
      count++
      for (const problem of problems) {
        const death = crash === undefined ? "" : `, dead ${crash.after ? "after" : "before"} write ${crash.write}`
        found.push(`from ${course[from]![0]} to ${course[to]![0]}${death}: ${problem}`)
      }
    }
    const straight = live(from, to, undefined)
    note(straight.found)
    for (let write = 1; write <= straight.writes; write++) {
      for (const after of [false, true]) note(live(from, to, { write, after }).found, { write, after })
    }
  }
  return { count, found }
}
