/**
 * The typed face of a store, built once over whatever driver: it serialises entries, chains their hashes, and verifies
 * both on the way back.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Entry, Recorded } from "../core/Entry.js"
import { leadsTo } from "../core/Entry.js"
import type { Fenced, StoreError } from "../core/Errors.js"
import { ExecutionDiscarded, ExecutionNotFound, JournalCorrupt } from "../core/Errors.js"
import { goesAcross } from "../core/Fold.js"
import type { Status } from "../core/Status.js"
import * as Chain from "./Chain.js"
import {
  type BesideAppend,
  type BesideCreate,
  type Discard,
  type Encoded,
  type EntryRow,
  type ExecutionRow,
  entersStage
} from "./Encoded.js"
import { Links } from "./Links.js"

export type {
  Answer,
  Beside,
  BesideAppend,
  BesideCreate,
  Due,
  EntryRow,
  ExecutionRow,
  ListQuery,
  Order
} from "./Encoded.js"
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
  /** how large the journal is from the last stage on, in characters of JSON */
  readonly size: number
}

/** An execution with its journal, verified: all of it, or what it takes to go on. */
export interface Journal {
  readonly row: ExecutionRow
  /** all of them; or the first, and those from the last one on that entered a stage, if nothing before it is needed */
  readonly entries: ReadonlyArray<Recorded>
  readonly head: Head
}

export interface LatestJournal extends Journal {
  /** whether anything was sent to it that nobody has taken */
  readonly letters: boolean
}

/** The typed store that the engine works with. */
export interface Store extends Omit<Encoded, "create" | "append" | "read" | "latest" | "tail" | "stages"> {
  /** Nothing answered: created. Otherwise the row that has the id already. */
  readonly create: (
    row: ExecutionRow,
    entries: ReadonlyArray<Entry>,
    beside?: BesideCreate
  ) => Effect.Effect<{ readonly existing: ExecutionRow } | { readonly head: Head }, ExecutionDiscarded | StoreError>
  /** With `beside.claim`, the entries are the first of the epoch after the head's, and so is the head that is answered. */
  readonly append: (
    head: Head,
    at: number,
    entries: ReadonlyArray<Entry>,
    status: Status | null,
    beside?: BesideAppend
  ) => Effect.Effect<Head, Fenced | StoreError>
  /** Why there is no such execution: there never was, or it was purged. */
  readonly absent: (id: string) => Effect.Effect<never, ExecutionNotFound | ExecutionDiscarded | StoreError>
  /** The whole journal, or nothing if there is no such execution. */
  readonly load: (id: string) => Effect.Effect<Journal | undefined, StoreError | JournalCorrupt>
  /** The same, but for what was before the last stage; its link to that is taken on trust. */
  readonly latest: (id: string) => Effect.Effect<LatestJournal | undefined, StoreError | JournalCorrupt>
  /** The entries from `from` on. Their link to what came before is taken on trust. */
  readonly entries: (id: string, from: number) => Effect.Effect<ReadonlyArray<Recorded>, StoreError | JournalCorrupt>
  /** Of these, at most `limit` with which stages were entered. What they say is taken on trust. */
  readonly stages: (
    id: string,
    from: number,
    limit: number
  ) => Effect.Effect<ReadonlyArray<Recorded>, StoreError | JournalCorrupt>
  /** One entry as it is kept, if it is there. */
  readonly row: (id: string, seq: number) => Effect.Effect<EntryRow | undefined, StoreError>
  /** The last entries, at most `count`; the same is trusted. */
  readonly tail: (id: string, count: number) => Effect.Effect<ReadonlyArray<Recorded>, StoreError | JournalCorrupt>
}

/** Keeps journals: SQLite, memory, and whatever else implements `Encoded`. */
export class TaskStore extends Context.Tag("tidemark/TaskStore")<TaskStore, Store>() {}

/** The entries from `first` on, each of them linked to the one before; where some were discarded, to what is said of these. */
const parse = (execution: string, rows: ReadonlyArray<EntryRow>, first: number): Array<Recorded> | JournalCorrupt => {
  const recorded: Array<Recorded> = []
  const links = new Links(rows, first)
  for (const row of rows) {
    const { expected } = links
    const reason = links.problem(execution, row)
    const entry = reason === undefined ? entryOf(row.body) : undefined
    if (entry === undefined) return unreadable(execution, expected, reason)
    recorded.push({ seq: row.seq, at: row.at, epoch: row.epoch, entry })
  }
  return recorded
}

const unreadable = (execution: string, seq: number, reason = "it is not an entry that this version knows") =>
  new JournalCorrupt({ execution, seq, reason })

const entryOf = (body: string): Entry | undefined => {
  try {
    const value: unknown = JSON.parse(body)
    const tag = (value as { readonly _tag?: unknown } | null)?._tag
    return typeof tag === "string" && Object.hasOwn(leadsTo, tag) ? (value as Entry) : undefined
  } catch {
    return undefined
  }
}

/**
 * The first entry, and what comes from a stage on: the hash of the entry before that is all that is needed of it. Or all,
 * where no stage was entered, or what was before it is discarded.
 */
const parseLatest = (execution: string, rows: ReadonlyArray<EntryRow>): Array<Recorded> | JournalCorrupt => {
  const [first, before, stage] = rows
  if (first === undefined || before === undefined || stage === undefined || !entersStage(stage) || before.seq === 1)
    return parse(execution, rows, 0)
  const created = parse(execution, [first], 0)
  if (created instanceof JournalCorrupt) return created
  const others = parse(execution, rows.slice(1), before.seq)
  if (others instanceof JournalCorrupt) return others
  const [, base] = others
  return base?.entry._tag === "StageEntered"
    ? [...created, ...others.slice(1)]
    : new JournalCorrupt({ execution, seq: before.seq, reason: "it does not go on with a stage" })
}

/** Of what comes from the last stage on. */
const sizeOf = (rows: ReadonlyArray<EntryRow>, before: number): number => {
  let size = before
  for (const row of rows) size = entersStage(row) ? row.body.length : size + row.body.length
  return size
}

/** The whole journal of an execution, if these are its entries, all of them, as they were written. */
export const verified = (
  row: ExecutionRow,
  rows: ReadonlyArray<EntryRow>
): ReadonlyArray<Recorded> | JournalCorrupt => {
  const entries = parse(row.id, rows, 0)
  const problem = entries instanceof JournalCorrupt ? undefined : contradiction(row, entries)
  return problem === undefined ? entries : new JournalCorrupt({ execution: row.id, seq: 0, reason: problem })
}

/** Entries as they are kept, from where a journal stands on. */
export const rowsOf = (
  { epoch, execution, hash: last, next }: Head,
  at: number,
  entries: ReadonlyArray<Entry>
): ReadonlyArray<EntryRow> => {
  let hash = last
  return entries.map((entry, index) => {
    const seq = next + index
    const body = JSON.stringify(entry)
    hash = Chain.hash(execution, hash, { seq, epoch, at, body })
    return { seq, epoch, at, body, hash }
  })
}

/** What stands in the place of an entry that was discarded; `before` is the hash of what stands for those before it. */
export const rowInstead = (
  execution: string,
  { at, epoch, seq }: EntryRow,
  entry: Entry,
  before = Chain.genesis
): EntryRow => {
  const [row] = rowsOf({ execution, epoch, next: seq, hash: before, size: 0 }, at, [entry])
  return row!
}

/** The typed store over a driver. */
export const fromEncoded = (encoded: Encoded): Store => {
  const after = (head: Head, rows: ReadonlyArray<EntryRow>): Head => ({
    execution: head.execution,
    epoch: head.epoch,
    next: head.next + rows.length,
    hash: rows[rows.length - 1]?.hash ?? head.hash,
    size: sizeOf(rows, head.size)
  })
  /** By how much a journal is smaller once something is discarded, that these entries come after. */
  const freed = (id: string, rows: ReadonlyArray<EntryRow>, { after, instead, through }: Discard) =>
    Effect.map(encoded.read(id, after + 1, through - after), (gone) => {
      const all = [...gone, ...rows].filter(({ seq }) => seq <= through)
      return sizeOf(all, 0) - (instead?.body.length ?? 0)
    })
  const readable = <A>(id: string, from: number, read: Effect.Effect<A, StoreError>) =>
    Effect.catchIf(
      read,
      ({ reason }) => reason === "Corrupt",
      ({ message }) => new JournalCorrupt({ execution: id, seq: from, reason: message })
    )
  const journal = (
    row: ExecutionRow,
    rows: ReadonlyArray<EntryRow>,
    entries: ReturnType<typeof parse>
  ): Effect.Effect<Journal, JournalCorrupt> => {
    const { epoch, id: execution } = row
    if (entries instanceof JournalCorrupt) return Effect.fail(entries)
    const problem = contradiction(row, entries)
    if (problem !== undefined) return Effect.fail(new JournalCorrupt({ execution, seq: 0, reason: problem }))
    const { hash, seq } = rows[rows.length - 1]!
    return Effect.succeed({ row, entries, head: { execution, epoch, next: seq + 1, hash, size: sizeOf(rows, 0) } })
  }
  /** What was lost is not read. */
  const unlessLost = <A>(id: string, read: Effect.Effect<A, StoreError | JournalCorrupt>) =>
    Effect.flatMap(encoded.damage, (damage) => {
      const reason = damage.get(id)
      return reason === undefined ? read : Effect.fail(new JournalCorrupt({ execution: id, seq: 0, reason }))
    })
  const whole = Effect.fnUntraced(function* (id: string) {
    const row = yield* encoded.get(id)
    if (row === undefined) return undefined
    const rows = yield* readable(id, 0, encoded.read(id, 0))
    // It may have been purged meanwhile.
    if (rows.length === 0 && (yield* encoded.get(id)) === undefined) return undefined
    return yield* journal(row, rows, parse(id, rows, 0))
  })
  const latest = Effect.fnUntraced(function* (id: string) {
    const found = yield* readable(id, 0, encoded.latest(id))
    if (found === undefined) return undefined
    const { letters, row, rows } = found
    const known = yield* journal(row, rows, parseLatest(id, rows))
    const needed = known.entries.some(goesAcross) ? yield* whole(id) : known
    return needed === undefined ? undefined : { ...needed, letters }
  })
  return {
    ...encoded,
    create: (row, entries, beside) => {
      const start: Head = { execution: row.id, epoch: row.epoch, next: 0, hash: Chain.genesis, size: 0 }
      const rows = rowsOf(start, row.createdAt, entries)
      const [first] = entries
      const { parent, tags } = first?._tag === "Created" ? first : {}
      const said = {
        ...(tags === undefined ? {} : { tags }),
        ...(parent === undefined ? {} : { parent: parent.execution })
      }
      return Effect.map(encoded.create({ row, rows, ...said, ...beside }), (existing) =>
        existing === undefined ? { head: after(start, rows) } : { existing }
      )
    },
    append: (from, at, entries, status, beside) => {
      const head = beside?.claim === undefined ? from : { ...from, epoch: from.epoch + 1 }
      const rows = rowsOf(head, at, entries)
      const request = { execution: head.execution, epoch: head.epoch, rows, status, ...beside }
      const next = after(head, rows)
      if (beside?.discard?.instead === undefined) return Effect.as(encoded.append(request), next)
      return Effect.flatMap(freed(head.execution, rows, beside.discard), (freed) =>
        Effect.as(encoded.append(request), { ...next, size: next.size - freed })
      )
    },
    absent: (id) =>
      Effect.flatMap(
        encoded.purged(id),
        (purged): Effect.Effect<never, ExecutionNotFound | ExecutionDiscarded> =>
          purged === undefined
            ? new ExecutionNotFound({ execution: id })
            : new ExecutionDiscarded({ execution: id, at: purged.at })
      ),
    load: (id) => unlessLost(id, whole(id)),
    latest: (id) => unlessLost(id, latest(id)),
    entries: Effect.fnUntraced(function* (id, from) {
      const entries = parse(id, yield* readable(id, from, encoded.read(id, from)), from)
      return entries instanceof JournalCorrupt ? yield* entries : entries
    }),
    stages: Effect.fnUntraced(function* (id, from, limit) {
      const rows = yield* encoded.stages(id, from, limit)
      const found: Array<Recorded> = []
      for (const row of rows) {
        const entry = entryOf(row.body)
        if (entry === undefined) return yield* unreadable(id, row.seq)
        found.push({ seq: row.seq, at: row.at, epoch: row.epoch, entry })
      }
      return found
    }),
    row: (id, seq) => Effect.map(encoded.read(id, seq, 1), ([row]) => (row?.seq === seq ? row : undefined)),
    tail: Effect.fnUntraced(function* (id, count) {
      const rows = yield* readable(id, 0, encoded.tail(id, count))
      const entries = parse(id, rows, rows[0]?.seq ?? 0)
      return entries instanceof JournalCorrupt ? yield* entries : entries
    })
  }
}

/** The version that an execution goes by from this entry on, if it says that. */
const goesBy = (entry: Entry): number | undefined => {
  if (entry._tag === "Resumed") return entry.carried?.version
  return entry._tag === "StageEntered" ? entry.kept.version : undefined
}

/** What keeps a row and its journal from belonging together. */
const contradiction = (row: ExecutionRow, entries: ReadonlyArray<Recorded>): string | undefined => {
  const [first] = entries
  const last = entries[entries.length - 1]
  if (first === undefined || last === undefined) return "it is empty"
  if (first.entry._tag !== "Created") return "it does not begin with its creation"
  const { task, version } = first.entry
  if (task !== row.task || (version !== row.version && !entries.some(({ entry }) => goesBy(entry) === row.version)))
    return `it is of task ${task}, version ${version}, unlike its execution`
  return last.epoch > row.epoch ? "its execution has an older epoch" : undefined
}
