/** Whether a value came back from its record as it was, and where it did not. */
import * as Equal from "effect/Equal"
import { structuralRegion } from "effect/Utils"
import * as Json from "../core/Json.js"
import * as Thrown from "../core/Thrown.js"

const changed = (at: string): Json.Problem => ({ at, reason: "it would not come back equal from its record" })

/** The first place where `after` differs from `before`. Values that define equality themselves are asked. */
export const difference = (before: unknown, after: unknown, at = "$"): Json.Problem | undefined => {
  if (Object.is(before, after)) return undefined
  if (typeof before !== "object" || typeof after !== "object" || before === null || after === null) return changed(at)
  if (isPlain(before) && isPlain(after)) return members(before, after, at)
  if (Object.getPrototypeOf(before) !== Object.getPrototypeOf(after)) return changed(at)
  if (before instanceof Date) return Object.is(before.getTime(), (after as Date).getTime()) ? undefined : changed(at)
  if (before instanceof Map || before instanceof Set) return difference([...before], [...(after as typeof before)], at)
  if (Equal.isEqual(before) && structuralRegion(() => Equal.equals(before, after))) return undefined
  return isOpaque(before, after) ? opaque(before, after, at) : members(before, after, at)
}

const isPlain = (value: object): boolean => {
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Whether nothing of these values shows: a URL, a RegExp, an Error, a class with private members only. */
const isOpaque = (before: object, after: object): boolean =>
  !Array.isArray(before) && Object.keys(before).length === 0 && Object.keys(after).length === 0

/** What hides its state is compared by its text, unless it said already that it is not equal. */
const opaque = (before: object, after: object, at: string): Json.Problem | undefined =>
  !Equal.isEqual(before) && Thrown.text(before) === Thrown.text(after) ? undefined : changed(at)

const members = (before: object, after: object, at: string): Json.Problem | undefined => {
  const where = (key: string): string => Json.member(at, Array.isArray(before) ? Number(key) : key)
  for (const key of Object.keys(before)) {
    if (!Object.hasOwn(after, key)) return changed(where(key))
    const found = difference(
      (before as Record<string, unknown>)[key],
      (after as Record<string, unknown>)[key],
      where(key)
    )
    if (found !== undefined) return found
  }
  const added = Object.keys(after).find((key) => !Object.hasOwn(before, key))
  return added === undefined ? undefined : changed(where(added))
}
