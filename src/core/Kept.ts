/** What an entry keeps of those before it, so that nothing needs them any more. */
import * as Schema from "effect/Schema"
import { Act } from "./Act.js"
import { Failure, JsonValue } from "./Failure.js"
import { kinds } from "./Kind.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** What is known of an execution as a whole, beside its creation: all that matters from there on. */
const execution = {
  startedAt: Schema.JsonNumber,
  updatedAt: Schema.JsonNumber,
  owner: Schema.String,
  /** until when it may take, in milliseconds UTC */
  deadline: optional(Schema.JsonNumber),
  /** the last round of its parent's phase that it knows of */
  round: optional(Schema.Int),
  /** the payload, if it is not the one that it was created with */
  payload: optional(JsonValue),
  /** how many reverts began */
  reverts: optional(Schema.Int),
  /** who asked for a pause last, and whether that is still to come */
  pausedBy: optional(Schema.String),
  pauses: optional(Schema.Boolean),
  /** the checkpoint at which it is to pause */
  stopAt: optional(Schema.String),
  /** with which generation phases begin, where it went back to an earlier body */
  generation: optional(Schema.Int),
  /** it went back to an earlier body: some of the stages that were entered since then stand no more */
  crossed: optional(Schema.Boolean),
  /** the version of the task, where that is not the one that it began with */
  version: optional(Schema.Int)
}

/** Where it enters a stage. */
export const AtStage = Schema.Struct({
  ...execution,
  /** how many stages it had entered and checkpoints it had come to in its bodies, with this one, if that is not its number */
  marks: optional(Schema.Int),
  /** what was discarded last: see `Discarded` */
  discarded: optional(
    Schema.Struct({
      before: Schema.String,
      through: Schema.Int,
      at: Schema.JsonNumber,
      until: optional(Schema.JsonNumber),
      act: optional(Act)
    })
  )
})
export type AtStage = typeof AtStage.Type

/** One phase, of which only the outcome matters any more. */
export const Phase = Schema.Struct({
  path: Schema.String,
  name: Schema.String,
  kind: Schema.Literal(...kinds),
  scope: optional(Schema.String),
  generation: optional(Schema.Int),
  commit: optional(Schema.Boolean),
  irreversible: optional(Schema.Boolean),
  undoes: optional(Schema.String),
  capture: optional(Schema.Literal("either", "exit")),
  key: optional(Schema.String),
  needs: optional(Schema.Array(Schema.String)),
  child: optional(Schema.String),
  /** it is a part of a clean-up */
  cleans: optional(Schema.Boolean),
  /** it is no part of the body */
  aside: optional(Schema.Boolean),
  state: Schema.Literal("running", "waiting", "delayed", "doubt", "succeeded", "failed", "reopened"),
  attempt: optional(Schema.Int),
  startedAt: Schema.JsonNumber,
  endedAt: optional(Schema.JsonNumber),
  value: optional(JsonValue),
  /** what its strategy gave its attempt */
  given: optional(JsonValue),
  failures: optional(Schema.Array(Failure)),
  /** its strategy gave up, with these */
  gaveUp: optional(Schema.Struct({ failures: Schema.NonEmptyArray(Failure), at: Schema.JsonNumber }))
})
export type Phase = typeof Phase.Type

/** What happens to phases, as generators hear of it. */
export const events = ["opened", "settled", "decided", "rested", "expired"] as const

/** Where a checkpoint comes next. */
export const atCheckpoint = {
  ...execution,
  /** the stage that it is in, in the first of them */
  stage: optional(
    Schema.Struct({
      name: Schema.String,
      n: Schema.Int,
      state: optional(JsonValue),
      at: Schema.JsonNumber,
      marks: Schema.Int
    })
  ),
  /** in the order in which they started */
  phases: Schema.Array(Phase),
  /** in that in which they happened: five times the index of the phase, and that of the event */
  events: Schema.Array(Schema.Int),
  /** what somebody has given items instead of what the code does, by path */
  inputs: optional(Schema.Record({ key: Schema.String, value: JsonValue })),
  /** how often what stands no more was superseded, by path */
  generations: optional(Schema.Record({ key: Schema.String, value: Schema.Int }))
}
