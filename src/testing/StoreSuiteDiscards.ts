/** A part of the suite: journals of which a part is discarded. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Entry } from "../core/Entry.js"
import type { Encoded } from "../store/Encoded.js"
import { fromEncoded, type Head, rowInstead } from "../store/Store.js"
import { row, type Test, tagOf, token } from "./StoreSuiteRows.js"

const created: Entry = { _tag: "Created", task: "place-order", version: 1, payload: null }
const claim: Entry = { _tag: "Claimed", owner: "me", crashed: false }
const kept = { startedAt: 1, updatedAt: 1, owner: "me" }
const entered = (n: number): Entry => ({ _tag: "StageEntered", stage: "page", n, kept })
const snapshot: Entry = { _tag: "Snapshot", ...kept, phases: [], events: [] }

/** An execution with six entries: created, two claims, a stage, two claims. */
const six = Effect.fnUntraced(function* (encoded: Encoded) {
  const store = fromEncoded(encoded)
  const made = yield* store.create(row("a"), [created, claim, claim, entered(1), claim, claim])
  if (!("head" in made)) return yield* Effect.dieMessage("it exists already")
  const { head } = made
  const seqs = Effect.map(store.load("a"), (journal) => journal?.entries.map(({ seq }) => seq))
  return { store, head, seqs }
})

/** Discards the entries up to `through`. */
const discard = (encoded: Encoded, head: Head, through: number, instead?: Entry, before?: string, after = 0) => {
  const store = fromEncoded(encoded)
  return Effect.flatMap(store.row("a", through), (gone) => {
    const stays = instead && rowInstead("a", gone!, instead, before)
    const entry: Entry = {
      _tag: "Discarded",
      before: "b",
      through,
      hash: gone!.hash,
      ...(stays === undefined ? {} : { values: stays.hash })
    }
    const asked = { after, through, ...(stays === undefined ? {} : { instead: stays }) }
    return Effect.map(store.append(head, 9, [entry], null, { discard: asked }), (next) => ({
      next,
      values: stays?.hash
    }))
  })
}

export const discarding = (test: Test): void => {
  test("discards entries in the append that says so, and is verified across the gap", (encoded) =>
    Effect.gen(function* () {
      const { head, seqs, store } = yield* six(encoded)
      const { next } = yield* discard(encoded, head, 2)
      assert.deepStrictEqual(yield* seqs, [0, 3, 4, 5, 6])
      assert.strictEqual(next.next, 7)
      assert.deepStrictEqual((yield* store.latest("a"))?.entries, (yield* store.load("a"))!.entries)
      assert.deepStrictEqual((yield* store.latest("a"))?.head, (yield* store.load("a"))!.head)
      const last = yield* store.append(next, 10, [claim, entered(2), claim], null)
      assert.deepStrictEqual(
        (yield* store.latest("a"))?.entries.map(({ seq }) => seq),
        [0, 8, 9]
      )
      assert.deepStrictEqual(
        (yield* store.stages("a", 1, 9)).map(({ seq }) => seq),
        [3, 8]
      )
      assert.lengthOf(yield* store.stages("a", 4, 9), 1)
      assert.lengthOf(yield* store.stages("a", 0, 1), 1)
      yield* discard(encoded, last, 7)
      assert.deepStrictEqual(yield* seqs, [0, 8, 9, 10])
      assert.deepStrictEqual(
        (yield* store.entries("a", 5)).map(({ seq }) => seq),
        [8, 9, 10]
      )
      assert.deepStrictEqual(
        (yield* store.tail("a", 2)).map(({ seq }) => seq),
        [9, 10]
      )
      assert.isUndefined(yield* store.row("a", 7))
      assert.deepStrictEqual((yield* store.row("a", 8))?.seq, 8)
    }))
  test("puts what stays in the place of what goes, one after the other", (encoded) =>
    Effect.gen(function* () {
      const { head, seqs, store } = yield* six(encoded)
      const first = yield* discard(encoded, head, 1, snapshot)
      assert.deepStrictEqual(yield* seqs, [0, 1, 2, 3, 4, 5, 6])
      const second = yield* discard(encoded, first.next, 4, snapshot, first.values, 1)
      assert.deepStrictEqual(yield* seqs, [0, 1, 4, 5, 6, 7])
      const entries = (yield* store.load("a"))!.entries.map(({ entry }) => entry._tag)
      assert.deepStrictEqual(entries, ["Created", "Snapshot", "Snapshot", "Claimed", "Discarded", "Discarded"])
      yield* discard(encoded, second.next, 5)
      assert.deepStrictEqual(yield* seqs, [0, 6, 7, 8])
    }))
  test("finds a discard of which a part is missing, or too much is there", (encoded) =>
    Effect.gen(function* () {
      const { head, store } = yield* six(encoded)
      yield* discard(encoded, head, 2, snapshot)
      const rows = yield* encoded.read("a", 0)
      const whole = yield* store.load("a")
      const loaded = (changed: typeof rows) =>
        tagOf(fromEncoded({ ...encoded, read: () => Effect.succeed(changed) }).load("a"))
      assert.strictEqual(yield* loaded(rows), "done")
      assert.isDefined(whole)
      const [made, stays] = [rows[0]!, rows[1]!]
      for (const changed of [
        rows.filter((one) => one !== stays),
        rows.filter(({ seq }) => seq !== 3),
        rows.slice(0, -1),
        [made, { ...stays, seq: 1 }, ...rows.slice(2)],
        [made, { ...stays, body: stays.body.replace("me", "it") }, ...rows.slice(2)],
        [made, { ...stays, seq: 1 }, ...rows.slice(1)]
      ]) {
        assert.strictEqual(yield* loaded(changed), "JournalCorrupt")
      }
    }))
  test("discards the tokens that were given out in what goes, and no others", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const made = yield* store.create(row("a"), [created])
      if (!("head" in made)) return assert.fail("it exists already")
      const gives = (path: string, hash: string): Entry => ({ _tag: "TokenMade", path, token: hash })
      const before = yield* store.append(made.head, 2, [claim, gives("b", "old"), claim], null, {
        tokens: [token("old")]
      })
      const head = yield* store.append(before, 2, [gives("c", "new")], null, { tokens: [token("new")] })
      yield* discard(encoded, head, 3)
      assert.isUndefined(yield* store.token("old"))
      assert.strictEqual((yield* store.token("new"))?.execution, "a")
    }))
  test("discards nothing if the entries are refused", (encoded) =>
    Effect.gen(function* () {
      const { head, seqs } = yield* six(encoded)
      assert.strictEqual(yield* tagOf(discard(encoded, { ...head, epoch: 7 }, 2)), "Fenced")
      assert.strictEqual(yield* tagOf(discard(encoded, { ...head, next: 5 }, 2)), "Fenced")
      assert.deepStrictEqual(yield* seqs, [0, 1, 2, 3, 4, 5])
    }))
}
