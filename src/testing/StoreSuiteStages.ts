/** A part of the suite: journals that are read from their last stage on. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Entry } from "../core/Entry.js"
import { fromEncoded } from "../store/Store.js"
import { claimed, request, row, type Test, tagOf } from "./StoreSuiteRows.js"

const kept = { startedAt: 1, updatedAt: 1, owner: "me" }
const entered = (n: number): Entry => ({ _tag: "StageEntered", stage: "page", n, kept })

export const staging = (test: Test): void => {
  test("answers what it takes to go on from the last stage that was entered", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const seqs = Effect.map(store.latest("a"), (journal) => journal?.entries.map(({ seq }) => seq))
      const claim: Entry = { _tag: "Claimed", owner: "me", crashed: false }
      const done = (path: string): Entry => ({ _tag: "PhaseSucceeded", path, value: "x".repeat(100) })
      assert.isUndefined(yield* store.latest("a"))
      const made = yield* store.create(row("a"), [{ _tag: "Created", task: "place-order", version: 1, payload: null }])
      if (!("head" in made)) return assert.fail("it exists already")
      let { head } = made
      const add = (...entries: ReadonlyArray<Entry>) =>
        Effect.map(store.append(head, 5, entries, null), (next) => {
          head = next
        })
      yield* add(claim, claim)
      assert.deepStrictEqual(yield* store.latest("a"), { ...(yield* store.load("a"))!, letters: false })
      yield* add(entered(1))
      assert.deepStrictEqual(yield* seqs, [0, 3])
      yield* add(done("b"), done("c"))
      assert.deepStrictEqual(yield* seqs, [0, 3, 4, 5])
      const whole = yield* store.load("a")
      const latest = yield* store.latest("a")
      assert.deepStrictEqual(latest?.head, whole?.head)
      assert.deepStrictEqual(latest?.head, head)
      assert.deepStrictEqual(latest?.entries, [...whole!.entries.slice(0, 1), ...whole!.entries.slice(3)])
      yield* add(done("d"), entered(2), done("e"), entered(3))
      assert.deepStrictEqual(yield* seqs, [0, 9])
      assert.strictEqual(head.size, JSON.stringify(entered(3)).length)
      yield* add(done("f"))
      assert.deepStrictEqual(yield* seqs, [0, 9, 10])
      assert.deepStrictEqual((yield* store.latest("a"))?.head, head)
      assert.lengthOf((yield* store.load("a"))!.entries, 11)
      // What another execution does is none of its business.
      yield* store.create(row("b"), [{ _tag: "Created", task: "place-order", version: 1, payload: null }, entered(1)])
      assert.deepStrictEqual(yield* seqs, [0, 9, 10])
      assert.deepStrictEqual((yield* store.latest("b"))!.entries.length, 2)
    }))
  test("answers with that whether somebody has sent something that nobody has taken", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const letters = Effect.map(store.latest("a"), (journal) => journal?.letters)
      const made = yield* store.create(row("a"), [{ _tag: "Created", task: "place-order", version: 1, payload: null }])
      if (!("head" in made)) return assert.fail("it exists already")
      yield* store.create(row("b"), [{ _tag: "Created", task: "place-order", version: 1, payload: null }])
      yield* store.post({ execution: "b", key: "go", body: {}, at: 1 })
      assert.strictEqual(yield* letters, false)
      yield* store.post({ execution: "a", key: "go", body: {}, at: 2 })
      assert.strictEqual(yield* letters, true)
      const [letter] = yield* store.letters("a")
      const taken = [letter!.id]
      yield* store.append(made.head, 3, [{ _tag: "Claimed", owner: "me", crashed: false }], null, { taken })
      assert.strictEqual(yield* letters, false)
    }))
  test("finds an entry after a stage whose chain is broken", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const made: Entry = { _tag: "Created", task: "place-order", version: 1, payload: null }
      yield* store.create(row("a"), [made, { _tag: "Claimed", owner: "me", crashed: false }, entered(1)])
      assert.strictEqual(yield* tagOf(store.latest("a")), "done")
      yield* encoded.append(request("a", 3, [claimed]))
      assert.strictEqual(yield* tagOf(store.latest("a")), "JournalCorrupt")
    }))
}
