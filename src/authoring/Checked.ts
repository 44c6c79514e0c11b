/** What `check` finds out about one execution: whether the code at hand can go on with its journal. Plain JSON. */
import * as Schema from "effect/Schema"
import { all } from "../core/Status.js"
import { causes } from "../core/Step.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** What stands somewhere: `kind` is that of a phase, or `return`, `throw`, `stage`, a part of a fork, or `gone`. */
const Found = Schema.Struct({ path: Schema.String, kind: Schema.String, name: Schema.String })

const Mark = Schema.Struct({ name: Schema.String, path: Schema.String })

/** As `tidemark check --json` has it. */
export const Checked = Schema.Struct({
  execution: Schema.String,
  task: Schema.String,
  version: Schema.Int,
  status: Schema.Literal(...all),
  /**
   * fits; or the code differs from what is recorded, a recorded value does not decode any more, the task is missing, or the
   * journal is damaged
   */
  verdict: Schema.Literal("fits", "differs", "undecodable", "missing", "damaged"),
  /** in one line, if it does not fit */
  why: optional(Schema.String),
  /** where that is: the path of a phase or a stage; "" at the beginning, and of the payload */
  path: optional(Schema.String),
  /** where in the value that does not decode */
  at: optional(Schema.String),
  /** what the journal has there, and what the code comes to */
  recorded: optional(Found),
  found: optional(Found),
  /** what seems to have happened to the code */
  cause: optional(Schema.Literal(...causes)),
  /** changes (`Phase.changed`) that it has gone on without: it needs their old branches */
  unchanged: optional(Schema.Array(Schema.String)),
  /** it would fit once it has gone back to one of its checkpoints: the last of these, for which least is undone */
  latest: optional(Mark),
  /** and the first of them */
  earliest: optional(Mark),
  /** whether the code at hand could revert it; `unknown` of one in a stage, as long as nobody asks to look at the whole */
  reverts: Schema.Literal("yes", "no", "unknown")
})
export type Checked = typeof Checked.Type
