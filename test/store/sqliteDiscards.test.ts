import * as fs from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Entry } from "../../src/core/Entry.js"
import type { Encoded } from "../../src/store/Encoded.js"
import * as SqliteStore from "../../src/store/SqliteStore.js"
import { fromEncoded, type Head, rowInstead } from "../../src/store/Store.js"
import { row } from "../../src/testing/StoreSuiteRows.js"
import { killedIn } from "./support/Statements.js"
import { temporaryFile } from "./support/TemporaryFolder.js"

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
      const { places, seen } = yield* killedIn(begin, discard, (left) => Effect.map(seqs(left), String))
      assert.isAbove(places, 4)
      assert.deepStrictEqual(seen, ["0,1,2,3,4", "0,2,3,4,5,6"])
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
