/** Engines over a memory that outlives them, and what tests of their behaviour have in common. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { Service } from "../../src/authoring/TaskEngine.js"
import type { Entry, Tag } from "../../src/core/Entry.js"
import type { Config } from "../../src/engine/Config.js"
import { EngineConfig, TaskEngine } from "../../src/index.js"
import type { Encoded } from "../../src/store/Encoded.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"

type Registers = { readonly layer: Layer.Layer<never, never, TaskEngine> }

/** An engine that a test can end in an orderly way, or kill. */
export interface Engine {
  readonly service: Service
  /** provides this engine */
  readonly run: <A, E>(effect: Effect.Effect<A, E, TaskEngine>) => Effect.Effect<A, E>
  /** adds a task */
  readonly register: (task: Registers) => Effect.Effect<void>
  readonly end: Effect.Effect<void>
  /** its process dies: nothing of it goes on, and the store is free */
  readonly kill: Effect.Effect<void>
}

/** A store that stops answering when its process has died. */
const mortal = (encoded: Encoded, alive: () => boolean): Encoded => {
  const live = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => (alive() ? effect : Effect.never))
  return {
    ...encoded,
    create: (request) => live(encoded.create(request)),
    append: (request) => live(encoded.append(request)),
    claim: (id, owner) => live(encoded.claim(id, owner)),
    get: (id) => live(encoded.get(id)),
    read: (id, from, limit) => live(encoded.read(id, from, limit)),
    stages: (id, from, limit) => live(encoded.stages(id, from, limit)),
    tail: (id, count) => live(encoded.tail(id, count)),
    latest: (id) => live(encoded.latest(id)),
    list: (query) => live(encoded.list(query)),
    order: (order) => live(encoded.order(order)),
    orders: live(encoded.orders),
    answer: (answer) => live(encoded.answer(answer)),
    complete: (completing) => live(encoded.complete(completing)),
    end: (ending) => live(encoded.end(ending)),
    beat: (beat) => live(encoded.beat(beat)),
    token: (hash) => live(encoded.token(hash)),
    post: (signal) => live(encoded.post(signal)),
    letters: (id) => live(encoded.letters(id)),
    due: (query) => live(encoded.due(query)),
    holders: (lane) => live(encoded.holders(lane)),
    addressed: live(encoded.addressed),
    reach: (reached) => live(encoded.reach(reached)),
    nextWake: (after) => live(encoded.nextWake(after)),
    purge: (query) => live(encoded.purge(query)),
    purged: (id) => live(encoded.purged(id)),
    tasks: live(encoded.tasks),
    changed: (seen, every) => live(encoded.changed(seen, every))
  }
}

/** An engine over `memory` until the test is over. Without any grace: what runs is interrupted at its end. It looks into
 * its inbox once an hour, so that a test's clock has little to do. */
export const engine = (
  memory: MemoryStore.Memory,
  tasks: ReadonlyArray<Registers> = [],
  config: Partial<Config> = {}
) =>
  Effect.gen(function* () {
    let alive = true
    const scope = yield* Scope.make()
    const store = Layer.effect(
      TaskStore,
      Effect.map(MemoryStore.make(memory), (encoded) => fromEncoded(mortal(encoded, () => alive)))
    )
    const knobs = Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: 0, inbox: "1 hour", ...config })
    const layer = TaskEngine.layer.pipe(Layer.provideMerge(store), Layer.provide(knobs))
    const context = yield* Layer.buildWithScope(layer, scope)
    const register = (task: Registers) =>
      Effect.asVoid(Effect.provide(Layer.buildWithScope(task.layer, scope), context))
    for (const task of tasks) yield* register(task)
    const end = Effect.suspend(() => (alive ? Scope.close(scope, Exit.void) : Effect.void))
    yield* Effect.addFinalizer(() => end)
    const found: Engine = {
      service: yield* Effect.provide(Effect.flatMap(TaskEngine, Effect.succeed), context),
      run: (effect) => Effect.provide(effect, context),
      register,
      end,
      kill: Effect.sync(() => {
        alive = false
        memory.ownedSince = undefined
      })
    }
    return found
  })

/** The entries of an execution, as the memory has them. */
export const entries = (memory: MemoryStore.Memory, id: string): ReadonlyArray<Entry> =>
  (memory.executions.get(id)?.rows ?? []).map(({ body }) => JSON.parse(body) as Entry)

/** Their tags. */
export const tags = (memory: MemoryStore.Memory, id: string): ReadonlyArray<Tag> =>
  entries(memory, id).map(({ _tag }) => _tag)

/** Lets every fiber run that can. */
export const idle: Effect.Effect<void> = Effect.repeatN(
  Effect.zipRight(
    Effect.async<void>((resume) => {
      setImmediate(() => resume(Effect.void))
    }),
    Effect.repeatN(Effect.yieldNow(), 50)
  ),
  3
)

/** Does what is asked of another engine, while time goes on. */
export const asked = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.fork(effect)
    for (let turn = 0; turn < 20; turn++) {
      yield* idle
      yield* TestClock.adjust("100 millis")
    }
    return yield* Fiber.join(fiber)
  })

/** Waits until the journal holds such an entry. */
export const recorded = <T extends Tag>(
  memory: MemoryStore.Memory,
  id: string,
  tag: T,
  path?: string
): Effect.Effect<void> =>
  Effect.suspend(() => {
    const found = entries(memory, id).some(
      (entry) => entry._tag === tag && (path === undefined || ("path" in entry && entry.path === path))
    )
    return found ? Effect.void : Effect.zipRight(Effect.yieldNow(), recorded(memory, id, tag, path))
  })

/** A log, and effects that write to it. */
export const logbook = () => {
  const lines: Array<string> = []
  return { lines, note: (line: string): Effect.Effect<void> => Effect.sync(() => void lines.push(line)) }
}

export const memory = MemoryStore.memory
