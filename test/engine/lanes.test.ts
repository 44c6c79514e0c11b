import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Errors, Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import { engine, entries, idle, memory, tags } from "../support/engines.js"
import { tenants } from "../support/tenants.js"

const hour = 3_600_000

/** Starts these one after another. */
const starting = (
  { run }: { readonly run: (effect: never) => Effect.Effect<unknown> },
  keyed: ReturnType<typeof tenants>,
  ids: ReadonlyArray<string>,
  tenant?: string
) =>
  Effect.forEach(
    ids,
    (id) => Effect.zipRight(run(keyed.task.start(keyed.of(id, tenant)) as never), TestClock.adjust(1)),
    { discard: true }
  )

describe("executions with the same key", () => {
  it.scoped("run one after another, in the order in which they were started, and keep no other key waiting", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { lines, task, through } = keyed
      const one = yield* engine(store, [task])
      yield* starting(one, keyed, ["1", "2", "3"])
      yield* starting(one, keyed, ["x"], "b")
      yield* idle
      assert.deepStrictEqual(lines, ["+1", "+x"])
      assert.deepStrictEqual(tags(store, "2"), ["Created"])
      yield* through("2", "3", "x")
      yield* idle
      assert.deepStrictEqual(lines, ["+1", "+x", "-x"])
      yield* through("1")
      assert.strictEqual((yield* Effect.zipRight(idle, one.service.settled("3"))).status, "Completed")
      assert.deepStrictEqual(lines.slice(3), ["-1", "+2", "-2", "+3", "-3"])
    })
  )

  it.scoped("run as many at once as the limit says, those of a higher priority first", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants(3)
      const { lines, of, peak, task, through } = keyed
      const client = yield* engine(store)
      yield* starting(client, keyed, ["1", "2", "3", "4"])
      for (const [id, priority] of [
        ["low", -1],
        ["high", 1]
      ] as const) {
        yield* client.run(task.start(of(id), { priority }))
      }
      yield* client.end
      yield* engine(store, [task])
      yield* idle
      assert.sameMembers([...lines], ["+high", "+1", "+2"])
      yield* through("2")
      yield* idle
      assert.deepStrictEqual(lines.slice(3), ["-2", "+3"])
      yield* through("high", "1", "3", "4", "low")
      yield* idle
      assert.strictEqual(lines.at(-1), "-low")
      assert.strictEqual(peak.get("a"), 3)
    })
  )

  it.scoped("have their callers wait for their turn, in the order in which they came", () =>
    Effect.gen(function* () {
      const store = memory()
      const { lines, of, task, through } = tenants()
      const { run } = yield* engine(store)
      const callers = yield* Effect.forEach(["1", "2", "3"], (id) =>
        Effect.zipLeft(Effect.fork(run(task.execute(of(id)))), Effect.zipRight(idle, TestClock.adjust(1)))
      )
      assert.deepStrictEqual(lines, ["+1"])
      yield* through("3", "2", "1")
      assert.deepStrictEqual(yield* Fiber.join(Fiber.all(callers)), ["1", "2", "3"])
      assert.deepStrictEqual(lines, ["+1", "-1", "+2", "-2", "+3", "-3"])
    })
  )

  it.scoped("stay in line when their caller leaves; where nobody can run them, who stands by goes ahead", () =>
    Effect.gen(function* () {
      const store = memory()
      const { lines, of, task, through } = tenants()
      const one = yield* engine(store)
      const first = yield* Effect.fork(one.run(task.execute(of("1"))))
      yield* idle
      const second = yield* Effect.fork(one.run(task.execute(of("2"))))
      yield* Effect.zipRight(idle, TestClock.adjust(1))
      yield* Fiber.interrupt(second)
      assert.deepStrictEqual(tags(store, "2"), ["Created"])
      const third = yield* Effect.fork(one.run(task.execute(of("3"))))
      yield* Effect.zipRight(idle, TestClock.adjust(1))
      const fourth = yield* Effect.fork(one.run(task.execute(of("4"))))
      yield* idle
      yield* through("1", "2", "3", "4")
      yield* Fiber.join(first)
      yield* Fiber.join(third)
      yield* Fiber.join(fourth)
      assert.deepStrictEqual(lines, ["+1", "-1", "+3", "-3", "+4", "-4"])
      assert.strictEqual(yield* one.run(task.execute(of("2"))), "2")
    })
  )

  it.scoped("hold their place while they wait, and while they are paused", () =>
    Effect.gen(function* () {
      const store = memory()
      const log: Array<string> = []
      const task = Task.make("naps", {
        payload: { id: Schema.String },
        idempotencyKey: ({ id }) => id,
        concurrencyKey: () => "same",
        *run({ id }) {
          yield* Phase.make(
            "before",
            Effect.sync(() => void log.push(`+${id}`))
          )
          yield* Phase.sleep("nap", "1 hour")
          yield* Phase.make(
            "after",
            Effect.sync(() => void log.push(`-${id}`))
          )
        }
      })
      const { run, service } = yield* engine(store, [task])
      for (const id of ["1", "2"]) yield* Effect.zipRight(run(task.start({ id })), TestClock.adjust(1))
      yield* idle
      assert.strictEqual((yield* service.status("1")).status, "Waiting")
      assert.deepStrictEqual(log, ["+1"])
      assert.strictEqual((yield* service.pause("1")).status, "Paused")
      yield* TestClock.adjust(2 * hour)
      yield* idle
      assert.deepStrictEqual(log, ["+1"])
      yield* service.resume("1")
      yield* idle
      assert.deepStrictEqual(log, ["+1", "-1", "+2"])
      assert.strictEqual((yield* service.close("2")).status, "Closed")
    })
  )

  it.scoped("leave it when they fail, and stand in line again when they are resumed", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { fail, lines, mend, task, through } = keyed
      const one = yield* engine(store, [task])
      yield* starting(one, keyed, ["1", "2", "3"])
      yield* fail("1")
      yield* idle
      assert.strictEqual((yield* one.service.status("1")).status, "Failed")
      assert.deepStrictEqual(lines, ["+1", "+2"])
      yield* mend("1")
      const resumed = yield* one.service.resume("1", { by: "ann" })
      assert.strictEqual(resumed.status, "Pending")
      assert.deepStrictEqual(entries(store, "1").slice(-2), [
        { _tag: "Resumed", act: { by: "ann" } },
        { _tag: "Suspended", queued: true }
      ])
      yield* through("1", "2", "3")
      yield* idle
      assert.deepStrictEqual(lines, ["+1", "+2", "-2", "+1", "-1", "+3", "-3"])
      assert.strictEqual((yield* one.service.status("1")).status, "Completed")
    })
  )

  it.scoped("are resumed at once where there is a place, whoever resumes them", () =>
    Effect.gen(function* () {
      const store = memory()
      const { fail, lines, mend, of, task, through } = tenants()
      const { run, service } = yield* engine(store)
      yield* fail("1")
      yield* Effect.flip(run(task.execute(of("1"))))
      yield* mend("1")
      const other = yield* Effect.fork(run(task.execute(of("2"))))
      yield* idle
      const again = yield* Effect.fork(run(task.execute(of("1"), { resume: true })))
      yield* idle
      assert.strictEqual((yield* service.status("1")).status, "Pending")
      yield* through("1", "2")
      assert.deepStrictEqual([yield* Fiber.join(other), yield* Fiber.join(again)], ["2", "1"])
      assert.deepStrictEqual(lines, ["+1", "+2", "-2", "+1", "-1"])
    })
  )

  it.scoped("take no place when they are paused, closed or resumed in line", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { fail, lines, mend, task, through } = keyed
      const one = yield* engine(store, [task])
      const { service } = one
      yield* starting(one, keyed, ["1", "2", "3", "4", "5"])
      assert.strictEqual((yield* service.pause("2")).status, "Paused")
      assert.strictEqual((yield* service.close("3")).status, "Closed")
      assert.strictEqual((yield* service.resume("2")).status, "Pending")
      yield* fail("1")
      yield* idle
      yield* mend("1")
      yield* service.resume("1")
      assert.strictEqual((yield* service.pause("1")).status, "Paused")
      assert.deepStrictEqual(lines, ["+1", "+2"])
      yield* through("1", "2", "4")
      yield* idle
      assert.deepStrictEqual(lines.slice(2), ["-2", "+4", "-4", "+5"])
      yield* service.resume("1")
      yield* through("5")
      yield* idle
      assert.deepStrictEqual(lines.slice(6), ["-5", "+1", "-1"])
    })
  )

  it.scoped("are closed and reverted without waiting, and nobody begins meanwhile", () =>
    Effect.gen(function* () {
      const store = memory()
      const log: Array<string> = []
      const task = Task.make("undoes", {
        payload: { id: Schema.String },
        idempotencyKey: ({ id }) => id,
        concurrencyKey: () => "same",
        error: Schema.String,
        *run({ id }) {
          yield* Phase.make("act", {
            run: Effect.sync(() => void log.push(`+${id}`)),
            undo: () =>
              Effect.zipRight(
                Effect.sleep("1 hour"),
                Effect.sync(() => void log.push(`~${id}`))
              )
          })
          if (id === "1") yield* Phase.make("boom", Effect.fail("no"))
          yield* Phase.sleep("nap", "3 hours")
        }
      })
      const { run, service } = yield* engine(store, [task])
      for (const id of ["1", "2"]) yield* Effect.zipRight(run(task.start({ id })), TestClock.adjust(1))
      yield* idle
      assert.deepStrictEqual(log, ["+1", "+2"])
      const reverting = yield* Effect.fork(service.revert("1"))
      yield* idle
      assert.strictEqual((yield* service.status("1")).status, "Reverting")
      yield* service.close("2")
      yield* run(task.start({ id: "3" }))
      yield* idle
      assert.deepStrictEqual(log, ["+1", "+2"])
      yield* TestClock.adjust(hour)
      assert.strictEqual((yield* Fiber.join(reverting)).status, "Reverted")
      yield* idle
      assert.deepStrictEqual(log, ["+1", "+2", "~1", "+3"])
    })
  )

  it.scoped("are started by whatever process, and by times, and stand in the same line", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { lines, of, task, through } = keyed
      const owner = yield* engine(store, [task])
      const other = yield* engine(store)
      yield* owner.run(task.start(of("later"), { at: hour }))
      yield* starting(owner, keyed, ["1"])
      yield* starting(other, keyed, ["2"])
      yield* idle
      yield* through("1", "later")
      yield* idle
      assert.deepStrictEqual(lines, ["+1", "-1", "+2"])
      yield* TestClock.adjust(hour)
      yield* starting(other, keyed, ["3"])
      yield* idle
      assert.deepStrictEqual(lines.slice(3), [])
      yield* through("2", "3")
      yield* idle
      assert.deepStrictEqual(lines.slice(3), ["-2", "+later", "-later", "+3", "-3"])
    })
  )

  it.scoped("keep their places when their process dies, and go on before those in line", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants(2)
      const { lines, task, through } = keyed
      const first = yield* engine(store, [task])
      yield* starting(first, keyed, ["1", "2", "3"])
      yield* idle
      yield* first.kill
      yield* engine(store, [task])
      yield* idle
      assert.sameMembers(lines.slice(2), ["+1", "+2"])
      yield* through("2", "3")
      yield* idle
      assert.deepStrictEqual(lines.slice(4), ["-2", "+3", "-3"])
    })
  )

  it.scoped("keep their places when they are handed back", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { lines, task, through } = keyed
      const first = yield* engine(store, [task])
      yield* starting(first, keyed, ["1", "2"])
      yield* idle
      yield* first.end
      assert.strictEqual(store.executions.get("1")!.row.status, "Pending")
      // One of a higher priority does not come between.
      const client = yield* engine(store)
      yield* client.run(task.start(keyed.of("urgent"), { priority: 9 }))
      yield* client.end
      yield* engine(store, [task])
      yield* idle
      assert.deepStrictEqual(lines, ["+1", "+1"])
      yield* through("1", "2", "urgent")
      yield* idle
      assert.deepStrictEqual(lines.slice(2), ["-1", "+urgent", "-urgent", "+2", "-2"])
    })
  )

  it.scoped("follow the limit of the code that runs them: a smaller one, a larger one, none any more", () =>
    Effect.gen(function* () {
      const store = memory()
      const ids = ["1", "2", "3", "4", "5", "6", "7"]
      const keyed = tenants(3)
      const first = yield* engine(store, [keyed.task])
      yield* starting(first, keyed, ids)
      yield* idle
      assert.lengthOf(keyed.lines, 3)
      yield* first.kill
      const smaller = tenants(1)
      const second = yield* engine(store, [smaller.task])
      yield* idle
      assert.sameMembers([...smaller.lines], ["+1", "+2", "+3"])
      yield* smaller.through("1", "2")
      yield* idle
      assert.notInclude(smaller.lines, "+4")
      yield* smaller.through("3")
      yield* idle
      assert.deepStrictEqual(smaller.lines.slice(-1), ["+4"])
      yield* second.kill
      const larger = tenants(2)
      const third = yield* engine(store, [larger.task])
      yield* idle
      assert.sameMembers([...larger.lines], ["+4", "+5"])
      yield* third.kill
      const lines: Array<string> = []
      const free = Task.make("keyed", {
        payload: { tenant: Schema.String, id: Schema.String },
        success: Schema.String,
        *run({ id }) {
          yield* Phase.make(
            "work",
            Effect.sync(() => void lines.push(id))
          )
          yield* Phase.make("note", Effect.void)
          return id
        }
      })
      yield* engine(store, [free])
      yield* idle
      assert.sameMembers(lines, ["4", "5", "6", "7"])
    })
  )

  it.scoped(
    "let one go ahead whose caller is there, and nobody who has a place, where nobody can run the first one",
    () =>
      Effect.gen(function* () {
        const store = memory()
        const lines: Array<string> = []
        const task = Task.make("naps", {
          payload: { id: Schema.String },
          idempotencyKey: ({ id }) => id,
          concurrencyKey: () => "same",
          limit: 2,
          *run({ id }) {
            yield* Phase.sleep("nap", "1 hour")
            yield* Phase.make(
              "note",
              Effect.sync(() => void lines.push(id))
            )
          }
        })
        const { run } = yield* engine(store)
        yield* Effect.fork(run(task.execute({ id: "1" })))
        yield* Effect.zipRight(idle, TestClock.adjust(1))
        const abandoned = yield* engine(store)
        yield* abandoned.run(task.start({ id: "2" }))
        yield* Effect.zipRight(idle, TestClock.adjust(1))
        yield* Effect.fork(run(task.execute({ id: "3" })))
        yield* idle
        assert.include(tags(store, "3"), "Waiting")
        assert.deepStrictEqual(tags(store, "1").slice(-2), ["PhaseStarted", "Waiting"])
        yield* TestClock.adjust(2 * hour)
        yield* idle
        assert.deepStrictEqual(lines, ["1", "3"])
        assert.deepStrictEqual(tags(store, "2"), ["Created"])
      })
  )

  it.scoped("let as many go ahead as there are places that nobody here can take", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants(2)
      const { lines, of, task, through } = keyed
      const client = yield* engine(store)
      yield* starting(client, keyed, ["1", "2"])
      yield* client.end
      const { run } = yield* engine(store)
      const callers = yield* Effect.forEach(["3", "4", "5", "6"], (id) =>
        Effect.zipLeft(Effect.fork(run(task.execute(of(id)))), TestClock.adjust(1))
      )
      yield* idle
      assert.deepStrictEqual(lines, ["+3", "+4"])
      yield* through("3", "4")
      yield* idle
      assert.sameMembers(lines.slice(2), ["-3", "-4", "+5", "+6"])
      yield* through("5", "6")
      yield* Fiber.join(Fiber.all(callers))
      assert.deepStrictEqual(tags(store, "1"), ["Created"])
    })
  )

  it.scoped("have one place taken once, also by two that have both seen it free", () =>
    Effect.gen(function* () {
      const store = memory()
      const keyed = tenants()
      const { fail, lines, mend, of, task, through } = keyed
      // Whoever has looked who has a place is not alone any more.
      const layer = Layer.effect(
        TaskStore,
        Effect.map(MemoryStore.make(store), (encoded) =>
          fromEncoded({ ...encoded, holders: (lane) => Effect.zipLeft(encoded.holders(lane), Effect.yieldNow()) })
        )
      )
      const context = yield* Layer.build(Layer.provideMerge(task.layer, Layer.provide(TaskEngine.layer, layer)))
      yield* fail("1")
      yield* fail("2")
      for (const id of ["1", "2"]) yield* Effect.provide(Effect.exit(task.execute(of(id))), context)
      yield* mend("1")
      yield* mend("2")
      const both = Effect.forEach(["1", "2"], (id) => TaskEngine.resume(id), { concurrency: "unbounded" })
      const statuses = (yield* Effect.provide(both, context)).map(({ status }) => status)
      assert.deepStrictEqual(statuses.sort(), ["Pending", "Running"])
      yield* through("1", "2")
      yield* idle
      assert.sameMembers(lines.slice(2), ["+1", "-1", "+2", "-2"])
      assert.strictEqual(keyed.peak.get("a"), 1)
    })
  )

  it.scoped("are started by schedules, one after another, and say whom they wait for", () =>
    Effect.gen(function* () {
      const store = memory()
      const { lines, of, task, through } = tenants()
      const layer = task.schedule("0 * * * *", of("tick"), { name: "hourly" })
      const { service } = yield* engine(store, [task, { layer }])
      for (let turn = 0; turn < 2; turn++) yield* Effect.zipRight(TestClock.adjust(hour), idle)
      const [first, second] = [...store.executions.keys()]
      assert.deepStrictEqual(lines, ["+tick"])
      assert.deepStrictEqual((yield* service.status(second!)).waits, [
        { path: "", name: "a", kind: "place", since: 2 * hour, holders: [first!] }
      ])
      assert.deepStrictEqual((yield* service.status(first!)).waits, [])
      yield* through("tick")
      yield* idle
      assert.deepStrictEqual(lines, ["+tick", "-tick", "+tick", "-tick"])
    })
  )

  it.scoped("are refused a key that is none, and nothing is written", () =>
    Effect.gen(function* () {
      const store = memory()
      const { run } = yield* engine(store)
      const keys: ReadonlyArray<() => unknown> = [() => "", () => 7, () => "x".repeat(300), () => JSON.parse("{")]
      for (const key of keys) {
        const task = Task.make("bad", { concurrencyKey: key as () => string, *run() {} })
        for (const refused of [task.start({}, { id: "e" }), task.execute({}, { id: "e" })]) {
          assert.instanceOf(yield* Effect.flip(run(refused)), Errors.InvalidName)
        }
        const parent = Task.make("parent", {
          *run() {
            yield* task.phase({})
          }
        })
        const failed = yield* Effect.flip(run(parent.execute({}, { id: "p" })))
        assert.include(failed.message, "the concurrency key of task bad")
        store.executions.delete("p")
        assert.strictEqual(store.executions.size, 0)
      }
    })
  )
})
