/** Instants as they are given: a Date, a DateTime, or milliseconds UTC. */
import * as DateTime from "effect/DateTime"
import * as Thrown from "../core/Thrown.js"

export type Instant = Date | DateTime.DateTime | number

/** What a Date can hold, in milliseconds from 1970 either way. */
const farthest = 8_640_000_000_000_000

const millisOf = (instant: unknown): number => {
  if (instant instanceof Date) return instant.getTime()
  if (DateTime.isDateTime(instant)) return DateTime.toEpochMillis(instant)
  return typeof instant === "number" ? instant : Number.NaN
}

/** In milliseconds UTC. Throws a `TypeError` for what is none. */
export const toMillis = (what: string, instant: unknown): number => {
  const millis = Math.ceil(millisOf(instant))
  if (Math.abs(millis) <= farthest) return millis
  throw new TypeError(
    `${what} must be a valid Date, a DateTime or milliseconds UTC, not ${Thrown.text(instant).slice(0, 80)}`
  )
}
