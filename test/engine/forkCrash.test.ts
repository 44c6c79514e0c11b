import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, type Log, never, undoable } from "../support/phases.js"

const id = "c1"

/** Whether the process has died: what hangs before goes on after it. */
const dying = () => {
  const state = { crashed: false }
  return { state, hang: Effect.suspend(() => (state.crashed ? Effect.void : never)) }
}

describe("branches whose process dies", () => {
  it.scoped("had what ended on disk at once, while others went on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { hang, state } = dying()
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([undoable(log, "a"), gated(log, "b", hang)])
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseSucceeded", "all/a")
      yield* first.kill
      state.crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("go on each at its own last phase", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { hang, state } = dying()
      const steps = (name: string, before: number) =>
        Phase.group(name, function* () {
          for (let step = 1; step <= 4; step++) {
            const phase = `${name} ${step}`
            yield* step <= before ? undoable(log, phase) : gated(log, phase, hang)
          }
          return name
        })
      const task = Task.make("t", {
        success: Schema.Unknown,
        *run() {
          return yield* Phase.all({
            none: steps("none", 0),
            one: steps("one", 1),
            three: steps("three", 3),
            all: steps("all", 4),
            items: Phase.forEach("items", ["x", "y", "z"], (item) => steps(item, item === "x" ? 4 : 2)),
            graph: Phase.graph("graph", {
              root: { run: undoable(log, "root") },
              left: { needs: ["root"], run: undoable(log, "left") },
              right: { needs: ["root"], run: gated(log, "right", hang) },
              top: {
                needs: ["left", "right"],
                run: ({ left, right }: { left: string; right: string }) => undoable(log, `${left} ${right}`)
              }
            })
          })
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "all/items/1/y 3")
      yield* recorded(store, id, "PhaseStarted", "all/graph/right")
      yield* recorded(store, id, "PhaseSucceeded", "all/graph/left")
      yield* idle
      const before = [...log.lines]
      yield* first.kill
      state.crashed = true
      const second = yield* engine(store, [task])
      const { result, status } = yield* second.service.settled(id)
      assert.strictEqual(status, "Completed")
      assert.deepStrictEqual(result, {
        none: "none",
        one: "one",
        three: "three",
        all: "all",
        items: ["x", "y", "z"],
        graph: { root: "root", left: "left", right: "right", top: "left right" }
      })
      assert.sameMembers(before, [
        ...["one 1", "three 1", "three 2", "three 3", "all 1", "all 2", "all 3", "all 4"],
        ...["x 1", "x 2", "x 3", "x 4", "y 1", "y 2", "root", "left"]
      ])
      assert.sameMembers(log.lines.slice(before.length), [
        ...["none 1", "none 2", "none 3", "none 4", "one 2", "one 3", "one 4", "three 4"],
        ...["y 3", "y 4", "z 1", "z 2", "z 3", "z 4", "right", "left right"]
      ])
      const again = entries(store, id).flatMap((entry) => (entry._tag === "AttemptStarted" ? [entry.path] : []))
      assert.sameMembers(again, [
        ...["all/none/none 1", "all/one/one 2", "all/three/three 4", "all/items/1/y 3"],
        "all/graph/right"
      ])
    })
  )

  it.scoped("that share a variable act in the order in which things happened, also afterwards", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { hang, state } = dying()
      const gates = {
        x: yield* Effect.makeLatch(false),
        y: yield* Effect.makeLatch(false),
        z: yield* Effect.makeLatch(false)
      }
      const task = Task.make("t", {
        *run() {
          const came: Array<string> = []
          const one = (name: "x" | "y" | "z") =>
            Phase.group(name, function* () {
              yield* Phase.make("wait", gates[name].await)
              came.push(name)
              yield* undoable(log, `${name} is ${came.length}`)
              yield* gated(log, `${name} saw ${came.join(" ")}`, hang)
            })
          yield* Phase.all([one("x"), one("y"), one("z")])
          yield* Phase.make("end", log.note(came.join(" ")))
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      for (const name of ["y", "z", "x"] as const) {
        yield* gates[name].open
        yield* idle
      }
      assert.deepStrictEqual(log.lines, ["y is 1", "z is 2", "x is 3"])
      yield* first.kill
      state.crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines.slice(3, 6), ["x saw y z x", "y saw y", "z saw y z"])
      assert.strictEqual(log.lines.at(-1), "y z x")
    })
  )

  it.scoped("are interrupted by nobody: each goes on though another one has failed, if that was not recorded", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { hang, state } = dying()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.make(
              "a",
              Effect.suspend(() => (state.crashed ? log.note("a") : Effect.zipRight(hang, Effect.fail("no"))))
            ),
            gated(log, "b", hang)
          ])
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseStarted", "all/b")
      yield* idle
      yield* first.kill
      state.crashed = true
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b"])
    })
  )

  it.scoped("go on winding down where one of them had failed", () =>
    Effect.gen(function* () {
      const log = logbook()
      const { hang, state } = dying()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.make("a", Effect.zipRight(idle, Effect.fail("no"))),
            Phase.make(
              "b",
              Effect.onInterrupt(never, () => hang)
            ),
            Phase.group("g", function* () {
              yield* undoable(log, "c")
              yield* gated(log, "d", never)
            })
          ])
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id }))
      yield* recorded(store, id, "PhaseFailed", "all/a")
      yield* idle
      yield* first.kill
      state.crashed = true
      const second = yield* engine(store, [task])
      const { failures, status } = yield* second.service.settled(id)
      assert.deepStrictEqual([status, failures], ["Failed", [{ _tag: "Fail", path: "all/a", error: "no" }]])
      assert.deepStrictEqual(log.lines, ["c", "d let go"])
    })
  )
})

/** Fails at the names that are not mended. */
const mending = (log: Log, broken: Set<string>, name: string) =>
  Phase.make(
    name,
    Effect.suspend(() => (broken.has(name) ? Effect.fail(`no ${name}`) : Effect.as(log.note(name), name)))
  )

describe("something that was to be undone, and loses a race in the middle of its clean-up", () => {
  /** Its clean-up does not end in its first attempt; the undos do not end before the process has died. */
  const world = () => {
    const log = logbook()
    const { hang, state } = dying()
    let cleanups = 0
    const cleanUp = Phase.make(
      "c",
      Effect.suspend(() => (++cleanups === 1 ? never : log.note("c")))
    )
    const a = Phase.make("a", log.note("a"), { undo: () => Effect.zipRight(hang, log.note("undo a")) })
    return { log, state, cleanUp, a }
  }
  type World = ReturnType<typeof world>

  const losers: Record<string, (world: World) => Phase.Phase<unknown, string, never, never, boolean>> = {
    "a group that is tried again": ({ a, cleanUp, log }) =>
      Phase.group(
        "g",
        function* () {
          try {
            yield* a
            yield* failing(log, "x")
          } finally {
            yield* cleanUp
          }
        },
        { retry: Retry.times(2) }
      ),
    "a race that was won": ({ a, cleanUp }) =>
      Phase.race(
        [
          Phase.group("g", function* () {
            try {
              yield* a
              yield* Phase.make("b", never, { inDoubt: "rerun" })
            } finally {
              yield* cleanUp
            }
          }),
          Phase.make("quick", Effect.sleep("1 millis"))
        ],
        { name: "inner" }
      )
  }

  for (const [what, loser] of Object.entries(losers)) {
    it.scoped(`is undone once, by that race: ${what}`, () =>
      Effect.gen(function* () {
        const here = world()
        const { log, state } = here
        const gate = yield* Effect.makeLatch(false)
        const task = Task.make("t", {
          error: Schema.String,
          *run() {
            yield* Phase.race({ l: loser(here), w: gated(log, "w", gate.await) })
          }
        })
        const store = memory()
        const first = yield* engine(store, [task])
        yield* first.run(task.start({}, { id }))
        yield* idle
        yield* TestClock.adjust("1 millis")
        const started = () => entries(store, id).flatMap((entry) => (entry._tag === "PhaseStarted" ? [entry.path] : []))
        yield* idle
        assert.match(started().at(-1)!, /close\/c$/)
        yield* gate.open
        yield* idle
        assert.match(started().at(-1)!, /^race\/undo\/.*\/a$/)
        const before = started()
        yield* first.kill
        state.crashed = true
        const second = yield* engine(store, [task])
        assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
        assert.deepStrictEqual(started(), before)
        assert.deepStrictEqual(
          log.lines.filter((line) => line !== "x"),
          ["a", "w", "c", "undo a"]
        )
      })
    )
  }
})

describe("a fork that is resumed after a failure", () => {
  it.scoped("runs only the items that are missing", () =>
    Effect.gen(function* () {
      const log = logbook()
      const broken = new Set(["c", "e"])
      const task = Task.make("t", {
        error: Schema.String,
        success: Schema.Array(Schema.String),
        *run() {
          return yield* Phase.forEach("items", ["a", "b", "c", "d", "e", "f"], (item) => mending(log, broken, item), {
            concurrency: 2,
            mode: "settle"
          })
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "no c")
      assert.deepStrictEqual(log.lines.splice(0), ["a", "b", "d", "f"])
      broken.delete("c")
      yield* service.resume(id)
      const { failures, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["items/4"]
      )
      assert.deepStrictEqual(log.lines.splice(0), ["c"])
      broken.clear()
      assert.deepStrictEqual(yield* run(task.execute({}, { id, resume: true })), ["a", "b", "c", "d", "e", "f"])
      assert.deepStrictEqual(log.lines, ["e"])
    })
  )

  it.scoped("goes on with what was interrupted, and what never started, in the process that comes after", () =>
    Effect.gen(function* () {
      const log = logbook()
      const broken = new Set(["b"])
      const { hang, state } = dying()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.graph("g", {
            a: { run: undoable(log, "a") },
            b: { needs: ["a"], run: mending(log, broken, "b") },
            slow: { run: gated(log, "slow", hang) },
            c: { needs: ["b", "slow"], run: undoable(log, "c") }
          })
        }
      })
      const store = memory()
      const first = yield* engine(store, [task])
      yield* Effect.flip(first.run(task.execute({}, { id })))
      assert.deepStrictEqual(log.lines.splice(0), ["a", "slow let go"])
      yield* first.end
      broken.clear()
      state.crashed = true
      const second = yield* engine(store, [task])
      yield* second.service.resume(id)
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.sameMembers(log.lines, ["b", "slow", "c"])
    })
  )
})
