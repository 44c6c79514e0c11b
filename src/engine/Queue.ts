/**
 * One queue for the fibers that live executions are driven by. Effect's own scheduler has one for each fiber, so that a
 * fiber's AsyncLocalStorage is its own; phases have that. What drives an execution asks for nothing there.
 *
 * Executions wake each other, commit after commit, and nothing of that waits for the event loop: under load they would
 * keep timers and sockets from their turn for as long as there is work. This queue lets them have it.
 */
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import type * as Runtime from "effect/Runtime"
import * as Scheduler from "effect/Scheduler"

/** As it is now: tests put clocks of their own in the place of the global one, which no turn of the event loop moves. */
const atNextLoop = globalThis.setImmediate
const cancel = globalThis.clearImmediate

/** Milliseconds of work after which the event loop has its turn. */
const burst = 10

class Queue extends Scheduler.MixedScheduler {
  /** what was worked since the event loop came by last, in milliseconds; none: nothing */
  private worked: number | undefined

  private readonly runner = new Scheduler.SchedulerRunner((depth, drain) => {
    const turn = () => this.turn(() => drain(depth))
    if (this.worked === undefined) {
      this.worked = 0
      atNextLoop(() => {
        this.worked = undefined
      })
    }
    if (this.worked < burst) queueMicrotask(turn)
    else atNextLoop(turn)
  })

  constructor() {
    super(Number.POSITIVE_INFINITY)
  }

  override scheduleTask(task: Scheduler.Task, priority: number): void {
    this.runner.scheduleTask(task, priority)
  }

  private turn(drain: () => void): void {
    const began = performance.now()
    drain()
    if (this.worked !== undefined) this.worked += performance.now() - began
  }
}

const queue = { scheduler: new Queue() }

const isDefault = (scheduler: Scheduler.Scheduler): boolean => scheduler === Scheduler.defaultScheduler

/** How fibers are started that share the queue, unless somebody has chosen a scheduler for them. */
export const optionsFor = ({ fiberRefs }: Runtime.Runtime<never>): Runtime.RunForkOptions | undefined =>
  isDefault(FiberRefs.getOrDefault(fiberRefs, FiberRef.currentScheduler)) ? queue : undefined

/** What suits Effect's own scheduler; with one that somebody has chosen, its next turn. */
const byDefault = (effect: Effect.Effect<void>): Effect.Effect<void> =>
  Effect.flatMap(FiberRef.get(FiberRef.currentScheduler), (scheduler) =>
    isDefault(scheduler) ? effect : Effect.yieldNow()
  )

/** Waits in the same queue for its turn. */
export const nextTurn: Effect.Effect<void> = byDefault(
  Effect.async<void>((resume) => queue.scheduler.scheduleTask(() => resume(Effect.void), 0))
)

/** The event loop has its turn. */
export const eventLoop: Effect.Effect<void> = byDefault(
  Effect.async<void>((resume) => {
    const turn = atNextLoop(() => resume(Effect.void))
    return Effect.sync(() => cancel(turn))
  })
)
