/**
 * A store that dies at its n-th write, as a process would: the write happened or it did not, and nothing is answered from
 * then on. What it wraps lives on, for the engine that comes after.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { StoreError } from "../core/Errors.js"
import type { Encoded } from "../store/Encoded.js"

/** Where to die: at the write of this number, counted from 1, before it happened or after. */
export interface Crash {
  readonly at: number
  readonly when: "before" | "after"
}

/** A store that counts its writes (create, append, claim, order, answer, complete, end, beat, post, reach, purge), and dies where it was told to. */
export interface CrashStore {
  readonly encoded: Encoded
  /** how many writes were asked for so far */
  readonly writes: Effect.Effect<number>
  /** whether it has died */
  readonly crashed: Effect.Effect<boolean>
  /** ends when it dies */
  readonly awaitCrash: Effect.Effect<void>
}

/** Wraps a store; without `crash`, it only counts. */
export const make = Effect.fnUntraced(function* (encoded: Encoded, crash?: Crash) {
  const died = yield* Deferred.make<void>()
  let writes = 0
  let dead = false
  const dying = Effect.suspend(() => {
    dead = true
    const message = `simulated crash ${crash?.when} write ${crash?.at}`
    const error = new StoreError({ reason: "Failed", store: encoded.name, message })
    return Effect.zipRight(Deferred.succeed(died, undefined), error)
  })
  const alive = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | StoreError, R> =>
    Effect.suspend((): Effect.Effect<A, E | StoreError, R> => (dead ? dying : effect))
  const write = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | StoreError> =>
    // A write that was under way when the store died is not answered either.
    Effect.suspend((): Effect.Effect<A, E | StoreError> => {
      if (dead) return dying
      const here = ++writes === crash?.at
      if (here && crash.when === "before") return dying
      return Effect.flatMap(
        Effect.exit(effect),
        (exit): Effect.Effect<A, E | StoreError> => (here || dead ? dying : exit)
      )
    })
  const store: CrashStore = {
    encoded: {
      name: encoded.name,
      own: alive(encoded.own),
      create: (request) => write(encoded.create(request)),
      append: (request) => write(encoded.append(request)),
      claim: (id, owner) => write(encoded.claim(id, owner)),
      get: (id) => alive(encoded.get(id)),
      read: (id, from, limit) => alive(encoded.read(id, from, limit)),
      stages: (id, from, limit) => alive(encoded.stages(id, from, limit)),
      tail: (id, count) => alive(encoded.tail(id, count)),
      latest: (id) => alive(encoded.latest(id)),
      list: (query) => alive(encoded.list(query)),
      order: (order) => write(encoded.order(order)),
      orders: alive(encoded.orders),
      answer: (answer) => write(encoded.answer(answer)),
      takeAnswer: (order) => alive(encoded.takeAnswer(order)),
      complete: (completing) => write(encoded.complete(completing)),
      end: (ending) => write(encoded.end(ending)),
      beat: (beat) => write(encoded.beat(beat)),
      token: (hash) => alive(encoded.token(hash)),
      post: (signal) => write(encoded.post(signal)),
      letters: (id) => alive(encoded.letters(id)),
      due: (query) => alive(encoded.due(query)),
      holders: (lane) => alive(encoded.holders(lane)),
      addressed: alive(encoded.addressed),
      reach: (reached) => write(encoded.reach(reached)),
      nextWake: (after) => alive(encoded.nextWake(after)),
      purge: (query) => write(encoded.purge(query)),
      purged: (id) => alive(encoded.purged(id)),
      tasks: alive(encoded.tasks),
      changed: (seen, every) => alive(encoded.changed(seen, every)),
      damage: encoded.damage,
      accept: (executions) => alive(encoded.accept(executions))
    },
    writes: Effect.sync(() => writes),
    crashed: Effect.sync(() => dead),
    awaitCrash: Deferred.await(died)
  }
  return store
})
