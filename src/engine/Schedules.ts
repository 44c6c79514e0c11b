/**
 * Starts executions at the times of schedules. Any engine that has a schedule does so, the owner of the store or not: an
 * execution's id derives from its instant, so that it is started once. How far a schedule has come is written after that.
 */
import * as Cron from "effect/Cron"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Definition } from "../authoring/Definition.js"
import { idAt, type Schedule } from "../authoring/Schedule.js"
import type { Service } from "../authoring/TaskEngine.js"
import type { TaskError } from "../core/Errors.js"
import type { Store } from "../store/Store.js"
import type { Config } from "./Config.js"

/** A longer sleep is taken in parts: Node's timers overflow beyond 24 days. */
const longest = 86_400_000
/** What is not later than this is on time. */
const punctual = 60_000
/** After what could not be done: it is tried again. */
const pause = 1_000

interface Plan {
  readonly definition: Definition
  readonly schedule: Schedule
}

/** The times of a schedule after one and up to another. */
function* timesOf({ cron }: Schedule, after: number, until: number): Generator<Date> {
  for (let at = Cron.next(cron, after); at.getTime() <= until; at = Cron.next(cron, at)) yield at
}

/** Those of them for which there is to be an execution. */
const wanted = (schedule: Schedule, after: number, now: number): Iterable<Date> => {
  if (schedule.missed === "all") return timesOf(schedule, after, now)
  const onTime = [...timesOf(schedule, Math.max(after, now - punctual - 1), now)]
  if (schedule.missed === "skip" || onTime.length > 0) return onTime
  const last = Cron.prev(schedule.cron, now + 1)
  return last.getTime() > after ? [last] : []
}

export class Schedules {
  private readonly plans = new Set<Plan>()

  constructor(
    private readonly store: Pick<Store, "reach">,
    private readonly config: Pick<Config, "mode">,
    private readonly start: Service["start"],
    private readonly now: () => number
  ) {}

  readonly add = (definition: Definition, schedule: Schedule): Effect.Effect<void, never, Scope.Scope> =>
    Effect.gen(this, function* () {
      const plan: Plan = { definition, schedule }
      this.plans.add(plan)
      yield* Effect.addFinalizer(() => Effect.sync(() => this.plans.delete(plan)))
      if (this.config.mode === "active") yield* Effect.forkScoped(Effect.interruptible(this.serve(plan)))
    })

  /** Starts what the schedules have come to. */
  readonly startDue: Effect.Effect<void> = Effect.suspend(() =>
    Effect.forEach([...this.plans], (plan) => this.logged(plan), { discard: true })
  )

  private serve(plan: Plan): Effect.Effect<never> {
    return Effect.forever(
      Effect.gen(this, function* () {
        const done = yield* this.logged(plan)
        const left = Cron.next(plan.schedule.cron, this.now()).getTime() - this.now()
        yield* Effect.sleep(done ? Math.max(1, Math.min(longest, left)) : pause)
      })
    )
  }

  /** Whether it was done; if not, it is told why. */
  private logged(plan: Plan): Effect.Effect<boolean> {
    return Effect.matchEffect(this.catchUp(plan), {
      onSuccess: () => Effect.succeed(true),
      onFailure: (error) => Effect.as(Effect.logWarning(`schedule ${plan.schedule.key}: ${error.message}`), false)
    })
  }

  private catchUp({ definition, schedule }: Plan): Effect.Effect<void, TaskError> {
    return Effect.gen(this, function* () {
      const { key, payload } = schedule
      const now = this.now()
      const after = yield* this.store.reach({ schedule: key, at: now, begins: true })
      if (Cron.next(schedule.cron, after).getTime() > now) return
      for (const at of wanted(schedule, after, now)) {
        const started = this.start(definition, payload, { id: idAt(key, at) })
        // It was started with what the payload was then; it may have ended long ago.
        yield* Effect.catchTag(started, "ExecutionConflict", "ExecutionDiscarded", () => Effect.void)
        yield* this.store.reach({ schedule: key, at: at.getTime(), begins: false })
      }
      yield* this.store.reach({ schedule: key, at: now, begins: false })
    })
  }
}
