/** What the connection to a SQLite file does by itself. */
import * as path from "node:path"
import type { Connection } from "@effect/sql/SqlConnection"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SqliteConnection from "../../src/store/SqliteConnection.js"
import { SqlitePrepared } from "../../src/store/SqlitePrepared.js"
import { temporaryFolder } from "./support/TemporaryFolder.js"

const insert = { text: "INSERT INTO word (text) VALUES (?)", values: ["one"] }

const connected = Effect.flatMap(temporaryFolder, (folder) =>
  SqliteConnection.make({ filename: path.join(folder, "words.db"), timeout: 0 })
)

describe("a connection", () => {
  it.scoped("tells how many rows were changed, also by what could not be prepared before", () =>
    Effect.gen(function* () {
      const db = yield* connected
      const early = yield* Effect.flip(db.run(insert.text, insert.values))
      assert.include(early.message, "no such table: word")
      yield* db.run("CREATE TABLE word (text TEXT NOT NULL UNIQUE) STRICT", [])
      assert.strictEqual(yield* db.run(insert.text, insert.values), 1)
      yield* db.run(insert.text, ["two"])
      assert.strictEqual(yield* db.run("UPDATE word SET text = text || '!'", []), 2)
    })
  )

  it.scoped("runs statements in order, and none after one that fails", () =>
    Effect.gen(function* () {
      const db = yield* connected
      yield* db.run("CREATE TABLE word (text TEXT NOT NULL UNIQUE) STRICT", [])
      yield* db.each([])
      const failed = yield* Effect.flip(db.each([insert, insert, { ...insert, values: ["two"] }]))
      assert.include(failed.message, "UNIQUE")
      assert.deepStrictEqual(yield* db.all("SELECT text FROM word", []), [{ text: "one" }])
      const all = { text: "UPDATE word SET text = text || '!'", values: [] }
      yield* db.each([{ ...insert, values: ["two"] }, all, { ...insert, values: ["three"] }])
      yield* db.each([{ ...insert, values: ["four"] }, all])
      const words = yield* db.all("SELECT text FROM word ORDER BY rowid", [])
      assert.deepStrictEqual(
        words.map(({ text }) => text),
        ["one!!", "two!!", "three!", "four!"]
      )
    })
  )

  it.scoped("does not remember what could not be prepared", () =>
    Effect.gen(function* () {
      const db = yield* connected
      const early = yield* Effect.flip(db.each([insert]))
      assert.include(early.message, "no such table: word")
      yield* db.run("CREATE TABLE word (text TEXT NOT NULL UNIQUE) STRICT", [])
      yield* db.each([insert])
      assert.deepStrictEqual(yield* db.all("SELECT text FROM word", []), [{ text: "one" }])
    })
  )
})

describe("a prepared statement", () => {
  it.effect("answers each reader what that one asked for, whoever comes between", () =>
    Effect.gen(function* () {
      let made = 0
      // It looks at its values later than a reader gave them: others may have come between.
      const client = {
        executeUnprepared: (_: string, values: ReadonlyArray<unknown>) => {
          made++
          return Effect.flatMap(Effect.yieldNow(), () => Effect.sync(() => [...values]))
        }
      }
      const prepared = new SqlitePrepared(client as unknown as Connection)
      const read = (n: number) => Effect.suspend(() => prepared.read("SELECT ?", [n]))
      const numbers = Array.from({ length: 20 }, (_, n) => n)
      const found = yield* Effect.forEach(numbers, read, { concurrency: "unbounded" })
      assert.deepStrictEqual(
        found,
        numbers.map((n) => [n])
      )
      const before = made
      assert.deepStrictEqual([yield* read(7), yield* read(8)], [[7], [8]])
      assert.strictEqual(made, before)
    })
  )
})
