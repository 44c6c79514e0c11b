/** Durations as they are given: time limits and delays, in whole milliseconds. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Thrown from "../core/Thrown.js"

/** The last instant that a Date can hold: whatever is longer than until then has no end. */
const forEver = 8_640_000_000_000_000

const isNegative = (given: unknown): boolean => {
  if (typeof given === "number") return !(given >= 0)
  if (typeof given === "bigint") return given < 0n
  if (typeof given === "string") return given.startsWith("-")
  return Array.isArray(given) && given.some(isNegative)
}

/** Infinity for what has no end. A Duration makes 0 of a number that is none, or negative. */
const millisOf = (given: unknown): number | undefined => {
  const duration = isNegative(given) ? Option.none() : Duration.decodeUnknown(given)
  if (Option.isNone(duration)) return undefined
  const millis = Math.ceil(Duration.toMillis(duration.value))
  return millis < forEver ? millis : Infinity
}

const refuse = (what: string, must: string, given: unknown): never => {
  throw new TypeError(`${what} must be ${must}, not ${Thrown.text(given).slice(0, 80)}`)
}

/** A time limit; none for ever, and where none is given. Throws a `TypeError` for what leaves no time. */
export const limit = (what: string, given: unknown): number | undefined => {
  if (given === undefined) return undefined
  const millis = millisOf(given)
  if (millis === undefined || millis === 0) return refuse(what, "a duration", given)
  return Number.isFinite(millis) ? millis : undefined
}

/** How long something is kept: Infinity for ever; none, where it is not said. Throws a `TypeError` for what keeps nothing. */
export const retention = (what: string, given: unknown): number | undefined =>
  given === undefined ? undefined : (limit(what, given) ?? Infinity)

/** A delay that ends. Throws a `TypeError` for another. */
export const delay = (what: string, given: unknown): number => {
  const millis = millisOf(given)
  return millis !== undefined && Number.isFinite(millis) ? millis : refuse(what, "a finite duration", given)
}
