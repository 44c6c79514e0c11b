/**
 * Starts the fibers that executions and their phases run on, with the services and references of an execution's caller,
 * or those that `task.layer` was built with. The one place that knows how this version of Effect does that: a runtime is
 * taken once per execution or task, which costs a tenth of forking each phase and providing it with a service, and keeps
 * nothing of the fiber that asked for it.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import * as Scope from "effect/Scope"
import * as Phase from "../authoring/Phase.js"
import { PhaseScope } from "./PhaseScope.js"
import * as Queue from "./Queue.js"

/** Whoever asks in a phase starts nothing that is a part of it. */
const outside = (runtime: Runtime.Runtime<never>): Runtime.Runtime<never> =>
  runtime.context.unsafeMap.has(Phase.Current.key)
    ? Runtime.make({
        ...runtime,
        context: Context.add(runtime.context, Phase.Current, undefined) as Context.Context<never>
      })
    : runtime

export class Fibers {
  /** With what the fiber that asks has; interruptible, whatever that one is. */
  static readonly here: Effect.Effect<Fibers> = Effect.withFiberRuntime((fiber, { runtimeFlags }) =>
    Effect.succeed(
      new Fibers(
        outside(
          Runtime.make({
            context: fiber.getFiberRef(FiberRef.currentContext) as Context.Context<never>,
            // Each fiber that is started has the context beside it.
            fiberRefs: FiberRefs.delete(fiber.getFiberRefs(), FiberRef.currentContext),
            runtimeFlags: RuntimeFlags.enable(runtimeFlags, RuntimeFlags.Interruption)
          })
        )
      )
    )
  )

  /** how the engine's own part of an execution is started */
  private readonly options: Runtime.RunForkOptions | undefined

  private constructor(private readonly runtime: Runtime.Runtime<never>) {
    this.options = Queue.optionsFor(runtime)
  }

  /** Starts an effect of the engine at once; whoever starts it sees to its interruption. */
  start<A, E>(effect: Effect.Effect<A, E>): Fiber.RuntimeFiber<A, E> {
    return Runtime.runFork(this.runtime, effect, this.options)
  }

  /**
   * Starts the effect of a phase at once, with what it may ask about itself and a Scope of its own, which is closed before
   * `over` hears how it ended. Answers how to interrupt it and to wait for that.
   */
  attempt<A, E>(
    effect: Effect.Effect<A, E>,
    phase: Phase.Running,
    over: (exit: Exit.Exit<A, E>) => void
  ): Effect.Effect<Exit.Exit<A, E>> {
    const { context, fiberRefs, runtimeFlags } = this.runtime
    const scope = new PhaseScope()
    // Not `new Map(other)`: that makes an array and a step of an iterator for each of them.
    const services = new Map<string, unknown>()
    context.unsafeMap.forEach((service, key) => {
      services.set(key, service)
    })
    services.set(Phase.Current.key, phase).set(Scope.Scope.key, scope)
    const fiber = Runtime.runFork(
      Runtime.make({ context: Context.unsafeMake(services), fiberRefs, runtimeFlags }),
      effect
    )
    let closing: Fiber.RuntimeFiber<Exit.Exit<A, E>> | undefined
    fiber.addObserver((exit) => {
      const close = scope.closing(exit)
      if (close === undefined) return over(exit)
      closing = Runtime.runFork(
        this.runtime,
        Effect.map(Effect.exit(close), (closed) => Exit.zipLeft(exit, closed))
      )
      closing.addObserver((closed) => over(Exit.flatten(closed)))
    })
    return Effect.suspend(() =>
      Effect.flatMap(Fiber.interrupt(fiber), (exit) =>
        closing === undefined ? Effect.succeed(exit) : Fiber.join(closing)
      )
    )
  }
}
