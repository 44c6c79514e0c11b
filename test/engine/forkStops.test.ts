import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "s1"

/** Three branches that wait for a gate; a phase follows in each, and they clean up. */
const crew = (
  log: Log,
  gate: Effect.Effect<unknown>,
  cleaning: (name: string) => Effect.Effect<void> = () => Effect.void
) => {
  const clean = (name: string) => Phase.make("clean", Effect.zipRight(cleaning(name), log.note(`clean ${name}`)))
  const one = (name: string) =>
    Phase.group(name, function* () {
      try {
        yield* gated(log, `${name} 1`, gate)
        yield* undoable(log, `${name} 2`)
      } finally {
        yield* clean(name)
      }
    })
  return Task.make("crew", {
    *run() {
      try {
        yield* undoable(log, "first")
        yield* Phase.all([
          one("x"),
          Phase.group("outer", function* () {
            try {
              yield* Phase.forEach("items", ["y", "z"], one, { concurrency: 2 })
            } finally {
              yield* clean("outer")
            }
          })
        ])
      } finally {
        yield* clean("task")
      }
    }
  })
}

const started = (store: ReturnType<typeof memory>) => recorded(store, id, "PhaseStarted", "all/outer/items/1/z 1")

describe("a pause of branches", () => {
  it.scoped("lets those that run end, starts nothing new, and goes on in all of them", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = crew(log, gate.await)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* started(store)
      const pausing = yield* Effect.fork(service.pause(id))
      yield* idle
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* gate.open
      assert.strictEqual((yield* Fiber.join(pausing)).status, "Paused")
      assert.deepStrictEqual(log.lines.splice(0), ["first", "x 1", "y 1", "z 1"])
      yield* service.resume(id)
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["x 2", "y 2", "z 2", "clean x", "clean y", "clean z", "clean outer", "clean task"])
    })
  )

  it.scoped("ends the delays of retries, and runs them out where it is resumed", () =>
    Effect.gen(function* () {
      const log = logbook()
      let fails = true
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.make("a", {
              run: Effect.suspend(() => (fails ? Effect.fail("no") : log.note("a"))),
              retry: Schedule.spaced("1 hour")
            }),
            undoable(log, "b")
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "AttemptFailed", "all/a")
      assert.strictEqual((yield* service.pause(id)).status, "Paused")
      fails = false
      yield* service.resume(id)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["b", "a"])
    })
  )
})

describe("a close of branches", () => {
  const closed = ["x 1 let go", "y 1 let go", "z 1 let go"]
  const cleaned = ["clean z", "clean y", "clean outer", "clean x", "clean task"]
  const paths = [
    ...["all/outer/items/1/close/clean", "all/outer/items/0/close/clean"],
    ...["all/outer/close/clean", "all/x/close/clean", "close/clean"]
  ]

  const cleanups = (store: ReturnType<typeof memory>) =>
    entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" && entry.name === "clean" ? [entry.path] : []))

  it.scoped("interrupts what runs, then cleans up, innermost and newest first, each at its own place", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = crew(log, never)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* started(store)
      yield* idle
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      assert.sameMembers(log.lines.splice(1, 3), closed)
      assert.deepStrictEqual(log.lines, ["first", ...cleaned])
      assert.deepStrictEqual(cleanups(store), paths)
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      yield* service.revert(id)
      assert.sameMembers(log.lines.slice(6, 9), ["undo x 1?", "undo y 1?", "undo z 1?"])
      assert.deepStrictEqual(log.lines.slice(9), ["undo first"])
    })
  )

  for (const [index, at] of paths.entries()) {
    it.scoped(`goes on where its process died while it cleaned up: ${at}`, () =>
      Effect.gen(function* () {
        const log = logbook()
        let crashed = false
        const task = crew(log, never, (name) =>
          Effect.suspend(() => (!crashed && `clean ${name}` === cleaned[index] ? never : Effect.void))
        )
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.start({}, { id }))
        yield* started(store)
        yield* idle
        yield* Effect.fork(first.service.close(id))
        yield* recorded(store, id, "PhaseStarted", at)
        yield* first.kill
        crashed = true
        const second = yield* engine(store, [task])
        assert.strictEqual((yield* second.service.settled(id)).status, "Closed")
        assert.deepStrictEqual(log.lines.slice(4), cleaned)
        assert.deepStrictEqual(cleanups(store), paths)
      })
    )
  }

  it.scoped("leaves what began beside a group that throws at once", () =>
    Effect.gen(function* () {
      const log = logbook()
      const thrower = Phase.group("thrower", function* () {
        throw new Error("boom")
      })
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.all([thrower, Phase.all([undoable(log, "b")], { name: "beside" })])
          } finally {
            yield* undoable(log, "last")
          }
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.start({}, { id }))
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      yield* service.close(id)
      assert.strictEqual((yield* service.settled(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["last"])
    })
  )

  it.scoped("is asked for while a sibling is waited for, and interrupts that too", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            failing(log, "a"),
            Phase.make(
              "pay",
              Effect.onInterrupt(never, () => log.note("pay let go")),
              { inDoubt: "ask" }
            )
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseFailed", "all/a")
      yield* idle
      assert.strictEqual((yield* service.close(id)).status, "Closed")
      assert.deepStrictEqual(log.lines, ["a", "pay let go"])
    })
  )

  it.scoped("runs forks in `finally` blocks, in the order in which things happened, also after a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.make("a", never)
          } finally {
            const won = yield* Phase.race([
              Phase.make("slow", Effect.as(Effect.zipRight(gate.await, log.note("slow")), "slow"), { inDoubt: "ask" }),
              undoable(log, "fast")
            ])
            const both = yield* Phase.all([undoable(log, `after ${won}`), undoable(log, "b")])
            yield* Phase.make(
              "last",
              Effect.suspend(() => (crashed ? log.note(`last ${both.join(" ")}`) : never))
            )
          }
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "a")
      yield* Effect.fork(first.service.close(id))
      yield* recorded(store, id, "PhaseSucceeded", "close/race/fast")
      yield* gate.open
      yield* recorded(store, id, "PhaseStarted", "close/last")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      const { closeError, status } = yield* second.service.settled(id)
      assert.deepStrictEqual([status, closeError], ["Closed", undefined])
      assert.deepStrictEqual(log.lines, ["fast", "slow", "after fast", "b", "last after fast b"])
    })
  )

  it.scoped("knows who won a race in a `finally` block whose process died while it undid the others", () =>
    Effect.gen(function* () {
      const log = logbook()
      let crashed = false
      const gate = yield* Effect.makeLatch(false)
      const hang = Effect.suspend(() => (crashed ? Effect.void : never))
      const task = Task.make("t", {
        *run() {
          try {
            yield* Phase.make("a", never)
          } finally {
            const won = yield* Phase.race([
              Phase.make("slow", Effect.as(gate.await, "slow"), {
                undo: () => Effect.zipRight(hang, log.note("undo slow")),
                inDoubt: "ask"
              }),
              undoable(log, "fast")
            ])
            yield* Phase.make("last", log.note(`${won} won`))
          }
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "a")
      yield* Effect.fork(first.service.close(id))
      yield* recorded(store, id, "PhaseSucceeded", "close/race/fast")
      yield* gate.open
      yield* recorded(store, id, "PhaseStarted", "close/race/undo/close/race/slow")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      const { closeError, status } = yield* second.service.settled(id)
      assert.deepStrictEqual([status, closeError], ["Closed", undefined])
      assert.deepStrictEqual(log.lines, ["fast", "undo slow", "fast won"])
    })
  )
})

describe("an engine that ends while branches run", () => {
  it.scoped("hands all of them back; the next one goes on with each", () =>
    Effect.gen(function* () {
      const log = logbook()
      let ended = false
      const task = crew(
        log,
        Effect.suspend(() => (ended ? Effect.void : never))
      )
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* started(store)
      yield* idle
      yield* first.end
      assert.sameMembers(log.lines.splice(0), ["first", "x 1 let go", "y 1 let go", "z 1 let go"])
      assert.deepStrictEqual(tags(store, id).slice(-4), [
        "PhaseInterrupted",
        "PhaseInterrupted",
        "PhaseInterrupted",
        "Suspended"
      ])
      ended = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines.slice(0, 3), ["x 1", "y 1", "z 1"])
      assert.isTrue(entries(store, id).every((entry) => entry._tag !== "Claimed" || !entry.crashed))
    })
  )
})

describe("an operator and one branch", () => {
  it.scoped("skips it with a value, the others go on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.Array(Schema.String),
        *run() {
          return yield* Phase.all(
            [Phase.make("a", { run: Effect.fail("a"), success: Schema.String }), undoable(log, "b"), failing(log, "c")],
            { mode: "settle" }
          )
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* Effect.flip(run(task.execute({}, { id })))
      assert.instanceOf(yield* Effect.flip(service.skip(id, "all")), Errors.PhaseNotOpen)
      assert.instanceOf(yield* Effect.flip(service.skip(id, "all/b", "x")), Errors.PhaseNotOpen)
      assert.instanceOf(yield* Effect.flip(service.skip(id, "all/a", 7)), Errors.RequirementsMissing)
      yield* service.skip(id, "all/a", "given")
      const { failures, status } = yield* service.settled(id)
      assert.deepStrictEqual([status, failures.map(({ path }) => path)], ["Failed", ["all/c"]])
      yield* service.skip(id, "all/c", "also")
      assert.deepStrictEqual((yield* service.settled(id)).result, ["given", "b", "also"])
      assert.deepStrictEqual(log.lines, ["b", "c", "c"])
    })
  )

  it.scoped("runs one in doubt again only if told to; nothing else starts before", () =>
    Effect.gen(function* () {
      const log = logbook()
      let mended = false
      const pay = Effect.suspend(() => (mended ? log.note("paid") : never))
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([
            gated(
              log,
              "a",
              Effect.suspend(() => (mended ? Effect.void : never))
            ),
            Phase.make("pay", { run: pay, inDoubt: "ask", timeout: "1 second" })
          ])
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* TestClock.adjust("1 second")
      assert.instanceOf(yield* Fiber.join(caller), Errors.ExecutionFailed)
      mended = true
      yield* service.resume(id)
      const { failures, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "OutcomeUnknown", path: "all/pay" })
      assert.deepStrictEqual(log.lines.splice(0), ["a let go"])
      yield* service.resume(id, { inDoubt: "rerun" })
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["a", "paid"])
    })
  )
})
