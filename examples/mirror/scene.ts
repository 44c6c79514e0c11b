/** What the demo's processes agree on: which execution, over which files. It travels as one argument. */
import * as Schema from "effect/Schema"

export const Scene = Schema.Struct({
  /** the execution's id */
  id: Schema.String,
  /** the tree that is mirrored, and the folder that the mirror is made in */
  from: Schema.String,
  to: Schema.String,
  /** the SQLite file */
  database: Schema.String,
  /** the witness's file */
  log: Schema.String,
  /** by how many milliseconds each copy is slowed down */
  pace: Schema.Number
})
export type Scene = typeof Scene.Type

/** As an argument of a program. */
export const Argument = Schema.parseJson(Scene)

/** What a child does: runs the task to its end, from wherever it is; or reverts it. */
export type Verb = "run" | "revert"
