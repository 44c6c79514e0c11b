/** What a phase of an execution sees, as it is recorded: so that an operator can work out what to change. Plain JSON. */
import * as Schema from "effect/Schema"
import { kinds } from "./Entry.js"
import { Failure, JsonValue } from "./Failure.js"
import { all } from "./Status.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** The phase itself. */
const Phase = Schema.Struct({
  path: Schema.String,
  name: Schema.String,
  kind: Schema.Literal(...kinds),
  /** how many attempts of it began */
  attempt: Schema.Int,
  /** it may have happened, and nobody knows */
  inDoubt: Schema.Boolean,
  /** those for which it failed for good, last */
  failures: Schema.Array(Failure),
  /** the failed attempts of the present round, in milliseconds UTC, and the delays after them */
  attempts: Schema.Array(
    Schema.Struct({ attempt: Schema.Int, at: Schema.Number, failure: Failure, delay: Schema.Number })
  ),
  /** of an item: what somebody has given instead of it */
  input: optional(JsonValue),
  /** the JSON Schema of what it answers, `null` where that takes the code; left out without the code */
  answers: optional(JsonValue)
})

/** What a phase before it came to: the value, none for void; or the failures, where its generator takes them as a value. */
const Result = Schema.Struct({
  path: Schema.String,
  name: Schema.String,
  value: optional(JsonValue),
  failures: optional(Schema.Array(Failure))
})

export const Context = Schema.Struct({
  execution: Schema.String,
  task: Schema.String,
  status: Schema.Literal(...all),
  /** none before anything began */
  phase: optional(Phase),
  payload: JsonValue,
  /** the payload that it was created with, where somebody has amended that */
  created: optional(JsonValue),
  stage: optional(Schema.Struct({ name: Schema.String, n: Schema.Int, state: optional(JsonValue) })),
  /** what was recorded before the phase began, in that order */
  results: Schema.Array(Result),
  /** the data of the checkpoints among it */
  checkpoints: Schema.Array(Schema.Struct({ path: Schema.String, name: Schema.String, data: optional(JsonValue) }))
})
export type Context = typeof Context.Type
