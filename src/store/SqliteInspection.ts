/** Where a database is, as somebody finds it who looks for trouble: the file, the disk, the library, who owns it. Nothing is written. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import { current } from "./migrations.js"
import type { SqliteConnection } from "./SqliteConnection.js"
import * as SqliteFile from "./SqliteFile.js"
import * as SqliteLock from "./SqliteLock.js"

export interface Inspection extends SqliteLock.Holding {
  /** the version of Node */
  readonly node: string
  /** the version of SQLite */
  readonly sqlite: string
  /** the version of the schema, and the one that this build makes */
  readonly schema: number
  readonly current: number
  /** the journal mode */
  readonly mode: string
  /** of the database and its log, in bytes */
  readonly size: number
  readonly log: number
  /** on its disk, in bytes; none: it is not known */
  readonly free: number | undefined
  /** the network file system that it is on */
  readonly network: string | undefined
  /** what SQLite finds damaged */
  readonly problems: ReadonlyArray<string>
}

const freeAt = (real: string): number | undefined => {
  try {
    const { bavail, bsize } = fs.statfsSync(path.dirname(real))
    return bavail * bsize
  } catch {
    return undefined
  }
}

/** Looks at a database that is open to be read. Takes as long as reading all of it. */
export const inspect = Effect.fnUntraced(function* (db: SqliteConnection, real: string) {
  const [library] = yield* db.all("SELECT sqlite_version() AS version", [])
  const checked = yield* Effect.either(db.all("PRAGMA integrity_check(10)", []))
  const problems =
    checked._tag === "Left" ? [checked.left.message] : checked.right.map((row) => String(row.integrity_check))
  const found: Inspection = {
    node: process.versions.node,
    sqlite: String(library!.version),
    schema: Number(yield* db.pragma("user_version")),
    current,
    mode: String(yield* db.pragma("journal_mode")),
    size: SqliteFile.size(real),
    log: SqliteFile.size(`${real}-wal`),
    free: freeAt(real),
    network: SqliteFile.networkAt(real),
    problems: problems.length === 1 && problems[0] === "ok" ? [] : problems,
    ...SqliteLock.holding(real)
  }
  return found
})
