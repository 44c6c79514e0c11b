/** How much of its past an execution keeps. */
import type * as Duration from "effect/Duration"
import * as Predicate from "effect/Predicate"
import type * as Core from "../core/Keep.js"
import * as Thrown from "../core/Thrown.js"
import * as Limit from "./Limit.js"

/**
 * `all`; or so many checkpoints, or those that are younger: what was before the oldest of these is discarded when another
 * one is recorded, and no revert goes back beyond it. Entering a stage counts as a checkpoint. See docs/checkpoints.md
 */
export type Keep = "all" | { readonly last: number } | { readonly for: Duration.DurationInput }

const refuse = (what: string, must: string, given: unknown): never => {
  throw new TypeError(`${what} must be ${must}, not ${Thrown.text(given).slice(0, 80)}`)
}

/** Throws a `TypeError` for what keeps nothing. */
export const make = (what: string, keep: unknown): Core.Keep | undefined => {
  if (keep === undefined || keep === "all") return keep
  if (!Predicate.isRecord(keep) || Object.keys(keep).length !== 1) {
    return refuse(what, '"all", { last: 5 }, or { for: "3 days" }', JSON.stringify(keep) ?? keep)
  }
  if ("for" in keep) {
    const millis = Limit.limit(`for, in ${what},`, keep.for ?? 0)
    return millis === undefined ? "all" : { for: millis }
  }
  const { last } = keep
  return typeof last === "number" && Number.isSafeInteger(last) && last > 0
    ? { last }
    : refuse(what, "{ last } of one or more", "last" in keep ? last : JSON.stringify(keep))
}
