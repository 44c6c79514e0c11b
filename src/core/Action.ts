/**
 * What an operator asks of an execution, as plain JSON: for the engine at hand, for that of another process, or to be told
 * beforehand what would happen.
 */
import * as Schema from "effect/Schema"
import { Act } from "./Entry.js"
import { JsonValue } from "./Failure.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const force = { force: optional(Schema.Boolean) }

const Resume = Schema.TaggedStruct("resume", {
  ...Act.fields,
  inDoubt: optional(Schema.Literal("rerun")),
  stopAt: optional(Schema.String)
})
const Pause = Schema.TaggedStruct("pause", { ...Act.fields, now: optional(Schema.Boolean) })
const Close = Schema.TaggedStruct("close", { ...Act.fields, ...force, revert: optional(Schema.Boolean) })
/** All of it; or what came after the checkpoint `to`, which then runs again at once with `retry`. */
const Revert = Schema.TaggedStruct("revert", {
  ...Act.fields,
  ...force,
  to: optional(Schema.String),
  retry: optional(Schema.Boolean)
})
const GoTo = Schema.TaggedStruct("goTo", { ...Act.fields, ...force, checkpoint: Schema.String })
const Skip = Schema.TaggedStruct("skip", { ...Act.fields, phase: Schema.String, value: optional(JsonValue) })

export const Action = Schema.Union(Resume, Pause, Close, Revert, GoTo, Skip)
export type Action = typeof Action.Type
export type ActionOf<V extends Action["_tag"]> = Extract<Action, { readonly _tag: V }>

/** What it does, without who asked, why, and for which plan: the same for the same work, in whatever order it was written. */
export const essence = (action: Action): string => {
  const { by: _by, plan: _plan, reason: _reason, ...rest } = action
  return stable(rest)
}

const stable = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member
  )
