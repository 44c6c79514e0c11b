/** What a task must not yield or be, and what to write instead. */
import type { Step } from "./Step.js"

/** What a generator function answers. */
export interface Generated {
  next(value?: unknown): unknown
  return(value?: unknown): unknown
}

export const isGenerator = (value: unknown): value is Generated =>
  typeof value === "object" &&
  value !== null &&
  !(Symbol.asyncIterator in value) &&
  "next" in value &&
  typeof value.next === "function" &&
  "return" in value &&
  typeof value.return === "function"

const onlyPhases = "a task may yield only phases: write yield* Phase.make(name, effect)"

/** What a foreign value is, as far as that helps, and what to write instead. */
export const describe = (value: unknown): { readonly found: string; readonly hint: string } => {
  if (typeof value !== "object" || value === null) {
    return { found: value === null ? "null" : typeof value, hint: onlyPhases }
  }
  if ("instruction" in value) {
    return Symbol.iterator in value
      ? { found: "a phase without a star", hint: "write yield* instead of yield" }
      : { found: "a phase of another copy of tidemark", hint: "install one version of tidemark" }
  }
  if (effectIds.some((id) => id in value))
    return { found: "an Effect", hint: "wrap it: yield* Phase.make(name, effect)" }
  if ("then" in value && typeof value.then === "function") {
    return { found: "a promise", hint: "wrap it: yield* Phase.make(name, Effect.promise(() => ...))" }
  }
  if (isGenerator(value)) return { found: "a generator", hint: "write yield* instead of yield" }
  return { found: "an object", hint: onlyPhases }
}

/** An Effect, and what its own `yield*` hands out. */
const effectIds = [Symbol.for("effect/Effect"), Symbol.for("effect/Utils/YieldWrap")]

/** What the body at a path handed out: the task's, its revert's, or a group's. */
export const notAGenerator = (path: string, value: unknown): Step => ({
  _tag: "Stranger",
  after: path,
  found:
    typeof value === "object" && value !== null && Symbol.asyncIterator in value
      ? "an async generator"
      : `${value === null ? "null" : typeof value} instead of a generator`,
  hint:
    path === ""
      ? "run must be a plain generator function: *run(payload) { ... }"
      : "it must come from a plain generator function: function* () { ... }"
})
