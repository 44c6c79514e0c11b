/** Who wants to hear of the commits of an execution: those that this engine makes, and those of other processes. */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { StoreError } from "../core/Errors.js"
import type { Store } from "../store/Store.js"
import { Once } from "./Once.js"

export class Listeners {
  private readonly listeners = new Map<string, Set<() => void>>()

  constructor(
    private readonly store: Pick<Store, "changed">,
    /** how often the store is asked whether another process has written to it */
    private readonly every: Duration.DurationInput
  ) {}

  /** Calls back at every commit of this execution; answers how to stop that. */
  hear(id: string, listener: () => void): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.listeners.get(id) === listeners) this.listeners.delete(id)
    }
  }

  notify(id: string): void {
    for (const listener of [...(this.listeners.get(id) ?? [])]) listener()
  }

  /**
   * Looks until there is something to tell: at once, after every commit of this execution by this engine, and whenever
   * another process has written to the store.
   */
  until<A, E>(id: string, look: Effect.Effect<Option.Option<A>, E>): Effect.Effect<A, E | StoreError> {
    return Effect.gen(this, function* () {
      for (;;) {
        const heard = new Once<void>()
        const stop = this.hear(id, () => heard.tell(Effect.void))
        // Listened first, then asked for the store's state, then looked: what comes after the look is not missed.
        const told = Effect.flatMap(this.store.changed(undefined, this.every), (seen) =>
          Effect.tap(look, (found) => {
            if (Option.isSome(found)) return Effect.void
            const waits = [heard.wait, Effect.asVoid(this.store.changed(seen, this.every))] as const
            return Effect.raceFirst(Effect.interruptible(waits[0]), Effect.interruptible(waits[1]))
          })
        )
        const found = yield* Effect.ensuring(told, Effect.sync(stop))
        if (Option.isSome(found)) return found.value
      }
    })
  }
}
