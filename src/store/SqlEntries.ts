/** Entries on their way into the journal: few statements for all, each fenced by epoch and by the next seq. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { EntryRow } from "./Encoded.js"
import type { Sql, Value } from "./Sql.js"
import * as Statements from "./Statements.js"

/** Entries of one request on their way into the journal. */
export interface Group {
  readonly execution: string
  readonly epoch: number
  readonly rows: ReadonlyArray<EntryRow>
  readonly status: string | null
}

/** How many values a statement has for an entry; and one that is for one execution. */
const columns = 8
const columnsOfOne = 5

/** The entries of one statement, and how many more it takes: what is left of them is padding. */
class Batch {
  readonly values: Array<Value>
  private end = 0

  constructor(entries: number) {
    this.values = new Array<Value>(Statements.widthOf(entries) * columns).fill(null)
  }

  /** How many more entries there is room for. */
  get room(): number {
    return (this.values.length - this.end) / columns
  }

  add({ epoch, execution, rows, status }: Group, from: number, to: number): void {
    const { values } = this
    const first = rows[from]!.seq
    for (let index = from; index < to; index++, this.end += columns) {
      const { at, body, hash, seq } = rows[index]!
      const { end } = this
      values[end] = execution
      values[end + 1] = epoch
      values[end + 2] = first
      values[end + 3] = seq
      values[end + 4] = at
      values[end + 5] = body
      values[end + 6] = hash
      values[end + 7] = index === rows.length - 1 ? status : null
    }
  }

  /** How many entries were taken. */
  insert(sql: Sql): Effect.Effect<number, StoreError> {
    return sql.run(Statements.append(this.values.length / columns), this.values)
  }
}

/** Appends the entries of one request, that fit into one statement: how many were taken. */
export const insertOne = (sql: Sql, { epoch, execution, rows, status }: Group): Effect.Effect<number, StoreError> => {
  const width = Statements.widthOf(rows.length)
  const values = new Array<Value>(width * columnsOfOne + 3).fill(null)
  let end = 0
  for (const { at, body, hash, seq } of rows) {
    values[end] = seq
    values[end + 1] = at
    values[end + 2] = body
    values[end + 3] = hash
    end += columnsOfOne
  }
  values[end - 1] = status
  end = width * columnsOfOne
  values[end] = execution
  values[end + 1] = epoch
  values[end + 2] = rows[0]!.seq
  return sql.run(Statements.appendToOne(width), values)
}

const size = (groups: ReadonlyArray<Group>): number => groups.reduce((sum, { rows }) => sum + rows.length, 0)

/** Appends all groups: whether all entries were taken. A group that does not fit into one statement goes in parts. */
export const insert = Effect.fnUntraced(function* (sql: Sql, groups: ReadonlyArray<Group>) {
  const entries = size(groups)
  const [only] = groups
  if (groups.length === 1 && entries > 0 && entries <= Statements.widest)
    return (yield* insertOne(sql, only!)) === entries
  let inserted = 0
  let begun = 0
  let batch = new Batch(entries)
  for (const group of groups) {
    const { length } = group.rows
    for (let from = 0; from < length; ) {
      const to = Math.min(length, from + batch.room)
      batch.add(group, from, to)
      begun += to - from
      from = to
      if (batch.room > 0 && begun < entries) continue
      inserted += yield* batch.insert(sql)
      if (begun < entries) batch = new Batch(entries - begun)
    }
  }
  return inserted === entries
})
