import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import { Errors, Phase, Retry, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded } from "../support/engines.js"
import { type Log, undoable } from "../support/phases.js"

const id = "p1"

/** Doubles a number in two phases. */
const doubling = (log: Log) =>
  Task.make("double", {
    payload: { n: Schema.Number },
    success: Schema.Number,
    *run({ n }) {
      yield* undoable(log, `look ${n}`)
      yield* undoable(log, `count ${n}`)
      return n * 2
    }
  })

const ids = (store: ReturnType<typeof memory>) => [...store.executions.keys()].sort()

const fault = (reason: string, message: RegExp) => (error: unknown) => {
  assert.instanceOf(error, Errors.ExecutionFailed)
  const [failure] = error.failures
  assert.isTrue(failure?._tag === "Fault" && failure.reason === reason, JSON.stringify(failure))
  assert.match(failure?._tag === "Fault" ? failure.message : "", message)
}

describe("a child", () => {
  it.scoped("answers its parent, and shows whose it is", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = doubling(log)
      const task = Task.make("t", {
        success: Schema.Number,
        *run() {
          const first = yield* child.phase({ n: 2 })
          return yield* child.phase({ n: first }, { name: "again" })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      assert.strictEqual(yield* run(task.execute({}, { id })), 8)
      assert.deepStrictEqual(log.lines, ["look 2", "count 2", "look 4", "count 4"])
      assert.deepStrictEqual(ids(store), ["p1", "p1/again", "p1/double"])
      const { parent, status } = yield* service.status("p1/double")
      assert.deepStrictEqual([status, parent], ["Completed", { execution: id, path: "double" }])
      const { parent: nobody, phases } = yield* service.status(id)
      assert.isUndefined(nobody)
      assert.deepStrictEqual(
        phases.map(({ child, kind, path }) => [path, kind, child]),
        [
          ["double", "child", "p1/double"],
          ["again", "child", "p1/again"]
        ]
      )
    })
  )

  it.scoped("has its id from where it is called: beside others, in groups, two deep", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = doubling(log)
      const between = Task.make("between", {
        *run() {
          yield* child.phase({ n: 0 })
        }
      })
      const task = Task.make("t", {
        *run() {
          yield* Phase.all([child.phase({ n: 1 }), child.phase({ n: 2 })])
          yield* Phase.forEach("each", ["x", "y"], (_, n) => child.phase({ n }), { key: (item) => item })
          yield* Phase.group("g", function* () {
            yield* between.phase({})
          })
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      assert.deepStrictEqual(ids(store), [
        "p1",
        "p1/all/double",
        "p1/all/double#2",
        "p1/each/x",
        "p1/each/y",
        "p1/g/between",
        "p1/g/between/double"
      ])
    })
  )

  it.scoped("is another one when its group is tried again, also with an id of its own", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = doubling(log)
      const task = Task.make("t", {
        error: Schema.String,
        *run() {
          yield* Phase.group(
            "g",
            function* (attempt) {
              yield* child.phase({ n: 1 })
              yield* child.phase({ n: 2 }, { id: "own" })
              if (attempt < 3) yield* Phase.fail("no")
            },
            { retry: Retry.times(3) }
          )
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      yield* run(task.execute({}, { id }))
      const statuses = yield* Effect.forEach(ids(store), (one) =>
        Effect.map(service.status(one), ({ status }) => [one, status])
      )
      assert.deepStrictEqual(statuses, [
        ["own", "Reverted"],
        ["own~g1", "Reverted"],
        ["own~g2", "Completed"],
        ["p1", "Completed"],
        ["p1/g/double", "Reverted"],
        ["p1/g/double~g1", "Reverted"],
        ["p1/g/double~g2", "Completed"]
      ])
    })
  )

  it.scoped("has a short id where that of its path would be long, and keeps it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = doubling(log)
      const name = "ä".repeat(100)
      const parent = "é".repeat(120)
      const task = Task.make("t", {
        *run() {
          yield* child.phase({ n: 1 }, { name })
        }
      })
      const store = memory()
      const { run, service } = yield* engine(store)
      yield* run(task.execute({}, { id: parent }))
      const short = ids(store).find((one) => one !== parent)
      assert.match(short!, /^é{40}\/~[0-9a-f]{32}$/)
      const recorded = entries(store, parent).find((entry) => entry._tag === "PhaseStarted")
      assert.strictEqual(recorded?._tag === "PhaseStarted" ? recorded.child : undefined, short)
      assert.deepStrictEqual((yield* service.status(short!)).parent, { execution: parent, path: name })
    })
  )

  it.scoped("is found again where the code gives another id now", () =>
    Effect.gen(function* () {
      const log = logbook()
      const store = memory()
      const version = (own: string, gate: Effect.Effect<void>) => {
        const child = Task.make("kid", {
          *run() {
            yield* Phase.make("a", Effect.zipRight(gate, log.note("a")))
          }
        })
        return Task.make("t", {
          *run() {
            yield* child.phase({}, { id: own })
          }
        })
      }
      const old = version("old", Effect.never)
      const first = yield* engine(store, [old])
      yield* first.run(old.start({}, { id }))
      yield* recorded(store, "old", "PhaseStarted")
      yield* first.kill
      const second = yield* engine(store, [version("new", Effect.void)])
      assert.strictEqual((yield* second.service.settled(id)).status, "Completed")
      assert.deepStrictEqual([log.lines, ids(store)], [["a"], ["old", id]])
    })
  )
})

describe("the payload of a child", () => {
  it.scoped("that does not fit stops its parent, and says where", () =>
    Effect.gen(function* () {
      const child = doubling(logbook())
      const task = Task.make("t", {
        *run() {
          yield* child.phase({ n: "two" as never })
        }
      })
      const store = memory()
      const { run } = yield* engine(store)
      fault(
        "ValueNotRecordable",
        /the payload of p1\/double cannot be recorded at \$\.n/
      )(yield* Effect.flip(run(task.execute({}, { id }))))
      assert.deepStrictEqual(ids(store), [id])
    })
  )
})

describe("a thousand children", () => {
  it.scoped("of one parent are called beside each other, and reverted with it", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = Task.make("kid", {
        payload: { n: Schema.Number },
        success: Schema.Number,
        *run({ n }) {
          return yield* Phase.make("a", Effect.succeed(n), { undo: (value) => log.note(`undo ${value}`) })
        }
      })
      const task = Task.make("t", {
        success: Schema.Number,
        *run() {
          const items = Array.from({ length: 1000 }, (_, n) => n)
          const found = yield* Phase.forEach("each", items, (n) => child.phase({ n }), { concurrency: "unbounded" })
          return found.reduce((sum, n) => sum + n, 0)
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      assert.strictEqual(yield* run(task.execute({}, { id })), 499_500)
      assert.strictEqual((yield* service.revert(id)).status, "Reverted")
      assert.strictEqual(new Set(log.lines).size, 1000)
      assert.strictEqual((yield* service.list({ status: ["Reverted"], limit: 2000 })).length, 1001)
    })
  )
})

describe("an engine without the child's task", () => {
  it.scoped("runs it with what its parent has", () =>
    Effect.gen(function* () {
      const log = logbook()
      const child = doubling(log)
      const task = Task.make("t", {
        success: Schema.Number,
        *run() {
          return yield* child.phase({ n: 1 })
        }
      })
      const { run, service } = yield* engine(memory(), [task])
      const caller = yield* Effect.fork(run(task.execute({}, { id })))
      yield* idle
      assert.strictEqual(yield* Fiber.join(caller), 2)
      assert.isFalse((yield* service.status("p1/double")).registered)
    })
  )
})
