/**
 * Whether this engine is the one that advances the executions of its store. An active one is a mere client until it first
 * has to be, and stays it; a passive one is it only while somebody asks something of it.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import type { EngineBusy, StoreError } from "../core/Errors.js"
import type { Store } from "../store/Store.js"
import type { Config } from "./Config.js"

/** A day, in milliseconds. */
const wariness = 86_400_000

/**
 * On a fiber of its own: a finalizer sets the references of its fiber back to what they were before it, and so forgets that
 * the fiber was interrupted meanwhile.
 */
const close = (scope: Scope.CloseableScope): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDaemon(Scope.close(scope, Exit.void)), Fiber.join)

export class Ownership {
  private owned = false
  /** until when an owner is wary whose predecessor has died, in milliseconds UTC */
  private wary = Number.NEGATIVE_INFINITY
  /** run whenever the store became ours, in a scope that is open as long as it is */
  onOwned: Effect.Effect<void, never, Scope.Scope> = Effect.void
  /** how many ask something of a passive engine */
  private users = 0
  /** as long as a passive engine is asked something */
  private visit: Scope.CloseableScope | undefined

  constructor(
    private readonly store: Store,
    private readonly config: Pick<Config, "mode">,
    private readonly scope: Scope.Scope,
    private readonly one: Effect.Semaphore,
    private readonly now: () => number
  ) {}

  /** It is. */
  get isOwner(): boolean {
    return this.owned || this.visit !== undefined
  }

  /** The owner before has died not long ago: of what, nobody may know. */
  get isWary(): boolean {
    return this.now() < this.wary
  }

  get isPassive(): boolean {
    return this.config.mode === "passive"
  }

  /** Becomes the owner for as long as the engine lives, or says who is. Of active engines. */
  readonly ensure: Effect.Effect<void, EngineBusy | StoreError> = Effect.suspend(() =>
    this.owned ? Effect.void : this.one.withPermits(1)(Effect.suspend(() => (this.owned ? Effect.void : this.stay)))
  )

  /** Is the owner while `use` runs, or says who is: a passive engine only so long. */
  during<A, E>(use: Effect.Effect<A, E>): Effect.Effect<A, E | EngineBusy | StoreError> {
    return this.isPassive
      ? Effect.acquireUseRelease(
          this.enter,
          () => use,
          () => this.leave
        )
      : Effect.suspend(() => (this.owned ? use : Effect.zipRight(this.ensure, use)))
  }

  private get own(): Effect.Effect<void, EngineBusy | StoreError, Scope.Scope> {
    return Effect.map(this.store.own, (died) => {
      if (died) this.wary = this.now() + wariness
    })
  }

  private get stay(): Effect.Effect<void, EngineBusy | StoreError> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.zipRight(
        restore(Scope.extend(this.own, this.scope)),
        Effect.suspend(() => {
          this.owned = true
          return Scope.extend(this.onOwned, this.scope)
        })
      )
    )
  }

  private get enter(): Effect.Effect<void, EngineBusy | StoreError> {
    return this.one.withPermits(1)(
      Effect.gen(this, function* () {
        if (this.visit === undefined) {
          const visit = yield* Scope.fork(this.scope, ExecutionStrategy.sequential)
          const taken = Effect.zipRight(this.own, this.onOwned)
          yield* Effect.onError(Scope.extend(taken, visit), () => close(visit))
          this.visit = visit
        }
        this.users++
      })
    )
  }

  private get leave(): Effect.Effect<void> {
    return this.one.withPermits(1)(
      Effect.suspend(() => {
        this.users--
        const { visit } = this
        if (this.users > 0 || visit === undefined) return Effect.void
        this.visit = undefined
        return close(visit)
      })
    )
  }
}
