/** Executions in a table: where each stands is told by its last entries, so that a list reads no whole journals. */
import * as Schema from "effect/Schema"
import type { Recorded } from "../core/Entry.js"
import { render } from "../core/Failure.js"
import * as Sentence from "../core/Sentence.js"
import { all, isFinal } from "../core/Status.js"
import type { ExecutionRow } from "../store/Store.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import type { Span } from "./Text.js"
import * as Times from "./Times.js"

/** One execution of a list, as `--json` has it. Times in milliseconds UTC. */
export const Listed = Schema.Struct({
  id: Schema.String,
  task: Schema.String,
  version: Schema.Int,
  status: Schema.Literal(...all),
  createdAt: Schema.Number,
  updatedAt: Schema.Number,
  /** the path of the phase that it came to last; null: none, or it has ended */
  position: Schema.NullOr(Schema.String),
  /** when it goes on by itself */
  until: Schema.NullOr(Schema.Number),
  /** why it stands still, in one line */
  failure: Schema.NullOr(Schema.String)
})
export type Listed = typeof Listed.Type

/** How many entries tell where an execution stands. */
export const told = 16

const positionOf = (entries: ReadonlyArray<Recorded>): string | null => {
  for (const { entry } of [...entries].reverse()) {
    switch (entry._tag) {
      case "PhaseStarted":
      case "AttemptStarted":
      case "PhaseWaiting":
      case "AttemptFailed":
      case "PhaseFailed":
      case "Decided":
        return entry.path
    }
  }
  return null
}

const failureOf = (last: Recorded | undefined): string | null => {
  const entry = last?.entry
  if (entry?._tag !== "Failed" && entry?._tag !== "RevertFailed") return null
  const more = entry.failures.length - 1
  return `${Sentence.open(render(entry.failures[0]))}${more > 0 ? `; and ${more} more` : ""}`
}

const untilOf = ({ status }: ExecutionRow, last: Recorded | undefined): number | null => {
  const entry = last?.entry
  if (status === "Waiting" && entry?._tag === "Waiting") return entry.until ?? null
  return status === "Pending" && entry?._tag === "Created" ? (entry.due ?? null) : null
}

/** An execution and its last entries, as a list shows it. */
export const listed = (row: ExecutionRow, entries: ReadonlyArray<Recorded>): Listed => {
  const { createdAt, id, status, task, updatedAt, version } = row
  const last = entries[entries.length - 1]
  return {
    id,
    task,
    version,
    status,
    createdAt,
    updatedAt,
    position: isFinal(status) ? null : positionOf(entries),
    until: untilOf(row, last),
    failure: failureOf(last)
  }
}

/** Where it is, and what it waits for. */
const standing = ({ failure, position, until }: Listed, viewer: Page.Viewer): Span => {
  if (failure !== null) return { text: failure, tone: "bad" }
  const when =
    until === null ? undefined : viewer.terminal ? Times.away(until, viewer.now) : `until ${Times.iso(until)}`
  return { text: [position, when].filter((part) => part != null).join(", ") }
}

const columns: ReadonlyArray<Page.Column> = [
  { title: "ID", least: 10 },
  { title: "TASK", least: 6 },
  { title: "STATUS" },
  { title: "UPDATED" },
  { title: "AT", least: 10 }
]

export const page = (rows: ReadonlyArray<Listed>, viewer: Page.Viewer): Page.Page => [
  Page.table(
    0,
    columns,
    rows.map((row) => [
      { text: row.id, tone: "strong" },
      row.version === 1 ? row.task : `${row.task} v${row.version}`,
      Marks.status(row.status),
      { text: Times.brief(row.updatedAt, viewer), tone: "dim" },
      standing(row, viewer)
    ])
  )
]
