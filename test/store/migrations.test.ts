import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import Database from "better-sqlite3"
import * as Effect from "effect/Effect"
import * as migrations from "../../src/store/migrations.js"
import type { Sql } from "../../src/store/Sql.js"
import * as SqliteConnection from "../../src/store/SqliteConnection.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { copy } from "./support/Files.js"
import { said, write } from "./support/Journals.js"
import { temporaryFile, temporaryFolder } from "./support/TemporaryFolder.js"

const schemaOf = (filename: string) => {
  const db = new Database(filename)
  const sql = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all()
  const found = { version: db.pragma("user_version", { simple: true }), sql }
  db.close()
  return found
}

describe("migrations", () => {
  it.scoped("killed before or after any statement leave the old schema or the new one, and go on from there", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const filename = path.join(folder, "tidemark.db")
      const connection = yield* SqliteConnection.make({ filename, timeout: 0 })
      yield* connection.pragma("journal_mode = WAL")
      const empty = schemaOf(filename)
      let statements = 0
      // The files as a kill at this moment would leave them.
      const snapshot = Effect.sync(() => copy(filename, path.join(folder, `${statements++}.db`)))
      const watched: Sql = {
        ...connection,
        run: (text, values) => Effect.zipRight(snapshot, connection.run(text, values)),
        transaction: (effect) => Effect.zipRight(snapshot, connection.transaction(Effect.tap(effect, snapshot)))
      }
      yield* migrations.migrate(watched)
      yield* snapshot
      const whole = schemaOf(filename)
      assert.strictEqual(whole.version, migrations.current)
      assert.isAbove(statements, 10)
      for (let n = 0; n < statements; n++) {
        const left = path.join(folder, `${n}.db`)
        assert.deepInclude([empty, whole], schemaOf(left), `killed at ${n}`)
        const store = fromEncoded(yield* SqliteStore.make({ filename: left }))
        assert.deepStrictEqual(schemaOf(left), whole)
        yield* write(store, "a", 2)
        assert.include(yield* said(store, "a"), "PhaseSucceeded")
      }
    })
  )

  it.scoped("run once, however often a store is opened", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const open = Effect.scoped(SqliteStore.make({ filename }))
      yield* open
      const before = fs.readFileSync(filename)
      yield* open
      assert.isTrue(before.equals(fs.readFileSync(filename)))
    })
  )

  it.scoped("read what a database of each version holds", () =>
    Effect.gen(function* () {
      // For now there is one version, and the code at hand makes its example.
      const golden = yield* temporaryFile
      const before = yield* Effect.scoped(
        Effect.gen(function* () {
          const store = fromEncoded(yield* SqliteStore.make({ filename: golden }))
          yield* write(store, "a", 5)
          return yield* said(store, "a")
        })
      )
      const store = fromEncoded(yield* SqliteStore.make({ filename: golden }))
      assert.strictEqual(yield* said(store, "a"), before)
    })
  )
})
