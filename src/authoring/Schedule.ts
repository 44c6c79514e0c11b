/** Executions that are started at the times of a cron expression. */
import * as Cron from "effect/Cron"
import * as Either from "effect/Either"
import { InvalidName } from "../core/Errors.js"
import * as Thrown from "../core/Thrown.js"
import type * as Definition from "./Definition.js"
import { checkName } from "./Description.js"
import * as Lane from "./Lane.js"

/** How a schedule is kept. */
export interface Options {
  /** tells the schedules of a task apart, and is what a schedule goes on under; the cron expression by default */
  readonly name?: string
  /** the zone that the expression's times are in, as `Europe/Paris` or `+02:00`. Default UTC */
  readonly timeZone?: string
  /**
   * of times that passed while nobody was there to start anything, by more than a minute: none, the last of them, or all
   * of them, in order. Default "latest"
   */
  readonly missed?: "skip" | "latest" | "all"
}

/** What an engine starts, and when. */
export interface Schedule {
  /** unique among all schedules: the task and the name. An execution's id adds the instant */
  readonly key: string
  readonly cron: Cron.Cron
  readonly payload: unknown
  readonly missed: "skip" | "latest" | "all"
}

const policies: ReadonlyArray<unknown> = ["skip", "latest", "all"]

/** The id of the execution for an instant. */
export const idAt = (key: string, instant: Date): string => `${key}/${instant.toISOString()}`

const parse = (what: string, expression: string, timeZone: string): Cron.Cron => {
  const refuse = (why: string): never => {
    throw new TypeError(`${what}: ${why}`)
  }
  if (typeof expression !== "string") return refuse(`a cron expression is a text, not ${Thrown.text(expression)}`)
  const cron = Cron.parse(expression, timeZone)
  if (Either.isLeft(cron)) {
    return refuse(
      `the cron expression ${JSON.stringify(expression)} in ${timeZone} does not parse: ${cron.left.message}`
    )
  }
  try {
    Cron.next(cron.right, 0)
  } catch {
    return refuse(`the cron expression ${JSON.stringify(expression)} has no next time`)
  }
  return cron.right
}

/** Throws a `TypeError` for a cron expression, a zone or a payload that is none, `InvalidName` for a name or a concurrency key. */
export const make = (
  definition: Definition.Definition,
  expression: string,
  payload: unknown,
  { missed = "latest", name = expression, timeZone = "UTC" }: Options
): Schedule => {
  const what = `schedule of task ${definition.name}`
  const cron = parse(what, expression, timeZone)
  const key = `${definition.name}/${name}`
  checkName(idAt(key, Cron.next(cron, 0)), `an execution id of the ${what}`)
  if (!policies.includes(missed)) {
    throw new TypeError(`missed of the ${what} must be "skip", "latest" or "all", not ${Thrown.text(missed)}`)
  }
  const encoded = definition.payload.encode(payload)
  if (Either.isLeft(encoded)) {
    throw new TypeError(`the payload of the ${what} does not fit at ${encoded.left.at}: ${encoded.left.reason}`)
  }
  const lane = definition.lane === undefined ? undefined : Lane.keyOf(definition.name, definition.lane, payload)
  if (lane instanceof InvalidName) throw lane
  return { key, cron, payload, missed }
}
