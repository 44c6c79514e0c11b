/**
 * Starts the fibers that executions and their phases run on, with the services and references of an execution's caller,
 * or those that `task.layer` was built with. The one place that knows how this version of Effect does that: a runtime is
 * taken once per execution or task, which costs a tenth of forking each phase and providing it with a service, and keeps
 * nothing of the fiber that asked for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Phase from "../authoring/Phase.js"

export class Fibers {
  /** With what the fiber that asks has; interruptible, whatever that one is. */
  static readonly here: Effect.Effect<Fibers> = Effect.interruptible(
    Effect.map(Effect.runtime<never>(), (runtime) => new Fibers(runtime))
  )

  private constructor(private readonly runtime: Runtime.Runtime<never>) {}

  /** Starts an effect at once; whoever starts it sees to its interruption. `phase` is what it may ask about itself. */
  start<A, E>(effect: Effect.Effect<A, E>, phase: Phase.Running | undefined): Fiber.RuntimeFiber<A, E> {
    const { context, fiberRefs, runtimeFlags } = this.runtime
    const known = Context.add(context, Phase.Current, phase) as Context.Context<never>
    return Runtime.runFork(Runtime.make({ context: known, fiberRefs, runtimeFlags }), effect)
  }
}
