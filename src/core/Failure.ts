/**
 * How a phase or an execution fails, as the journal keeps it: a flat list of reasons, each with the path where it arose.
 * Never a `Cause`: its shape is Effect's to change, a journal is read for years.
 */
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Json from "./Json.js"
import * as Thrown from "./Thrown.js"

/** Any plain JSON value. */
export const JsonValue: Schema.Schema<Json.Json> = Schema.declare(Json.is, {
  identifier: "Json",
  jsonSchema: { type: ["null", "boolean", "number", "string", "array", "object"] },
  arbitrary: () => (fc) => fc.jsonValue({ maxDepth: 2 }).filter(Json.is) as never
})

/** What was thrown or died: never the value itself, which may be anything. */
export const Defect = Schema.Struct({
  name: Schema.String,
  message: Schema.String,
  stack: Schema.optionalWith(Schema.String, { exact: true })
})
export type Defect = typeof Defect.Type

/** The reasons for which the engine itself stops an execution. They park it and never revert anything. */
export const faults = [
  "HistoryMismatch",
  "OutcomeUnknown",
  "ValueNotRecordable",
  "ValueNotDecodable",
  "StrangeYield",
  "StageNotRegistered",
  "GeneratorUnclosable",
  "Poisoned",
  "LimitReached",
  "ChildConflict",
  "ChildStopped",
  "CheckpointUndeclared"
] as const
export type FaultReason = (typeof faults)[number]

/** A typed error that the author declared, encoded by the `error` schema. */
export const Fail = Schema.TaggedStruct("Fail", { path: Schema.String, error: JsonValue })
/** A phase died: a bug, or something it did not declare. */
export const Die = Schema.TaggedStruct("Die", { path: Schema.String, defect: Defect })
/** The generator of the task threw. */
export const TaskDefect = Schema.TaggedStruct("TaskDefect", { path: Schema.String, defect: Defect })
/** A phase did not end in time: within its `timeout` of `after` milliseconds, or one of its own. It is in doubt. */
export const Timeout = Schema.TaggedStruct("Timeout", {
  path: Schema.String,
  after: Schema.optionalWith(Schema.JsonNumber, { exact: true })
})
/** The engine cannot go on here; `detail` says what it would need to. */
export const Fault = Schema.TaggedStruct("Fault", {
  path: Schema.String,
  reason: Schema.Literal(...faults),
  message: Schema.String,
  detail: Schema.optionalWith(JsonValue, { exact: true })
})

export const Failure = Schema.Union(Fail, Die, TaskDefect, Timeout, Fault)
export type Failure = typeof Failure.Type
export type Fault = typeof Fault.Type

/** One line for a person. */
export const render = (failure: Failure): string => {
  const at = failure.path === "" ? "" : ` at ${failure.path}`
  switch (failure._tag) {
    case "Fail":
      return `failed${at}: ${JSON.stringify(failure.error)}`
    case "Die":
      return `died${at}: ${failure.defect.name}: ${failure.defect.message}`
    case "TaskDefect":
      return `the task threw${at}: ${failure.defect.name}: ${failure.defect.message}`
    case "Timeout":
      return `timed out${at}${failure.after === undefined ? "" : ` after ${failure.after} ms`}`
    case "Fault":
      return `${failure.reason}${at}: ${failure.message}`
  }
}

/** In characters: together less than 16 KB of UTF-8. */
const limits = { name: 100, message: 2_000, stack: 3_000 }

/** Its beginning, not ending within a surrogate pair. */
const cut = (text: string, limit: number): string =>
  text.length <= limit ? text : `${text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, "")}… (${text.length} characters)`

const read = (thrown: unknown, key: keyof Defect): string | undefined => {
  try {
    const value: unknown = typeof thrown === "object" && thrown !== null ? Reflect.get(thrown, key) : undefined
    return typeof value === "string" ? cut(value, limits[key]) : undefined
  } catch {
    return undefined
  }
}

const show = (value: unknown): string =>
  typeof value === "object"
    ? Either.match(Json.from(value), { onLeft: () => Thrown.text(value), onRight: (json) => JSON.stringify(json) })
    : Thrown.text(value)

/** What a thrown value says of itself, whatever it is. Reading it never throws. */
export const defectOf = (thrown: unknown): Defect => {
  const message = read(thrown, "message")
  if (message === undefined) {
    const name = thrown === null ? "null" : typeof thrown === "object" ? "Object" : typeof thrown
    return { name, message: cut(show(thrown), limits.message) }
  }
  const stack = read(thrown, "stack")
  return { name: read(thrown, "name") ?? "Error", message, ...(stack === undefined ? {} : { stack }) }
}
