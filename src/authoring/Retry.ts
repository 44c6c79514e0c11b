/**
 * Strategies of groups and checkpoints: what follows when an attempt of a group, or what came after a checkpoint, has failed.
 * What it completed is undone first.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import * as ScheduleDecision from "effect/ScheduleDecision"
import * as Intervals from "effect/ScheduleIntervals"
import type { Failure } from "../core/Failure.js"
import type { Decision as Decided, Strategy, Try as Tried } from "../core/Instruction.js"
import * as Json from "../core/Json.js"
import * as Thrown from "../core/Thrown.js"
import * as Limit from "./Limit.js"
import type { Because, Closed, IsPlain } from "./Recordable.js"

/**
 * A strategy that gives the attempts of a group values of type `V`. The name of its first member is the message that the
 * compiler prints when something else is given.
 */
export interface Retry<out V, out R = never> {
  readonly "a Retry is needed here, such as Retry.times(3) or Retry.schedule(schedule)": {
    readonly V: V
    readonly R: R
  }
  readonly strategy: Strategy
}

/** An attempt that failed: its number from 1, its value, why and when (in milliseconds UTC). */
export interface Try<out V> {
  readonly attempt: number
  readonly value: V
  readonly failures: readonly [Failure, ...ReadonlyArray<Failure>]
  readonly at: number
}

/** Run the group again. Made by `Retry.again`. */
export interface Again<out V> {
  readonly _tag: "Again"
  readonly value: V
  readonly delay: number
}

/** What follows a failed attempt. */
export type Decision<V> = Again<V> | Pause | typeof giveUp | typeof revertAll

/** Undo, and wait for somebody to resume the execution: a strategy, and what one decides. */
export interface Pause extends Retry<void> {
  readonly _tag: "Pause"
}

const refuse = (what: string, must: string, given: unknown): never => {
  throw new TypeError(`${what} must be ${must}, not ${Thrown.text(given).slice(0, 80)}`)
}

const jsonOf = (what: string, value: unknown): Json.Json | undefined => {
  if (value === undefined) return undefined
  return Either.getOrElse(Json.from(value), ({ at, reason }) => {
    throw new TypeError(`${what} must be plain JSON: at ${at}, ${reason}`)
  })
}

const make = <V, R>(first: Json.Json | undefined, next: Strategy["next"]): Retry<V, R> =>
  ({ strategy: { first, next } }) as Retry<V, R>

/**
 * Undo what the group completed, and run it again with this value, `delay` after the failure (default: at once).
 *
 * Throws a `TypeError` for a value that is not plain JSON, and a delay that is negative or without end.
 *
 * @example
 * import { Retry } from "tidemark"
 *
 * const elsewhere = Retry.again({ region: "us" }, { delay: "30 seconds" })
 */
export const again = <V>(value: V, options: { readonly delay?: Duration.DurationInput } = {}): Again<V> => ({
  _tag: "Again",
  value: jsonOf("the value of Retry.again", value) as V,
  delay: Limit.delay("delay of Retry.again", options.delay ?? 0)
})

/** Ask the strategy of the group around this one, and at last follow the task's `onFailure`. */
export const giveUp: { readonly _tag: "GiveUp" } = Object.freeze({ _tag: "GiveUp" })

/** Revert the whole execution at once, whatever other strategies say. */
export const revertAll: { readonly _tag: "RevertAll" } = Object.freeze({ _tag: "RevertAll" })

const paused: Decided = { _tag: "Pause" }

/**
 * Undo what the attempt completed, and pause the execution: it is run again, with the same value, when an operator resumes
 * it. A strategy of its own, or what `next` of `Retry.from` answers; the attempts before do not count then.
 *
 * A chance to put right what failed. The idea is the checkpointing page of TaskFlow.
 *
 * @example
 * import { Phase, Retry } from "tidemark"
 *
 * const configured = Phase.checkpoint("configured", { retry: Retry.pause })
 */
export const pause: Pause = Object.freeze({
  ...(make(undefined, () => Effect.succeed(paused)) as Retry<void>),
  _tag: "Pause" as const
})

/**
 * `n` attempts in all, one right after the other.
 *
 * Throws a `TypeError` unless `n` is a positive integer. The idea is TaskFlow's `retry.Times`.
 *
 * @example
 * import { Retry } from "tidemark"
 *
 * const thrice = Retry.times(3)
 */
export const times = (n: number): Retry<void> => {
  if (!Number.isInteger(n) || n < 1) refuse("n of Retry.times", "a positive integer", n)
  return make(undefined, (tries) => Effect.succeed(tries.length < n ? again(undefined) : giveUp))
}

/**
 * One attempt for each value, in their order; a value that is there twice is tried twice.
 *
 * Throws a `TypeError` for no value, and for one that is not plain JSON. The idea is TaskFlow's `retry.ForEach`.
 *
 * @example
 * import { Retry } from "tidemark"
 *
 * const regions = Retry.forEach(["eu", "us"])
 */
export const forEach = <V>(
  values: Iterable<V>
): IsPlain<V> extends true ? Retry<V> : Because<"the values of Retry.forEach are not plain JSON", V> => {
  if (!Predicate.isIterable(values)) refuse("values of Retry.forEach", "an iterable", values)
  const list = Array.from(values, (value, index) => jsonOf(`value ${index} of Retry.forEach`, value))
  if (list.length === 0) throw new TypeError("Retry.forEach takes at least one value: the first attempt needs one")
  const next: Strategy["next"] = (tries) =>
    Effect.succeed(tries.length < list.length ? again(list[tries.length]) : giveUp)
  return make(list[0], next) as never
}

/** Where a schedule stands after these attempts. It is driven from its start each time, so that a crash changes nothing. */
const drive = (schedule: Schedule.Schedule<unknown, ReadonlyArray<Failure>, unknown>, tries: ReadonlyArray<Tried>) =>
  Effect.gen(function* () {
    let state: unknown = schedule.initial
    let decision: Decided = giveUp
    for (const { at, failures } of tries) {
      const [after, , found] = yield* schedule.step(at, failures, state)
      const delay = ScheduleDecision.isContinue(found) ? Math.max(0, Intervals.start(found.intervals) - at) : Infinity
      state = after
      decision = Number.isFinite(delay) ? again(undefined, { delay }) : giveUp
    }
    return decision
  })

/**
 * Attempts as a Schedule says, given the failures of each; its delay counts from the failure.
 *
 * The schedule is driven again through the attempts that are recorded, so that it goes on after a crash where it was.
 * Throws a `TypeError` for what is no Schedule. The idea is Effect.retry's.
 *
 * @example
 * import { Retry } from "tidemark"
 * import * as Schedule from "effect/Schedule"
 *
 * const slower = Retry.schedule(Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(4)))
 */
export const schedule = <R = never>(
  schedule: Schedule.Schedule<unknown, ReadonlyArray<Failure>, R>
): Retry<void, R> => {
  if (!Schedule.isSchedule(schedule)) refuse("the schedule of Retry.schedule", "a Schedule", schedule)
  return make(undefined, (tries) => drive(schedule as never, tries))
}

/** What was decided, whoever made it. */
const decisionOf = (found: unknown): Decided => {
  if (Predicate.isTagged(found, "GiveUp")) return giveUp
  if (Predicate.isTagged(found, "RevertAll")) return revertAll
  if (Predicate.isTagged(found, "Pause")) return paused
  if (Predicate.isTagged(found, "Again")) {
    const { delay, value } = found as Partial<Again<unknown>> & { readonly _tag: "Again" }
    return again(value as Json.Json | undefined, { delay: delay ?? 0 })
  }
  return refuse(
    "what next of Retry.from answers",
    "Retry.again(value), Retry.pause, Retry.giveUp or Retry.revertAll",
    found
  )
}

/** How `Retry.from` decides. */
export interface Decide<V, R> {
  /** the value of the first attempt, plain JSON */
  readonly first: V
  /** asked when an attempt has failed, with all of this round: the last one is the one that failed now */
  readonly next: (
    tries: readonly [Try<V>, ...ReadonlyArray<Try<V>>]
  ) => Decision<NoInfer<V>> | Effect.Effect<Decision<NoInfer<V>>, never, R>
}

/**
 * Attempts as a function decides, given those that failed: at once, or in an Effect that never fails.
 *
 * Values are plain JSON and recorded with the decision, which is never taken twice. Throws a `TypeError` for a first
 * value that is not plain JSON; `next` dies with one where it answers no decision. The idea is TaskFlow's retry
 * controller, which is given the history of its attempts.
 *
 * @example
 * import { Retry } from "tidemark"
 *
 * const doubling = Retry.from({
 *   first: 1,
 *   next: (tries) => (tries.length < 5 ? Retry.again(tries[tries.length - 1]!.value * 2, { delay: "1 second" }) : Retry.giveUp)
 * })
 */
export const from = <V, R = never>(
  decide: Decide<V, R>
): IsPlain<V> extends true ? Retry<V, Closed<R>> : Because<"the values of Retry.from are not plain JSON", V> => {
  if (!Predicate.isObject(decide) || !Predicate.isFunction(decide.next))
    refuse("what Retry.from takes", "{ first, next }, next a function", decide)
  const next: Strategy["next"] = (tries) =>
    Effect.suspend(() => {
      const found: unknown = decide.next(tries as never)
      return Effect.isEffect(found)
        ? Effect.map(found as Effect.Effect<unknown>, decisionOf)
        : Effect.succeed(decisionOf(found))
    })
  return make(jsonOf("first of Retry.from", decide.first), next) as never
}
