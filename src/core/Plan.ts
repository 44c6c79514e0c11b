/**
 * What an action would do, told before anything is done: plain JSON, made from what is recorded and the code at hand,
 * with no effect run and nothing written.
 */
import * as Schema from "effect/Schema"
import { Action } from "./Action.js"
import { kinds } from "./Entry.js"
import { Missing } from "./Missing.js"
import { all } from "./Status.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** A phase, where it stands. */
const Place = { path: Schema.String, name: Schema.String }

/**
 * One thing that happens to one phase. `replay`: its recorded outcome is taken as it is; `run`: it starts, goes on, or is
 * tried again; `skip`: it is recorded as having happened; `undo`; `close`: it is left where it is; `discard`: what is
 * recorded of it goes.
 */
export const Step = Schema.Struct({
  does: Schema.Literal("replay", "run", "skip", "undo", "close", "discard"),
  ...Place,
  kind: Schema.Literal(...kinds),
  /** of what runs: the number of the attempt */
  attempt: optional(Schema.Int),
  /** of a call: the execution that it calls */
  child: optional(Schema.String),
  /** what is to be known of it beside that */
  note: optional(Schema.String)
})
export type Step = typeof Step.Type

/** What becomes of a phase of which nobody knows whether it happened. */
const Doubt = Schema.Struct({
  ...Place,
  then: Schema.Literal(
    "rerun", // it runs again, with the same key
    "verify", // its `verify` is asked first
    "undoUnknown", // its `undoUnknown` undoes it, whether it happened or not
    "ask", // it stops there, for somebody to decide
    "leave" // nothing: nobody asks any more
  )
})
export type Doubt = typeof Doubt.Type

const Phase = Schema.Struct(Place)
export type Phase = typeof Phase.Type

export const Plan = Schema.Struct({
  execution: Schema.String,
  task: Schema.String,
  action: Action,
  /** how the execution stands, and to what the action leads at once */
  status: Schema.Literal(...all),
  to: Schema.Literal(...all),
  /** in order */
  steps: Schema.Array(Step),
  /** more may follow, that is known only when what runs has its outcome */
  more: Schema.Boolean,
  inDoubt: Schema.Array(Doubt),
  /** the points of no return that it has passed, or passes next: nothing before them is undone any more */
  commits: Schema.Array(Phase),
  /** what runs next and is marked so; of a revert, what has happened and nothing undoes */
  irreversible: Schema.Array(Phase),
  /** what has failed, and is left as it is */
  remaining: Schema.Array(Phase),
  /** recorded phases whose undo would see what is amended, and not what they ran with */
  amended: Schema.Array(Phase),
  /** why it would be refused; none: it would not */
  missing: Schema.Array(Missing),
  warnings: Schema.Array(Schema.String),
  /** what was planned: an act that names it is refused once anything has changed */
  hash: Schema.String
})
export type Plan = typeof Plan.Type
