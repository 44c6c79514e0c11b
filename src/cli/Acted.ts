/** What came of an act on one execution. */
import * as Schema from "effect/Schema"
import * as Listing from "./Listing.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"

/** As every verb has it with `--json` that changes an execution: what was done, and how the execution stands then. */
export const Acted = Schema.Struct({
  verb: Schema.String,
  /** `planned`: nothing was done; `declined`: nobody wanted it */
  outcome: Schema.Literal("done", "planned", "refused"),
  /** why it was refused */
  problem: Schema.NullOr(Schema.String),
  /** the process whose engine did it; null: this one, or nothing was to be done by an engine */
  engine: Schema.NullOr(Schema.Int),
  ...Listing.Listed.fields
})
export type Acted = typeof Acted.Type

/** One line for a person. */
export const page = ({ engine, failure, id, outcome, position, problem, status, task, verb }: Acted): Page.Page => {
  const where = failure ?? position
  const whose = engine === null ? "" : `, by the engine of process ${engine}`
  const told = outcome === "done" ? `${verb}: done${whose}` : `${verb}: ${outcome}`
  return [
    Page.flow(
      2,
      { text: id, tone: "strong" },
      `  ${task}  `,
      Marks.status(status),
      where === null ? "" : `  ${where}`,
      { text: `  ${told}${problem === null ? "" : `: ${problem}`}`, tone: outcome === "refused" ? "bad" : "dim" }
    )
  ]
}
