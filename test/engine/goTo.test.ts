import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { asked, engine, entries, idle, logbook, memory, tags } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "g1"
const mark = Phase.checkpoint

const alone = (tasks: Parameters<typeof engine>[1], config: Parameters<typeof engine>[2] = {}) =>
  Effect.gen(function* () {
    const store = memory()
    return { ...(yield* engine(store, tasks, config)), store }
  })

/** a, one, g(b, two), one, c, last. */
const course = (log: Log) =>
  Task.make("t", {
    success: Schema.String,
    *run() {
      yield* undoable(log, "a")
      yield* mark("one")
      yield* Phase.group("g", function* () {
        yield* undoable(log, "b")
        yield* mark("two")
      })
      yield* mark("one")
      yield* undoable(log, "c")
      yield* mark("last")
      return "end"
    }
  })

describe("an execution that is to stop at a checkpoint", () => {
  for (const [stopAt, ran, position] of [
    ["one", "a", "one"],
    ["two", "a b", "g/two"],
    ["g/two", "a b", "g/two"],
    ["one#2", "a b", "one#2"],
    ["last", "a b c", "last"]
  ] as const) {
    it.scoped(`is Paused at ${stopAt}: executed, started, or resumed; and goes on from there`, () =>
      Effect.gen(function* () {
        for (const way of ["execute", "start", "resume"] as const) {
          const log = logbook()
          const { run, service, store } = yield* alone([course(log)])
          const task = course(log)
          if (way === "execute") {
            const paused = yield* Effect.flip(run(task.execute({}, { id, stopAt })))
            assert.instanceOf(paused, Errors.ExecutionPaused)
          } else if (way === "start") yield* run(task.start({}, { id, stopAt }))
          else {
            yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" })))
            if (stopAt === "one") continue
            yield* service.resume(id, { stopAt })
          }
          const status = yield* service.settled(id)
          assert.deepStrictEqual([status.status, status.position], ["Paused", position])
          assert.strictEqual(log.lines.join(" "), ran)
          const log2 = log.lines.length
          yield* service.resume(id)
          assert.strictEqual((yield* service.settled(id)).status, "Completed")
          assert.strictEqual(log.lines.length - log2, 3 - log2)
          assert.strictEqual(tags(store, id).filter((tag) => tag === "Paused").length, way === "resume" ? 2 : 1)
          yield* service.status(id)
        }
      })
    )
  }

  it.scoped("records that with the checkpoint, in the commit of the phase before, and nothing after it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { run, store } = yield* alone([])
      yield* Effect.flip(run(course(log).execute({}, { id, stopAt: "one" })))
      assert.deepStrictEqual(
        entries(store, id)
          .slice(-4)
          .map(({ _tag }) => _tag),
        ["PhaseStarted", "PhaseSucceeded", "PauseRequested", "Paused"]
      )
    })
  )

  it.scoped("forgets it at its end, and at the next resume", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.make(
            "a",
            Effect.suspend(() => (fails ? Effect.fail("no") : log.note("a")))
          )
          yield* mark("one")
          yield* undoable(log, "b")
        }
      })
      const { run, service } = yield* alone([task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" }))), "no")
      fails = false
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      yield* run(task.execute({}, { id: "other", stopAt: "nowhere" }))
      assert.strictEqual((yield* service.status("other")).status, "Completed")
    })
  )

  it.scoped("is started in line behind its key, or for later, with it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        concurrencyKey: () => "k",
        *run() {
          yield* undoable(log, "a")
          yield* mark("one")
        }
      })
      const { run, service } = yield* alone([task])
      yield* run(task.start({}, { id: "late", at: 1_000, stopAt: "one" }))
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" })))
      assert.strictEqual((yield* service.status(id)).position, "one")
      yield* service.close(id)
      yield* TestClock.adjust("2 seconds")
      yield* idle
      assert.strictEqual((yield* service.status("late")).status, "Paused")
    })
  )

  it.scoped("goes on to it when it is executed with resume", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = course(log)
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" })))
      yield* Effect.flip(run(task.execute({}, { id, resume: true, stopAt: "last" })))
      assert.strictEqual((yield* service.status(id)).position, "last")
      assert.strictEqual(yield* run(task.execute({}, { id, resume: true })), "end")
    })
  )
})

describe("a checkpoint with a pause of its own", () => {
  it.scoped("pauses whenever it is reached, not when it is replayed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        *run() {
          yield* mark("start")
          yield* undoable(log, "a")
          yield* mark("look", { pause: true })
          yield* undoable(log, "b")
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* Effect.flip(first.run(task.execute({}, { id })))
      yield* first.end
      const { service } = yield* engine(store, [task])
      assert.strictEqual((yield* service.status(id)).status, "Paused")
      yield* service.revert(id, { to: "start", then: "retry" })
      assert.strictEqual((yield* service.settled(id)).status, "Paused")
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "undo a", "a", "b"])
    })
  )

  it.scoped("in a branch lets what runs beside it end; nothing new begins", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* gated(log, "a", gate.await)
              yield* undoable(log, "b")
            }),
            Phase.group("y", function* () {
              yield* undoable(log, "c")
              yield* mark("look", { pause: true })
              yield* undoable(log, "d")
            }),
            Phase.group("z", function* () {
              yield* Phase.sleep("long", "1 hour")
              yield* undoable(log, "e")
            })
          ])
        }
      })
      const { run, service } = yield* alone([task])
      yield* run(task.start({}, { id }))
      yield* idle
      assert.deepStrictEqual([log.lines.join(), (yield* service.status(id)).status], ["c", "Running"])
      yield* gate.open
      assert.strictEqual((yield* service.settled(id)).status, "Paused")
      assert.deepStrictEqual(log.lines, ["c", "a"])
      yield* service.resume(id)
      yield* idle
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["c", "a", "b", "d", "e"])
    })
  )

  it.scoped("means nothing to a clean-up or a revert that yields it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          try {
            yield* undoable(log, "a")
            yield* Phase.fail("enough")
          } finally {
            yield* mark("cleaning", { pause: true })
          }
        },
        *revert(completed) {
          yield* mark("undoing", { pause: true })
          for (const phase of completed) yield* phase.undo
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
    })
  )
})

describe("going to a checkpoint", () => {
  it.scoped("runs on to one that lies ahead, and back to one that lies behind; and waits until it stands there", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = course(log)
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" })))
      for (const [to, position, did] of [
        ["last", "last", "b c"],
        ["two", "g/two", "undo c"],
        ["two", "g/two", ""],
        ["last", "last", "c"],
        ["one", "one#2", "undo c"],
        ["one#1", "one", "undo b"],
        ["g/two", "g/two", "b"],
        ["one#2", "one#2", ""]
      ] as const) {
        log.lines.length = to === "last" && position === "last" && did === "b c" ? 0 : log.lines.length
        const before = log.lines.length
        const status = yield* service.goTo(id, to)
        assert.deepStrictEqual([status.status, status.position], ["Paused", position], to)
        assert.strictEqual(log.lines.slice(before).join(" "), did, to)
      }
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).result, "end")
    })
  )

  it.scoped("does nothing where it stands already", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = course(log)
      const { run, service, store } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id, stopAt: "one" })))
      const before = entries(store, id).length
      yield* service.goTo(id, "one")
      assert.strictEqual(entries(store, id).length, before)
    })
  )

  it.scoped("tells how the execution ended, failed or was paused before it came there", () =>
    Effect.gen(function* () {
      let ends: Effect.Effect<void, string> = Effect.void
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("one", { pause: true })
          yield* Phase.make(
            "a",
            Effect.suspend(() => ends)
          )
          yield* mark("two", { pause: true })
        }
      })
      const { run, service } = yield* alone([task])
      const goes = (execution: string) =>
        Effect.gen(function* () {
          yield* Effect.flip(run(task.execute({}, { id: execution })))
          const error = yield* Effect.flip(service.goTo(execution, "three"))
          return error instanceof Errors.CheckpointNotReached ? error.status : error._tag
        })
      assert.strictEqual(yield* goes("paused"), "Paused")
      assert.strictEqual(
        yield* Effect.map(Effect.flip(service.goTo("paused", "three")), (error) => "status" in error && error.status),
        "Completed"
      )
      ends = Effect.fail("no")
      assert.strictEqual(yield* goes("fails"), "Failed")
    })
  )

  it.scoped("waits while the execution does; an interrupted caller leaves it as it is", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* mark("one", { pause: true })
          yield* Phase.sleep("long", "1 day")
          yield* mark("two")
        }
      })
      const { run, service } = yield* alone([task])
      yield* Effect.flip(run(task.execute({}, { id })))
      const left = yield* Effect.fork(service.goTo(id, "two"))
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Waiting")
      yield* Fiber.interrupt(left)
      yield* service.pause(id)
      const waits = yield* Effect.fork(service.goTo(id, "two"))
      yield* idle
      yield* TestClock.adjust("1 day")
      assert.strictEqual((yield* Fiber.join(waits)).position, "two")
    })
  )

  it.scoped("by a passive engine runs as far as that goes", () =>
    Effect.gen(function* () {
      const task = Task.make("t", {
        *run() {
          yield* mark("one", { pause: true })
          yield* mark("two")
          yield* Phase.sleep("long", "1 day")
          yield* mark("three")
        }
      })
      const { run, service } = yield* alone([task], { mode: "passive" })
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.strictEqual((yield* service.goTo(id, "two")).status, "Paused")
      const waits = yield* Effect.flip(service.goTo(id, "three"))
      assert.strictEqual("status" in waits && waits.status, "Waiting")
    })
  )

  it.scoped("is refused where nothing can go: what runs, has ended, or is in a branch", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* mark("one", { commit: true })
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* mark("in")
            })
          ])
          yield* mark("paid", { commit: true })
          yield* failing(log, "f")
        }
      })
      const endless = Task.make("endless", {
        *run() {
          yield* mark("one")
          yield* Phase.make("a", never)
        }
      })
      const bare = yield* alone([])
      const { run, service, store } = yield* alone([task, endless])
      yield* Effect.flip(run(task.execute({}, { id })))
      const before = entries(store, id).length
      const reasonOf = (execution: string, to: string) =>
        Effect.map(Effect.flip(service.goTo(execution, to)), (error) =>
          error instanceof Errors.CheckpointRefused ? error.reason : error._tag
        )
      assert.strictEqual(yield* reasonOf(id, "in"), "notOnSpine")
      assert.strictEqual(yield* reasonOf(id, "one"), "committed")
      assert.strictEqual(entries(store, id).length, before)
      yield* run(endless.start({}, { id: "e" }))
      yield* idle
      assert.strictEqual(yield* reasonOf("e", "one"), "IllegalTransition")
      assert.strictEqual(yield* reasonOf("e", "two"), "IllegalTransition")
      yield* service.close("e")
      assert.strictEqual(yield* reasonOf("e", "one"), "ended")
      assert.strictEqual(yield* reasonOf("nobody", "one"), "ExecutionNotFound")
      yield* Effect.flip(bare.run(task.execute({}, { id })))
      const alien = yield* Effect.flip(bare.service.goTo(id, "two"))
      assert.strictEqual(alien._tag, "TaskNotRegistered")
    })
  )

  it.scoped("is asked of the engine of another process", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const task = course(log)
      const owner = yield* engine(store, [task], { inbox: "100 millis" })
      yield* Effect.flip(owner.run(task.execute({}, { id, stopAt: "one" })))
      const client = yield* engine(store, [], { inbox: "100 millis" })
      assert.strictEqual((yield* asked(client.service.goTo(id, "last"))).position, "last")
      assert.strictEqual((yield* asked(client.service.revert(id, { to: "two" }))).position, "g/two")
      const refused = yield* asked(Effect.flip(client.service.revert(id, { to: "last" })))
      assert.instanceOf(refused, Errors.CheckpointRefused)
    })
  )
})
