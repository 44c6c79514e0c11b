/**
 * Starts the fibers that phases run on, with what their execution's own fiber has: its caller's services and references,
 * or those that `task.layer` was built with. The one place that knows how this version of Effect does that: a runtime is
 * taken once per execution, which costs a tenth of forking each phase and providing it with a service.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as Phase from "../authoring/Phase.js"

export class Fibers {
  /** With what the fiber that asks has. */
  static readonly here: Effect.Effect<Fibers> = Effect.map(Effect.runtime<never>(), (runtime) => new Fibers(runtime))

  private constructor(private readonly runtime: Runtime.Runtime<never>) {}

  /** Starts an effect at once; whoever starts it sees to its interruption. `phase` is what it may ask about itself. */
  start<A, E>(effect: Effect.Effect<A, E>, phase: Phase.Running | undefined): Fiber.RuntimeFiber<A, E> {
    const { context, fiberRefs, runtimeFlags } = this.runtime
    const known = Context.add(context, Phase.Current, phase) as Context.Context<never>
    return Runtime.runFork(Runtime.make({ context: known, fiberRefs, runtimeFlags }), effect)
  }
}
