/** What the forks have in common: how many branches run at a time, what a failure does to the others, their names. */
import type { Branch, Fork, Instruction } from "../core/Instruction.js"
import * as Thrown from "../core/Thrown.js"
import { checkName, describe } from "./Description.js"

/** How the branches of a fork run. */
export interface Bounds {
  /** how many run at a time, started in their order: a positive integer, or "unbounded" */
  readonly concurrency?: number | "unbounded"
  /** whether the first failure stops the others, or they go on to their end before the fork fails. Default "stop" */
  readonly mode?: "stop" | "settle"
}

/** What is given instead of something else, as text. */
export const given = (value: unknown): string => Thrown.text(value).slice(0, 80)

const concurrencyOf = (fork: string, value: unknown): number => {
  if (value === "unbounded") return Infinity
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return value
  throw new TypeError(`concurrency of ${fork} must be a positive integer or "unbounded", not ${given(value)}`)
}

const modeOf = (fork: string, value: unknown): "stop" | "settle" => {
  if (value === "stop" || value === "settle") return value
  throw new TypeError(`mode of ${fork} must be "stop" or "settle", not ${given(value)}`)
}

/** How many branches run at a time and what a failure does, with this concurrency where none is given. */
export const boundsOf = (fork: string, bounds: Bounds, concurrency: Bounds["concurrency"]) => ({
  concurrency: concurrencyOf(fork, bounds.concurrency === undefined ? concurrency : bounds.concurrency),
  mode: modeOf(fork, bounds.mode === undefined ? "stop" : bounds.mode)
})

/** A branch that is there from the start. */
export const branch = (name: string, instruction: Instruction, key?: string): Branch => {
  checkName(name, "the branch name")
  return { name, key, needs: [], make: () => instruction }
}

/** Whether this is an object whose members have names: a struct of branches or nodes. */
export const isStruct = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== "object" || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

/** Answers by name, in the order of the names. */
export const byName = (names: ReadonlyArray<string>) => (answers: ReadonlyArray<unknown>) =>
  Object.fromEntries(names.map((name, index) => [name, answers[index]]))

/** The phase of a fork. */
export const fork = <P>(fields: Omit<Fork, "_tag" | "capture">): P =>
  describe({ _tag: "Fork", capture: "none", ...fields })
