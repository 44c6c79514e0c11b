import { afterEach, assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { type Crash, World } from "../../scripts/torture/World.js"
import { Errors, Phase, Task } from "../../src/index.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { engine, entries, idle, logbook, memory } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

afterEach(() => new Promise<void>((resolve) => setImmediate(resolve)))

const id = "k1"
const Rest = Task.stage("rest", { state: { done: Schema.Number } })

const old = (log: Log, version = 1) =>
  Task.make("t", {
    version,
    success: Schema.String,
    error: Schema.String,
    *run() {
      try {
        yield* undoable(log, "a")
        yield* Phase.make("b", Effect.fail("no"))
        return "old"
      } finally {
        yield* undoable(log, "clean")
      }
    }
  })

const later = (log: Log, version = 2, hangs = () => false) =>
  Task.make("t", {
    version,
    success: Schema.String,
    error: Schema.String,
    stages: [
      Rest.body(function* ({ done }) {
        yield* Phase.make(
          `c${done}`,
          Effect.suspend(() => (hangs() ? (Effect.never as Effect.Effect<void>) : log.note(`c${done}`)))
        )
        yield* Phase.checkpoint("mark")
        return `rest ${done}`
      })
    ],
    *run() {
      yield* undoable(log, "quite another one")
      return yield* Rest.enter({ done: 0 })
    }
  })

const act = { by: "ann", reason: "the new code cannot replay it" }

describe("carrying over", () => {
  it.scoped("goes on in a stage of the newest version, with the state that was given; recorded, and not replayed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [old(log)])
      yield* Effect.flip(first.run(old(log).execute({}, { id })))
      yield* first.end
      const { service } = yield* engine(store, [old(log), later(log)])
      const carried = { from: "rest", state: { done: 3 }, ...act }
      const plan = yield* service.plan(id, { _tag: "resume", ...carried })
      assert.deepInclude(plan.steps.at(-1), { does: "run", path: "@rest#1", note: "the stage begins" })
      assert.lengthOf(plan.missing, 0)
      yield* service.resume(id, carried)
      const { result, stage, version } = yield* service.settled(id)
      assert.deepStrictEqual([result, version, stage], ["rest 3", 2, { name: "rest", n: 1, state: { done: 3 } }])
      assert.deepStrictEqual(log.lines, ["a", "c3"])
      assert.deepStrictEqual(
        (yield* service.list()).map((row) => row.version),
        [2]
      )
      assert.deepInclude(
        entries(store, id).findLast(({ _tag }) => _tag === "Resumed"),
        {
          act,
          carried: { stage: "rest", state: { done: 3 }, version: 2 }
        }
      )
    })
  )

  it.scoped("is checked by the code that it goes by then", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [old(log)])
      yield* Effect.flip(first.run(old(log).execute({}, { id })))
      yield* first.end
      const next = yield* engine(store, [old(log), later(log, 2, () => true)])
      yield* next.service.resume(id, { from: "rest", state: { done: 3 }, ...act })
      yield* idle
      yield* next.end
      const verdictOf = (...tasks: ReadonlyArray<ReturnType<typeof old> | ReturnType<typeof later>>) =>
        Effect.gen(function* () {
          const { end, service } = yield* engine(store, tasks, { mode: "passive" })
          const [checked] = yield* Stream.runCollect(service.check())
          yield* end
          return [checked?.version, checked?.verdict, checked?.why]
        })
      assert.deepStrictEqual(yield* verdictOf(old(log), later(log)), [2, "fits", undefined])
      const missing = [2, "missing", "there is no task t of version 2 here"]
      assert.deepStrictEqual(yield* verdictOf(old(log)), missing)
    })
  )

  it.scoped("is refused with what is wrong, and moves nothing", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const child = Task.make("child", {
        *run() {
          yield* Phase.sleep("long", "1 day")
        }
      })
      const parent = Task.make("parent", {
        stages: [Rest.body(function* () {})],
        *run() {
          yield* child.phase({})
        }
      })
      const { run, service } = yield* engine(store, [old(log), child, parent])
      yield* Effect.flip(run(old(log).execute({}, { id })))
      yield* run(parent.start({}, { id: "p" }))
      yield* idle
      yield* service.pause("p")
      const before = [entries(store, id).length, entries(store, "p").length]
      const refused = (execution: string, from: string | ReadonlyArray<string>) =>
        Effect.flip(service.resume(execution, { from, state: { done: 1 } }))
      const missing = yield* refused(id, "rest")
      assert.deepInclude(missing, { _tag: "CheckpointRefused", reason: "unknown" })
      assert.include(missing.message, "which has none")
      assert.deepInclude(yield* refused("p", ["rest"]), { _tag: "CheckpointRefused", reason: "unknown" })
      assert.deepInclude(yield* refused("p", "rest"), { _tag: "PhaseNotOpen", phase: "child" })
      assert.deepStrictEqual([entries(store, id).length, entries(store, "p").length], before)
    })
  )

  it.scoped("checks the state, and goes to no lower version", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [old(log, 3)])
      yield* Effect.flip(first.run(old(log, 3).execute({}, { id })))
      yield* first.end
      const lower = yield* engine(store, [later(log, 2)])
      const down = yield* Effect.flip(lower.service.resume(id, { from: "rest", state: { done: 1 } }))
      assert.instanceOf(down, Errors.TaskNotRegistered)
      assert.include(down.message, "in version 3")
      yield* lower.end
      const { service } = yield* engine(store, [later(log, 3)])
      const misfit = yield* Effect.flip(service.resume(id, { from: "rest", state: { done: "x" } }))
      assert.instanceOf(misfit, Errors.RequirementsMissing)
      assert.deepInclude(misfit._tag === "RequirementsMissing" ? misfit.missing[0] : {}, {
        needs: "value",
        path: "@rest#1",
        at: "$.done"
      })
      yield* service.resume(id, { from: "rest", state: { done: 1 }, stopAt: "mark" })
      assert.deepInclude(yield* service.settled(id), { status: "Paused", position: "@rest#1/mark" })
    })
  )

  it.scoped("is found again by the engine that takes over from one that died, without the old version", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      let hangs = true
      const first = yield* engine(store, [old(log), later(log, 2, () => hangs)])
      yield* Effect.flip(first.run(old(log).execute({}, { id })))
      yield* first.service.resume(id, { from: "rest", state: { done: 2 } })
      yield* idle
      yield* first.kill
      hangs = false
      const { service } = yield* engine(store, [later(log)])
      assert.deepInclude(yield* service.settled(id), { status: "Completed", result: "rest 2", version: 2 })
    })
  )

  it("survives a crash at any write", () => {
    const live = (crash?: Crash) => {
      const log = logbook()
      const world = new World()
      world.process(Effect.either(old(log).execute({}, { id })), { tasks: [old(log)] })
      const program = Effect.gen(function* () {
        const { status, version } = yield* TaskEngine.status(id)
        if (status === "Failed" && version === 1) yield* TaskEngine.resume(id, { from: "rest", state: { done: 1 } })
        return yield* TaskEngine.settled(id)
      })
      const tasks = [later(log), old(log)]
      const ended = world.process(program, { tasks, crash })
      const { writes } = world
      const last = ended._tag === "Died" ? world.process(program, { tasks }) : ended
      const result = last._tag === "Died" || last.exit._tag === "Failure" ? last : last.exit.value.result
      return { writes, result }
    }
    const straight = live()
    assert.strictEqual(straight.result, "rest 1")
    for (let write = 1; write <= straight.writes; write++) {
      for (const after of [false, true]) assert.strictEqual(live({ write, after }).result, "rest 1")
    }
  })
})
