/**
 * What a database cannot know of itself: that its newest part is gone. A log that was lost or cut, a flipped bit in it, an
 * older copy put back: SQLite opens all of these without a word. So the owner writes the last entries that it knows to be
 * on disk into a small file beside the database, every two seconds and when it ends, and whoever opens it compares.
 *
 * What it cannot see: entries that were lost at an exact commit boundary and are younger than the file; executions beyond
 * the thousand that were appended last. A report stays until the executions are accepted as they are (`Encoded.accept`).
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import { StoreError } from "../core/Errors.js"
import { type Encoded, type EntryRow, isSnapshot, snapshotPrefix } from "./Encoded.js"
import type { Row, Sql } from "./Sql.js"
import { fromCause } from "./SqliteErrors.js"
import * as Statements from "./Statements.js"

interface Head {
  readonly seq: number
  readonly hash: string
}

interface Anchor {
  /** the highest number that an execution had */
  readonly executions: number
  readonly heads: ReadonlyArray<readonly [execution: string, seq: number, hash: string]>
}

/** How many executions the file holds. */
const capacity = 1_000

/** How often it is written while it changes, in milliseconds. */
const period = 2_000

/** The file beside a database. */
export const fileOf = (database: string): string => `${database}.anchor`

/** The anchor of this database; nothing if there is none, or none that can be read. */
export const read = (database: string): Anchor | undefined => {
  try {
    const anchor = JSON.parse(fs.readFileSync(fileOf(database), "utf8")) as Anchor
    return Number.isInteger(anchor.executions) && Array.isArray(anchor.heads) ? anchor : undefined
  } catch {
    return undefined
  }
}

const write = (database: string, anchor: Anchor): Effect.Effect<void, StoreError> =>
  Effect.tryPromise({
    try: async () => {
      const temporary = `${fileOf(database)}.new`
      const file = await fs.promises.open(temporary, "w")
      try {
        await file.writeFile(JSON.stringify(anchor))
        await file.sync()
      } finally {
        await file.close()
      }
      await fs.promises.rename(temporary, fileOf(database))
    },
    catch: (cause) => fromCause(fileOf(database), cause)
  })

const count = (all: Sql["all"]): Effect.Effect<number, StoreError> =>
  Effect.map(all("SELECT coalesce(max(number), 0) AS count FROM execution", []), (rows) => Number(rows[0]!.count))

/** What was acknowledged may have been discarded since: then something stands in its place, or comes after it. */
const compareHeads = `SELECT v.value ->> 0 AS execution, v.value ->> 1 AS seq, v.value ->> 2 AS expected, j.hash AS found
  FROM json_each(?) v LEFT JOIN execution e ON e.id = v.value ->> 0
  LEFT JOIN journal j ON j.execution = e.number AND j.seq = v.value ->> 1
  WHERE j.hash IS NOT v.value ->> 2
    AND substr(coalesce(j.body, ''), 1, ${snapshotPrefix.length}) <> '${snapshotPrefix}'
    AND NOT (j.hash IS NULL AND EXISTS (SELECT 1 FROM journal k WHERE k.execution = e.number AND k.seq > v.value ->> 1))`

/** Of these, those that nobody purged; a database that is older has nothing that was. */
const withoutPurged = Effect.fnUntraced(function* (all: Sql["all"], lost: ReadonlyArray<Row>) {
  if (lost.length === 0) return lost
  const ids = JSON.stringify(lost.map(({ execution }) => execution))
  const rows = Effect.orElseSucceed(
    all("SELECT id FROM purged WHERE id IN (SELECT value FROM json_each(?))", [ids]),
    () => []
  )
  const purged = new Set((yield* rows).map(({ id }) => id))
  return lost.filter(({ execution }) => !purged.has(execution))
})

/** What the owner knows of the journals' ends, and what anybody found to be missing. */
class Heads {
  readonly known = new Map<string, Head>()
  readonly damaged = new Map<string, string>()
  owned = false
  changed = false

  /** The journal of this execution ends here, on disk. Only the owner can know: others do not see what is appended. */
  set(execution: string, { hash, seq }: Head): void {
    if (!this.owned) return
    // Set anew, so that the map is in the order of the last append.
    this.known.delete(execution)
    this.known.set(execution, { seq, hash })
    this.changed = true
    if (this.known.size > capacity) this.forget()
  }

  purged(ids: ReadonlyArray<string>): void {
    for (const id of ids) this.changed = this.known.delete(id) || this.changed
  }

  private forget(): void {
    for (const execution of this.known.keys()) {
      if (this.damaged.has(execution)) continue
      this.known.delete(execution)
      return
    }
  }

  anchor(executions: number): Anchor {
    return { executions, heads: [...this.known].map(([execution, { hash, seq }]) => [execution, seq, hash]) }
  }
}

/** Compares the database with its anchor: what is missing. */
const inspect = Effect.fnUntraced(function* (all: Sql["all"], database: string, heads: Heads) {
  const anchor = read(database)
  if (anchor === undefined) return
  // First: what is read is held against it, also where one page that cannot be read ends the comparison as a whole, and
  // by those who do not own it: a journal only grows.
  for (const [execution, seq, hash] of anchor.heads) heads.known.set(execution, { seq, hash })
  const lost = yield* withoutPurged(all, yield* all(compareHeads, [JSON.stringify(anchor.heads)]))
  heads.damaged.clear()
  for (const row of lost) {
    const what = row.found === null ? "is missing" : "is another one"
    heads.damaged.set(String(row.execution), `entry ${String(row.seq)} was acknowledged and ${what}`)
  }
  const missing = anchor.executions - (yield* count(all))
  if (missing <= 0 && lost.length === 0) return
  yield* Effect.logWarning(
    `${database} lost entries that were acknowledged, as after restoring an older copy or losing its -wal file: ` +
      `${missing > 0 ? `${missing} executions are gone, ` : ""}${lost.length} executions end too early` +
      `${lost.length === 0 ? "" : ` (${[...heads.damaged.keys()].slice(0, 10).join(", ")}${lost.length > 10 ? ", ..." : ""})`}` +
      ". They are refused until a newer copy is restored, or until they are accepted as they are."
  )
})

/** The two seconds: unlike a sleep, they do not keep the process alive. */
const pause: Effect.Effect<void> = Effect.async<void>((resume) => {
  const timer = setInterval(() => {
    clearInterval(timer)
    resume(Effect.void)
  }, period)
  timer.unref()
  return Effect.sync(() => clearInterval(timer))
})

const notOwned = (database: string): StoreError =>
  new StoreError({ reason: "Failed", store: database, message: `${database}: only its owner accepts what it lost` })

const missing = (database: string, execution: string, what: string): StoreError =>
  new StoreError({
    reason: "Corrupt",
    store: database,
    message: `${database}: execution ${execution} is incomplete: ${what}. Restore a newer copy, or accept it as it is.`
  })

/**
 * Watches over a store's journals with an anchor beside its database; `all` reads it, when no transaction is open.
 */
export const guard = Effect.fnUntraced(function* (encoded: Encoded, all: Sql["all"], database: string) {
  const heads = new Heads()
  const tell = (error: StoreError) => Effect.logWarning(error.message)
  const look = Effect.catchAll(inspect(all, database, heads), tell)
  const save = Effect.suspend(() => {
    heads.changed = false
    return Effect.flatMap(count(all), (executions) => write(database, heads.anchor(executions)))
  })
  const saveIfChanged = Effect.suspend(() => (heads.changed ? Effect.catchAll(save, tell) : Effect.void))
  const begin = Effect.suspend(() => {
    heads.owned = true
    return look
  })
  const end = Effect.map(saveIfChanged, () => {
    heads.owned = false
    return heads.known.clear()
  })
  const keep = Effect.zipRight(
    Effect.acquireRelease(begin, () => end),
    Effect.forkScoped(
      Effect.interruptible(Effect.forever(Effect.zipRight(pause, Effect.uninterruptible(saveIfChanged))))
    )
  )
  const ended = (execution: string, rows: ReadonlyArray<EntryRow>) => {
    const last = rows[rows.length - 1]
    if (last !== undefined) heads.set(execution, last)
  }
  /** What was acknowledged is there, as far as what is read says so: it is dense from the second entry on. */
  const reads = <A>(
    id: string,
    from: number,
    read: Effect.Effect<A, StoreError>,
    rowsOf: (found: A) => ReadonlyArray<EntryRow>
  ): Effect.Effect<A, StoreError> =>
    Effect.suspend(() => {
      const head = heads.known.get(id)
      return Effect.flatMap(read, (found) =>
        head === undefined || from > head.seq || holds(rowsOf(found), head)
          ? Effect.succeed(found)
          : Effect.flatMap(encoded.purged(id), (purged) =>
              purged === undefined
                ? missing(database, id, `entry ${head.seq} was acknowledged and cannot be read`)
                : Effect.succeed(found)
            )
      )
    })
  yield* look
  const guarded: Encoded = {
    ...encoded,
    own: Effect.zipLeft(encoded.own, keep),
    create: (request) => {
      const { row, rows } = request
      const lost = heads.damaged.get(row.id)
      if (lost !== undefined) return missing(database, row.id, lost)
      return Effect.tap(encoded.create(request), (existing) => {
        if (existing === undefined) ended(row.id, rows)
      })
    },
    append: (request) =>
      Effect.flatMap(encoded.append(request), () => {
        ended(request.execution, request.rows)
        return Effect.void
      }),
    read: (id, from, limit) =>
      limit === undefined ? reads(id, from, encoded.read(id, from), (rows) => rows) : encoded.read(id, from, limit),
    latest: (id) => reads(id, 0, encoded.latest(id), (found) => found?.rows ?? []),
    purge: (query) =>
      // What was lost may be what would say that something has not ended.
      heads.damaged.size > 0 ? Effect.succeed([]) : Effect.tap(encoded.purge(query), (ids) => heads.purged(ids)),
    damage: Effect.sync(() => new Map(heads.damaged)),
    accept: Effect.fnUntraced(function* (executions) {
      if (!heads.owned) return yield* notOwned(database)
      for (const execution of executions) {
        const [last] = yield* all(Statements.last, [execution])
        heads.damaged.delete(execution)
        heads.known.delete(execution)
        if (last !== undefined) heads.set(execution, { seq: Number(last.seq), hash: String(last.hash) })
      }
      yield* save
    })
  }
  return guarded
})

/** Whether the entry is among these, or was before the stage with which they begin. */
const holds = (rows: ReadonlyArray<EntryRow>, { hash, seq }: Head): boolean => {
  const last = rows[rows.length - 1]
  if (last === undefined) return false
  const row = rows[rows.length - 1 - (last.seq - seq)]
  return row === undefined || row.seq !== seq
    ? seq < last.seq && rows[1] !== undefined && rows[1].seq > 1
    : row.hash === hash || isSnapshot(row)
}
