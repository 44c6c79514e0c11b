/** The store in a SQLite file: opened, checked, and set to keep what it acknowledges. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { StoreError } from "../core/Errors.js"
import type { Encoded } from "./Encoded.js"
import * as migrations from "./migrations.js"
import * as SqliteAnchor from "./SqliteAnchor.js"
import type { SqliteConnection } from "./SqliteConnection.js"
import * as Connection from "./SqliteConnection.js"
import { storeError } from "./SqliteErrors.js"
import * as SqliteFile from "./SqliteFile.js"
import * as SqliteLock from "./SqliteLock.js"
import * as SqlStore from "./SqlStore.js"
import { fromEncoded, TaskStore } from "./Store.js"

export interface Options {
  /** the database file; it is made if there is none, its folder is not */
  readonly filename: string
  /**
   * `full` (the default): what was acknowledged outlives a power cut. `normal`: it outlives a crash of the process, and a
   * power cut may take the last of it, in order.
   */
  readonly durability?: "full" | "normal"
}

/** Before 3.51.3 two connections that write and checkpoint at once can corrupt a database in WAL mode. */
const oldest = [3, 51, 3] as const

/** What is wrong with this version of SQLite, if anything. */
export const checkVersion = (text: string): string | undefined => {
  const parts = text.split(".").map(Number)
  if (parts.length < 2 || parts.some((part) => !Number.isInteger(part)))
    return `SQLite's version is ${JSON.stringify(text)}`
  for (const [index, least] of oldest.entries()) {
    const part = parts[index] ?? 0
    if (part > least) return undefined
    if (part < least) {
      return `SQLite ${text} can corrupt databases in WAL mode; ${oldest.join(".")} or newer is needed: update better-sqlite3`
    }
  }
  return undefined
}

/** The longest that SQLite waits for a lock on the event loop, in milliseconds; the rest is waited for beside it. */
const timeout = 10

/** A larger database is not checked as a whole when it is opened, in bytes. */
const checkedBelow = 64 * 1024 * 1024

const synchronous = { full: 2, normal: 1 } as const

/** Refuses a library or a setting that would not keep what the store promises. */
const demand = (db: SqliteConnection, what: string, found: unknown, wanted: unknown) =>
  found === wanted
    ? Effect.void
    : storeError("Unsupported", db.name, `${what} is ${String(found)}, and ${String(wanted)} is needed`)

/** Sets what the promises need, makes the schema, and reads the settings back: the driver's own lose commits. */
const prepare = Effect.fnUntraced(function* (db: SqliteConnection, durability: "full" | "normal") {
  const [library] = yield* db.all("SELECT sqlite_version() AS version", [])
  const outdated = checkVersion(String(library!.version))
  if (outdated !== undefined) return yield* storeError("Unsupported", db.name, outdated)
  const patiently = <A>(effect: Effect.Effect<A, StoreError>) => SqlStore.patiently(db, effect)
  yield* demand(db, "journal_mode", yield* patiently(db.pragma("journal_mode = WAL")), "wal")
  yield* db.pragma(`synchronous = ${synchronous[durability]}`)
  yield* db.pragma("wal_autocheckpoint = 0")
  yield* db.pragma("temp_store = MEMORY")
  yield* patiently(migrations.migrate(db))
  yield* demand(db, "synchronous", yield* db.pragma("synchronous"), synchronous[durability])
})

/** Tells of damage to the database's structure. What can be read is used all the same: each journal is verified. */
const check = Effect.fnUntraced(function* (db: SqliteConnection) {
  const found = yield* Effect.either(db.all("PRAGMA quick_check(10)", []))
  const problems = found._tag === "Left" ? [found.left.message] : found.right.map((row) => String(row.quick_check))
  if (problems.length === 1 && problems[0] === "ok") return
  yield* Effect.logWarning(`${db.name} is damaged; executions that cannot be read are refused. ${problems.join("; ")}`)
})

/** What was a database of ours, by the file beside it, is not taken for a new one, or for somebody else's. */
const lost = (real: string, what: string): StoreError =>
  storeError("Corrupt", real, `${what}, but ${SqliteAnchor.fileOf(real)} tells of entries that it held`)

/** Whose file it is, before anything is written to it. */
const identify = Effect.fnUntraced(function* (real: string) {
  const held = (SqliteAnchor.read(real)?.executions ?? 0) > 0
  const patiently = SqlStore.patiently({ holder: Effect.succeed("") }, SqliteFile.kindOf(real))
  const kind = yield* Effect.mapError(patiently, (error) =>
    held && error.reason === "NotOurs" ? lost(real, "it is no database any more") : error
  )
  if (kind === "new" && held) return yield* lost(real, "it is gone or empty")
  return kind
})

/** The store, with the connection that it has to itself. */
export const open = Effect.fnUntraced(function* ({ durability, filename }: Options) {
  const real = yield* SqliteFile.resolve(filename, { write: true })
  const network = SqliteFile.networkAt(real)
  if (network !== undefined) {
    yield* Effect.logWarning(`${real} is on ${network}, where SQLite's locks can fail: keep it on a local disk`)
  }
  yield* identify(real)
  const db = yield* Connection.make({ filename: real, timeout })
  yield* prepare(db, durability ?? "full")
  if (SqliteFile.size(real) < checkedBelow) yield* check(db)
  const { all, encoded } = yield* SqlStore.make({ sql: db, own: SqliteLock.acquire(real) })
  return { db, encoded: yield* SqliteAnchor.guard(encoded, all, real), real }
})

/**
 * Opens the file, or makes it. It fails, and leaves the file as it was, if that is no database, another program's, a newer
 * tidemark's, or cannot be written.
 */
export const make = (options: Options) => Effect.map(open(options), ({ encoded }) => encoded)

/** The store in this file. */
export const layer = (options: Options): Layer.Layer<TaskStore, StoreError> =>
  Layer.scoped(TaskStore, Effect.map(make(options), fromEncoded))

const refused = (real: string) => () => storeError("ReadOnly", real, "it was opened for reading only")

/** Opens the file in place or, where SQLite cannot read it there, a copy of it. */
const openToRead = Effect.fnUntraced(function* (real: string) {
  const inPlace = Effect.tap(Connection.make({ filename: real, readonly: true, timeout }), (db) =>
    db.all("SELECT count(*) FROM sqlite_schema", [])
  )
  return yield* Effect.catchIf(
    inPlace,
    ({ reason }) => reason === "NotFound" || reason === "ReadOnly",
    () => Effect.flatMap(SqliteFile.copied(real), (copy) => Connection.make({ filename: copy, timeout }))
  )
})

/** A database that is older than what is asked for has nothing of it, and nothing is taken up where nothing is written. */
const orNothing =
  (db: SqliteConnection, since: number) =>
  <A>(read: Effect.Effect<A, StoreError>, nothing: A): Effect.Effect<A, StoreError> =>
    Effect.catchAll(read, (error) =>
      Effect.flatMap(db.pragma("user_version"), (version) =>
        Number(version) < since ? Effect.succeed(nothing) : Effect.fail(error)
      )
    )

/** A database that is older than letters has none. */
const latestBefore = (db: SqliteConnection, { get, read }: Encoded, id: string, error: StoreError) =>
  Effect.gen(function* () {
    if (Number(yield* db.pragma("user_version")) >= migrations.waiting) return yield* error
    const row = yield* get(id)
    return row === undefined ? undefined : { row, rows: yield* read(id, 0), letters: false }
  })

/**
 * The file for inspection: every write is refused with `StoreError` ReadOnly. A database in WAL mode on a file system that
 * cannot be written is read from a copy.
 */
export const openReadonly = Effect.fnUntraced(function* ({ filename }: Pick<Options, "filename">) {
  const real = yield* SqliteFile.resolve(filename, { write: false })
  if (SqliteFile.size(real) === 0) return yield* storeError("NotFound", real, "there is no database")
  yield* SqliteFile.notTooSmall(real)
  const db = yield* openToRead(real)
  const kind = yield* SqliteFile.identify(db, real)
  if (kind === "new") return yield* storeError("NotFound", real, "there is nothing in it")
  const { all, encoded } = yield* SqlStore.make({ sql: db, own: Effect.suspend(refused(real)) })
  const guarded = yield* SqliteAnchor.guard(encoded, all, real)
  const no = refused(real)
  const waiting = orNothing(db, migrations.waiting)
  const keyed = orNothing(db, migrations.keyed)
  const retained = orNothing(db, migrations.retained)
  const tagged = orNothing(db, migrations.tagged)
  const inspected: Encoded = {
    ...guarded,
    create: no,
    append: no,
    claim: no,
    order: no,
    answer: no,
    takeAnswer: no,
    complete: no,
    end: no,
    beat: no,
    post: no,
    reach: no,
    purge: no,
    purged: (id) => retained(guarded.purged(id), undefined),
    accept: no,
    list: (query) => (query.tags?.length ? tagged(guarded.list(query), []) : guarded.list(query)),
    token: (hash) => waiting(guarded.token(hash), undefined),
    latest: (id) => Effect.catchAll(guarded.latest(id), (error) => latestBefore(db, guarded, id, error)),
    letters: (id) => waiting(guarded.letters(id), []),
    due: (query) => keyed(guarded.due(query), []),
    holders: (lane) => keyed(guarded.holders(lane), []),
    addressed: waiting(guarded.addressed, []),
    nextWake: (after) => keyed(guarded.nextWake(after), undefined)
  }
  return { db, encoded: inspected, real }
})

/** The same, without the connection that it has to itself. */
export const makeReadonly = (options: Pick<Options, "filename">) =>
  Effect.map(openReadonly(options), ({ encoded }) => encoded)

/** The store in this file, for inspection: see `makeReadonly`. */
export const layerReadonly = (options: Pick<Options, "filename">): Layer.Layer<TaskStore, StoreError> =>
  Layer.scoped(TaskStore, Effect.map(makeReadonly(options), fromEncoded))
