import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { warnings } from "../../src/testing/Warnings.js"
import { type Engine, engine, memory } from "../support/engines.js"

const id = "i1"

const taskOf = (between: ReadonlyArray<Phase.Phase<void>>, after: ReadonlyArray<Phase.Phase<void>>) =>
  Task.make("t", {
    *run() {
      yield* Phase.make("reserve", Effect.void)
      yield* Phase.make("send", { run: Effect.void, irreversible: true })
      for (const phase of between) yield* phase
      for (const phase of after) yield* phase
    }
  })

const told = (task: ReturnType<typeof taskOf>) =>
  Effect.gen(function* () {
    const { run, service } = yield* engine(memory(), [task])
    yield* run(task.execute({}, { id }))
    return { status: yield* service.status(id), found: warnings(yield* service.history(id)) }
  })

describe("an irreversible phase", () => {
  it.scoped("is shown as such, and warned of where something after it may fail before a commit checkpoint", () =>
    Effect.gen(function* () {
      const commit = Phase.checkpoint("sent", { commit: true })
      const thank = Phase.make("thank", Effect.void)
      const { found, status } = yield* told(taskOf([Phase.checkpoint("mark")], [thank]))
      assert.deepStrictEqual(
        status.phases.map(({ irreversible, name }) => [name, irreversible]),
        [
          ["reserve", undefined],
          ["send", true],
          ["mark", undefined],
          ["thank", undefined]
        ]
      )
      assert.lengthOf(found, 1)
      assert.include(found[0], "send is irreversible, and thank may fail after it")
      assert.deepStrictEqual((yield* told(taskOf([commit], [thank]))).found, [])
      assert.deepStrictEqual((yield* told(taskOf([], []))).found, [])
    })
  )

  it.scoped("is told of by a plan: before it runs, and where a revert finds it done", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* Phase.checkpoint("ready")
          yield* Phase.make("send", { run: Effect.void, irreversible: true })
        },
        *revert() {
          yield* Phase.make("apologize", Effect.void)
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "ready" })))
      const send = [{ path: "send", name: "send" }]
      assert.deepStrictEqual((yield* service.plan(id, { _tag: "resume" })).irreversible, send)
      yield* service.resume(id)
      yield* service.settled(id)
      assert.deepStrictEqual((yield* service.plan(id, { _tag: "revert" })).irreversible, send)
    })
  )

  it.scoped("is shown as such, and told of, as before when what was before a checkpoint is discarded", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make("send", { run: Effect.void, irreversible: true })
          yield* Phase.checkpoint("sent")
          yield* Phase.make("thank", { run: Effect.void, irreversible: true })
          yield* Phase.fail("no")
        }
      })
      const first = yield* engine(store, [task])
      yield* Effect.flip(first.run(task.execute({}, { id })))
      const told = (service: Engine["service"]) =>
        Effect.gen(function* () {
          const { phases } = yield* service.status(id)
          const back = yield* service.plan(id, { _tag: "revert", to: "sent" })
          const on = yield* service.plan(id, { _tag: "resume" })
          return { phases, plans: [back, on].map(({ hash: _, ...plan }) => plan) }
        })
      const before = yield* told(first.service)
      assert.isTrue(before.phases[0]?.irreversible)
      assert.deepStrictEqual(before.plans[0]?.irreversible, [{ path: "thank", name: "thank" }])
      yield* first.service.discard(id, { before: "sent" })
      assert.deepStrictEqual(yield* told(first.service), before)
      yield* first.kill
      const second = yield* engine(store, [task])
      assert.deepStrictEqual(yield* told(second.service), before)
    })
  )

  it("has no undo", () => {
    assert.throws(() => Phase.make("a", { run: Effect.void, irreversible: true, undo: () => Effect.void }), TypeError)
  })
})
