import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { EngineConfig, Phase, Task, TaskEngine } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { idle } from "../support/engines.js"

/** An engine, and what its store is asked to write: a write takes some turns, as one that waits for a commit does. */
const engine = (concurrency = 100) =>
  Effect.gen(function* () {
    const writes: Array<string> = []
    const encoded = yield* MemoryStore.make(MemoryStore.memory())
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
      complete: (completing) => slowly("completion", encoded.complete(completing)),
      append: (request) =>
        request.claim === undefined ? encoded.append(request) : slowly("claim", encoded.append(request))
    })
    const layer = TaskEngine.layer.pipe(
      Layer.provide(Layer.succeed(TaskStore, store)),
      Layer.provide(Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: 0, concurrency }))
    )
    return { writes, context: yield* Layer.build(layer) }
  })

const asking = (tokens: Array<string>) =>
  Task.make("asking", {
    success: Schema.Number,
    *run() {
      return yield* Phase.delegate("ask", {
        success: Schema.Number,
        notify: (token) => Effect.sync(() => void tokens.push(token))
      })
    }
  })

const stuck = Task.make("stuck", {
  *run() {
    yield* Phase.make("for ever", Effect.never)
  }
})

/** Both were asked for before either was done: a store commits them together. */
const together = (writes: ReadonlyArray<string>) => assert.sameMembers(writes.slice(0, 2), ["claim", "completion"])

describe("a completion", () => {
  it.scoped("is written with the claim of its execution, where that is registered", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const task = asking(tokens)
      const { context, writes } = yield* engine()
      yield* Effect.gen(function* () {
        yield* Layer.build(task.layer)
        yield* task.start({}, { id: "e" })
        yield* idle
        assert.strictEqual((yield* TaskEngine.status("e")).status, "Waiting")
        writes.length = 0
        yield* TaskEngine.complete(tokens[0]!, Exit.succeed(7))
        together(writes)
        assert.strictEqual((yield* TaskEngine.settled("e")).result, 7)
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("is written with the claim of its execution, where a caller stands by", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const task = asking(tokens)
      const { context, writes } = yield* engine()
      yield* Effect.gen(function* () {
        const caller = yield* Effect.fork(task.execute({}, { id: "e" }))
        yield* idle
        assert.strictEqual((yield* TaskEngine.status("e")).status, "Waiting")
        writes.length = 0
        yield* TaskEngine.complete(tokens[0]!, Exit.succeed(7))
        together(writes)
        assert.strictEqual(yield* Fiber.join(caller), 7)
      }).pipe(Effect.provide(context))
    })
  )

  it.scoped("waits for no claim where all places are taken, or a caller goes that stood by", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const task = asking(tokens)
      const { context } = yield* engine(1)
      yield* Effect.gen(function* () {
        yield* Layer.build(Layer.merge(task.layer, stuck.layer))
        yield* task.start({}, { id: "e" })
        yield* idle
        yield* stuck.start({}, { id: "stuck" })
        yield* idle
        yield* TaskEngine.complete(tokens[0]!, Exit.succeed(7))
        assert.strictEqual((yield* TaskEngine.status("e")).status, "Waiting")
        const caller = yield* Effect.fork(task.execute({}, { id: "f" }))
        yield* idle
        const completer = yield* Effect.fork(TaskEngine.complete(tokens[1]!, Exit.succeed(8)))
        yield* Effect.yieldNow()
        yield* Fiber.interrupt(caller)
        yield* Fiber.join(completer)
        yield* TaskEngine.close("stuck")
        assert.strictEqual((yield* TaskEngine.settled("e")).result, 7)
        assert.strictEqual((yield* TaskEngine.settled("f")).result, 8)
      }).pipe(Effect.provide(context))
    })
  )
})
