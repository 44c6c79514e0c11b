/** What the disk and SQLite give without us: inserts of some 300 bytes. */
import * as path from "node:path"
import * as Reactivity from "@effect/experimental/Reactivity"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import type { Variant } from "./Measure.js"

/** Inserts of one round. */
const inserts = 1_000

const body = JSON.stringify({ _tag: "PhaseSucceeded", path: "p", value: "v".repeat(240) })
const table = "CREATE TABLE IF NOT EXISTS journal (number INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT"
const insert = "INSERT INTO journal (body) VALUES (?)"

const perSecond = (count: number, began: number): number => (count * 1_000) / (performance.now() - began)

const open = (filename: string, synchronous: "FULL" | "NORMAL"): Database.Database => {
  const db = new Database(filename)
  db.pragma("journal_mode = WAL")
  db.pragma(`synchronous = ${synchronous}`)
  db.exec(table)
  return db
}

/** better-sqlite3 itself: `perCommit` rows a commit. */
const driver = (folder: string, name: string, synchronous: "FULL" | "NORMAL", perCommit: number): Variant => ({
  name,
  unit: "/s",
  round: Effect.sync(() => {
    const db = open(path.join(folder, `raw-${synchronous}-${perCommit}.db`), synchronous)
    const statement = db.prepare(insert)
    const many = db.transaction(() => {
      for (let row = 0; row < perCommit; row++) statement.run(body)
    })
    const began = performance.now()
    const total = perCommit === 1 ? inserts : inserts * 10
    for (let index = 0; index < total; index += perCommit) {
      if (perCommit === 1) statement.run(body)
      else many()
    }
    const figure = perSecond(total, began)
    db.close()
    return figure
  })
})

/** The same insert through `SqlClient`. */
const client = (folder: string, name: string, synchronous: "FULL" | "NORMAL"): Variant => ({
  name,
  unit: "/s",
  round: Effect.gen(function* () {
    const sql = yield* SqliteClient.make({ filename: path.join(folder, `client-${synchronous}.db`) })
    yield* sql.unsafe(table)
    yield* sql.unsafe(`PRAGMA synchronous = ${synchronous}`)
    const began = performance.now()
    for (let index = 0; index < inserts; index++) yield* sql`INSERT INTO journal (body) VALUES (${body})`
    return perSecond(inserts, began)
  }).pipe(Effect.scoped, Effect.provide(Reactivity.layer), Effect.withTracerEnabled(false), Effect.orDie)
})

export const names = {
  full: "better-sqlite3, FULL, one insert a commit",
  normal: "better-sqlite3, NORMAL, one insert a commit",
  many: "better-sqlite3, FULL, 100 inserts a commit",
  client: "SqlClient, FULL, one insert a commit",
  clientNormal: "SqlClient, NORMAL, one insert a commit"
} as const

/** The yardstick: one insert a commit, synced. */
export const full = (folder: string): Variant => driver(folder, names.full, "FULL", 1)

/** The same, one at a time: the milliseconds that each takes. */
export const commits = (folder: string): (() => number) => {
  const db = open(path.join(folder, "raw-commits.db"), "FULL")
  const statement = db.prepare(insert)
  return () => {
    const began = performance.now()
    statement.run(body)
    return performance.now() - began
  }
}

/** All of them. */
export const all = (folder: string): ReadonlyArray<Variant> => [
  full(folder),
  driver(folder, names.normal, "NORMAL", 1),
  driver(folder, names.many, "FULL", 100),
  client(folder, names.client, "FULL"),
  client(folder, names.clientNormal, "NORMAL")
]
