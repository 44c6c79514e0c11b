import * as path from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Entry } from "../../src/core/Entry.js"
import type { Encoded } from "../../src/store/Encoded.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { row, token } from "../../src/testing/StoreSuiteRows.js"
import { copy } from "./support/Files.js"
import { killedIn } from "./support/Statements.js"
import { temporaryFile, temporaryFolder } from "./support/TemporaryFolder.js"

const made = (parent?: string): Entry => ({
  _tag: "Created",
  task: "place-order",
  version: 1,
  payload: null,
  ...(parent === undefined ? {} : { parent: { execution: parent, path: "child" } })
})
const query = { task: "place-order", before: 10, limit: 100, at: 20 }

/** A parent and its child, with a token and a letter each, both ended; and one that is newer. */
const begin = Effect.fnUntraced(function* (encoded: Encoded) {
  const store = fromEncoded(encoded)
  for (const [id, entry] of [["a", made()] as const, ["a/child", made("a")] as const]) {
    const begun = yield* store.create(row(id, { status: "Running" }), [entry])
    if (!("head" in begun)) return yield* Effect.dieMessage("it exists already")
    const asks: Entry = { _tag: "PhaseStarted", path: "b", name: "b", kind: "delegate", token: id }
    const head = yield* store.append(begun.head, 2, [asks], null, { tokens: [token(id)] })
    yield* encoded.post({ execution: id, key: "go", body: {}, at: 3 })
    yield* store.append(head, 4, [{ _tag: "Completed", value: null }], "Completed")
  }
  yield* store.create(row("newest"), [made()])
})

/** What of them is there. */
const left = (encoded: Encoded) =>
  Effect.gen(function* () {
    const found: Array<string> = []
    for (const id of ["a", "a/child"]) {
      const there = [
        yield* encoded.get(id),
        (yield* encoded.read(id, 0))[0],
        yield* encoded.token(id),
        (yield* encoded.letters(id))[0],
        yield* encoded.purged(id)
      ]
      found.push(there.map((one) => (one === undefined ? "-" : "x")).join(""))
    }
    return found.join(" ")
  })

describe("a purge in a file", () => {
  it.scoped("killed before or after any statement takes all of a family away, or nothing of it", () =>
    Effect.gen(function* () {
      const purge = (encoded: Encoded) =>
        Effect.map(encoded.purge(query), (gone) => assert.sameMembers([...gone], ["a", "a/child"]))
      const { places, seen } = yield* killedIn(begin, purge, left)
      assert.isAbove(places, 8)
      assert.deepStrictEqual(seen, ["xxxx- xxxx-", "----x ----x"])
    })
  )

  it.scoped("is nothing that was lost, to whoever opens the file next, and to a reader that was there before", () =>
    Effect.gen(function* () {
      const filename = yield* temporaryFile
      const owned = Effect.gen(function* () {
        const encoded = yield* SqliteStore.make({ filename })
        yield* encoded.own
        return encoded
      })
      yield* Effect.scoped(Effect.flatMap(owned, begin))
      const reader = yield* SqliteStore.makeReadonly({ filename })
      yield* Effect.scoped(
        Effect.gen(function* () {
          const encoded = yield* owned
          yield* encoded.purge(query)
          assert.strictEqual((yield* encoded.damage).size, 0)
        })
      )
      assert.deepStrictEqual(yield* reader.read("a", 0), [])
      const later = yield* SqliteStore.makeReadonly({ filename })
      for (const encoded of [reader, later]) {
        assert.strictEqual((yield* encoded.damage).size, 0)
        assert.strictEqual((yield* Effect.flip(fromEncoded(encoded).absent("a")))._tag, "ExecutionDiscarded")
      }
    })
  )

  it.scoped("killed before the anchor is written is nothing that was lost either", () =>
    Effect.gen(function* () {
      const folder = yield* temporaryFolder
      const filename = path.join(folder, "tidemark.db")
      const killed = path.join(folder, "killed.db")
      yield* Effect.scoped(
        Effect.gen(function* () {
          const encoded = yield* SqliteStore.make({ filename })
          yield* encoded.own
          yield* begin(encoded)
        })
      )
      yield* Effect.scoped(
        Effect.gen(function* () {
          const encoded = yield* SqliteStore.make({ filename })
          yield* encoded.purge(query)
        })
      )
      // Whoever did not own it has written no anchor: that is the one from before.
      copy(filename, killed)
      const encoded = yield* SqliteStore.make({ filename: killed })
      yield* encoded.own
      assert.strictEqual((yield* encoded.damage).size, 0)
    })
  )
})
