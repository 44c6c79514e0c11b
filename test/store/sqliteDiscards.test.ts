import * as fs from "node:fs"
import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Entry } from "../../src/core/Entry.js"
import type { Encoded } from "../../src/store/Encoded.js"
import * as migrations from "../../src/store/migrations.js"
import type { Sql } from "../../src/store/Sql.js"
import * as SqliteConnection from "../../src/store/SqliteConnection.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import * as SqlStore from "../../src/store/SqlStore.js"
import { fromEncoded, type Head, rowInstead } from "../../src/store/Store.js"
import { row } from "../../src/testing/StoreSuiteRows.js"
import { copy } from "./support/Files.js"
import { temporaryFile, temporaryFolder } from "./support/TemporaryFolder.js"

const created: Entry = { _tag: "Created", task: "place-order", version: 1, payload: null }
const claim: Entry = { _tag: "Claimed", owner: "me", crashed: false }
const snapshot: Entry = { _tag: "Snapshot", startedAt: 1, updatedAt: 1, owner: "me", phases: [], events: [] }

const begin = Effect.fnUntraced(function* (encoded: Encoded) {
  const store = fromEncoded(encoded)
  const made = yield* store.create(row("a"), [created, claim, claim, claim, claim])
  return "head" in made ? made.head : yield* Effect.dieMessage("it exists already")
})

/** Discards the first two of four, beside another append. */
const discard = Effect.fnUntraced(function* (encoded: Encoded, head: Head) {
  const store = fromEncoded(encoded)
  const gone = (yield* store.row("a", 2))!
  const instead = rowInstead("a", gone, snapshot)
  const said: Entry = { _tag: "Discarded", before: "b", through: 2, hash: gone.hash, values: instead.hash }
  return yield* store.append(head, 9, [claim, said], "Running", { discard: { after: 0, through: 2, instead } })
})

const seqs = (encoded: Encoded) =>
  Effect.map(fromEncoded(encoded).load("a"), (journal) => journal?.entries.map(({ seq }) => seq))

describe("a discard in a file", () => {
  it.scoped("killed before or after any statement leaves all that it takes away, or nothing of it", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const filename = path.join(folder, "tidemark.db")
      const connection = yield* SqliteConnection.make({ filename, timeout: 0 })
      yield* connection.pragma("journal_mode = WAL")
      yield* migrations.migrate(connection)
      let watching = false
      let statements = 0
      // The files as a kill at this moment would leave them.
      const look = Effect.sync(() => {
        if (watching) copy(filename, path.join(folder, `${statements++}.db`))
      })
      const sql: Sql = {
        ...connection,
        run: (text, values) => Effect.ensuring(Effect.zipRight(look, connection.run(text, values)), look),
        transaction: (effect) => Effect.zipLeft(connection.transaction(effect), look)
      }
      const { encoded } = yield* SqlStore.make({ sql, own: Effect.succeed(false) })
      const head = yield* begin(encoded)
      watching = true
      yield* discard(encoded, head)
      watching = false
      const found = new Set<string>()
      for (let n = 0; n < statements; n++) {
        const left = yield* SqliteStore.make({ filename: path.join(folder, `${n}.db`) })
        found.add(String(yield* seqs(left)))
      }
      assert.isAbove(statements, 4)
      assert.deepStrictEqual([...found], ["0,1,2,3,4", "0,2,3,4,5,6"])
    })
  )

  it.scoped("is no loss to who opens it with an anchor from before", () =>
    Effect.gen(function* () {
      for (const anchored of [1, 2, 4]) {
        const filename = yield* temporaryFile
        const anchor = `${filename}.anchor`
        const store = yield* SqliteStore.make({ filename })
        const head = yield* Effect.scoped(Effect.zipRight(store.own, begin(store)))
        const hash = (yield* store.read("a", anchored, 1))[0]!.hash
        yield* discard(store, head)
        fs.writeFileSync(anchor, JSON.stringify({ executions: 1, heads: [["a", anchored, hash]] }))
        const other = yield* SqliteStore.make({ filename })
        assert.deepStrictEqual(yield* other.damage, new Map())
        assert.deepStrictEqual(yield* seqs(other), [0, 2, 3, 4, 5, 6])
      }
    })
  )
})
