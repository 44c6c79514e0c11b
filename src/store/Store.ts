/**
 * The typed face of a store, built once over whatever driver: it serialises entries, chains their hashes, and verifies
 * both on the way back.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Entry, Recorded } from "../core/Entry.js"
import { leadsTo } from "../core/Entry.js"
import type { Fenced, StoreError } from "../core/Errors.js"
import { JournalCorrupt } from "../core/Errors.js"
import type { Status } from "../core/Status.js"
import * as Chain from "./Chain.js"
import type { BesideAppend, BesideCreate, Encoded, EntryRow, ExecutionRow } from "./Encoded.js"

export type { Answer, Beside, BesideAppend, BesideCreate, Due, ExecutionRow, Order } from "./Encoded.js"
export type { Letter } from "./Letter.js"
export type { Completing, EndAnswer, NewToken, TokenRow } from "./Token.js"

/** Where a journal stands: what the next append continues from. */
export interface Head {
  readonly execution: string
  readonly epoch: number
  /** the seq of the next entry */
  readonly next: number
  /** the hash of the last entry */
  readonly hash: string
  /** how large the journal is, in characters of JSON */
  readonly size: number
}

/** An execution with its whole journal, verified. */
export interface Journal {
  readonly row: ExecutionRow
  readonly entries: ReadonlyArray<Recorded>
  readonly head: Head
}

/** The typed store that the engine works with. */
export interface Store extends Omit<Encoded, "create" | "append" | "read" | "tail"> {
  /** Nothing answered: created. Otherwise the row that has the id already. */
  readonly create: (
    row: ExecutionRow,
    entries: ReadonlyArray<Entry>,
    beside?: BesideCreate
  ) => Effect.Effect<{ readonly existing: ExecutionRow } | { readonly head: Head }, StoreError>
  /** With `beside.claim`, the entries are the first of the epoch after the head's, and so is the head that is answered. */
  readonly append: (
    head: Head,
    at: number,
    entries: ReadonlyArray<Entry>,
    status: Status | null,
    beside?: BesideAppend
  ) => Effect.Effect<Head, Fenced | StoreError>
  /** The journal, or nothing if there is no such execution. */
  readonly load: (id: string) => Effect.Effect<Journal | undefined, StoreError | JournalCorrupt>
  /** The entries from `from` on. Their link to what came before is taken on trust. */
  readonly entries: (id: string, from: number) => Effect.Effect<ReadonlyArray<Recorded>, StoreError | JournalCorrupt>
  /** The last entries, at most `count`; the same is trusted. */
  readonly tail: (id: string, count: number) => Effect.Effect<ReadonlyArray<Recorded>, StoreError | JournalCorrupt>
}

/** Keeps journals: SQLite, memory, and whatever else implements `Encoded`. */
export class TaskStore extends Context.Tag("tidemark/TaskStore")<TaskStore, Store>() {}

const parse = (execution: string, rows: ReadonlyArray<EntryRow>, first: number): Array<Recorded> | JournalCorrupt => {
  const recorded: Array<Recorded> = []
  for (let index = 0; index < rows.length; index++) {
    const row = rows[index]!
    const reason =
      row.seq !== first + index
        ? `expected entry ${first + index}, found ${row.seq}`
        : index === 0 && first > 0
          ? undefined
          : Chain.problem(execution, index === 0 ? Chain.genesis : rows[index - 1]!.hash, row)
    const entry = reason === undefined ? entryOf(row.body) : undefined
    if (entry === undefined) {
      return new JournalCorrupt({
        execution,
        seq: first + index,
        reason: reason ?? "it is not an entry that this version knows"
      })
    }
    recorded.push({ seq: row.seq, at: row.at, epoch: row.epoch, entry })
  }
  return recorded
}

const entryOf = (body: string): Entry | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    const tag = (value as { readonly _tag?: unknown } | null)?._tag
    return typeof tag === "string" && Object.hasOwn(leadsTo, tag) ? (value as Entry) : undefined
  } catch {
    return undefined
  }
}

const sizeOf = (rows: ReadonlyArray<EntryRow>): number => rows.reduce((sum, { body }) => sum + body.length, 0)

/** The typed store over a driver. */
export const fromEncoded = (encoded: Encoded): Store => {
  const rowsOf = (head: Head, at: number, entries: ReadonlyArray<Entry>): ReadonlyArray<EntryRow> => {
    const { epoch, execution, next } = head
    let hash = head.hash
    return entries.map((entry, index) => {
      const seq = next + index
      const body = JSON.stringify(entry)
      hash = Chain.hash(execution, hash, { seq, epoch, at, body })
      return { seq, epoch, at, body, hash }
    })
  }
  const after = (head: Head, rows: ReadonlyArray<EntryRow>): Head => ({
    execution: head.execution,
    epoch: head.epoch,
    next: head.next + rows.length,
    hash: rows[rows.length - 1]?.hash ?? head.hash,
    size: head.size + sizeOf(rows)
  })
  const readable = (id: string, from: number, rows = encoded.read(id, from)) =>
    Effect.catchIf(
      rows,
      ({ reason }) => reason === "Corrupt",
      ({ message }) => new JournalCorrupt({ execution: id, seq: from, reason: message })
    )
  return {
    ...encoded,
    create: (row, entries, beside) => {
      const start: Head = { execution: row.id, epoch: row.epoch, next: 0, hash: Chain.genesis, size: 0 }
      const rows = rowsOf(start, row.createdAt, entries)
      return Effect.map(encoded.create({ row, rows, ...beside }), (existing) =>
        existing === undefined ? { head: after(start, rows) } : { existing }
      )
    },
    append: (from, at, entries, status, beside) => {
      const head = beside?.claim === undefined ? from : { ...from, epoch: from.epoch + 1 }
      const rows = rowsOf(head, at, entries)
      const request = { execution: head.execution, epoch: head.epoch, rows, status, ...beside }
      return Effect.as(encoded.append(request), after(head, rows))
    },
    load: Effect.fnUntraced(function* (id) {
      const lost = (yield* encoded.damage).get(id)
      if (lost !== undefined) return yield* new JournalCorrupt({ execution: id, seq: 0, reason: lost })
      const row = yield* encoded.get(id)
      if (row === undefined) return undefined
      const rows = yield* readable(id, 0)
      const entries = parse(id, rows, 0)
      if (entries instanceof JournalCorrupt) return yield* entries
      const problem = contradiction(row, entries)
      if (problem !== undefined) return yield* new JournalCorrupt({ execution: id, seq: 0, reason: problem })
      return {
        row,
        entries,
        head: {
          execution: id,
          epoch: row.epoch,
          next: rows.length,
          hash: rows[rows.length - 1]!.hash,
          size: sizeOf(rows)
        }
      }
    }),
    entries: Effect.fnUntraced(function* (id, from) {
      const entries = parse(id, yield* readable(id, from), from)
      return entries instanceof JournalCorrupt ? yield* entries : entries
    }),
    tail: Effect.fnUntraced(function* (id, count) {
      const rows = yield* readable(id, 0, encoded.tail(id, count))
      const entries = parse(id, rows, rows[0]?.seq ?? 0)
      return entries instanceof JournalCorrupt ? yield* entries : entries
    })
  }
}

/** What keeps a row and its journal from belonging together. */
const contradiction = (row: ExecutionRow, entries: ReadonlyArray<Recorded>): string | undefined => {
  const [first] = entries
  const last = entries[entries.length - 1]
  if (first === undefined || last === undefined) return "it is empty"
  if (first.entry._tag !== "Created") return "it does not begin with its creation"
  const { task, version } = first.entry
  if (task !== row.task || version !== row.version)
    return `it is of task ${task}, version ${version}, unlike its execution`
  return last.epoch > row.epoch ? "its execution has an older epoch" : undefined
}
