import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Fenced, StoreError } from "../../src/core/Errors.js"
import { EngineConfig, Phase, Task, TaskEngine } from "../../src/index.js"
import type { AppendRequest, Encoded } from "../../src/store/Encoded.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { asks, desk } from "../support/desk.js"
import { idle, tags } from "../support/engines.js"

/** What comes before an append that claims: what others do in that moment, or why it cannot be done. */
type Before = (store: Encoded, request: AppendRequest) => Effect.Effect<unknown, StoreError | Fenced>

interface Options {
  readonly concurrency?: number
  readonly before?: Before
  /** the owner before has died */
  readonly died?: boolean
}

/** An engine, and what its store is asked to write: a write takes some turns, as one that waits for a commit does. */
const engine = ({ before = () => Effect.void, concurrency = 100, died = false }: Options = {}) =>
  Effect.gen(function* () {
    const writes: Array<string> = []
    const memory = MemoryStore.memory()
    const encoded = yield* MemoryStore.make(memory)
    const slowly = <A, E>(what: string, effect: Effect.Effect<A, E>) =>
      Effect.suspend(() => {
        writes.push(what)
        return Effect.zipRight(
          Effect.repeatN(Effect.yieldNow(), 5),
          Effect.tap(effect, () => void writes.push(`${what} done`))
        )
      })
    const store = fromEncoded({
      ...encoded,
      own: Effect.as(encoded.own, died),
      complete: (completing) => slowly("completion", encoded.complete(completing)),
      append: (request) =>
        request.claim === undefined
          ? encoded.append(request)
          : slowly("claim", Effect.zipRight(before(encoded, request), encoded.append(request)))
    })
    const layer = TaskEngine.layer.pipe(
      Layer.provide(Layer.succeed(TaskStore, store)),
      Layer.provide(Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: 0, concurrency }))
    )
    return { memory, writes, context: yield* Layer.build(layer) }
  })

const asking = (at: ReturnType<typeof desk>) =>
  Task.make("asking", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      const answer = yield* asks(at)
      return yield* Phase.make("repeat", Effect.succeed(answer))
    }
  })

/** One that waits at the desk, and an engine that has its code. */
const waiting = (options?: Options) =>
  Effect.gen(function* () {
    const at = desk()
    const task = asking(at)
    const { context, memory, writes } = yield* engine(options)
    const run = <A, E>(effect: Effect.Effect<A, E, TaskEngine>) => Effect.provide(effect, context)
    yield* Effect.provide(Layer.build(task.layer), context)
    yield* run(task.start({}, { id: "e" }))
    yield* idle
    assert.strictEqual((yield* run(TaskEngine.status("e"))).status, "Waiting")
    writes.length = 0
    return { at, memory, run, task, writes }
  })

const stuck = Task.make("stuck", {
  *run() {
    yield* Phase.make("for ever", Effect.never)
  }
})

/** A commit that holds a completion is preceded by this, the first time. */
const once = (what: (store: Encoded, token: string) => Effect.Effect<unknown, StoreError | Fenced>): Before => {
  let done = false
  return (store, { accepted }) => {
    if (accepted === undefined || done) return Effect.void
    done = true
    return what(store, accepted.hash)
  }
}

const full = new StoreError({ reason: "Full", store: "memory", message: "no space" })

describe("a completion", () => {
  it.scoped("is one commit with the claim, what follows from it, and the start of the next phase", () =>
    Effect.gen(function* () {
      const { at, memory, run, writes } = yield* waiting()
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      assert.deepStrictEqual(writes, ["claim", "claim done"])
      assert.strictEqual((yield* run(TaskEngine.settled("e"))).result, "yes")
      assert.strictEqual(memory.letters.size, 0)
      const [, ...later] = tags(memory, "e").slice(tags(memory, "e").indexOf("Waiting"))
      assert.deepStrictEqual(later, ["Claimed", "PhaseSucceeded", "PhaseStarted", "PhaseSucceeded", "Completed"])
      // What it was completed with is known for good.
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      const other = run(TaskEngine.complete(at.last, Exit.succeed("no")))
      assert.strictEqual((yield* Effect.flip(other))._tag, "AlreadyCompleted")
    })
  )

  it.scoped("is so where a caller stands by", () =>
    Effect.gen(function* () {
      const at = desk()
      const { context, memory, writes } = yield* engine()
      const caller = yield* Effect.fork(Effect.provide(asking(at).execute({}, { id: "e" }), context))
      yield* idle
      writes.length = 0
      yield* Effect.provide(TaskEngine.complete(at.last, Exit.succeed("yes")), context)
      assert.deepStrictEqual(writes, ["claim", "claim done"])
      assert.strictEqual(yield* Fiber.join(caller), "yes")
      assert.strictEqual(memory.letters.size, 0)
    })
  )

  it.scoped("that is a failure is written beside the claim, for its strategy may take time", () =>
    Effect.gen(function* () {
      const { at, run, writes } = yield* waiting()
      yield* run(TaskEngine.complete(at.last, Exit.fail("no")))
      assert.sameMembers(writes.slice(0, 2), ["claim", "completion"])
      const settled = yield* run(TaskEngine.settled("e"))
      assert.deepStrictEqual(settled.failures, [{ _tag: "Fail", path: "ask", error: "no" }])
    })
  )

  it.scoped("is written beside the claim for a day where the owner before has died: perhaps of such a one", () =>
    Effect.gen(function* () {
      const { at, run, task, writes } = yield* waiting({ died: true })
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      assert.sameMembers(writes.slice(0, 2), ["claim", "completion"])
      assert.strictEqual((yield* run(TaskEngine.settled("e"))).result, "yes")
      yield* TestClock.adjust("1 day")
      yield* run(task.start({}, { id: "f" }))
      yield* idle
      writes.length = 0
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      assert.deepStrictEqual(writes, ["claim", "claim done"])
    })
  )

  it.scoped("counts beside another of the same execution, in the same moment", () =>
    Effect.gen(function* () {
      const at = desk()
      const both = Task.make("both", {
        success: Schema.Array(Schema.String),
        error: Schema.String,
        *run() {
          return yield* Phase.all([asks(at, "one"), asks(at, "two")])
        }
      })
      const { context, memory } = yield* engine()
      yield* Effect.gen(function* () {
        yield* Layer.build(both.layer)
        yield* both.start({}, { id: "e" })
        yield* idle
        yield* Effect.forEach(at.tokens, (token, index) => TaskEngine.complete(token, Exit.succeed(`${index}`)), {
          concurrency: "unbounded"
        })
        assert.deepStrictEqual((yield* TaskEngine.settled("e")).result, ["0", "1"])
        assert.strictEqual(memory.letters.size, 0)
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("lets what else is waited for wait on", () =>
    Effect.gen(function* () {
      const at = desk()
      const both = Task.make("both", {
        success: Schema.Array(Schema.String),
        error: Schema.String,
        *run() {
          return yield* Phase.all([asks(at, "one"), asks(at, "two")])
        }
      })
      const { context, memory } = yield* engine()
      yield* Effect.gen(function* () {
        yield* Layer.build(both.layer)
        yield* both.start({}, { id: "e" })
        yield* idle
        yield* TaskEngine.complete(at.tokens[1]!, Exit.succeed("b"))
        yield* idle
        assert.strictEqual((yield* TaskEngine.status("e")).status, "Waiting")
        assert.strictEqual(memory.letters.size, 0)
        yield* TaskEngine.complete(at.tokens[0]!, Exit.succeed("a"))
        assert.deepStrictEqual((yield* TaskEngine.settled("e")).result, ["a", "b"])
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("waits for no claim where all places are taken, or a caller goes that stood by", () =>
    Effect.gen(function* () {
      const at = desk()
      const task = asking(at)
      const { context } = yield* engine({ concurrency: 1 })
      yield* Effect.gen(function* () {
        yield* Layer.build(Layer.merge(task.layer, stuck.layer))
        yield* task.start({}, { id: "e" })
        yield* idle
        yield* stuck.start({}, { id: "stuck" })
        yield* idle
        yield* TaskEngine.complete(at.tokens[0]!, Exit.succeed("seven"))
        assert.strictEqual((yield* TaskEngine.status("e")).status, "Waiting")
        const caller = yield* Effect.fork(task.execute({}, { id: "f" }))
        yield* idle
        const completer = yield* Effect.fork(TaskEngine.complete(at.tokens[1]!, Exit.succeed("eight")))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(caller)
        yield* Fiber.join(completer)
        yield* TaskEngine.close("stuck")
        assert.strictEqual((yield* TaskEngine.settled("e")).result, "seven")
        assert.strictEqual((yield* TaskEngine.settled("f")).result, "eight")
      }).pipe(Effect.provide(context))
    })
  )
})

describe("a completion whose commit is refused", () => {
  it.scoped("is told that another was first, and the execution goes on with that", () =>
    Effect.gen(function* () {
      const before = once((store, hash) =>
        store.complete({ hash, outcome: "other", body: { _tag: "Success", value: "other" }, at: 1 })
      )
      const { at, memory, run } = yield* waiting({ before })
      const late = yield* Effect.flip(run(TaskEngine.complete(at.last, Exit.succeed("yes"))))
      assert.strictEqual(late._tag, "AlreadyCompleted")
      yield* run(TaskEngine.signal("e", "look", null))
      assert.strictEqual((yield* run(TaskEngine.settled("e"))).result, "other")
      assert.strictEqual(tags(memory, "e").filter((tag) => tag === "Claimed").length, 2)
    })
  )

  it.scoped("is told that its time was over, and whoever stands by stays there", () =>
    Effect.gen(function* () {
      const at = desk()
      const before = once((store, hash) => store.end({ hash, as: "expired" }))
      const { context, memory } = yield* engine({ before })
      yield* Effect.gen(function* () {
        const caller = yield* Effect.fork(asking(at).execute({}, { id: "e" }))
        yield* idle
        const late = yield* Effect.flip(TaskEngine.complete(at.last, Exit.succeed("yes")))
        assert.strictEqual(late._tag, "TokenExpired")
        yield* idle
        assert.strictEqual(tags(memory, "e").at(-1), "Waiting")
        assert.isTrue(Option.isNone(yield* Fiber.poll(caller)))
        yield* TaskEngine.close("e")
        assert.isTrue(Exit.isFailure(yield* Fiber.await(caller)))
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("is told that the disk is full, and may be said again", () =>
    Effect.gen(function* () {
      let room = false
      const before: Before = () => (room ? Effect.void : full)
      const { at, memory, run } = yield* waiting({ before })
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      // It is kept as a letter, for that there was space.
      assert.strictEqual(memory.letters.size, 1)
      room = true
      yield* run(TaskEngine.signal("e", "look", null))
      assert.strictEqual((yield* run(TaskEngine.settled("e"))).result, "yes")
    })
  )

  it.scoped("leaves the execution as it was where the store is lost to another", () =>
    Effect.gen(function* () {
      const before = once(() => new Fenced({ execution: "e", epoch: 2, seq: 1 }))
      const { at, run } = yield* waiting({ before })
      yield* run(TaskEngine.complete(at.last, Exit.succeed("yes")))
      assert.strictEqual((yield* run(TaskEngine.settled("e"))).result, "yes")
    })
  )
})
