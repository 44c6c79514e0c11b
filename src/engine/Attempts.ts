/**
 * Drives a retry schedule through the attempts that a journal holds, so that its state survives a crash.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"
import { type Failure, render } from "../core/Failure.js"
import type { Codec } from "../core/Instruction.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"

type AnySchedule = Schedule.Schedule<unknown, unknown, unknown>

/** Where the schedule of one phase stands. */
interface Driven {
  readonly round: number
  readonly generation: number
  readonly fed: number
  readonly state: unknown
}

/** What a schedule is given for a recorded failure. */
const inputOf = (failure: Failure, codec: Codec): unknown => {
  if (failure._tag === "Timeout") return new Cause.TimeoutException(render(failure))
  return failure._tag === "Fail" ? Either.getOrElse(codec.decode(failure.error), () => failure.error) : failure
}

export class Attempts {
  private driven: Map<string, Driven> | undefined

  /** Nothing that failed so far is tried again. */
  forget(): void {
    this.driven = undefined
  }

  /**
   * The delay in milliseconds after which `record` is tried again, now that `failure` happened at `at`; nothing if the
   * schedule has come to its end. Failures of this round that it has not seen yet are fed to it first. What a schedule
   * requires is found in the fiber's context, as for the phase itself.
   */
  next(
    schedule: AnySchedule,
    codec: Codec,
    record: PhaseRecord,
    failure: Failure,
    at: number
  ): Effect.Effect<number | undefined> {
    this.driven ??= new Map()
    const { driven } = this
    const before = driven.get(record.path)
    const { generation, round } = record
    const known = before?.round === round && before.generation === generation ? before : undefined
    const next = Effect.gen(function* () {
      let state = known === undefined ? schedule.initial : known.state
      for (const past of record.attempts.slice(known?.fed ?? 0)) {
        state = (yield* schedule.step(past.at, inputOf(past.failure, codec), state))[0]
      }
      const [after, , decision] = yield* schedule.step(at, inputOf(failure, codec), state)
      driven.set(record.path, { round, generation, fed: record.attempts.length + 1, state: after })
      return ScheduleDecision.isContinue(decision) ? Math.max(0, Intervals.start(decision.intervals) - at) : undefined
    })
    return next as Effect.Effect<number | undefined>
  }
}
