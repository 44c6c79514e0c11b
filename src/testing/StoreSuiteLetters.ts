/** Of the store suite: letters come in order, once, and make their execution due. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Status } from "../core/Status.js"
import { all as statuses } from "../core/Status.js"
import type { Due, Encoded } from "../store/Encoded.js"
import type { Test } from "./StoreSuiteRows.js"
import { bodies, created, first, hostile, request, row, tagOf, token } from "./StoreSuiteRows.js"

const signal = (execution: string, key: string, at = 1) => ({ execution, key, body: key, at })

const keysOf = (store: Encoded, id: string) => Effect.map(store.letters(id), (letters) => letters.map(({ key }) => key))

export const sending = (test: Test): void => {
  test("are kept in the order in which they came, whoever wrote them and whatever their times", (store) =>
    Effect.gen(function* () {
      yield* store.create({ ...created("a"), tokens: [token("h")] })
      yield* store.create(created("b"))
      yield* store.post(signal("a", "one", 9))
      yield* store.complete({ hash: "h", outcome: "o", body: { _tag: "Success", value: 1 }, at: 8 })
      yield* store.post(signal("b", "other"))
      yield* store.append({ ...request("b", 1, ["1"]), letters: [{ execution: "a", kind: "child", key: "b" }] })
      yield* store.post(signal("a", "one", 7))
      const letters = yield* store.letters("a")
      assert.deepStrictEqual(
        letters.map(({ kind, key, body }) => [kind, key, body]),
        [
          ["signal", "one", "one"],
          ["completion", "h", { _tag: "Success", value: 1 }],
          ["child", "b", null],
          ["signal", "one", "one"]
        ]
      )
      assert.deepStrictEqual(
        letters.map(({ at }) => at),
        [9, 8, request("b", 1, ["1"]).rows[0]!.at, 7]
      )
      const ids = letters.map(({ id }) => id)
      assert.deepStrictEqual(
        ids,
        [...ids].sort((a, b) => a - b)
      )
      assert.deepStrictEqual(yield* store.letters("nobody"), [])
    }))
  test("are taken by entries, exactly those, and their numbers are not given again", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      for (const key of ["one", "two", "three"]) yield* store.post(signal("a", key))
      const [one, two, three] = yield* store.letters("a")
      yield* store.append({ ...request("a", 1, ["1"]), taken: [three!.id, one!.id] })
      assert.deepStrictEqual(yield* store.letters("a"), [two!])
      yield* store.append({ ...request("a", 2, ["2"]), taken: [two!.id] })
      yield* store.post(signal("a", "four"))
      assert.isAbove((yield* store.letters("a"))[0]!.id, three!.id)
    }))
  test("are taken once: entries that take what is gone, or another's, are refused", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      yield* store.create(created("b"))
      for (const id of ["a", "a", "b"]) yield* store.post(signal(id, "s"))
      const [gone, there] = yield* store.letters("a")
      const [others] = yield* store.letters("b")
      yield* store.append({ ...request("a", 1, ["1"]), taken: [gone!.id] })
      for (const taken of [[gone!.id, there!.id], [there!.id, others!.id], [99_999]]) {
        assert.strictEqual(yield* tagOf(store.append({ ...request("a", 2, ["2"]), taken })), "Fenced")
      }
      assert.deepStrictEqual(yield* bodies(store, "a"), [first, "1"])
      assert.deepStrictEqual(yield* store.letters("a"), [there!])
      assert.deepStrictEqual(yield* store.letters("b"), [others!])
    }))
  test("are all taken by one append of a thousand", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const keys = Array.from({ length: 1_000 }, (_, index) => `${index}`)
      yield* Effect.forEach(keys, (key) => store.post(signal("a", key)), { concurrency: "unbounded" })
      assert.deepStrictEqual(yield* keysOf(store, "a"), keys)
      const taken = (yield* store.letters("a")).map(({ id }) => id)
      yield* store.append({ ...request("a", 1, ["1"]), taken })
      assert.deepStrictEqual(yield* store.letters("a"), [])
    }))
  for (const status of statuses) {
    const ended = status === "Completed" || status === "Closed" || status === "Reverted"
    test(`are ${ended ? "refused" : "taken"} for an execution that is ${status}`, (store) =>
      Effect.gen(function* () {
        yield* store.create(created("a", { status }))
        yield* store.create(created("b"))
        assert.deepStrictEqual(yield* store.post(signal("a", "s")), { row: row("a", { status }), posted: !ended })
        yield* store.append({ ...request("b", 1, ["1"]), letters: [{ execution: "a", kind: "child", key: "b" }] })
        assert.deepStrictEqual(yield* keysOf(store, "a"), ended ? [] : ["s", "b"])
      }))
  }
  test("for nobody are not kept, and the entries that send them are written", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("b"))
      assert.isUndefined(yield* store.post(signal("a", "s")))
      yield* store.append({ ...request("b", 1, ["1"]), letters: [{ execution: "a", kind: "child", key: "b" }] })
      yield* store.create(created("a"))
      assert.deepStrictEqual(yield* store.letters("a"), [])
      assert.deepStrictEqual(yield* bodies(store, "b"), [first, "1"])
    }))
  test("keep hostile names and texts", (store) =>
    Effect.gen(function* () {
      for (const text of hostile) {
        yield* store.create(created(text))
        yield* store.post({ execution: text, key: text, body: { [text]: text }, at: 1 })
        const [letter] = yield* store.letters(text)
        assert.strictEqual(JSON.stringify([letter?.key, letter?.body]), JSON.stringify([text, { [text]: text }]))
        yield* store.append({
          ...request(text, 1, ["1"]),
          taken: [letter!.id],
          letters: [{ execution: text, kind: "child", key: text }]
        })
        assert.deepStrictEqual(yield* keysOf(store, text), [text])
      }
    }))
  test("of a megabyte are kept whole", (store) =>
    Effect.gen(function* () {
      const body = "é".repeat(500_000)
      yield* store.create(created("a"))
      yield* store.post({ execution: "a", key: "s", body, at: 1 })
      assert.isTrue((yield* store.letters("a"))[0]?.body === body)
    }))
  test("are told of with the statuses in which somebody may have use for them, the last one last", (store) =>
    Effect.gen(function* () {
      for (const status of statuses) {
        yield* store.create(created(status, { status: "Running" }))
        yield* store.post(signal(status, "one"))
        if (status === "Closing") yield* store.post(signal("Pending", "two"))
        yield* store.append({ ...request(status, 1, ["1"]), status })
      }
      const found = yield* store.addressed
      const wanted: ReadonlyArray<Status> = ["Running", "Waiting", "Closing", "Pending", "Reverting"]
      assert.deepStrictEqual(
        found.map(({ id, status, task }) => [id, status, task]),
        wanted.map((status) => [status, status, "place-order"])
      )
      for (const { id, last } of found) assert.strictEqual((yield* store.letters(id)).at(-1)?.id, last)
    }))
}

const idsOf = (found: ReadonlyArray<Due>): ReadonlyArray<string> => found.map(({ id }) => id)

export const waking = (test: Test): void => {
  test("is what is Waiting and whose time has come, and nothing else", (store) =>
    Effect.gen(function* () {
      for (const status of statuses)
        yield* store.create({ ...created(status, { status }), rest: { wake: 10, seen: 0 } })
      assert.deepStrictEqual(yield* store.due({ now: 9 }), [])
      const due = yield* store.due({ now: 10, id: "Waiting" })
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 10 })), ["Pending", "Waiting"])
      assert.deepStrictEqual(due, [{ id: "Waiting", task: "place-order", priority: 0, since: 10 }])
      assert.deepStrictEqual(yield* store.nextWake(9), 10)
      yield* store.create({ ...created("child", { status: "Waiting" }), rest: { wake: 3, seen: 0 }, parent: "Waiting" })
      assert.deepInclude((yield* store.due({ now: 4 }))[0], { id: "child", parent: "Waiting" })
      assert.isUndefined(yield* store.nextWake(10))
    }))
  test("is what is Waiting and has a letter, and nothing else", (store) =>
    Effect.gen(function* () {
      for (const status of statuses.filter((other) => other !== "Pending")) {
        yield* store.create(created(status, { status: "Running" }))
        yield* store.post(signal(status, "s", 4))
        // The letter was there before it became so.
        yield* store.append({ ...request(status, 1, ["1"]), status })
      }
      yield* store.create({ ...created("quiet", { status: "Waiting" }), rest: { wake: 99, seen: 0 } })
      const due = [{ id: "Waiting", task: "place-order", priority: 0, since: 4 }]
      assert.deepStrictEqual(yield* store.due({ now: 0 }), due)
      const [letter] = yield* store.letters("Waiting")
      yield* store.append({ ...request("Waiting", 2, ["2"]), taken: [letter!.id] })
      assert.deepStrictEqual(yield* store.due({ now: 0 }), [])
    }))
  test("is not what has seen its letters already, and is again what has a newer one", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      for (const key of ["one", "two"]) yield* store.post(signal("a", key, 4))
      const [one, two] = yield* store.letters("a")
      const rests = (seq: number, seen: number) =>
        store.append({ ...request("a", seq, [String(seq)]), status: "Waiting", rest: { wake: 50, seen } })
      yield* rests(1, one!.id)
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 9 })), ["a"])
      yield* rests(2, two!.id)
      assert.deepStrictEqual(yield* store.due({ now: 9 }), [])
      assert.lengthOf(yield* store.letters("a"), 2)
      // Its time makes it due all the same.
      assert.deepStrictEqual(yield* store.due({ now: 50 }), [{ id: "a", task: "place-order", priority: 0, since: 50 }])
      yield* store.post(signal("a", "three", 6))
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 9 })), ["a"])
      // Also as one that is claimed, and rests again.
      const [, , three] = yield* store.letters("a")
      yield* store.append({ ...request("a", 3, ["3"], 1), claim: "me", status: "Running" })
      yield* store.append({ ...request("a", 4, ["4"], 1), status: "Waiting", rest: { wake: null, seen: three!.id } })
      assert.deepStrictEqual([yield* store.due({ now: 99 }), yield* store.nextWake(0)], [[], undefined])
    }))
  test("is no more what was paused, and is again what waits once more, as it then says", (store) =>
    Effect.gen(function* () {
      yield* store.create({ ...created("a", { status: "Waiting" }), rest: { wake: 10, seen: 0 } })
      yield* store.append({ ...request("a", 1, ["1"]), status: "Paused" })
      assert.deepStrictEqual(yield* store.due({ now: 99 }), [])
      yield* store.append({ ...request("a", 2, ["2"]), status: "Waiting" })
      assert.deepStrictEqual([yield* store.due({ now: 99 }), yield* store.nextWake(0)], [[], undefined])
      yield* store.append({ ...request("a", 3, ["3"]), rest: { wake: 20, seen: 0 } })
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 99 })), ["a"])
      yield* store.append({ ...request("a", 4, ["4"]), rest: { wake: null, seen: 0 } })
      assert.deepStrictEqual([yield* store.due({ now: 99 }), yield* store.nextWake(0)], [[], undefined])
      yield* store.append({ ...request("a", 5, ["5"], 1), claim: "me", status: "Waiting", rest: { wake: 30, seen: 0 } })
      assert.strictEqual(yield* store.nextWake(0), 30)
    }))
  test("is told oldest first, by the oldest letter or the time, and can be asked for in parts", (store) =>
    Effect.gen(function* () {
      const wakes = { w5: 5, w3: 3, both: 7, late: 50, é: 3, "\ud83c\udf0a": 3, z3: 3 }
      for (const [id, wake] of Object.entries(wakes)) {
        yield* store.create({
          ...created(id, { status: "Waiting", task: id.length > 3 ? "long" : "short" }),
          rest: { wake, seen: 0 }
        })
      }
      for (const [id, at] of [
        ["both", 4],
        ["both", 2],
        ["l6", 6],
        ["l1", 1]
      ] as const) {
        yield* store.create(created(id, { status: "Waiting", task: "short" }))
        yield* store.post(signal(id, "s", at))
      }
      const found = yield* store.due({ now: 49 })
      const wanted = ["l1", "both", "w3", "z3", "é", "\ud83c\udf0a", "w5", "l6"]
      assert.deepStrictEqual(idsOf(found), wanted)
      assert.deepStrictEqual(found[1], { id: "both", task: "long", priority: 0, since: 2 })
      assert.deepStrictEqual(yield* store.due({ now: 49, limit: 3 }), found.slice(0, 3))
      assert.deepStrictEqual(yield* store.due({ now: 49, tasks: ["long"] }), [found[1]!])
      assert.lengthOf(yield* store.due({ now: 49, tasks: ["short", "nobody's", "long"] }), wanted.length)
      assert.deepStrictEqual(yield* store.due({ now: 49, tasks: [] }), [])
      for (const [index, after] of found.entries()) {
        assert.deepStrictEqual(yield* store.due({ now: 49, after, limit: 2 }), found.slice(index + 1, index + 3))
      }
      assert.strictEqual(yield* store.nextWake(5), 7)
      assert.strictEqual(yield* store.nextWake(7), 50)
    }))
  test("is what is Pending, once its time has come: those of a higher priority first, then the oldest", (store) =>
    Effect.gen(function* () {
      const pending = (id: string, createdAt: number, priority?: number, wake?: number) =>
        store.create({
          ...created(id, { status: "Pending", createdAt }),
          ...(priority === undefined ? {} : { priority }),
          ...(wake === undefined ? {} : { rest: { wake, seen: 0 } })
        })
      yield* pending("plain", 5)
      yield* pending("older", 4)
      yield* pending("urgent", 6, 2)
      yield* pending("later", 1, 1, 30)
      yield* pending("lazy", 1, -1)
      yield* store.create({ ...created("waits", { status: "Waiting" }), priority: 1, rest: { wake: 7, seen: 0 } })
      yield* store.post(signal("later", "s"))
      const due = yield* store.due({ now: 29 })
      assert.deepStrictEqual(idsOf(due), ["urgent", "waits", "older", "plain", "lazy"])
      assert.deepStrictEqual(
        due.map(({ priority, since }) => [priority, since]),
        [
          [2, 6],
          [1, 7],
          [0, 4],
          [0, 5],
          [-1, 1]
        ]
      )
      for (const [index, after] of due.entries()) {
        assert.deepStrictEqual(yield* store.due({ now: 29, after, limit: 2 }), due.slice(index + 1, index + 3))
      }
      assert.strictEqual(yield* store.nextWake(29), 30)
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 30, limit: 2 })), ["urgent", "waits"])
      assert.deepStrictEqual(idsOf(yield* store.due({ now: 30, id: "later" })), ["later"])
      yield* store.append({ ...request("later", 1, ["1"]), status: "Paused" })
      assert.isUndefined(yield* store.nextWake(29))
    }))
  test("of a schedule is how far it has come: it begins once, and never goes back", (store) =>
    Effect.gen(function* () {
      const reach = (schedule: string, at: number, begins: boolean) => store.reach({ schedule, at, begins })
      assert.strictEqual(yield* reach("a", 10, true), 10)
      assert.strictEqual(yield* reach("a", 20, true), 10)
      assert.strictEqual(yield* reach("a", 30, false), 30)
      assert.strictEqual(yield* reach("a", 25, false), 30)
      assert.strictEqual(yield* reach("b", 5, false), 5)
      assert.strictEqual(yield* reach("a", 0, true), 30)
    }))
}
