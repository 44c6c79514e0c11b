import { assert, describe, it } from "@effect/vitest"
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, idle, logbook, memory, recorded } from "../support/engines.js"
import { gated, type Log, never, undoable } from "../support/phases.js"

const id = "v1"

/** Phases whose undos wait for gates of their own. */
const slowly = (log: Log) => {
  const gates = new Map<string, Effect.Latch>()
  const phase = (name: string) => {
    const gate = Effect.unsafeMakeLatch(false)
    gates.set(name, gate)
    return Phase.make(name, Effect.succeed(name), {
      undo: () => Effect.zipRight(log.note(`begin ${name}`), Effect.zipRight(gate.await, log.note(`end ${name}`)))
    })
  }
  const open = (name: string) => Effect.zipRight(gates.get(name)!.open, idle)
  return { phase, open }
}

const chain = (name: string, phase: (name: string) => Phase.Phase<string, never, never, never, true>) =>
  Phase.group(name, function* () {
    yield* phase(`${name} 1`)
    yield* phase(`${name} 2`)
  })

describe("a revert of branches", () => {
  it.scoped("undoes newest first by completion, one at a time, where nothing else is said", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gates = { x: yield* Effect.makeLatch(false), y: yield* Effect.makeLatch(false) }
      const task = Task.make("t", {
        *run() {
          yield* undoable(log, "a")
          yield* Phase.all([
            Phase.group("x", function* () {
              yield* undoable(log, "x 1")
              yield* gated(log, "x 2", gates.x.await)
              yield* undoable(log, "x 3")
            }),
            Phase.forEach("items", ["y 1", "y 2"], (item) => gated(log, item, gates.y.await), { concurrency: 2 })
          ])
          yield* undoable(log, "z")
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* gates.y.open
      yield* idle
      yield* gates.x.open
      yield* service.settled(id)
      const did = log.lines.splice(0)
      assert.deepStrictEqual(did, ["a", "x 1", "y 1", "y 2", "x 2", "x 3", "z"])
      yield* service.revert(id)
      assert.deepStrictEqual(
        log.lines,
        did.reverse().map((name) => `undo ${name}`)
      )
    })
  )

  it.scoped("undoes so many independent ones at a time, and along each line always the later first", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { open, phase } = slowly(log)
      const task = Task.make("t", {
        revertConcurrency: 2,
        *run() {
          yield* phase("a")
          yield* Phase.all([chain("x", phase), chain("y", phase), chain("z", phase)])
          yield* phase("b")
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      const reverting = yield* Effect.fork(service.revert(id))
      const step = (name: string, ...begun: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          yield* open(name)
          const expected = [`end ${name}`, ...begun.map((other) => `begin ${other}`)]
          assert.deepStrictEqual(log.lines.splice(0), expected)
        })
      yield* idle
      assert.deepStrictEqual(log.lines.splice(0), ["begin b"])
      yield* step("b", "z 2", "y 2")
      yield* step("y 2", "x 2")
      yield* step("x 2", "y 1")
      yield* step("z 2", "z 1")
      yield* step("z 1", "x 1")
      yield* step("x 1")
      yield* step("y 1", "a")
      yield* step("a")
      assert.strictEqual((yield* Fiber.join(reverting)).status, "Reverted")
    })
  )

  it.scoped("goes back along the edges of a graph", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { open, phase } = slowly(log)
      const task = Task.make("t", {
        revertConcurrency: 10,
        *run() {
          yield* Phase.graph("g", {
            root: { run: phase("root") },
            left: { needs: ["root"], run: phase("left") },
            right: { needs: ["root"], run: phase("right") },
            top: { needs: ["left", "right"], run: phase("top") },
            alone: { run: phase("alone") }
          })
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.execute({}, { id }))
      const reverting = yield* Effect.fork(service.revert(id))
      yield* idle
      assert.sameMembers(log.lines.splice(0), ["begin top", "begin alone"])
      yield* open("top")
      assert.sameMembers(log.lines.splice(0), ["end top", "begin left", "begin right"])
      yield* open("left")
      yield* open("alone")
      assert.deepStrictEqual(log.lines.splice(0), ["end left", "end alone"])
      yield* open("right")
      assert.deepStrictEqual(log.lines.splice(0), ["end right", "begin root"])
      yield* open("root")
      assert.strictEqual((yield* Fiber.join(reverting)).status, "Reverted")
    })
  )

  it.scoped("waits for what asks, interrupts the rest, and never undoes what runs", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        onFailure: "revert",
        *run() {
          yield* Phase.all([
            Phase.make("pay", Effect.as(gate.await, "receipt"), {
              undo: (receipt) => log.note(`refund ${receipt}`),
              inDoubt: "ask"
            }),
            Phase.group("g", function* () {
              yield* undoable(log, "a")
              yield* gated(log, "b", never)
            }),
            Phase.make("c", Effect.zipRight(idle, Effect.fail("no")))
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseInterrupted", "all/g/b")
      yield* idle
      assert.deepStrictEqual(log.lines, ["a", "b let go"])
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(caller), "no")
      assert.strictEqual((yield* service.status(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(2), ["refund receipt", "undo b?", "undo a"])
    })
  )
})

describe("an undo that fails among others", () => {
  const broken = (log: Log, state: { jammed: Set<string> }, revertConcurrency: number) => {
    const phase = (name: string) =>
      Phase.make(name, Effect.succeed(name), {
        undo: () => Effect.suspend(() => (state.jammed.has(name) ? Effect.fail(`${name} jams`) : log.note(name)))
      })
    return Task.make("t", {
      revertConcurrency,
      *run() {
        yield* phase("a")
        yield* Phase.all([chain("x", phase), chain("y", phase), chain("z", phase)])
        yield* phase("b")
      }
    })
  }

  for (const concurrency of [1, 3]) {
    it.scoped(`stops only what depends on it, and a resume goes on at each: ${concurrency} at a time`, () =>
      Effect.gen(function* () {
        const log = logbook()
        const state = { jammed: new Set(["x 2", "z 1"]) }
        const task = broken(log, state, concurrency)
        const store = memory()
        const { run, service } = yield* engine(store, [task])
        yield* run(task.execute({}, { id }))
        const stopped = yield* Effect.flip(service.revert(id))
        if (!(stopped instanceof Errors.RevertIncomplete)) return assert.fail("it does not stop")
        assert.sameMembers(
          stopped.failures.map(({ path }) => path),
          ["revert#1/undo/all/x/x 2", "revert#1/undo/all/z/z 1"]
        )
        assert.sameMembers(log.lines.splice(0), ["b", "y 2", "y 1", "z 2"])
        state.jammed.delete("z 1")
        yield* service.resume(id)
        const { failures, status } = yield* service.settled(id)
        assert.deepStrictEqual(
          [status, failures.map(({ path }) => path)],
          ["RevertFailed", ["revert#1/undo/all/x/x 2"]]
        )
        assert.deepStrictEqual(log.lines.splice(0), ["z 1"])
        yield* service.skip(id, "revert#1/undo/all/x/x 2")
        assert.strictEqual((yield* service.settled(id)).status, "Reverted")
        assert.deepStrictEqual(log.lines, ["x 1", "a"])
      })
    )
  }

  it.scoped("is gone on with in the process that comes after a crash", () =>
    Effect.gen(function* () {
      const log = logbook()
      const state = { jammed: new Set(["y 2"]) }
      const task = broken(log, state, 2)
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.execute({}, { id }))
      yield* Effect.flip(first.service.revert(id))
      yield* first.kill
      state.jammed.clear()
      const before = log.lines.length
      const second = yield* engine(store, [task])
      yield* second.service.resume(id)
      assert.strictEqual((yield* second.service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines.slice(before), ["y 2", "y 1", "a"])
    })
  )
})

describe("what was begun behind a branch that an operator lets go on", () => {
  /** Of two that come one after the other, the first fails until it is mended; then it hangs. */
  const world = (second: (log: Log) => Phase.Phase<unknown, Cause.TimeoutException>) => {
    const log = logbook()
    const state = { broken: true }
    const until = <A>(effect: Effect.Effect<A>) =>
      Effect.suspend((): Effect.Effect<A, string> => (state.broken ? Effect.fail("no") : effect))
    const a = Phase.make("a", until(never), { undoUnknown: () => log.note("undo a?") })
    const both = Phase.all([a, second(log)], { mode: "settle", concurrency: 1 })
    return { log, state, until, both }
  }

  /** It has failed, and was resumed once nothing was broken any more. */
  const resumed = (task: Task.Task<"t", object, unknown, string, never>, state: { broken: boolean }) =>
    Effect.gen(function* () {
      const { run, service } = yield* engine(memory(), [task])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* TestClock.adjust("1 seconds")
      assert.strictEqual((yield* service.settled(id)).status, "Failed")
      state.broken = false
      yield* service.resume(id)
      yield* idle
      return service
    })

  /** Nobody knows whether it happened. */
  const late = (log: Log) => Phase.make("b", never, { timeout: "1 second", undoUnknown: () => log.note("undo b?") })

  it.scoped("is undone with it", () =>
    Effect.gen(function* () {
      const { both, log, state } = world(late)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* both
        }
      })
      const service = yield* resumed(task, state)
      yield* service.close(id, { revert: true })
      assert.strictEqual((yield* service.settled(id)).status, "Reverted")
      assert.deepStrictEqual(log.lines, ["undo a?", "undo b?"])
    })
  )

  it.scoped("is undone with it where they lose a race", () =>
    Effect.gen(function* () {
      const { both, log, state, until } = world(late)
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.race([both, Phase.make("w", until(gate.await))])
        }
      })
      const service = yield* resumed(task, state)
      yield* gate.open
      assert.strictEqual((yield* service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["undo a?", "undo b?"])
    })
  )

  it.scoped("is undone with it also by the process that comes after a crash", () =>
    Effect.gen(function* () {
      const gates = { w: yield* Effect.makeLatch(false), sibling: yield* Effect.makeLatch(false) }
      let crashed = false
      const hangs = (log: Log) => Phase.make("b", never, { undoUnknown: () => (crashed ? log.note("undo b?") : never) })
      const { both, log, state, until } = world(hangs)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.race([both, Phase.make("w", gates.w.await)]),
            Phase.make("sibling", Effect.zipRight(gates.sibling.await, until(Effect.void)))
          ])
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "all/race/all/b")
      yield* gates.sibling.open
      assert.strictEqual((yield* first.service.settled(id)).status, "Failed")
      state.broken = false
      yield* first.service.resume(id)
      yield* idle
      yield* gates.w.open
      yield* recorded(store, id, "PhaseStarted", "all/race/undo/all/race/all/b")
      yield* first.kill
      crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["undo b?", "undo a?"])
    })
  )
})
