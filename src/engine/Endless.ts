/** Whether a schedule of retries comes to an end by itself, as far as can be told without waiting for it. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"

/** What goes on after so many attempts has no end that anybody would wait for. */
const many = 1_000

/** Asks the schedule itself, at the times that it names. One that needs a service, or sees what failed, may be undecided: no. */
export const isEndless = (schedule: Schedule.Schedule<unknown, unknown, unknown>): boolean => {
  let state: unknown = schedule.initial
  let now = 0
  for (let attempt = 0; attempt < many; attempt++) {
    const step = schedule.step(now, undefined, state) as Effect.Effect<
      readonly [unknown, unknown, ScheduleDecision.ScheduleDecision]
    >
    const exit = Effect.runSyncExit(step)
    if (Exit.isFailure(exit)) return false
    const [next, , decision] = exit.value
    if (!ScheduleDecision.isContinue(decision)) return false
    state = next
    now = Math.max(now, Intervals.start(decision.intervals))
  }
  return true
}
