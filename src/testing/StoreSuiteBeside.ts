/** Of the store suite: what goes with entries is written with them, or not at all. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Encoded } from "../store/Encoded.js"
import type { Test } from "./StoreSuiteRows.js"
import { bodies, created, first, refusals, request, row, tagOf, token } from "./StoreSuiteRows.js"

/** All that can be seen of executions "a" and "b". */
const seen = (store: Encoded) =>
  Effect.all([
    store.get("a"),
    store.read("a", 0),
    store.get("b"),
    store.letters("a"),
    store.letters("b"),
    store.token("old"),
    store.token("new"),
    store.orders,
    store.nextWake(0),
    store.due({ now: 1_000 })
  ])

const told = (hash: string, expires: number | null = null) => ({ hash, expires })

export const standingBeside = (test: Test): void => {
  test("is written with the entries, alone and among others", (store) =>
    Effect.gen(function* () {
      yield* store.create({ ...created("a", { status: "Running" }), tokens: [token("old", { clear: "text" })] })
      yield* store.create(created("b"))
      yield* store.post({ execution: "a", key: "s", body: { n: 1 }, at: 3 })
      const [letter] = yield* store.letters("a")
      const order = yield* store.order({ execution: "a", verb: "x", body: null, at: 1 })
      const given = {
        ...request("a", 1, ["1", "2"]),
        status: "Waiting" as const,
        answers: [{ order, body: "yes" }],
        tokens: [token("new", { clear: "more", expires: 9 })],
        told: [told("old", 8), told("unknown")],
        taken: [letter!.id],
        letters: [{ execution: "b", kind: "child" as const, key: "a" }],
        rest: { wake: 7, seen: 0 }
      }
      const others = ["c", "d"].map((id) => store.create(created(id)))
      yield* Effect.all([others[0]!, store.append(given), others[1]!], { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* bodies(store, "a"), [first, "1", "2"])
      assert.strictEqual(yield* store.takeAnswer(order), "yes")
      assert.deepStrictEqual(yield* store.token("new"), {
        execution: "a",
        task: "place-order",
        path: "charge",
        clear: "more",
        schema: { type: "string" },
        expires: 9,
        ended: null,
        beat: null,
        progress: null
      })
      assert.deepInclude(yield* store.token("old"), { clear: null, expires: 8 })
      assert.deepStrictEqual(yield* store.letters("a"), [])
      const { at } = given.rows[1]!
      assert.deepInclude((yield* store.letters("b"))[0], { kind: "child", key: "a", body: null, at })
      assert.deepStrictEqual(yield* store.due({ now: 7, id: "a" }), [
        { id: "a", task: "place-order", priority: 0, since: 7 }
      ])
    }))
  for (const [what, wrong] of refusals) {
    test(`is not written if the entries are refused: ${what}`, (store) =>
      Effect.gen(function* () {
        yield* store.create({ ...created("a"), tokens: [token("old", { clear: "text" })] })
        yield* store.create(created("b"))
        yield* store.claim("a", "me")
        yield* store.post({ execution: "a", key: "s", body: null, at: 3 })
        const letters = yield* store.letters("a")
        const order = yield* store.order({ execution: "a", verb: "x", body: null, at: 1 })
        const before = yield* seen(store)
        const given = {
          ...wrong,
          status: "Waiting" as const,
          answers: [{ order, body: "no" }],
          tokens: [token("new")],
          told: [told("old")],
          taken: wrong.execution === "a" ? letters.map(({ id }) => id) : [],
          letters: [{ execution: "b", kind: "child" as const, key: "a" }],
          rest: { wake: 7, seen: 0 }
        }
        assert.strictEqual(yield* tagOf(store.append(given)), "Fenced")
        const among = [given, request("b", 1, ["1"])]
        const tags = yield* Effect.forEach(among, (each) => tagOf(store.append(each)), { concurrency: "unbounded" })
        assert.deepStrictEqual(tags, wrong.execution === "b" ? tags : ["Fenced", "done"])
        assert.deepStrictEqual(yield* seen(store), before)
      }))
  }
  test("is written with a new execution, and not for one that is there", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("b"))
      const order = yield* store.order({ execution: "a", verb: "x", body: null, at: 1 })
      const beside = (hash: string, wake: number) => ({
        answers: [{ order, body: hash }],
        tokens: [token(hash)],
        letters: [{ execution: "b", kind: "child" as const, key: hash }],
        rest: { wake, seen: 0 }
      })
      assert.isUndefined(yield* store.create({ ...created("a", { status: "Waiting" }), ...beside("new", 7) }))
      const before = yield* seen(store)
      assert.strictEqual((yield* store.create({ ...created("a"), ...beside("other", 5) }))?.id, "a")
      assert.deepStrictEqual(yield* seen(store), before)
      assert.isUndefined(yield* store.token("other"))
      assert.strictEqual(yield* store.nextWake(0), 7)
      assert.deepStrictEqual(
        (yield* store.letters("b")).map(({ key }) => key),
        ["new"]
      )
      assert.strictEqual(yield* store.takeAnswer(order), "new")
    }))
  test("is not written with a token that is there already, nor are the entries", (store) =>
    Effect.gen(function* () {
      yield* store.create({ ...created("a"), tokens: [token("old", { path: "mine" })] })
      const forged = { ...request("a", 1, ["1"]), tokens: [token("new"), token("old", { path: "theirs" })] }
      assert.strictEqual(yield* tagOf(store.append(forged)), "StoreError")
      assert.strictEqual(yield* tagOf(store.create({ ...created("b"), tokens: [token("old")] })), "StoreError")
      assert.deepStrictEqual(yield* bodies(store, "a"), [first])
      assert.isUndefined(yield* store.get("b"))
      assert.isUndefined(yield* store.token("new"))
      assert.strictEqual((yield* store.token("old"))?.path, "mine")
    }))
  test("is the version that an execution goes by from then on; refused entries leave the one before", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      yield* store.append({ ...request("a", 1, ["1"]), version: 2 })
      assert.deepStrictEqual(yield* store.get("a"), row("a", { version: 2 }))
      assert.strictEqual(yield* tagOf(store.append({ ...request("a", 1, ["1"]), version: 3 })), "Fenced")
      assert.deepStrictEqual(yield* store.list({}), [row("a", { version: 2 })])
    }))
  test("is nothing where the lists are empty", (store) =>
    Effect.gen(function* () {
      yield* store.create({ ...created("a"), tokens: [], letters: [], answers: [] })
      const nothing = { answers: [], tokens: [], letters: [], taken: [], told: [] }
      yield* store.append({ ...request("a", 1, ["1"]), ...nothing })
      assert.deepStrictEqual(yield* store.get("a"), row("a"))
    }))
}
