import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { Sqlite } from "../../src/sqlite.js"
import { temporaryFile } from "../store/support/TemporaryFolder.js"
import { engine, entries, logbook, memory } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "p1"

/** Doubles a number in two phases. */
const doubling = (log: Log) =>
  Task.make("double", {
    payload: { n: Schema.Number },
    success: Schema.Number,
    *run({ n }) {
      yield* undoable(log, `look ${n}`)
      yield* undoable(log, `count ${n}`)
      return n * 2
    }
  })

const fault = (reason: string, message: RegExp) => (error: unknown) => {
  assert.instanceOf(error, Errors.ExecutionFailed)
  const [failure] = error.failures
  assert.isTrue(failure?._tag === "Fault" && failure.reason === reason, JSON.stringify(failure))
  assert.match(failure?._tag === "Fault" ? failure.message : "", message)
}

describe("an id that a child cannot have", () => {
  const child = doubling(logbook())
  const other = Task.make("other", {
    *run() {
      yield* Phase.make("a", Effect.void)
    }
  })
  const calling = (n: number) =>
    Task.make("t", {
      *run() {
        yield* child.phase({ n }, { id: "taken" })
      }
    })

  it.scoped("belongs to another task", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store, [calling(1)])
      yield* run(other.execute({}, { id: "taken" }))
      const before = entries(store, "taken")
      fault(
        "ChildConflict",
        /taken cannot be its child: it is one of task other/
      )(yield* Effect.flip(run(calling(1).execute({}, { id }))))
      assert.strictEqual((yield* service.close(id, { revert: true })).status, "Reverted")
      assert.deepStrictEqual(entries(store, "taken"), before)
    })
  )

  it.scoped("belongs to nobody", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store, [calling(1)])
      yield* run(child.execute({ n: 1 }, { id: "taken" }))
      const before = entries(store, "taken")
      fault("ChildConflict", /it is nobody's child/)(yield* Effect.flip(run(calling(1).execute({}, { id }))))
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(entries(store, "taken"), before)
    })
  )

  it.scoped("belongs to another parent, that is named; reverting leaves it alone", () =>
    Effect.gen(function* () {
      const { run, service } = yield* engine(memory(), [calling(1)])
      yield* run(calling(1).execute({}, { id: "first" }))
      fault(
        "ChildConflict",
        /it is the child of first at double/
      )(yield* Effect.flip(run(calling(1).execute({}, { id }))))
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual((yield* service.status("taken")).status, "Completed")
      assert.strictEqual((yield* service.status("first")).status, "Completed")
    })
  )

  it.scoped("belongs to another phase of the same parent; closing leaves it alone", () =>
    Effect.gen(function* () {
      const gate = Task.make("gate", {
        *run() {
          yield* Phase.make("wait", Effect.never as Effect.Effect<void>)
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([gate.phase({}, { id: "taken" }), gate.phase({}, { id: "taken" })])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      fault("ChildConflict", /it is the child of p1 at all\/gate/)(yield* Effect.flip(run(task.execute({}, { id }))))
      assert.strictEqual((yield* service.status("taken")).status, "Paused")
      assert.isFalse(entries(store, "taken").some(({ _tag }) => _tag === "Closing"))
    })
  )

  it.scoped("belongs to a child with another payload", () =>
    Effect.gen(function* () {
      const store = memory()
      const first = yield* engine(store, [calling(1)])
      yield* first.run(calling(1).execute({}, { id }))
      const rows = store.executions.get(id)!.rows
      rows.splice(rows.findIndex(({ body }) => body.includes("PhaseSucceeded")))
      yield* first.end
      const second = yield* engine(store)
      const error = yield* Effect.flip(second.run(calling(2).execute({}, { id })))
      fault("ChildConflict", /it has another payload/)(error)
    })
  )

  it.scoped("is its parent's, or that of one further up: nobody waits for itself", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run, service } = yield* engine(store)
      const calls: { [id: string]: string } = { [id]: id, above: "between", between: "above" }
      const self: any = Task.make("self", {
        payload: { id: Schema.String },
        *run({ id }): Generator<any, void, never> {
          yield* self.phase({ id: calls[id]! }, { id: calls[id]! })
        }
      })
      fault(
        "ChildConflict",
        /p1 cannot be its child: it would wait for itself: p1 -> p1\. Give it another id\.$/
      )(yield* Effect.flip(run(self.execute({ id }, { id }))))
      const error = yield* Effect.flip(run(self.execute({ id: "above" }, { id: "above" })))
      fault("ChildStopped", /between stopped: ChildConflict .*itself: above -> between -> above\. Give/)(error)
      assert.strictEqual((yield* service.status("between")).status, "Failed")
    })
  )

  it.live("belongs to another phase that calls it at the same moment, over a store that takes its time", () =>
    Effect.gen(function* () {
      const gate = Task.make("gate", {
        *run() {
          yield* Phase.make("wait", Effect.never as Effect.Effect<void>)
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([gate.phase({}, { id: "taken" }), gate.phase({}, { id: "taken" })])
        }
      })
      const filename = yield* temporaryFile
      const error = yield* Effect.provide(Effect.flip(task.execute({}, { id })), Sqlite.layer({ filename }))
      fault("ChildConflict", /taken cannot be its child: it is the child of p1 at all\/gate/)(error)
    }).pipe(Effect.scoped)
  )
})
