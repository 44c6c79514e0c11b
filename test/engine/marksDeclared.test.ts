import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, logbook, memory } from "../support/engines.js"
import { failing, type Log, undoable } from "../support/phases.js"

const id = "d1"
const mark = Phase.checkpoint

const alone = (tasks: Parameters<typeof engine>[1]) =>
  Effect.gen(function* () {
    const store = memory()
    return { ...(yield* engine(store, tasks)), store }
  })

const reasonOf = (error: unknown): unknown =>
  error instanceof Errors.CheckpointRefused ? error.reason : (error as { readonly _tag?: string })._tag

describe("a task that declares its checkpoints", () => {
  const declares = (log: Log, name = "one") =>
    Task.make("t", {
      error: Schema.String,
      checkpoints: ["one", "odd#2/name", "later"],
      *run() {
        yield* undoable(log, "a")
        yield* mark(name)
        yield* Phase.group("g", function* () {
          yield* mark("one")
        })
        yield* mark("odd#2/name")
        yield* failing(log, "z")
      }
    })

  it.scoped("refuses another name before anything runs, whoever asks", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = declares(log)
      const { run, service, store } = yield* alone([task])
      const never = yield* Effect.flip(run(task.execute({}, { id, stopAt: "onee" })))
      assert.strictEqual(reasonOf(never), "undeclared")
      assert.include(String(never), "task t declares one, odd#2/name, later")
      assert.strictEqual(reasonOf(yield* Effect.flip(run(task.start({}, { id, stopAt: "onee" })))), "undeclared")
      assert.strictEqual(store.executions.size, 0)
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "one#1" })))
      const before = entries(store, id).length
      for (const asks of [
        service.resume(id, { stopAt: "onee" }),
        service.goTo(id, "g/two"),
        service.revert(id, { to: "two#1" })
      ]) {
        assert.strictEqual(reasonOf(yield* Effect.flip(asks)), "undeclared")
      }
      assert.strictEqual(entries(store, id).length, before)
      assert.strictEqual((yield* service.goTo(id, "g/one")).position, "g/one")
      assert.strictEqual((yield* service.goTo(id, "odd#2/name")).position, "odd~22~1name")
      assert.strictEqual((yield* service.goTo(id, "one#1")).status, "Paused")
      const late = yield* Effect.flip(service.goTo(id, "later"))
      assert.instanceOf(late, Errors.CheckpointNotReached)
    })
  )

  it.scoped("stops where its body comes to one that it does not declare; nothing of it is undone", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = declares(log, "undeclared")
      const { run, service } = yield* alone([task])
      const failed = yield* Effect.flip(run(task.execute({}, { id })))
      assert.instanceOf(failed, Errors.ExecutionFailed)
      const [failure] = (yield* service.status(id)).failures
      assert.deepInclude(failure, { _tag: "Fault", reason: "CheckpointUndeclared", path: "undeclared" })
      assert.deepStrictEqual(log.lines, ["a"])
    })
  )

  it("is refused where a name cannot be kept, or is there twice", () => {
    const make = (checkpoints: ReadonlyArray<string>) => () => Task.make("t", { checkpoints, *run() {} })
    assert.throws(make(["a", "b", "a"]), "a is there twice")
    assert.throws(make([""]), Errors.InvalidName)
  })
})

describe("the data of a checkpoint", () => {
  it.scoped("is recorded by its schema, and shown with the checkpoint; what does not fit parks", () =>
    Effect.gen(function* () {
      const log = logbook()
      const Since = Schema.Struct({ at: Schema.Date })
      const task = Task.make("t", {
        payload: { bad: Schema.Boolean },
        *run({ bad }) {
          yield* undoable(log, "a")
          yield* mark("plain", { data: { rows: [1, 2] }, commit: true })
          yield* Phase.group("g", function* () {
            yield* mark("since", { data: { at: new Date(bad ? Number.NaN : 0) }, schema: Since, pause: true })
          })
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* mark("inside")
            })
          ])
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({ bad: false }, { id })))
      const shown = (yield* service.status(id)).checkpoints
      assert.deepStrictEqual(shown, [
        { name: "plain", path: "plain", at: 0, data: { rows: [1, 2] }, commit: true },
        { name: "since", path: "g/since", at: 0, data: { at: "1970-01-01T00:00:00.000Z" }, commit: false }
      ])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).checkpoints.length, 2)
      yield* Effect.flip(run(task.execute({ bad: true }, { id: "bad" })))
      const [failure] = (yield* service.status("bad")).failures
      assert.deepInclude(failure, { _tag: "Fault", reason: "ValueNotRecordable", path: "g/since" })
    })
  )

  it("is refused with what is no schema, and options that are none", () => {
    assert.throws(() => mark("m", { schema: {} as never }), "schema of checkpoint m must be a Schema")
    assert.throws(() => mark("m", { pause: "yes" as never }), "pause of checkpoint m must be a boolean")
    assert.throws(() => mark("m", { commit: 1 as never }), "commit of checkpoint m must be a boolean")
    assert.throws(() => mark("m", { retry: {} as never }), "retry of checkpoint m must be a Retry")
    assert.doesNotThrow(() => mark("m", { retry: Retry.pause }))
  })
})

describe("history", () => {
  it.scoped("is cut at a checkpoint, where it stands now", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "a")
          yield* mark("one")
          yield* undoable(log, "b")
          yield* mark("two", { pause: true })
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      yield* service.revert(id, { to: "one", then: "retry" })
      yield* service.settled(id)
      const all = yield* service.history(id)
      const cut = yield* service.history(id, { from: "two" })
      assert.deepStrictEqual(cut, all.slice(-cut.length))
      assert.deepStrictEqual(
        cut.map(({ entry }) => entry._tag),
        ["PhaseStarted", "PhaseSucceeded", "PauseRequested", "Paused"]
      )
      assert.strictEqual((yield* service.history(id, { from: "one" }))[0]!.seq, 4)
      assert.strictEqual(reasonOf(yield* Effect.flip(service.history(id, { from: "three" }))), "unknown")
    })
  )
})

describe("stages", () => {
  const Page = Task.stage("page", { state: Schema.Number })

  it.scoped("keep the checkpoint at which to stop; a strategy in one goes back there", () =>
    Effect.gen(function* () {
      const log = logbook()
      let tried = 0
      const task = Task.make("t", {
        error: Schema.String,
        stages: [
          Page.body(function* (n) {
            yield* undoable(log, `page ${n}`)
            yield* mark(`mark ${n}`, { retry: Retry.times(2) })
            yield* undoable(log, `more ${n}`)
            if (n === 1)
              yield* Phase.make(
                "z",
                Effect.suspend(() => (++tried === 1 ? Effect.fail("no") : Effect.void))
              )
            if (n < 3) return yield* Page.enter(n + 1)
          })
        ],
        *run() {
          return yield* Page.enter(1)
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* Effect.flip(first.run(task.execute({}, { id, stopAt: "mark 2" })))
      assert.strictEqual((yield* first.service.status(id)).position, "@page#2/mark 2")
      assert.deepStrictEqual(log.lines, ["page 1", "more 1", "undo more 1", "more 1", "page 2"])
      yield* first.end
      const { service } = yield* engine(store, [task])
      assert.strictEqual((yield* service.goTo(id, "mark 3")).position, "@page#3/mark 3")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
    })
  )
})
