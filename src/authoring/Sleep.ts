/** Waits for an instant. */
import type * as Duration from "effect/Duration"
import { describe, type Phase } from "./Description.js"
import * as Instant from "./Instant.js"
import * as Limit from "./Limit.js"

type Slept = Phase<void, never, never, never, true>

/**
 * Nothing for so long, from when the phase starts; hours and months cost no more than seconds.
 *
 * Once nothing else of the execution runs, it needs no process. The instant at which it is over is recorded, in UTC, and
 * survives crashes and restarts: what is over when an engine starts is over at once. It is never early by the engine's
 * own clock, whatever happens to the wall clock meanwhile; while the execution is paused it goes on counting. Throws a
 * `TypeError` for a duration that is negative or without end, `InvalidName` where the name cannot be kept. The idea is
 * Temporal's timer and @effect/workflow's DurableClock.
 *
 * @example
 * import { Phase } from "tidemark"
 *
 * const month = Phase.sleep("until the next invoice", "30 days")
 */
export const sleep = (name: string, duration: Duration.DurationInput): Slept => {
  const millis = Limit.delay(`duration of Phase.sleep ${name}`, duration)
  return describe({ _tag: "Sleep", name, until: (now) => now + millis })
}

/**
 * Nothing until this instant: a Date, a DateTime or milliseconds UTC. One in the past is over at once.
 *
 * The instant comes from the payload or a phase before, for the body is run again on every resumption; the first one
 * counts, it is recorded. Otherwise as `Phase.sleep`. Throws a `TypeError` for an invalid Date and a number that is no
 * instant.
 *
 * @example
 * import * as DateTime from "effect/DateTime"
 * import { Phase } from "tidemark"
 *
 * const newYear = Phase.sleepUntil("new year", DateTime.unsafeMake("2027-01-01T00:00:00Z"))
 */
export const sleepUntil = (name: string, instant: Instant.Instant): Slept => {
  const until = Instant.toMillis(`instant of Phase.sleepUntil ${name}`, instant)
  return describe({ _tag: "Sleep", name, until: () => until })
}
