/** What keeps an action from being carried out: each requirement that is not met, and what would meet it. */
import * as Schema from "effect/Schema"
import { JsonValue } from "./Failure.js"
import { all } from "./Status.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })
const requirement = <N extends string, F extends Schema.Struct.Fields>(needs: N, fields: F) =>
  Schema.Struct({ needs: Schema.Literal(needs), ...fields, message: Schema.String })

/** Its status does not allow the verb. */
const Status = requirement("status", { status: Schema.Literal(...all), verb: Schema.String })
/** No engine at hand has its task. */
const Task = requirement("task", { task: Schema.String })
/** The code does not come to what is recorded, from this path on. */
const Code = requirement("code", { path: Schema.String })
/** A phase that is in a state in which this can be asked of it. It has happened: `back` is where to go for it to run again. */
const Phase = requirement("phase", { path: Schema.String, back: optional(Schema.String) })
/** A checkpoint that it can go to. */
const Checkpoint = requirement("checkpoint", { checkpoint: Schema.String, reason: Schema.String })
/** The parent, or force: it is the child of that execution, at that path. */
const Parent = requirement("parent", { parent: Schema.String, path: Schema.String })
/**
 * A value for a phase that is to be skipped. `schema` is the JSON Schema of what fits, `null` where that takes the code;
 * `at` and `reason` say what was wrong with the one that was given.
 */
const Value = requirement("value", {
  path: Schema.String,
  schema: JsonValue,
  at: optional(Schema.String),
  reason: optional(Schema.String)
})

/** A payload that the task can read: this is wrong with the one that was given, `schema` as above. */
const Payload = requirement("payload", { at: Schema.String, reason: Schema.String, schema: JsonValue })
/** `amend: "undo-too"`: the undos of these phases would see what is amended. */
const Consent = requirement("consent", { paths: Schema.Array(Schema.String) })

export const Missing = Schema.Union(Status, Task, Code, Phase, Checkpoint, Parent, Value, Payload, Consent)
export type Missing = typeof Missing.Type
