/** How a phase began: what an entry says of that, and a snapshot keeps. */
import * as Schema from "effect/Schema"
import { kinds } from "./Kind.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

export const begun = {
  path: Schema.String,
  name: Schema.String,
  kind: Schema.Literal(...kinds),
  scope: optional(Schema.String),
  generation: optional(Schema.Int),
  commit: optional(Schema.Boolean),
  /** its author says that nothing undoes it */
  irreversible: optional(Schema.Boolean),
  undoes: optional(Schema.String),
  /** of what is made of other phases, of a child, a delegate, a signal: how its failure reaches its generator */
  capture: optional(Schema.Literal("either", "exit")),
  /** of an item without a name of its own: what it looks like */
  key: optional(Schema.String),
  /** of a branch of a graph: the paths of the branches that it needs */
  needs: optional(Schema.Array(Schema.String)),
  /** of a phase that calls another task: the id of the execution that it calls */
  child: optional(Schema.String)
}
