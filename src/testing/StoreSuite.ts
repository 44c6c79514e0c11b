/** What every store must do: a driver's test file calls `storeSuite`. It and its parts alone need vitest. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Encoded, EntryRow, ListQuery } from "../store/Encoded.js"
import { fromEncoded } from "../store/Store.js"
import { standingBeside } from "./StoreSuiteBeside.js"
import { discarding } from "./StoreSuiteDiscards.js"
import { lining } from "./StoreSuiteLanes.js"
import { sending, waking } from "./StoreSuiteLetters.js"
import { claiming, noticing, owning } from "./StoreSuiteOwners.js"
import { retention } from "./StoreSuiteRetention.js"
import type { Driver, Test } from "./StoreSuiteRows.js"
import {
  all,
  bodies,
  claimed,
  created,
  entries,
  first,
  hard,
  hostile,
  newest,
  queries,
  refusals,
  request,
  row,
  tagOf
} from "./StoreSuiteRows.js"
import { staging } from "./StoreSuiteStages.js"
import { completing } from "./StoreSuiteTokens.js"

/** Runs the suite under this name. */
export const storeSuite = (name: string, driver: Driver): void => {
  const test: Test = (sentence, body) => it.scoped(sentence, () => Effect.flatMap(Effect.flatten(driver.make), body))
  describe(name, () => {
    describe("create", () => creating(test))
    describe("append", () => appending(test))
    describe("beside", () => standingBeside(test))
    describe("claim", () => claiming(test))
    describe("tokens", () => completing(test, driver))
    describe("letters", () => sending(test))
    describe("due", () => waking(test))
    describe("lanes", () => lining(test))
    describe("load", () => loading(test))
    describe("stages", () => staging(test))
    describe("discards", () => discarding(test))
    describe("retention", () => retention(test))
    describe("list", () => listing(test))
    describe("inbox", () => ordering(test))
    describe("values", () => keeping(test))
    describe("own", () => owning(test, driver))
    describe("changed", () => noticing(driver))
    describe("many at once", () => crowding(test))
  })
}

const creating = (test: Test): void => {
  test("keeps the execution and its entries", (store) =>
    Effect.gen(function* () {
      const wanted = created("a", { owner: "me", version: 7, epoch: 3 })
      assert.isUndefined(yield* store.create(wanted))
      assert.deepStrictEqual(yield* store.get("a"), wanted.row)
      assert.deepStrictEqual(yield* store.read("a", 0), wanted.rows)
    }))
  test("keeps entries of earlier epochs as they were written", (store) =>
    Effect.gen(function* () {
      const rows = [...entries("a", 0, [first]), ...entries("a", 1, [claimed], 1), ...entries("a", 2, [claimed], 4)]
      assert.isUndefined(yield* store.create({ row: row("a", { epoch: 4 }), rows }))
      assert.deepStrictEqual(yield* store.read("a", 0), rows)
    }))
  test("answers the execution that has the id, and writes nothing", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const again = { row: row("a", { task: "other" }), rows: entries("a", 0, [claimed, claimed]) }
      assert.deepStrictEqual(yield* store.create(again), row("a"))
      assert.deepStrictEqual(yield* bodies(store, "a"), [first])
    }))
  test("of many with one id exactly one is made, and the others see it", (store) =>
    Effect.gen(function* () {
      const all = Array.from({ length: 8 }, (_, index) => created("a", { owner: `${index}` }))
      const existing = yield* Effect.forEach(all, store.create, { concurrency: "unbounded" })
      const made = all.filter((_, index) => existing[index] === undefined)
      assert.lengthOf(made, 1)
      for (const other of existing) if (other !== undefined) assert.deepStrictEqual(other, made[0]!.row)
      assert.deepStrictEqual(yield* bodies(store, "a"), [first])
    }))
  test("answers nothing for an id that there is not", (store) =>
    Effect.gen(function* () {
      assert.isUndefined(yield* store.get("a"))
      assert.deepStrictEqual(yield* store.read("a", 0), [])
    }))
}

const appending = (test: Test): void => {
  test("adds entries in order, and moves the status and its time", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const more = { ...request("a", 1, [claimed, "2", "3"]), status: "Running" as const }
      yield* store.append(more)
      assert.deepStrictEqual((yield* store.read("a", 1)) as ReadonlyArray<EntryRow>, more.rows)
      const found = yield* store.get("a")
      assert.deepStrictEqual(found, row("a", { status: "Running", updatedAt: more.rows[2]!.at }))
    }))
  test("reads from any entry on", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      yield* store.append(request("a", 1, ["1", "2", "3"]))
      assert.deepStrictEqual(
        (yield* store.read("a", 2)).map(({ seq }) => seq),
        [2, 3]
      )
      assert.deepStrictEqual(yield* store.read("a", 4), [])
      assert.deepStrictEqual(yield* store.tail("a", 2), yield* store.read("a", 2))
      assert.deepStrictEqual(yield* store.tail("a", 9), yield* store.read("a", 0))
    }))
  for (const [what, wrong] of refusals) {
    test(`refuses ${what} and writes nothing of it, alone or among others`, (store) =>
      Effect.gen(function* () {
        yield* store.create(created("a"))
        yield* store.claim("a", "me")
        const id = yield* store.order({ execution: "a", verb: "pause", body: null, at: 1 })
        const answered = { ...wrong, status: "Failed" as const, answers: [{ order: id, body: "no" }] }
        assert.strictEqual(yield* tagOf(store.append(wrong)), "Fenced")
        assert.strictEqual(yield* tagOf(store.append(answered)), "Fenced")
        const others = ["c", "d"]
        yield* Effect.forEach(others, (other) => store.create(created(other)))
        const tags = yield* Effect.forEach(
          [request("c", 1, ["1"]), answered, request("d", 1, ["1", "2"])],
          (each) => tagOf(store.append(each)),
          { concurrency: "unbounded" }
        )
        assert.deepStrictEqual(tags, ["done", "Fenced", "done"])
        assert.deepStrictEqual(yield* bodies(store, "a"), [first])
        assert.deepStrictEqual(yield* bodies(store, "d"), [first, "1", "2"])
        assert.strictEqual((yield* store.get("a"))?.status, "Pending")
        assert.isUndefined(yield* store.takeAnswer(id))
      }))
  }
  test("refuses to append nothing", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      assert.strictEqual(yield* tagOf(store.append({ execution: "a", epoch: 0, rows: [], status: null })), "StoreError")
    }))
  test("writes the answers to orders with the entries", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const id = yield* store.order({ execution: "a", verb: "pause", body: { why: "lunch" }, at: 1 })
      yield* store.append({ ...request("a", 1, ["1"]), answers: [{ order: id, body: { ok: true } }] })
      assert.deepStrictEqual(yield* store.orders, [])
      assert.deepStrictEqual(yield* store.takeAnswer(id), { ok: true })
    }))
  test("takes a request of a thousand entries whole", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const many = Array.from({ length: 1_000 }, (_, index) => `${index}`)
      yield* store.append({ ...request("a", 1, many), status: "Waiting" })
      assert.deepStrictEqual(yield* bodies(store, "a"), [first, ...many])
      assert.strictEqual((yield* store.get("a"))?.status, "Waiting")
      assert.strictEqual(yield* tagOf(store.append(request("a", 500, many))), "Fenced")
      assert.lengthOf(yield* store.read("a", 0), 1_001)
    }))
}

const loading = (test: Test): void => {
  test("answers the row, the entries and where the journal goes on", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const made = yield* store.create(row("a"), [
        { _tag: "Created", task: "place-order", version: 1, payload: { sku: "tea" } }
      ])
      if (!("head" in made)) return assert.fail("it exists already")
      const epoch = yield* store.claim("a", "me")
      const head = yield* store.append({ ...made.head, epoch: epoch! }, 5, [{ _tag: "Paused" }], "Paused")
      const journal = yield* store.load("a")
      assert.deepStrictEqual(journal?.head, head)
      assert.deepStrictEqual(journal?.row, row("a", { epoch: 1, owner: "me", status: "Paused", updatedAt: 5 }))
      assert.deepStrictEqual(
        journal?.entries.map(({ epoch, entry, seq }) => [seq, epoch, entry._tag]),
        [
          [0, 0, "Created"],
          [1, 1, "Paused"]
        ]
      )
      assert.deepStrictEqual(yield* store.entries("a", 1), journal!.entries.slice(1))
    }))
  test("answers nothing for an execution that there is not", (encoded) =>
    Effect.gen(function* () {
      assert.isUndefined(yield* fromEncoded(encoded).load("a"))
    }))
  test("finds an entry whose chain is broken", (encoded) =>
    Effect.gen(function* () {
      yield* encoded.create(created("a"))
      yield* encoded.append(request("a", 1, [claimed]))
      assert.strictEqual(yield* tagOf(fromEncoded(encoded).load("a")), "JournalCorrupt")
    }))
}

const listing = (test: Test): void => {
  const fill = (store: Encoded) =>
    Effect.forEach(all, (each) => store.create({ row: each, rows: entries(each.id, 0, [first]) }), {
      concurrency: "unbounded",
      discard: true
    })
  test("answers what was asked for", (store) =>
    Effect.gen(function* () {
      yield* fill(store)
      for (const [what, query, wanted] of queries) assert.deepStrictEqual(yield* store.list(query), wanted, what)
    }))
  test("pages through all of them, none twice and none left out", (store) =>
    Effect.gen(function* () {
      yield* fill(store)
      const seen: Array<string> = []
      for (let after: string | undefined; ; after = seen[seen.length - 1]) {
        const page = yield* store.list({ limit: 7, ...(after === undefined ? {} : { after }) })
        if (page.length === 0) break
        seen.push(...page.map(({ id }) => id))
      }
      assert.deepStrictEqual(
        seen,
        newest.map(({ id }) => id)
      )
    }))
  test("shows a status as it moves", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      yield* store.append({ ...request("a", 1, ["1"]), status: "Running" })
      assert.deepStrictEqual(yield* store.list({ status: ["Pending"] }), [])
      assert.lengthOf(yield* store.list({ status: ["Running"] }), 1)
    }))
  test("is narrowed down by tags, all of which an execution has", (store) =>
    Effect.gen(function* () {
      for (const [id, tags] of [
        ["a", ["x"]],
        ["b", ["x", "y'%"]],
        ["c", []]
      ] as const) {
        yield* store.create({ ...created(id), tags })
      }
      yield* store.create({ ...created("c"), tags: ["x"] })
      const found = (query: ListQuery) => Effect.map(store.list(query), (rows) => rows.map(({ id }) => id).sort())
      assert.deepStrictEqual(yield* found({ tags: ["x"] }), ["a", "b"])
      assert.deepStrictEqual(yield* found({ tags: ["x", "y'%"] }), ["b"])
      assert.deepStrictEqual(yield* found({ tags: ["z"] }), [])
      assert.deepStrictEqual(yield* found({ tags: ["x"], after: "b", order: "newest" }), ["a"])
      assert.lengthOf(yield* found({ tags: [] }), 3)
    }))
  test("is narrowed down by a part of id or task, and by time", (store) =>
    Effect.gen(function* () {
      for (const [id, task, createdAt] of [
        ["Order-1", "place", 10],
        ["order-2", "Äpfel_%", 20],
        ["x", "reorder", 30]
      ] as const) {
        yield* store.create(created(id, { task, createdAt }))
      }
      const found = (query: ListQuery) => Effect.map(store.list(query), (rows) => rows.map(({ id }) => id).sort())
      assert.deepStrictEqual(yield* found({ text: "ORDER" }), ["Order-1", "order-2", "x"])
      assert.deepStrictEqual(yield* found({ text: "_%" }), ["order-2"])
      assert.deepStrictEqual(yield* found({ text: "äpfel" }), [])
      assert.deepStrictEqual(yield* found({ since: 20 }), ["order-2", "x"])
      assert.deepStrictEqual(yield* found({ since: 10, until: 20 }), ["Order-1"])
      assert.deepStrictEqual(yield* found({ text: "order", since: 20, task: "reorder", status: ["Pending"] }), ["x"])
      assert.deepStrictEqual(yield* found({ status: [] }), [])
    }))
}

const ordering = (test: Test): void => {
  test("keeps orders in order until they are answered, and an answer until it is taken", (store) =>
    Effect.gen(function* () {
      const one = { execution: "a", verb: "pause", body: { by: "me", n: 1 }, at: 5 }
      const two = { execution: "b", verb: "complete", body: null, at: 4 }
      const first = yield* store.order(one)
      const second = yield* store.order(two)
      assert.deepStrictEqual(yield* store.orders, [
        { ...one, id: first },
        { ...two, id: second }
      ])
      assert.isUndefined(yield* store.takeAnswer(first))
      yield* store.answer({ order: first, body: ["done", 1] })
      assert.deepStrictEqual(yield* store.orders, [{ ...two, id: second }])
      assert.deepStrictEqual(yield* store.takeAnswer(first), ["done", 1])
      assert.isUndefined(yield* store.takeAnswer(first))
    }))
  test("never gives an order's number again", (store) =>
    Effect.gen(function* () {
      const order = store.order({ execution: "a", verb: "pause", body: null, at: 1 })
      const first = yield* order
      yield* store.answer({ order: first, body: null })
      assert.isNull(yield* store.takeAnswer(first))
      assert.isAbove(yield* order, first)
    }))
  test("ignores an answer to an order that there is not", (store) => store.answer({ order: 99, body: null }))
}

const keeping = (test: Test): void => {
  test("keeps hostile ids, names and texts as they are", (store) =>
    Effect.gen(function* () {
      for (const text of hostile) {
        const wanted = created(text, { task: text, owner: text })
        assert.isUndefined(yield* store.create(wanted))
        yield* store.append(request(text, 1, [JSON.stringify(text)]))
        const order = { execution: text, verb: text, body: { [text]: text }, at: 1 }
        const id = yield* store.order(order)
        assert.deepStrictEqual(yield* store.get(text), wanted.row)
        assert.deepStrictEqual(yield* bodies(store, text), [first, JSON.stringify(text)])
        assert.deepStrictEqual((yield* store.list({ task: text })).length, 1)
        const [found] = yield* store.orders
        assert.deepStrictEqual([found?.id, found?.execution, found?.verb], [id, text, text])
        assert.strictEqual(JSON.stringify(found?.body), JSON.stringify(order.body))
        yield* store.answer({ order: id, body: { [text]: [text] } })
        assert.strictEqual(JSON.stringify(yield* store.takeAnswer(id)), JSON.stringify({ [text]: [text] }))
      }
      assert.lengthOf(yield* store.list({}), hostile.length)
      assert.isUndefined(({} as { polluted?: unknown }).polluted)
    }))
  test("keeps entries whose values are hard to keep, and verifies them", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const made = yield* store.create(row("a", { task: "t" }), [
        { _tag: "Created", task: "t", version: 1, payload: hard }
      ])
      assert.property(made, "head")
      const journal = yield* store.load("a")
      assert.strictEqual(
        JSON.stringify(journal?.entries[0]?.entry),
        JSON.stringify({ _tag: "Created", task: "t", version: 1, payload: hard })
      )
      assert.isUndefined(({} as { polluted?: unknown }).polluted)
    }))
  test("keeps times and numbers up to 2^53 exactly", (store) =>
    Effect.gen(function* () {
      const wanted = created("a", { createdAt: Number.MAX_SAFE_INTEGER, epoch: Number.MAX_SAFE_INTEGER - 1 })
      yield* store.create(wanted)
      assert.deepStrictEqual(yield* store.get("a"), wanted.row)
    }))
  test("keeps bodies of a megabyte, alone and together", (store) =>
    Effect.gen(function* () {
      const large = JSON.stringify("é".repeat(500_000))
      const ids = ["a", "b", "c"]
      yield* Effect.forEach(ids, (id) => store.create(created(id)), { concurrency: "unbounded" })
      yield* store.append(request("a", 1, [large]))
      yield* Effect.forEach(["b", "c"], (id) => store.append(request(id, 1, [large])), { concurrency: "unbounded" })
      for (const id of ids) assert.isTrue((yield* bodies(store, id))[1] === large)
    }))
}

const crowding = (test: Test): void => {
  test("takes the appends of a hundred executions at once, each whole and in order", (store) =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 100 }, (_, index) => `execution-${index}`)
      yield* Effect.forEach(ids, (id) => store.create(created(id)), { concurrency: "unbounded" })
      const one = Effect.fnUntraced(function* (id: string) {
        for (let n = 0; n < 5; n++) yield* store.append(request(id, 1 + 2 * n, [`"${id} ${n}"`, `${n}`]))
      })
      yield* Effect.forEach(ids, one, { concurrency: "unbounded" })
      for (const id of ids) {
        const wanted = [0, 1, 2, 3, 4].flatMap((n) => [`"${id} ${n}"`, `${n}`])
        assert.deepStrictEqual(yield* bodies(store, id), [first, ...wanted])
      }
    }))
  test("creates, appends, claims, orders and answers at once", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const id = yield* store.order({ execution: "a", verb: "x", body: 1, at: 1 })
      const done = yield* Effect.all(
        {
          append: store.append(request("a", 1, ["1"])),
          created: store.create(created("b")),
          claimed: store.claim("b", "me"),
          answered: store.answer({ order: id, body: 2 }),
          ordered: store.order({ execution: "b", verb: "y", body: 3, at: 2 }),
          again: store.create(created("a"))
        },
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([done.created, done.claimed, done.again?.id], [undefined, 1, "a"])
      assert.strictEqual(yield* store.takeAnswer(id), 2)
      assert.deepStrictEqual(
        (yield* store.orders).map(({ verb }) => verb),
        ["y"]
      )
    }))
  test("creates those of many whose ids are free, and answers the others with what has them", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("b"))
      const ids = ["a", "b", "c", "d"]
      const found = yield* Effect.forEach(ids, (id) => store.create(created(id)), { concurrency: "unbounded" })
      assert.deepStrictEqual(
        found.map((row) => row?.id),
        [undefined, "b", undefined, undefined]
      )
      for (const id of ids) assert.lengthOf(yield* bodies(store, id), 1)
    }))
  test("writes what an interrupted fiber asked for whole or not at all", (store) =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 20 }, (_, index) => `execution-${index}`)
      yield* Effect.forEach(ids, (id) => store.create(created(id)), { concurrency: "unbounded" })
      const fibers = yield* Effect.forEach(ids, (id) => Effect.fork(store.append(request(id, 1, ["1", "2"]))))
      yield* Effect.yieldNow()
      yield* Effect.forEach(fibers, (fiber, index) => (index % 2 === 0 ? Fiber.interrupt(fiber) : Fiber.await(fiber)))
      for (const [index, id] of ids.entries()) {
        const kept = yield* bodies(store, id)
        assert.include(index % 2 === 0 ? [1, 3] : [3], kept.length)
        assert.strictEqual(yield* tagOf(store.append(request(id, kept.length, ["next"]))), "done")
      }
    }))
}
