/** Executions of a task that share places: those whose payloads have the same concurrency key. */
import type { InvalidName } from "../core/Errors.js"
import * as Name from "../core/Name.js"
import * as Thrown from "../core/Thrown.js"

export interface Lane {
  /** of a decoded payload: the author's function, whatever it answers */
  readonly key: (payload: never) => unknown
  /** how many executions with the same key may have a place at once */
  readonly limit: number
}

/** The lanes of a task, if it has any. Throws a `TypeError` for a key that is no function, and a limit that is none. */
export const make = (task: string, key: unknown, limit: unknown): Lane | undefined => {
  const refuse = (what: string, must: string, given: unknown): never => {
    throw new TypeError(`${what} of task ${task} must be ${must}, not ${Thrown.text(given).slice(0, 80)}`)
  }
  if (key === undefined) {
    if (limit === undefined) return undefined
    throw new TypeError(`limit of task ${task} is for executions with the same concurrencyKey: give it one`)
  }
  if (typeof key !== "function") return refuse("concurrencyKey", "a function", key)
  const places = limit === undefined ? 1 : limit
  if (!Number.isSafeInteger(places) || Number(places) < 1) return refuse("limit", "a positive integer", limit)
  return { key: key as Lane["key"], limit: Number(places) }
}

/** The key of a payload; or why there is none: it has to be what a name can be. */
export const keyOf = (task: string, { key }: Lane, payload: unknown): { readonly key: string } | InvalidName => {
  const what = `the concurrency key of task ${task}`
  try {
    const found = key(payload as never)
    return Name.check(what, found) ?? { key: found as string }
  } catch (thrown) {
    return Name.refuse(what, "", `its function threw ${Thrown.text(thrown).slice(0, 200)}`)
  }
}
