import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { failing, gated, never, undoable } from "../support/phases.js"

const id = "f1"

const Names = Schema.Array(Schema.String)

/** Phases that wait for gates of their own, and how many run at once at most. */
const crowd = () => {
  const gates = new Map<string, Effect.Latch>()
  const count = { running: 0, most: 0 }
  const phase = (name: string) => {
    const gate = Effect.unsafeMakeLatch(false)
    gates.set(name, gate)
    const run = Effect.acquireUseRelease(
      Effect.sync(() => {
        count.running++
        count.most = Math.max(count.most, count.running)
      }),
      () => gate.await,
      () => Effect.sync(() => void count.running--)
    )
    return Phase.make(name, Effect.as(run, name))
  }
  const open = (name: string) => Effect.zipRight(gates.get(name)!.open, idle)
  return { phase, open, count }
}

describe("what a fork answers", () => {
  it.scoped("has the shape and the order of its branches, whatever the order in which they ended", () =>
    Effect.gen(function* () {
      const { open, phase } = crowd()
      const task = Task.make("t", {
        success: Schema.Struct({
          tuple: Schema.Tuple(Schema.String, Schema.Number),
          struct: Schema.Struct({ x: Schema.String, y: Schema.String }),
          items: Names,
          graph: Schema.Struct({ one: Schema.String, two: Schema.String })
        }),
        *run() {
          const [tuple, struct, items, graph] = yield* Phase.all([
            Phase.all([phase("a"), Phase.make("n", Effect.succeed(1))]),
            Phase.all({ x: phase("b"), y: phase("c") }, { name: "struct" }),
            Phase.forEach("items", ["d", "e"], phase, { concurrency: 2 }),
            Phase.graph("graph", {
              one: { run: phase("f") },
              two: { needs: ["one"], run: ({ one }: { one: string }) => Phase.make("two", Effect.succeed(`${one}!`)) }
            })
          ])
          return { tuple, struct, items, graph }
        }
      })
      const { run, service } = yield* engine(memory())
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* idle
      for (const name of ["f", "e", "d", "c", "b", "a"]) yield* open(name)
      assert.deepStrictEqual(yield* Fiber.join(caller), {
        tuple: ["a", 1],
        struct: { x: "b", y: "c" },
        items: ["d", "e"],
        graph: { one: "f", two: "f!" }
      })
      const paths = (yield* service.status(id)).phases.map(({ path }) => path)
      assert.sameMembers(paths, [
        ...["all", "all/all", "all/all/a", "all/all/n", "all/struct", "all/struct/x", "all/struct/y"],
        ...["all/items", "all/items/0", "all/items/1", "all/graph", "all/graph/one", "all/graph/two"]
      ])
    })
  )

  it.scoped("is nothing for no branches, at once", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const task = Task.make("t", {
        *run() {
          seen.push(yield* Phase.all([]))
          seen.push(yield* Phase.all({}, { name: "struct" }))
          seen.push(yield* Phase.forEach("items", [], () => Phase.make("never", Effect.void)))
          seen.push(yield* Phase.graph("graph", {}))
          seen.push(yield* Phase.either(Phase.all([], { name: "either" })))
        }
      })
      const { run, service } = yield* engine(memory())
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(seen.slice(0, 4), [[], {}, [], {}])
      assert.deepInclude(seen[4], { _tag: "Right", right: [] })
      assert.strictEqual((yield* service.status(id)).phases.length, 5)
    })
  )

  it.scoped("tells branches of one name apart by their order, items by their keys", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        success: Names,
        *run() {
          yield* Phase.forEach("files", ["x", "y"], (file) => undoable(log, file), { key: (file) => `${file}.csv` })
          yield* Phase.all([undoable(log, "a")])
          return yield* Phase.all([undoable(log, "a"), undoable(log, "a")])
        }
      })
      const { run, service } = yield* engine(memory())
      assert.deepStrictEqual(yield* run(task.execute({}, { id })), ["a", "a"])
      assert.deepStrictEqual(
        (yield* service.status(id)).phases.map(({ path }) => path),
        ["files", "files/x.csv", "files/y.csv", "all", "all/a", "all#2", "all#2/a", "all#2/a#2"]
      )
    })
  )
})

describe("how many branches run at a time", () => {
  const names = ["a", "b", "c", "d", "e"]
  for (const [what, most, order] of [
    ["one by one, where nothing is said", undefined, names],
    ["as many as was said", 2, ["b", "a", "c", "e", "d"]],
    ["all of them", "unbounded" as const, ["e", "d", "c", "b", "a"]]
  ] as const) {
    it.scoped(`${what}, started in their order`, () =>
      Effect.gen(function* () {
        const { count, open, phase } = crowd()
        const task = Task.make("t", {
          success: Names,
          *run() {
            return yield* Phase.forEach("items", names, phase, most === undefined ? {} : { concurrency: most })
          }
        })
        const store = memory()
        const { run } = yield* engine(store)
        const caller = yield* Effect.fork(run(task.execute({}, { id })))
        yield* idle
        for (const name of order) yield* open(name)
        assert.deepStrictEqual(yield* Fiber.join(caller), names)
        assert.strictEqual(count.most, most === undefined ? 1 : most === "unbounded" ? 5 : most)
        const started = entries(store, id).flatMap((entry) =>
          entry._tag === "PhaseStarted" && entry.scope === "items" ? [entry.name] : []
        )
        assert.deepStrictEqual(started, names)
      })
    )
  }

  it.scoped("counts only what is ready, in a graph", () =>
    Effect.gen(function* () {
      const { count, open, phase } = crowd()
      const task = Task.make("t", {
        *run() {
          yield* Phase.graph(
            "g",
            {
              a: { run: phase("a") },
              b: { needs: ["a"], run: phase("b") },
              c: { needs: ["a"], run: phase("c") },
              d: { run: phase("d") },
              e: { needs: ["b", "c", "d"], run: phase("e") }
            },
            { concurrency: 2 }
          )
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* idle
      for (const name of ["a", "b", "d", "c", "e"]) yield* open(name)
      yield* Fiber.join(caller)
      const started = entries(store, id).flatMap((entry) =>
        entry._tag === "PhaseStarted" && entry.scope === "g" ? [entry.name] : []
      )
      assert.deepStrictEqual(started, ["a", "d", "b", "c", "e"])
      assert.strictEqual(count.most, 2)
    })
  )
})

describe("a branch that fails", () => {
  it.scoped("interrupts its siblings, whose finalizers run and which are in doubt; nothing else of them starts", () =>
    Effect.gen(function* () {
      const log = logbook()
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            Phase.make("a", Effect.zipRight(go.await, Effect.fail("no"))),
            Phase.group("g", function* () {
              yield* gated(log, "b", never)
              yield* undoable(log, "c")
            }),
            Phase.forEach("items", ["d", "e"], (item) => gated(log, item, never)),
            gated(log, "f", Effect.void)
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseSucceeded", "all/f")
      yield* go.open
      assert.strictEqual(yield* Fiber.join(caller), "no")
      assert.deepStrictEqual(log.lines, ["f", "b let go", "d let go"])
      const { phases, status } = yield* service.status(id)
      assert.strictEqual(status, "Failed")
      assert.deepStrictEqual(
        Object.fromEntries(phases.filter(({ kind }) => kind === "phase").map(({ path, state }) => [path, state])),
        {
          "all/a": "failed",
          "all/f": "succeeded",
          "all/g/b": "in doubt",
          "all/items/0": "in doubt"
        }
      )
    })
  )

  it.scoped("lets siblings go on to their end in the mode `settle`, and new ones start; then all is told", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.forEach(
            "items",
            ["a", "b", "c", "d"],
            (item) => (item === "a" || item === "d" ? failing(log, item) : gated(log, item, gate.await)),
            { concurrency: 2, mode: "settle" }
          )
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* recorded(store, id, "PhaseStarted", "items/2")
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(caller), "a")
      assert.deepStrictEqual(log.lines, ["a", "b", "c", "d"])
      const { failures } = yield* service.status(id)
      assert.deepStrictEqual(
        failures.map(({ path }) => path),
        ["items/0", "items/3"]
      )
    })
  )

  it.scoped("never lets start what needs it, in a graph; the rest goes on in the mode `settle`", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.graph(
            "g",
            {
              a: { run: failing(log, "a") },
              b: { needs: ["a"], run: undoable(log, "b") },
              c: { needs: ["b", "d"], run: undoable(log, "c") },
              d: { run: undoable(log, "d") },
              e: { needs: ["d"], run: undoable(log, "e") }
            },
            { mode: "settle" }
          )
        }
      })
      const { run } = yield* engine(memory())
      assert.strictEqual(yield* Effect.flip(run(task.execute({}, { id }))), "a")
      assert.deepStrictEqual(log.lines, ["a", "d", "e"])
    })
  )

  it.scoped("waits for siblings that ask about doubt, and records how they end", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.all([
            failing(log, "a"),
            Phase.make("pay", Effect.as(Effect.zipRight(gate.await, log.note("paid")), "receipt"), { inDoubt: "ask" }),
            gated(log, "b", never)
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(Effect.flip(run(task.execute({}, { id }))))
      yield* idle
      assert.deepStrictEqual(log.lines, ["a", "b let go"])
      assert.strictEqual((yield* service.status(id)).status, "Running")
      yield* gate.open
      assert.strictEqual(yield* Fiber.join(caller), "a")
      const paid = (yield* service.status(id)).phases.find(({ path }) => path === "all/pay")
      assert.strictEqual(paid?.state, "succeeded")
    })
  )

  it.scoped("does not interrupt one that asks where the engine itself cannot go on with another", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Effect.makeLatch(false)
      const go = yield* Effect.makeLatch(false)
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([
            Phase.group("g", function* () {
              yield* Phase.make("wait", go.await)
              yield* Phase.checkpoint("mark", { data: Number.NaN })
            }),
            Phase.make(
              "pay",
              Effect.onInterrupt(gate.await, () => log.note("pay let go")),
              { inDoubt: "ask" }
            ),
            gated(log, "b", never)
          ])
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      yield* run(task.start({}, { id }))
      yield* idle
      yield* go.open
      yield* idle
      assert.deepStrictEqual(log.lines, ["b let go"])
      yield* gate.open
      const { failures, phases, status } = yield* service.settled(id)
      assert.strictEqual(status, "Failed")
      assert.deepInclude(failures[0], { _tag: "Fault", reason: "ValueNotRecordable", path: "all/g/mark" })
      assert.strictEqual(phases.find(({ path }) => path === "all/pay")?.state, "succeeded")
    })
  )
})
