/**
 * Four ways to change code while executions are under way: a change in one body, versions side by side, a stage as the border,
 * and carrying over. Each release is an engine of its own over one database; the executions go on from one to the next.
 *
 *     npm run build && node dist/examples/changing.js DATABASE
 */
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

const does = (what: string) => Phase.make(what, Console.log(`  ${what}`))
const stop = (name: string) => Phase.checkpoint(name, { pause: true })

// A change in one body: the address is checked, but only where nothing was shipped yet.

const orderBefore = Task.make("order", {
  *run() {
    yield* does("reserve")
    yield* Phase.checkpoint("reserved")
    yield* does("ship")
    yield* stop("shipped")
    yield* does("thank")
  }
})

const orderAfter = Task.make("order", {
  *run() {
    yield* does("reserve")
    yield* Phase.checkpoint("reserved")
    if (yield* Phase.changed("check the address first")) yield* does("check the address")
    yield* does("ship")
    yield* stop("shipped")
    yield* does("thank")
  }
})

// Versions side by side: the two have nothing in common.

const reportOne = Task.make("report", {
  *run() {
    yield* does("collect")
    yield* stop("collected")
    yield* does("print")
  }
})

const reportTwo = Task.make("report", {
  version: 2,
  *run() {
    yield* does("publish")
  }
})

// A stage as the border: once it is in its pages, how an import began does not matter any more.

const Page = Task.stage("page", { state: { n: Schema.Number } })
const page = Page.body(function* ({ n }) {
  yield* does(`page ${n}`)
  if (n < 3) return yield* Page.enter({ n: n + 1 })
})

const importBefore = Task.make("import", {
  stages: [page],
  *run() {
    yield* does("log in")
    return yield* Page.enter({ n: 1 })
  }
})

const importAfter = Task.make("import", {
  stages: [page],
  *run() {
    yield* does("ask for a token")
    yield* does("try it")
    return yield* Page.enter({ n: 1 })
  }
})

// Carrying over: what is left of a move is given to the new code as the state of a stage.

const Rest = Task.stage("rest", { state: { rooms: Schema.Array(Schema.String) } })

const moveOne = Task.make("move", {
  *run() {
    yield* does("move kitchen and attic")
    yield* stop("half of it")
    yield* does("move cellar and garden")
  }
})

const moveTwo = Task.make("move", {
  version: 2,
  stages: [
    Rest.body(function* ({ rooms }) {
      for (const room of rooms) yield* does(`move ${room}`)
    })
  ],
  *run() {
    return yield* Rest.enter({ rooms: ["kitchen", "attic", "cellar", "garden"] })
  }
})

type Registers = { readonly layer: Layer.Layer<never, never, TaskEngine> }

/** A process with these tasks, for as long as the program runs. */
const release =
  (filename: string, [first, ...others]: readonly [Registers, ...ReadonlyArray<Registers>]) =>
  <A, E>(program: Effect.Effect<A, E, TaskEngine>) =>
    Effect.provide(
      program,
      Layer.provideMerge(Layer.mergeAll(first.layer, ...others.map(({ layer }) => layer)), Sqlite.layer({ filename }))
    )

const goOn = (id: string) =>
  Effect.zipRight(Console.log(`${id} goes on`), Effect.zipRight(TaskEngine.resume(id), TaskEngine.settled(id)))

/** All of them begin with the first release, and end with the second. */
export const story = (filename: string) =>
  Effect.gen(function* () {
    yield* Effect.gen(function* () {
      yield* Console.log("the first release")
      yield* orderBefore.start({}, { id: "order-1", stopAt: "reserved" })
      yield* TaskEngine.settled("order-1")
      for (const [task, id] of [
        [orderBefore, "order-2"],
        [reportOne, "report-1"],
        [moveOne, "move-1"]
      ] as const) {
        yield* task.start({}, { id })
        yield* TaskEngine.settled(id)
      }
      yield* importBefore.start({}, { id: "import-1", stopAt: "page#2" })
      yield* TaskEngine.settled("import-1")
    }).pipe(release(filename, [orderBefore, reportOne, importBefore, moveOne]))
    yield* Effect.gen(function* () {
      yield* Console.log("the second release")
      for (const id of ["order-1", "order-2", "report-1", "import-1"]) yield* goOn(id)
      yield* Console.log("report-2 begins")
      yield* reportTwo.execute({}, { id: "report-2" })
      const carried = {
        from: "rest",
        state: { rooms: ["cellar", "garden"] },
        by: "ann",
        reason: "the rest, by the room"
      }
      yield* Console.log("move-1 is carried over")
      yield* TaskEngine.resume("move-1", carried)
      const { status, version } = yield* TaskEngine.settled("move-1")
      yield* Console.log(`move-1 is ${status}, with version ${version}`)
    }).pipe(release(filename, [orderAfter, reportOne, reportTwo, importAfter, moveTwo]))
  })

const here = fileURLToPath(import.meta.url)
if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === here) {
  const [filename] = process.argv.slice(2)
  if (filename === undefined) {
    process.stderr.write("usage: node dist/examples/changing.js DATABASE\n")
    process.exitCode = 2
  } else NodeRuntime.runMain(story(filename))
}
