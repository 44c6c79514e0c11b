/**
 * What an operator asks of an execution, as plain JSON: for the engine at hand, for that of another process, or to be told
 * beforehand what would happen.
 */
import * as Schema from "effect/Schema"
import { Act } from "./Entry.js"
import { JsonValue } from "./Failure.js"
import * as Json from "./Json.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const force = { force: optional(Schema.Boolean) }

/** Values by the paths of phases. Whatever a path is called, it is a member of its own. */
const Values: Schema.Schema<{ readonly [path: string]: Json.Json }> = Schema.declare(
  (value): value is { readonly [path: string]: Json.Json } =>
    typeof value === "object" && value !== null && !Array.isArray(value) && Json.is(value),
  { identifier: "Values", jsonSchema: { type: "object" } }
)
/** Undos that would see what is amended are to see it. */
const amend = { amend: optional(Schema.Literal("undo-too")) }

const Resume = Schema.TaggedStruct("resume", {
  ...Act.fields,
  ...amend,
  payload: optional(JsonValue),
  values: optional(Values),
  from: optional(Schema.Union(Schema.String, Schema.Array(Schema.String))),
  /** `from` is a stage, which begins with it */
  state: optional(JsonValue),
  inDoubt: optional(Schema.Literal("rerun")),
  stopAt: optional(Schema.String)
})
const Rerun = Schema.TaggedStruct("rerun", {
  ...Act.fields,
  ...amend,
  items: optional(
    Schema.Array(Schema.Union(Schema.String, Schema.Struct({ item: Schema.String, input: optional(JsonValue) })))
  )
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
/** All before the checkpoint, or the stage. */
const Discard = Schema.TaggedStruct("discard", { ...Act.fields, ...force, before: Schema.String })
const Skip = Schema.TaggedStruct("skip", { ...Act.fields, phase: Schema.String, value: optional(JsonValue) })

export const Action = Schema.Union(Resume, Rerun, Pause, Close, Revert, GoTo, Discard, Skip)
export type Action = typeof Action.Type
export type ActionOf<V extends Action["_tag"]> = Extract<Action, { readonly _tag: V }>

/** Who asks for it, why, and for which plan. */
export const actOf = ({ by, plan, reason }: Act): Act => ({
  ...(by === undefined ? {} : { by }),
  ...(reason === undefined ? {} : { reason }),
  ...(plan === undefined ? {} : { plan })
})

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
