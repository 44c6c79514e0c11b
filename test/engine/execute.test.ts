import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Errors, Phase, Task } from "../../src/index.js"
import { engine, entries, idle, logbook, memory, recorded, tags } from "../support/engines.js"

const greeting = (lines: ReturnType<typeof logbook>) =>
  Task.make("greet", {
    payload: { name: Schema.String },
    success: Schema.String,
    idempotencyKey: ({ name }) => `greet-${name}`,
    *run({ name }) {
      yield* Phase.make("look up", lines.note(`look up ${name}`))
      return `hello ${name}`
    }
  })

describe("execute", () => {
  it.scoped("answers the recorded result of an execution that completed, and runs nothing", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = greeting(log)
      const { run } = yield* engine(memory())
      for (let turn = 0; turn < 3; turn++) {
        assert.strictEqual(yield* run(task.execute({ name: "ada" }, { id: "g1" })), "hello ada")
      }
      assert.deepStrictEqual(log.lines, ["look up ada"])
    })
  )

  it.scoped("derives the id from the payload where the task says how", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = greeting(log)
      const { run, service } = yield* engine(memory())
      yield* run(task.execute({ name: "ada" }))
      yield* run(task.execute({ name: "ada" }))
      yield* run(task.execute({ name: "bob" }))
      assert.deepStrictEqual(log.lines, ["look up ada", "look up bob"])
      assert.deepStrictEqual((yield* service.list({ order: "oldest" })).map(({ id }) => id).sort(), [
        "greet-ada",
        "greet-bob"
      ])
    })
  )

  it.scoped("starts a fresh execution each time without an id", () =>
    Effect.gen(function* () {
      const { run, service } = yield* engine(memory())
      const task = Task.make("plain", { *run() {} })
      yield* run(task.execute({}))
      yield* run(task.execute({}))
      assert.strictEqual((yield* service.list()).length, 2)
    })
  )

  it.scoped("refuses an id that has another payload or another task", () =>
    Effect.gen(function* () {
      const task = greeting(logbook())
      const other = Task.make("other", { *run() {} })
      const { run } = yield* engine(memory())
      yield* run(task.execute({ name: "ada" }, { id: "g1" }))
      assert.instanceOf(yield* Effect.flip(run(task.execute({ name: "bob" }, { id: "g1" }))), Errors.ExecutionConflict)
      assert.instanceOf(yield* Effect.flip(run(other.execute({}, { id: "g1" }))), Errors.ExecutionConflict)
      assert.instanceOf(yield* Effect.flip(run(task.start({ name: "bob" }, { id: "g1" }))), Errors.ExecutionConflict)
    })
  )

  it.scoped("refuses a payload that does not fit and an id that cannot be kept, and records nothing", () =>
    Effect.gen(function* () {
      const task = greeting(logbook())
      const store = memory()
      const { run } = yield* engine(store)
      const invalid = yield* Effect.flip(run(task.execute({ name: 7 as never }, { id: "g1" })))
      assert.instanceOf(invalid, Errors.PayloadInvalid)
      assert.strictEqual((invalid as Errors.PayloadInvalid).at, "$.name")
      for (const id of ["", "a\u0000b", "e\u0301", "x".repeat(256), "\ud800"]) {
        assert.instanceOf(yield* Effect.flip(run(task.execute({ name: "ada" }, { id }))), Errors.InvalidName)
      }
      assert.strictEqual(store.executions.size, 0)
    })
  )

  it.scoped("runs once for callers that come at once, and answers all of them", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = greeting(log)
      const store = memory()
      const { run } = yield* engine(store)
      const results = yield* Effect.all(
        Array.from({ length: 5 }, () => run(task.execute({ name: "ada" }, { id: "g1" }))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        results,
        Array.from({ length: 5 }, () => "hello ada")
      )
      assert.deepStrictEqual(log.lines, ["look up ada"])
      const again = yield* Effect.all(
        Array.from({ length: 3 }, () => run(task.execute({ name: "ada" }, { id: "g1" }))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(again, ["hello ada", "hello ada", "hello ada"])
      assert.strictEqual(tags(store, "g1").filter((tag) => tag === "Claimed").length, 1)
    })
  )

  it.scoped("refuses a caller with another payload that comes while the first is being recorded", () =>
    Effect.gen(function* () {
      const task = greeting(logbook())
      const { run } = yield* engine(memory())
      const [first, second] = yield* Effect.all(
        [
          Effect.either(run(task.execute({ name: "ada" }, { id: "g1" }))),
          Effect.either(run(task.execute({ name: "bob" }, { id: "g1" })))
        ],
        { concurrency: "unbounded" }
      )
      assert.strictEqual(first._tag, "Right")
      assert.strictEqual(second._tag, "Left")
      if (second._tag === "Left") assert.instanceOf(second.left, Errors.ExecutionConflict)
    })
  )

  it.scoped("runs phases with the services and the fiber refs of its caller", () =>
    Effect.gen(function* () {
      class Name extends Context.Tag("Name")<Name, string>() {}
      const depth = FiberRef.unsafeMake(0)
      const seen: Array<unknown> = []
      const task = Task.make("services", {
        *run() {
          yield* Phase.make(
            "look",
            Effect.flatMap(Effect.zip(Name, FiberRef.get(depth)), (found) => Effect.sync(() => void seen.push(found)))
          )
        }
      })
      const { run } = yield* engine(memory())
      yield* run(task.execute({}).pipe(Effect.provideService(Name, "caller"), Effect.locally(depth, 7)))
      assert.deepStrictEqual(seen, [["caller", 7]])
    })
  )

  it.scoped("takes the services of the task's layer for what no caller waits for", () =>
    Effect.gen(function* () {
      class Name extends Context.Tag("Name")<Name, string>() {}
      const seen: Array<string> = []
      const task = Task.make("services", {
        *run() {
          yield* Phase.make(
            "look",
            Effect.flatMap(Name, (name) => Effect.sync(() => void seen.push(name)))
          )
        }
      })
      const { run, service } = yield* engine(memory(), [
        { layer: Layer.provide(task.layer, Layer.succeed(Name, "layer")) }
      ])
      yield* run(task.start({}, { id: "s1" }))
      assert.strictEqual((yield* service.settled("s1")).status, "Completed")
      assert.deepStrictEqual(seen, ["layer"])
    })
  )

  it.scoped("gives a phase its key and its attempt: the key is the same in every attempt", () =>
    Effect.gen(function* () {
      const seen: Array<readonly [string, number]> = []
      const look = Effect.flatMap(Effect.zip(Phase.key, Phase.attempt), (found) =>
        Effect.sync(() => void seen.push(found))
      )
      const task = Task.make("keys", {
        error: Schema.String,
        *run() {
          yield* Phase.make("a", { run: Effect.zipRight(look, seen.length < 2 ? Effect.fail("no") : Effect.void) })
        }
      })
      const { run } = yield* engine(memory())
      yield* Effect.flip(run(task.execute({}, { id: "k1" })))
      yield* Effect.flip(run(task.execute({}, { id: "k1", resume: true })))
      assert.deepStrictEqual(
        seen.map(([, attempt]) => attempt),
        [1, 2]
      )
      assert.strictEqual(seen[0]![0], seen[1]![0])
      assert.match(seen[0]![0], /^[0-9a-f]{32}$/)
    })
  )
})

describe("start", () => {
  it.scoped("records the execution, which stays where it is until the task is registered", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = greeting(log)
      const store = memory()
      const { register, run, service } = yield* engine(store)
      assert.strictEqual(yield* run(task.start({ name: "ada" }, { id: "g1" })), "g1")
      assert.strictEqual(yield* run(task.start({ name: "ada" }, { id: "g1" })), "g1")
      const before = yield* service.status("g1")
      assert.deepStrictEqual([before.status, before.registered], ["Pending", false])
      yield* register(task)
      const after = yield* service.settled("g1")
      assert.deepStrictEqual([after.status, after.result, after.registered], ["Completed", "hello ada", true])
      assert.deepStrictEqual(log.lines, ["look up ada"])
    })
  )
})

describe("interrupting the caller", () => {
  const slow = (log: ReturnType<typeof logbook>, gate: Deferred.Deferred<void>) =>
    Task.make("slow", {
      *run() {
        try {
          yield* Phase.make("a", Effect.zipRight(Deferred.await(gate), log.note("a")))
          yield* Phase.make("b", log.note("b"))
        } finally {
          yield* Phase.make("clean", log.note("clean"))
        }
      }
    })

  it.scoped("hands the execution back: whoever comes next goes on", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const task = slow(log, gate)
      const store = memory()
      const { run, service } = yield* engine(store, [], { grace: "1 minute" })
      const caller = yield* Effect.fork(run(task.execute({}, { id: "s1" })))
      yield* recorded(store, "s1", "PhaseStarted")
      const interruption = yield* Effect.fork(Fiber.interrupt(caller))
      yield* idle
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(interruption)
      assert.strictEqual((yield* service.status("s1")).status, "Pending")
      assert.strictEqual(tags(store, "s1").at(-1), "Suspended")
      assert.deepStrictEqual(log.lines, ["a"])
      yield* run(task.execute({}, { id: "s1" }))
      assert.deepStrictEqual(log.lines, ["a", "b", "clean"])
    })
  )

  it.scoped("lets a registered task go on by itself", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const task = slow(log, gate)
      const store = memory()
      const { run, service } = yield* engine(store, [task])
      const caller = yield* Effect.fork(run(task.execute({}, { id: "s1" })))
      yield* recorded(store, "s1", "PhaseStarted")
      yield* Fiber.interrupt(caller)
      yield* Deferred.succeed(gate, undefined)
      assert.strictEqual((yield* service.settled("s1")).status, "Completed")
      assert.deepStrictEqual(log.lines, ["a", "b", "clean"])
    })
  )

  it.scoped("closes the execution where the caller said so", () =>
    Effect.gen(function* () {
      const log = logbook()
      const task = slow(log, yield* Deferred.make<void>())
      const store = memory()
      const { run, service } = yield* engine(store)
      const caller = yield* Effect.fork(run(task.execute({}, { id: "s1", onInterrupt: "close" })))
      yield* recorded(store, "s1", "PhaseStarted")
      yield* Fiber.interrupt(caller)
      assert.strictEqual((yield* service.settled("s1")).status, "Closed")
      assert.deepStrictEqual(log.lines, ["clean"])
      const refused = yield* Effect.flip(run(task.execute({}, { id: "s1" })))
      assert.instanceOf(refused, Errors.ExecutionClosed)
    })
  )

  it.scoped("does not disturb another caller of the same execution", () =>
    Effect.gen(function* () {
      const log = logbook()
      const gate = yield* Deferred.make<void>()
      const task = slow(log, gate)
      const store = memory()
      const { run } = yield* engine(store)
      const first = yield* Effect.fork(run(task.execute({}, { id: "s1" })))
      yield* recorded(store, "s1", "PhaseStarted")
      const second = yield* Effect.fork(run(task.execute({}, { id: "s1" })))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(second)
      assert.deepStrictEqual(log.lines, ["a", "b", "clean"])
      assert.strictEqual(entries(store, "s1").at(-1)?._tag, "Completed")
    })
  )
})
