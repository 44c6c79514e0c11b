/** Whether this engine is the one that advances the executions of its store. A mere client until it first has to be. */
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { EngineBusy, StoreError } from "../core/Errors.js"
import type { Store } from "../store/Store.js"

export class Ownership {
  private owned = false
  /** run once, when the store became ours */
  onOwned: Effect.Effect<void> = Effect.void

  constructor(
    private readonly store: Store,
    private readonly scope: Scope.Scope,
    private readonly one: Effect.Semaphore
  ) {}

  /** It is. */
  get isOwner(): boolean {
    return this.owned
  }

  /** Becomes the owner for as long as the engine lives, or says who is. */
  readonly ensure: Effect.Effect<void, EngineBusy | StoreError> = Effect.suspend(() =>
    this.owned ? Effect.void : this.one.withPermits(1)(Effect.suspend(() => (this.owned ? Effect.void : this.take)))
  )

  private get take(): Effect.Effect<void, EngineBusy | StoreError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(
        restore(Scope.extend(this.store.own, this.scope)),
        Effect.suspend(() => {
          this.owned = true
          return this.onOwned
        })
      )
    )
  }
}
