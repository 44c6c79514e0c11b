import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task, TaskEngine } from "../../src/index.js"
import { engine, idle, memory, tags } from "../support/engines.js"
import { Boom, tenants } from "../support/tenants.js"

const passive = { mode: "passive" } as const

/** A parent without a key, that calls executions of `keyed`, beside each other. */
const callsAll = (keyed: ReturnType<typeof tenants>, name = "calls") =>
  Task.make(name, {
    payload: { ids: Schema.Array(Schema.String) },
    success: Schema.Array(Schema.String),
    error: Boom,
    *run({ ids }) {
      return yield* Phase.forEach("each", ids, (id) => keyed.task.phase(keyed.of(id), { name: "child", id }), {
        key: (id) => id,
        concurrency: 10
      })
    }
  })

describe("a child with a key", () => {
  for (const registered of [true, false]) {
    it.scoped(`stands in line among all others, ${registered ? "with a layer" : "with its parent's code alone"}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const keyed = tenants()
        const { lines, of, task, through } = keyed
        const parent = callsAll(keyed)
        const { run, service } = yield* engine(store, registered ? [task, parent] : [parent])
        const alone = yield* Effect.fork(run(task.execute(of("0"))))
        yield* Effect.zipRight(idle, TestClock.adjust(1))
        yield* run(parent.start({ ids: ["1", "2", "3"] }, { id: "p" }))
        yield* idle
        assert.deepStrictEqual(lines, ["+0"])
        assert.strictEqual((yield* service.status("1")).status, "Pending")
        // Its parent is let go meanwhile: it takes up no place of the engine.
        assert.strictEqual((yield* service.status("p")).status, "Waiting")
        yield* through("0", "2", "3")
        yield* Fiber.join(alone)
        yield* idle
        assert.deepStrictEqual(lines, ["+0", "-0", "+1"])
        yield* through("1")
        yield* idle
        yield* idle
        assert.strictEqual((yield* service.settled("p")).status, "Completed")
        assert.deepStrictEqual(lines.slice(3), ["-1", "+2", "-2", "+3", "-3"])
      })
    )

    it.scoped(`goes on after every death, ${registered ? "with a layer" : "with its parent's code alone"}`, () =>
      Effect.gen(function* () {
        const store = memory()
        const keyed = tenants(2)
        const { lines, through } = keyed
        const parent = callsAll(keyed)
        const tasks = registered ? [keyed.task, parent] : [parent]
        const client = yield* engine(store)
        yield* client.run(parent.start({ ids: ["1", "2", "3", "4", "5"] }, { id: "p" }))
        yield* client.end
        for (const id of ["2", "1", "4", "3", "5"]) {
          const one = yield* engine(store, tasks, { crashes: 99 })
          yield* idle
          yield* through(id)
          yield* idle
          yield* one.kill
        }
        const last = yield* engine(store, tasks, { crashes: 99 })
        yield* idle
        assert.strictEqual((yield* last.service.settled("p")).status, "Completed")
        assert.sameMembers(
          lines.filter((line) => line.startsWith("-")),
          ["-1", "-2", "-3", "-4", "-5"]
        )
      })
    )
  }

  it.scoped("goes in on the place of whoever called it, down to any depth", () =>
    Effect.gen(function* () {
      const store = memory()
      const log: Array<string> = []
      const nest: { readonly phase: (payload: { depth: number }) => Phase.Phase<void, never, never, never, true> } =
        Task.make("nest", {
          payload: { depth: Schema.Number },
          concurrencyKey: () => "same",
          *run({ depth }) {
            yield* Phase.make(
              "note",
              Effect.sync(() => void log.push(`${depth}`))
            )
            if (depth > 0) yield* between.phase({ depth: depth - 1 })
          }
        })
      const between = Task.make("between", {
        payload: { depth: Schema.Number },
        *run({ depth }) {
          yield* nest.phase({ depth })
        }
      })
      const top = nest as unknown as Task.Task<"nest", { depth: number }, void, never, never>
      const { run } = yield* engine(store)
      yield* Effect.forEach([2, 2], (depth) => run(top.execute({ depth })), { concurrency: "unbounded" })
      assert.deepStrictEqual(log, ["2", "1", "0", "2", "1", "0"])
    })
  )

  it.scoped("leaves the line when its parent is closed, and is paused and resumed in it with its parent", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { lines, of, task, through } = keyed
      const one = callsAll(keyed, "one")
      const two = callsAll(keyed, "two")
      const { run, service } = yield* engine(store, [task, one, two])
      yield* run(task.start(of("0")))
      yield* run(one.start({ ids: ["1"] }, { id: "p1" }))
      yield* run(two.start({ ids: ["2"] }, { id: "p2" }))
      yield* idle
      assert.strictEqual((yield* service.pause("p2")).status, "Paused")
      assert.strictEqual((yield* service.close("p1")).status, "Closed")
      assert.strictEqual((yield* service.status("1")).status, "Closed")
      assert.deepStrictEqual(tags(store, "1"), ["Created", "Closed"])
      yield* service.resume("p2")
      yield* idle
      assert.deepStrictEqual(lines, ["+0"])
      yield* through("0", "2")
      yield* idle
      assert.strictEqual((yield* service.settled("p2")).status, "Completed")
      assert.deepStrictEqual(lines, ["+0", "-0", "+2", "-2"])
    })
  )

  it.scoped("that failed is resumed with its parent when there is a place", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { fail, lines, mend, of, task, through } = keyed
      const parent = callsAll(keyed)
      const { run, service } = yield* engine(store, [task, parent])
      yield* run(parent.start({ ids: ["1"] }, { id: "p" }))
      yield* idle
      yield* run(task.start(of("2")))
      yield* fail("1")
      yield* idle
      assert.strictEqual((yield* service.status("p")).status, "Failed")
      assert.deepStrictEqual(lines, ["+1", "+2"])
      yield* mend("1")
      yield* service.resume("p")
      yield* idle
      assert.strictEqual((yield* service.status("1")).status, "Pending")
      assert.strictEqual((yield* service.status("p")).status, "Waiting")
      yield* through("1", "2")
      yield* idle
      yield* idle
      assert.strictEqual((yield* service.settled("p")).status, "Completed")
      assert.deepStrictEqual(lines.slice(2), ["-2", "+1", "-1"])
    })
  )
})

describe("a passive engine", () => {
  it.scoped("advances those with the same key one after another, and says what one in line waits for", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { lines, of, task, through } = keyed
      const { run } = yield* engine(store, [task], passive)
      for (const id of ["1", "2", "3"]) yield* Effect.zipRight(run(task.start(of(id))), TestClock.adjust(1))
      const two = yield* run(TaskEngine.advance("2"))
      assert.deepInclude(two, { id: "2", status: "Pending" })
      assert.deepStrictEqual(lines, [])
      const one = yield* Effect.fork(run(TaskEngine.advance("1")))
      yield* idle
      const waits = yield* run(TaskEngine.advance("3"))
      assert.deepStrictEqual(waits.waits, [{ path: "", name: "a", kind: "place", since: 2, holders: ["1"] }])
      const refused = yield* Effect.flip(run(task.execute(of("3"))))
      assert.include(refused.message, "execution 3 waits until there is a place")
      yield* through("1", "2", "3")
      assert.strictEqual((yield* Fiber.join(one)).status, "Completed")
      const rest = yield* run(TaskEngine.advanceDue())
      assert.deepStrictEqual(
        rest.map(({ id, status }) => [id, status]),
        [
          ["2", "Completed"],
          ["3", "Completed"]
        ]
      )
      assert.deepStrictEqual(lines, ["+1", "-1", "+2", "-2", "+3", "-3"])
    })
  )

  it.scoped("advances a parent with its children in line", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const parent = callsAll(keyed)
      const { run } = yield* engine(store, [keyed.task, parent], passive)
      yield* keyed.through("1", "2", "3")
      yield* run(parent.start({ ids: ["1", "2", "3"] }, { id: "p" }))
      assert.strictEqual((yield* run(TaskEngine.advance("p"))).status, "Completed")
      assert.deepStrictEqual(keyed.lines, ["+1", "-1", "+2", "-2", "+3", "-3"])
    })
  )
})
