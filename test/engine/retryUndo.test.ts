import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "u1"

/** Fails in its first attempt, when three phases completed. */
const retried = (log: Log, undoB: Effect.Effect<void, string>, retry: Retry.Retry<unknown> = Retry.times(2)) =>
  Task.make("retried", {
    error: Schema.String,
    *run() {
      yield* undoable(log, "z")
      yield* Phase.group(
        "g",
        function* (attempt) {
          yield* undoable(log, "a")
          yield* Phase.make("b", log.note("b"), { undo: () => undoB })
          yield* undoable(log, "c")
          if (attempt === 1) yield* failing(log, "no")
        },
        { retry }
      )
    }
  })

describe("an undo that fails while a group is to be tried again", () => {
  const jammed = (log: Log) => {
    const state = { broken: true }
    return {
      state,
      undo: Effect.suspend(
        (): Effect.Effect<void, string> => (state.broken ? Effect.fail("jammed") : log.note("undo b"))
      )
    }
  }

  it.scoped("parks the execution as Failed there; a resume goes on with it, and undoes nothing twice", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { state, undo } = jammed(log)
      const store = memory()
      const { run, service } = yield* engine(store, [retried(log, undo)])
      const failed = yield* Effect.flip(run(retried(log, undo).execute({}, { id })))
      assert.strictEqual(failed, "jammed")
      const { failures, position, status } = yield* service.status(id)
      assert.deepStrictEqual([status, position], ["Failed", "g/revert#1/undo/g/b"])
      assert.deepStrictEqual(failures, [{ _tag: "Fail", path: "g/revert#1/undo/g/b", error: "jammed" }])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      state.broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "c", "no", "undo c", "undo b", "undo a", "a", "b", "c"])
      assert.strictEqual(entries(store, id).filter(({ _tag }) => _tag === "Decided").length, 1)
    })
  )

  it.scoped("can be skipped", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = retried(log, jammed(log).undo)
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const refused = yield* Effect.flip(service.skip(id, "g/no", "x"))
      assert.instanceOf(refused, Errors.PhaseNotOpen)
      yield* service.skip(id, "g/revert#1/undo/g/b")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "c", "no", "undo c", "undo a", "a", "b", "c"])
    })
  )

  it.scoped("does not change the number of the attempts that are left", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { state, undo } = jammed(log)
      const values: Array<number> = []
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (_, value) {
              yield* Phase.make(
                "b",
                Effect.sync(() => void values.push(value)),
                { undo: () => undo }
              )
              yield* failing(log, "no")
            },
            { retry: Retry.forEach([3, 2, 3, 5]) }
          )
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      state.broken = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      assert.deepStrictEqual(values, [3, 2, 3, 5])
    })
  )

  it.scoped("is followed by a revert of the rest, if the operator says so", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { state, undo } = jammed(log)
      const task = retried(log, undo)
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      state.broken = false
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "c", "no", "undo c", "undo b", "undo a", "undo z"])
    })
  )

  it.scoped("interrupts its siblings, which run again when it is resumed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { state, undo } = jammed(log)
      const slow = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.group(
              "g",
              function* (attempt) {
                yield* Phase.make("b", log.note("b"), { undo: () => undo })
                if (attempt === 1) yield* failing(log, "no")
              },
              { retry: Retry.times(2) }
            ),
            gated(log, "slow", slow.await)
          ])
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines, ["b", "no", "slow let go"])
      state.broken = false
      yield* slow.open
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines.slice(3), ["undo b", "b", "slow"])
    })
  )
})

describe("a crash while a group is undone", () => {
  it.scoped("goes on at that undo, and with the next attempt", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = retried(
        log,
        Effect.suspend(() => (crashed ? log.note("undo b") : never))
      )
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/revert#1/undo/g/b")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "c", "no", "undo c", "undo b", "undo a", "a", "b", "c"])
    })
  )

  it.scoped("in a `finally` block of its generator goes on there, then undoes", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              try {
                yield* undoable(log, "a")
                if (attempt === 1) yield* failing(log, "no")
              } finally {
                yield* Phase.make("clean 1", log.note("clean 1"))
                yield* Phase.make(
                  "clean 2",
                  Effect.suspend(() => (crashed ? log.note("clean 2") : never))
                )
              }
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/close/clean 2")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "no", "clean 1", "clean 2", "undo a", "a", "clean 1", "clean 2"])
    })
  )

  it.scoped("leaves the undos of a close with a revert under way to the revert", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = retried(
        log,
        Effect.onInterrupt(Effect.zipRight(gate.await, log.note("undo b")), () => log.note("let go"))
      )
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "g/revert#1/undo/g/b")
      yield* idle
      const closing = yield* Effect.fork(service.close(id, { revert: true }))
      yield* recorded(store, id, "RevertStarted")
      yield* gate.open
      assert.strictEqual((yield* closing).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["z", "a", "b", "c", "no", "undo c", "let go", "undo b", "undo a", "undo z"])
    })
  )
})

describe("a `finally` block of a group that throws", () => {
  it.scoped("is kept in the journal, and holds nothing up", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              let left = true
              try {
                yield* undoable(log, "a")
                if (attempt === 1) yield* failing(log, "no")
                left = false
              } finally {
                // biome-ignore lint/correctness/noUnsafeFinally: what a careless author writes
                if (left) throw new Error("oops")
              }
            },
            { retry: Retry.times(2) }
          )
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(log.lines, ["a", "no", "undo a", "a"])
      const rewound = entries(store, id).find((entry) => entry._tag === "Rewound")
      assert.deepInclude(rewound?._tag === "Rewound" ? rewound.error : {}, { name: "Error", message: "oops" })
    })
  )
})
