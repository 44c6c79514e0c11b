/**
 * A task of twelve checkpoints, in its body, in groups and in stages, the enterings of these among them, that an operator has
 * go from each of them to each other one, while its process dies at every write: it stands exactly there then, and what lies
 * between ran, or was undone, once.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { step } from "./Steps.js"
import { type Crash, World } from "./World.js"

const id = "one"

/** The checkpoints, with the phases before each of them: all in their order. */
const course: ReadonlyArray<readonly [mark: string, before: ReadonlyArray<string>]> = [
  ["c1", ["p1"]],
  ["c2", ["p2"]],
  ["@page#1", ["p3"]],
  ["@page#1/g/c4", ["@page#1/g/p4"]],
  ["@page#1/g/h/c5", ["@page#1/g/h/p5"]],
  ["@page#1/g/c6", ["@page#1/g/p6"]],
  ["@page#1/c7", ["@page#1/all/a", "@page#1/all/x/b", "@page#1/all/x/c"]],
  ["@page#2", ["@page#1/p8"]],
  ["@page#2/c9", ["@page#2/p9"]],
  ["@last#3", []],
  ["@last#3/k/c11", ["@last#3/k/p11"]],
  ["@last#3/c12", ["@last#3/p12"]]
]

const Page = Task.stage("page", { state: { n: Schema.Number, text: Schema.String } })
const Last = Task.stage("last", { state: Schema.String })

const mark = Phase.checkpoint

const first = (world: World) =>
  function* () {
    const found = yield* Phase.group("g", function* () {
      let inner = yield* step(world, "p4")
      yield* mark("c4")
      inner += yield* Phase.group("h", function* () {
        const found = yield* step(world, "p5")
        yield* mark("c5")
        return found
      })
      inner += yield* step(world, "p6")
      yield* mark("c6")
      return inner
    })
    yield* Phase.all([
      step(world, "a"),
      Phase.group("x", function* () {
        yield* step(world, "b")
        yield* step(world, "c")
      })
    ])
    yield* mark("c7")
    return found + (yield* step(world, "p8"))
  }

const taskOf = (world: World) =>
  Task.make("marks", {
    success: Schema.String,
    stages: [
      Page.body(function* ({ n, text }) {
        if (n === 1) {
          const found = yield* first(world)()
          return yield* Page.enter({ n: 2, text: text + found })
        }
        const found = yield* step(world, "p9")
        yield* mark("c9")
        return yield* Last.enter(text + found)
      }),
      Last.body(function* (text) {
        const found = yield* Phase.group("k", function* () {
          const inner = yield* step(world, "p11")
          yield* mark("c11")
          return inner
        })
        const last = yield* step(world, "p12")
        yield* mark("c12")
        return text + found + last
      })
    ],
    *run() {
      let text = yield* step(world, "p1")
      yield* mark("c1")
      text += yield* step(world, "p2")
      yield* mark("c2")
      text += yield* step(world, "p3")
      return yield* Page.enter({ n: 1, text })
    }
  })

const result = "p1p2p3p4p5p6p8p9p11p12"

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

const ways = course.flatMap((_, from) => course.flatMap((_, to) => (from === to ? [] : [[from, to] as const])))

/** How many ways there are from one checkpoint to another. */
export const size = ways.length

/** What a way is called. */
export const nameOf = (way: number): string => {
  const [from, to] = ways[way % size]!
  return `from ${course[from]![0]} to ${course[to]![0]}`
}

/** One way, and every death on it: how many there are, and all that is wrong with them. */
export const check = (way: number) => {
  const [from, to] = ways[way % size]!
  const straight = live(from, to, undefined)
  const found = straight.found.map((problem) => `${nameOf(way)}: ${problem}`)
  let count = 1
  for (let write = 1; write <= straight.writes; write++) {
    for (const after of [false, true]) {
      const death = `dead ${after ? "after" : "before"} write ${write}`
      for (const problem of live(from, to, { write, after }).found) found.push(`${nameOf(way)}, ${death}: ${problem}`)
      count++
    }
  }
  return { count, found }
}

/** So many of the ways, from one on. */
export const run = (count: number, first: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => check(first + index).found.slice(0, 10)).flat()
