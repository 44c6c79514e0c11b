/**
 * The Scope of one attempt. It is made when something in the attempt asks for it: to make and close one for each attempt
 * takes as long as everything else that the engine does for it.
 */
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import type * as Exit from "effect/Exit"
import * as Pipeable from "effect/Pipeable"
import * as Scope from "effect/Scope"

export class PhaseScope extends Pipeable.Class() implements Scope.CloseableScope {
  readonly [Scope.ScopeTypeId]: typeof Scope.ScopeTypeId = Scope.ScopeTypeId
  readonly [Scope.CloseableScopeTypeId]: typeof Scope.CloseableScopeTypeId = Scope.CloseableScopeTypeId
  readonly strategy = ExecutionStrategy.sequential
  private made: Scope.CloseableScope | undefined
  private closedWith: Exit.Exit<unknown, unknown> | undefined

  private get own(): Scope.CloseableScope {
    if (this.made !== undefined) return this.made
    const made = Effect.runSync(Scope.make())
    this.made = made
    if (this.closedWith !== undefined) Effect.runSync(Scope.close(made, this.closedWith))
    return made
  }

  /** Effect's own functions look at it. */
  get state(): unknown {
    return (this.own as unknown as { readonly state: unknown }).state
  }

  fork(strategy: ExecutionStrategy.ExecutionStrategy): Effect.Effect<Scope.CloseableScope> {
    return Effect.suspend(() => Scope.fork(this.own, strategy))
  }

  addFinalizer(finalizer: Scope.Scope.Finalizer): Effect.Effect<void> {
    return Effect.suspend(() => Scope.addFinalizerExit(this.own, finalizer))
  }

  close(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> {
    return Effect.suspend(() => this.closing(exit) ?? Effect.void)
  }

  /** What closing it takes; nothing if nobody has asked for it. */
  closing(exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> | undefined {
    this.closedWith = exit
    return this.made === undefined ? undefined : Scope.close(this.made, exit)
  }
}
