/**
 * One process in a world of its own: a scheduler that runs every fiber synchronously and in order, and a clock that
 * moves only when nothing else can happen. The same program therefore runs the same way every time, without waiting.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type { RuntimeFiber } from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as GlobalValue from "effect/GlobalValue"
import type { Scheduler } from "effect/Scheduler"

/** How a process ended: its program did, or the process died under it. */
export type Ended<A, E> = { readonly _tag: "Exited"; readonly exit: Exit.Exit<A, E> } | { readonly _tag: "Died" }

interface Sleeper {
  readonly due: number
  readonly order: number
  readonly wake: () => void
}

interface Step {
  readonly priority: number
  readonly run: () => void
}

/** Effect's own: it keeps every fiber that was forked into no scope, until it has ended. */
const roots = GlobalValue.globalValue(Symbol.for("effect/FiberScope/Global"), () => ({
  roots: new Set<RuntimeFiber<unknown, unknown>>()
})).roots

/** Beyond this a program goes round in circles. */
const maxSteps = 2_000_000

/** In milliseconds: beyond this nothing will happen any more, but for the polling of an idle engine. */
const patience = 24 * 60 * 60 * 1000

export class Simulation {
  /** in milliseconds UTC; it goes on when a process has died */
  now = Date.UTC(2024, 0, 1)

  /** `still` is called when nothing can happen before the clock moves. */
  constructor(private readonly still: () => void = () => {}) {}

  private died = false
  private steps: Array<Step> = []
  private sleepers: Array<Sleeper> = []
  private order = 0

  private readonly scheduler: Scheduler = {
    shouldYield: (fiber) =>
      fiber.currentOpCount > fiber.getFiberRef(FiberRef.currentMaxOpsBeforeYield)
        ? fiber.getFiberRef(FiberRef.currentSchedulingPriority)
        : false,
    scheduleTask: (run, priority) => {
      if (!this.died) this.steps.push({ run, priority })
    }
  }

  private readonly clock: Clock.Clock = {
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    unsafeCurrentTimeMillis: () => this.now,
    unsafeCurrentTimeNanos: () => BigInt(this.now) * 1_000_000n,
    currentTimeMillis: Effect.sync(() => this.now),
    currentTimeNanos: Effect.sync(() => BigInt(this.now) * 1_000_000n),
    sleep: (duration) => this.sleep(Duration.toMillis(duration))
  }

  private sleep(millis: number): Effect.Effect<void> {
    return Effect.async<void>((resume) => {
      const sleeper = { due: this.now + millis, order: this.order++, wake: () => resume(Effect.void) }
      if (!this.died) this.sleepers.push(sleeper)
      return Effect.sync(() => {
        this.sleepers = this.sleepers.filter((other) => other !== sleeper)
      })
    })
  }

  /** Kills the process: whatever runs in it never goes on. */
  readonly die: Effect.Effect<never> = Effect.suspend(() => {
    this.died = true
    this.steps = []
    this.sleepers = []
    // Not Effect.never: the timer that it keeps would keep the dead process.
    return Effect.async<never>(() => undefined)
  })

  /** Runs a program as a process. Throws if it never ends. */
  run<A, E>(program: Effect.Effect<A, E>): Ended<A, E> {
    this.died = false
    this.steps = []
    this.sleepers = []
    const fiber = Effect.runFork(Effect.withClock(program, this.clock), { scheduler: this.scheduler })
    const until = this.now + patience
    for (let count = 0; count < maxSteps && this.now < until; count++) {
      if (this.died) {
        this.forget()
        return { _tag: "Died" }
      }
      if (!this.step()) {
        this.still()
        if (!this.wake()) break
      }
      const exit = exitOf(fiber)
      if (exit !== undefined && this.steps.length === 0) return { _tag: "Exited", exit }
    }
    throw new Error(this.now < until ? "the program never ends: nothing can happen any more" : "the program never ends")
  }

  /** The fibers of a process that died never end: nobody keeps them. */
  private forget(): void {
    for (const fiber of roots) {
      if (fiber.getFiberRef(FiberRef.currentScheduler) === this.scheduler) roots.delete(fiber)
    }
  }

  /** Whether there was something to do. Fibers at a higher number wait until those at a lower one have run. */
  private step(): boolean {
    const least = this.steps.reduce((low, { priority }) => Math.min(low, priority), Number.POSITIVE_INFINITY)
    const index = this.steps.findIndex(({ priority }) => priority === least)
    const [next] = index < 0 ? [] : this.steps.splice(index, 1)
    next?.run()
    return next !== undefined
  }

  /** Moves the clock to where the next sleeper wakes. */
  private wake(): boolean {
    const next = this.sleepers.reduce<Sleeper | undefined>(
      (first, sleeper) => (first === undefined || sleeper.due < first.due ? sleeper : first),
      undefined
    )
    if (next === undefined) return false
    this.sleepers = this.sleepers.filter((sleeper) => sleeper !== next)
    this.now = Math.max(this.now, next.due)
    next.wake()
    return true
  }
}

const exitOf = <A, E>(fiber: RuntimeFiber<A, E>): Exit.Exit<A, E> | undefined => fiber.unsafePoll() ?? undefined
