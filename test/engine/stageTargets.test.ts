import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, tags } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "t1"
const Page = Task.stage("page", { state: { n: Schema.Number } })
const End = Task.stage("end", { state: Schema.String })

const pages = (log: Log, keys: Array<string> = []) =>
  Task.make("t", {
    success: Schema.String,
    error: Schema.String,
    checkpoints: ["begin", "mark"],
    stages: [
      Page.body(function* ({ n }) {
        yield* Phase.make("key", { run: Effect.map(Phase.key, (key) => void keys.push(key ?? "")) })
        yield* undoable(log, `fetch ${n}`)
        yield* Phase.checkpoint("mark")
        try {
          return yield* n < 3 ? Page.enter({ n: n + 1 }) : End.enter("x")
        } finally {
          yield* Phase.make(`leave ${n}`, log.note(`leave ${n}`))
        }
      }),
      End.body(function* (name) {
        yield* undoable(log, name)
        return name
      })
    ],
    *run() {
      yield* undoable(log, "a")
      yield* Phase.checkpoint("begin")
      return yield* Page.enter({ n: 1 })
    }
  })

describe("stages as targets", () => {
  it.scoped("are stopped at as they are entered, and gone to both ways", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run, service } = yield* engine(memory(), [pages(log)])
      yield* Effect.exit(run(pages(log).execute({}, { id, stopAt: "page#2" })))
      const status = yield* service.status(id)
      assert.deepInclude(status, { status: "Paused", position: "@page#2" })
      assert.deepStrictEqual(status.stage, { name: "page", n: 2, state: { n: 2 } })
      assert.deepInclude(status.checkpoints[0], { name: "page", path: "@page#2", data: { n: 2 }, commit: false })
      for (const [to, position, did] of [
        ["page#2", "@page#2", ""],
        ["end", "@end#4", "fetch 2, leave 2, fetch 3, leave 3"],
        ["page", "@page#3", "undo fetch 3"],
        ["@page#1/mark", "@page#1/mark", "undo fetch 2"],
        ["page#3", "@page#3", "leave 1, fetch 2, leave 2"],
        ["page#1", "@page#1", "undo fetch 2, undo fetch 1"],
        ["begin", "begin", ""],
        ["end", "@end#4", "fetch 1, leave 1, fetch 2, leave 2, fetch 3, leave 3"],
        ["page", "@page#3", "undo fetch 3"]
      ] as const) {
        if (to === "page#2") log.lines.length = 0
        assert.deepInclude(yield* service.goTo(id, to), { status: "Paused", position }, to)
        assert.strictEqual(log.lines.splice(0).join(", "), did, to)
      }
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "x")
    })
  )

  it.scoped("are begun anew from their state, with new keys, also after a stage that was entered since", () =>
    Effect.gen(function* () {
      const log = logbook()
      const keys: Array<string> = []
      const store = memory()
      const first = yield* engine(store, [pages(log, keys)])
      yield* Effect.exit(first.run(pages(log, keys).execute({}, { id, stopAt: "end" })))
      yield* first.service.revert(id, { to: "page#2" })
      yield* first.end
      const second = yield* engine(store, [pages(log, keys)])
      assert.deepInclude(yield* second.service.goTo(id, "page#3"), { position: "@page#3" })
      yield* second.end
      const { service } = yield* engine(store, [pages(log, keys)])
      assert.deepInclude(yield* service.status(id), { status: "Paused", position: "@page#3" })
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "x")
      assert.lengthOf(keys, 5)
      assert.strictEqual(new Set(keys).size, 5)
      yield* service.revert(id)
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      const undone = log.lines.slice(-5)
      assert.deepStrictEqual(undone, ["undo x", "undo fetch 3", "undo fetch 2", "undo fetch 1", "undo a"])
    })
  )

  it.scoped("are gone back to from a failure, and on at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const task = Task.make("t", {
        error: Schema.String,
        stages: [
          Page.body(function* ({ n }) {
            yield* undoable(log, `fetch ${n}`)
            if (n < 2) return yield* Page.enter({ n: n + 1 })
            yield* Phase.make(
              "last",
              Effect.suspend(() => (fails ? Effect.fail("no") : Effect.void))
            )
          })
        ],
        *run() {
          return yield* Page.enter({ n: 1 })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* Effect.exit(run(task.execute({}, { id })))
      yield* service.revert(id, { to: "page#1", then: "retry" })
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      fails = false
      yield* service.revert(id, { to: "page#1", then: "retry" })
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.notInclude(tags(store, id), "Paused")
    })
  )

  it.scoped("are told of to the author's own revert, and read from in the history", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        stages: [
          Page.body(function* ({ n }) {
            yield* undoable(log, `fetch ${n}`)
            if (n < 3) return yield* Page.enter({ n: n + 1 })
            yield* Phase.checkpoint("last", { pause: true })
          })
        ],
        *run() {
          yield* undoable(log, "a")
          return yield* Page.enter({ n: 1 })
        },
        *revert(completed, { to }) {
          yield* Phase.make(
            "tell",
            Effect.sync(() => void log.lines.push(`${to}: ${completed.map(({ path }) => path).join()}`))
          )
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.exit(run(task.execute({}, { id })))
      const since = yield* service.history(id, { from: "page#2" })
      assert.deepInclude(since[0]!.entry, { _tag: "StageEntered", n: 2 })
      yield* service.revert(id, { to: "page#2" })
      assert.strictEqual(log.lines.at(-1), "@page#2: @page#3/fetch 3,@page#2/fetch 2")
    })
  )

  it.scoped("are refused beyond a point of no return, and where there is none such; a child goes with its stage", () =>
    Effect.gen(function* () {
      const log = logbook()
      const tokens: Array<string> = []
      const child = Task.make("child", {
        *run() {
          yield* undoable(log, "inner")
        }
      })
      const task = Task.make("t", {
        checkpoints: ["paid"],
        stages: [
          Page.body(function* ({ n }) {
            if (n === 2) yield* Phase.checkpoint("paid", { commit: true })
            yield* child.phase({})
            if (n < 3) return yield* Page.enter({ n: n + 1 })
            yield* Phase.delegate("ask", { notify: (token) => Effect.sync(() => void tokens.push(token)) })
          })
        ],
        *run() {
          return yield* Page.enter({ n: 1 })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task, child])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* service.pause(id)
      const before = entries(store, id).length
      const reasonOf = (to: string) =>
        Effect.map(Effect.flip(service.revert(id, { to })), (error) =>
          error instanceof Errors.CheckpointRefused ? error.reason : error._tag
        )
      assert.deepStrictEqual(
        [yield* reasonOf("page#1"), yield* reasonOf("page#2"), yield* reasonOf("page#9"), yield* reasonOf("pag")],
        ["committed", "committed", "unknown", "undeclared"]
      )
      assert.strictEqual(entries(store, id).length, before)
      yield* service.revert(id, { to: "page#3" })
      assert.deepStrictEqual(log.lines, ["inner", "inner", "inner", "undo inner"])
      const closed = yield* Effect.flip(service.complete(tokens[0]!, Exit.void))
      assert.instanceOf(closed, Errors.TokenClosed)
      yield* service.resume(id)
      yield* idle
      yield* service.complete(tokens[1]!, Exit.void)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
    })
  )

  it.scoped("whose state does not decode any more are named, with what the execution still goes on from", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const first = yield* engine(store, [pages(log)])
      yield* Effect.exit(first.run(pages(log).execute({}, { id, stopAt: "page#3" })))
      yield* first.end
      const Strict = Task.stage("page", { state: { n: Schema.Number.pipe(Schema.lessThan(3)) } })
      const strict = Task.make("t", {
        success: Schema.String,
        stages: [
          Strict.body(function* ({ n }) {
            yield* Phase.make("key", Effect.void)
            yield* undoable(log, `fetch ${n}`)
            yield* Phase.checkpoint("mark")
            yield* Phase.make("other", log.note("other"))
            return "strict"
          })
        ],
        *run() {
          yield* undoable(log, "a")
          yield* Phase.checkpoint("begin")
          return yield* Strict.enter({ n: 1 })
        }
      })
      const { run, service } = yield* engine(store, [strict])
      const refused = yield* Effect.flip(service.resume(id))
      assert.include(refused.message, "It would still go on from @page#2/mark")
      yield* Effect.exit(run(strict.execute({}, { id, resume: true })))
      const { failures, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      const [fault] = failures
      assert.deepInclude(fault, { _tag: "Fault", path: "@page#3", reason: "ValueNotDecodable" })
      assert.include(fault?._tag === "Fault" ? fault.message : "", "does not decode any more at")
      assert.include(fault?._tag === "Fault" ? fault.message : "", "It would still go on from @page#2/mark: revert it")
      yield* service.revert(id, { to: "mark", then: "retry" })
      assert.strictEqual((yield* service.settled(id)).result, "strict")
      assert.strictEqual(log.lines.at(-1), "other")
    })
  )
})
