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

/** A database as an older version left it. */
const golden = Effect.fnUntraced(function* (version: number) {
  const filename = yield* temporaryFile
  const db = new Database(filename)
  db.exec(fs.readFileSync(new URL(`golden/${version}.sql`, import.meta.url), "utf8"))
  db.close()
  return filename
})

/** Those of which there is a database. */
const versions = fs
  .readdirSync(new URL("golden", import.meta.url))
  .map((name) => Number.parseInt(name, 10))
  .sort((a, b) => a - b)

describe("migrations", () => {
  it("have a database of each version that there ever was", () => {
    const all = Array.from({ length: migrations.current - 1 }, (_, index) => index + 1)
    assert.deepStrictEqual(versions.slice(0, all.length), all)
  })

  for (const version of versions) {
    it.scoped(`bring a database of version ${version} to the newest schema, and lose no journal of it`, () =>
      Effect.gen(function* () {
        const filename = yield* golden(version)
        const inspected = fromEncoded(yield* SqliteStore.makeReadonly({ filename }))
        const rows = yield* inspected.list({})
        assert.isAbove(rows.length, 1)
        const before = yield* Effect.forEach(rows, ({ id }) => inspected.load(id))
        const store = fromEncoded(yield* SqliteStore.make({ filename }))
        assert.deepStrictEqual(yield* Effect.forEach(rows, ({ id }) => store.load(id)), before)
        const fresh = yield* temporaryFile
        yield* Effect.scoped(SqliteStore.make({ filename: fresh }))
        assert.deepStrictEqual(schemaOf(filename), schemaOf(fresh))
      })
    )
  }

  it.scoped("killed before or after any statement leave the schema of one version, whole, and go on from there", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const filename = path.join(folder, "tidemark.db")
      const connection = yield* SqliteConnection.make({ filename, timeout: 0 })
      yield* connection.pragma("journal_mode = WAL")
      const schemas = [
        schemaOf(filename),
        ...(yield* Effect.forEach(versions.slice(0, migrations.current - 1), (n) => Effect.map(golden(n), schemaOf)))
      ]
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
      schemas.push(whole)
      assert.strictEqual(schemas.length, migrations.current + 1)
      assert.strictEqual(whole.version, migrations.current)
      assert.isAbove(statements, 10)
      for (let n = 0; n < statements; n++) {
        const left = path.join(folder, `${n}.db`)
        const found = schemaOf(left)
        assert.deepStrictEqual(found, schemas[Number(found.version)], `killed at ${n}`)
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

  it.scoped("keep what a database of each version holds, and let it go on", () =>
    Effect.gen(function* () {
      const filename = yield* golden(1)
      const inspected = fromEncoded(yield* SqliteStore.makeReadonly({ filename }))
      const before = yield* said(inspected, "b")
      assert.include(before, "it's é")
      // There were no letters then.
      assert.deepStrictEqual(yield* inspected.latest("b"), { ...(yield* inspected.load("b"))!, letters: false })
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      assert.strictEqual(yield* said(store, "b"), before)
      assert.deepStrictEqual(yield* store.list({}), yield* inspected.list({}))
      assert.deepStrictEqual(
        (yield* store.orders).map(({ verb }) => verb),
        ["resume"]
      )
      const { head } = (yield* store.load("a"))!
      yield* store.append(head, 3, [{ _tag: "PhaseSucceeded", path: "q", value: 1 }], "Waiting", {
        rest: { wake: 5, seen: 0 }
      })
      assert.deepStrictEqual(yield* store.due({ now: 5 }), [{ id: "a", task: "t", priority: 0, since: 5 }])
    })
  )

  it.scoped("keep what waits in a database of the second version, and put nothing into a lane", () =>
    Effect.gen(function* () {
      const filename = yield* golden(2)
      const inspected = fromEncoded(yield* SqliteStore.makeReadonly({ filename }))
      assert.lengthOf(yield* inspected.letters("a"), 1)
      assert.deepStrictEqual(
        [yield* inspected.due({ now: 99 }), yield* inspected.nextWake(0), yield* inspected.holders("t")],
        [[], undefined, []]
      )
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      assert.deepStrictEqual(yield* store.list({}), yield* inspected.list({}))
      assert.deepStrictEqual(yield* store.due({ now: 50 }), [
        { id: "c", task: "t", priority: 2, since: 40 },
        { id: "a", task: "t", priority: 0, since: 5 }
      ])
      assert.strictEqual(yield* store.nextWake(0), 40)
      const { head } = (yield* store.load("c"))!
      yield* store.append(head, 41, [{ _tag: "Claimed", owner: "me", crashed: false }], "Running", {
        claim: "me",
        limit: 1
      })
      assert.deepStrictEqual(
        (yield* store.due({ now: 50 })).map(({ id }) => id),
        ["a"]
      )
    })
  )

  it.scoped("keep who stands in line in a database of the third version, and read journals from their stages", () =>
    Effect.gen(function* () {
      const filename = yield* golden(3)
      const inspected = fromEncoded(yield* SqliteStore.makeReadonly({ filename }))
      const before = yield* said(inspected, "a")
      assert.deepStrictEqual(yield* inspected.latest("a"), { ...(yield* inspected.load("a"))!, letters: true })
      const store = fromEncoded(yield* SqliteStore.make({ filename }))
      assert.strictEqual(yield* said(store, "a"), before)
      assert.deepStrictEqual(
        (yield* store.due({ now: 50, lanes: { t: 1 } })).map(({ id, lane }) => [id, lane]),
        [
          ["c", "t k"],
          ["a", undefined]
        ]
      )
      const { head } = (yield* store.load("b"))!
      const kept = { startedAt: 1, updatedAt: 1, owner: "me" }
      const entered = { _tag: "StageEntered", stage: "s", n: 1, kept } as const
      yield* store.append(head, 3, [entered], "Running")
      assert.deepStrictEqual(
        (yield* store.latest("b"))!.entries.map(({ seq }) => seq),
        [0, 4]
      )
    })
  )

  it.scoped("are not run for an inspection: nothing waits in an older database", () =>
    Effect.gen(function* () {
      const filename = yield* golden(1)
      const store = yield* SqliteStore.makeReadonly({ filename })
      assert.deepStrictEqual(yield* store.letters("a"), [])
      assert.isUndefined(yield* store.token("a"))
      assert.deepStrictEqual(
        [yield* store.due({ now: 9 }), yield* store.addressed, yield* store.nextWake(0)],
        [[], [], undefined]
      )
      assert.strictEqual((yield* Effect.flip(store.end({ hash: "h", as: "closed" }))).reason, "ReadOnly")
      assert.strictEqual(schemaOf(filename).version, 1)
      // Somebody else opens it meanwhile: what there is now is seen.
      const other = fromEncoded(yield* SqliteStore.make({ filename }))
      yield* other.post({ execution: "a", key: "s", body: 1, at: 4 })
      assert.lengthOf(yield* store.letters("a"), 1)
    })
  )
})
