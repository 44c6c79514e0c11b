import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { asked, engine, entries, logbook, memory, recorded, tags } from "../support/engines.js"
import { failing, type Log, undoable } from "../support/phases.js"

const id = "d1"
const Page = Task.stage("page", { state: Schema.Number })

const setUp = (log: Log) =>
  Task.make("t", {
    error: Schema.String,
    stages: [
      Page.body(function* (n) {
        yield* undoable(log, `fetch ${n}`)
        if (n < 3) return yield* Page.enter(n + 1)
        yield* Phase.checkpoint("first")
        yield* Phase.group("g", function* () {
          yield* undoable(log, "b")
          yield* Phase.checkpoint("inner")
        })
        yield* Phase.checkpoint("second")
        yield* undoable(log, "c")
        yield* failing(log, "d")
      })
    ],
    *run() {
      yield* undoable(log, "a")
      return yield* Page.enter(1)
    }
  })

const failed = Effect.gen(function* () {
  const log = logbook()
  const store = memory()
  const task = setUp(log)
  const one = yield* engine(store, [task])
  yield* Effect.flip(one.run(task.execute({}, { id })))
  log.lines.length = 0
  return { ...one, log, store, task }
})

describe("discarding by hand", () => {
  it.scoped("records who said so, and why, and leaves the execution as it is", () =>
    Effect.gen(function* () {
      const { log, service, store } = yield* failed
      const plan = yield* service.plan(id, { _tag: "discard", before: "second" })
      assert.deepStrictEqual([plan.to, plan.missing], ["Failed", []])
      assert.deepStrictEqual(
        plan.steps.map(({ does, path }) => `${does} ${path}`),
        ["a", "@page#1/fetch 1", "@page#2/fetch 2", "@page#3/fetch 3", "@page#3/first", "@page#3/g"]
          .concat("@page#3/g/b", "@page#3/g/inner")
          .map((path) => `discard ${path}`)
      )
      const status = yield* service.discard(id, { before: "second", by: "alice", reason: "it is in use" })
      assert.strictEqual(status.status, "Failed")
      assert.isUndefined(status.owner)
      assert.deepInclude(status.discarded, { before: "@page#3/second", by: "alice", reason: "it is in use" })
      assert.deepStrictEqual(tags(store, id).slice(0, 3), ["Created", "Snapshot", "PhaseStarted"])
      const count = entries(store, id).length
      yield* service.discard(id, { before: "second" })
      for (const before of ["first", "inner", "@page#1", "page#2", "@page#1/first"]) {
        assert.deepInclude(yield* Effect.flip(service.discard(id, { before })), { reason: "discarded" }, before)
        assert.deepInclude(yield* Effect.flip(service.goTo(id, before)), { reason: "discarded" }, before)
      }
      assert.lengthOf(entries(store, id), count)
      assert.deepInclude(yield* Effect.flip(service.revert(id)), { _tag: "CheckpointRefused", reason: "discarded" })
      yield* service.revert(id, { to: "second" })
      assert.deepStrictEqual(log.lines, ["undo c"])
    })
  )

  it.scoped("goes before a stage, by its name, its number or its scope", () =>
    Effect.gen(function* () {
      for (const [before, scope] of [
        ["page", "@page#3"],
        ["page#2", "@page#2"],
        ["@page#1", "@page#1"]
      ] as const) {
        const { service, store } = yield* failed
        assert.strictEqual((yield* service.discard(id, { before })).discarded?.before, scope)
        assert.deepStrictEqual(tags(store, id).slice(0, 2), ["Created", "StageEntered"])
        assert.lengthOf(yield* service.history(id), entries(store, id).length)
        yield* service.close(id)
      }
    })
  )

  it.scoped("is refused where nothing can be cut, and nothing is recorded", () =>
    Effect.gen(function* () {
      const { run, service, store, task } = yield* failed
      const count = entries(store, id).length
      for (const [before, reason] of [
        ["inner", "notOnSpine"],
        ["third", "unknown"],
        ["page#4", "unknown"]
      ] as const) {
        assert.deepInclude(yield* Effect.flip(service.discard(id, { before })), { _tag: "CheckpointRefused", reason })
      }
      assert.lengthOf(entries(store, id), count)
      yield* service.close(id)
      const error = yield* Effect.flip(service.discard(id, { before: "second" }))
      assert.deepInclude(error, { _tag: "IllegalTransition", from: "Closed", verb: "discard" })
      assert.strictEqual((yield* Effect.flip(service.discard("x", { before: "a" })))._tag, "ExecutionNotFound")
      yield* run(Effect.flip(task.execute({}, { id })))
    })
  )

  it.scoped("has one that waits go on waiting", () =>
    Effect.gen(function* () {
      const store = memory()
      const task = Task.make("t", {
        *run() {
          yield* Phase.make("a", Effect.void)
          yield* Phase.checkpoint("mark")
          yield* Phase.signal("go")
        }
      })
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "Waiting")
      yield* service.discard(id, { before: "mark" })
      assert.strictEqual((yield* service.settled(id)).status, "Waiting")
      assert.strictEqual((yield* service.status(id)).discarded?.before, "mark")
      yield* service.signal(id, "go")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
    })
  )

  it.scoped("is asked of the engine of another process, and of a child's parent", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const child = setUp(log)
      const parent = Task.make("p", {
        error: Schema.String,
        *run() {
          yield* child.phase({}, { id: "child" })
        }
      })
      const owner = yield* engine(store, [parent, child], { inbox: "100 millis" })
      yield* Effect.flip(owner.run(parent.execute({}, { id })))
      const client = yield* engine(store, [])
      const error = yield* asked(Effect.flip(client.service.discard("child", { before: "second" })))
      assert.deepInclude(error, { _tag: "OwnedByParent", verb: "discard" })
      const status = yield* asked(client.service.discard("child", { before: "second", force: true }))
      assert.strictEqual(status.discarded?.before, "@page#3/second")
      // What cannot be undone any more stops the revert of its parent.
      const stopped = yield* Effect.flip(owner.service.revert(id))
      assert.strictEqual(stopped._tag, "RevertIncomplete")
      assert.match(stopped.message, /cannot be reverted as a whole/)
    })
  )
})
