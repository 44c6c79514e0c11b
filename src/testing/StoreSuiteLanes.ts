/** Of the store suite: what stands in line for the places of a lane, and who has them. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { hasPlace, type Status, all as statuses } from "../core/Status.js"
import type { DueQuery, Encoded } from "../store/Encoded.js"
import type { Test } from "./StoreSuiteRows.js"
import { bodies, claimed, created, first, hostile, request, tagOf } from "./StoreSuiteRows.js"

interface Placing {
  readonly status?: Status
  readonly at?: number
  readonly task?: string
  readonly priority?: number
  readonly wake?: number
}

/** Puts an execution into a lane. */
const enter = (store: Encoded, lane: string, id: string, { at = 1, priority, status, task, wake }: Placing = {}) =>
  store.create({
    ...created(id, { createdAt: at, task: task ?? "t", ...(status === undefined ? {} : { status }) }),
    lane,
    ...(priority === undefined ? {} : { priority }),
    ...(wake === undefined ? {} : { rest: { wake, seen: 0 } })
  })

/** It takes a place, with `limit`, as the engine does it. */
const claim = (store: Encoded, id: string, limit?: number) =>
  store.append({
    ...request(id, 1, [claimed], 1),
    claim: "me",
    status: "Running",
    ...(limit === undefined ? {} : { limit })
  })

const due = (store: Encoded, limits: Readonly<Record<string, number>>, more: Partial<DueQuery> = {}) =>
  Effect.map(store.due({ now: 1_000, lanes: limits, ...more }), (found) => found.map(({ id }) => id))

export const lining = (test: Test): void => {
  test("let as many of those in line be due as there are places left, in their order, and every lane its own", (store) =>
    Effect.gen(function* () {
      for (let n = 0; n < 5; n++) yield* enter(store, "l", `l${n}`, { at: 10 - n })
      yield* enter(store, "l", "urgent", { at: 20, priority: 1 })
      yield* enter(store, "m", "m0", { at: 30 })
      yield* enter(store, "other", "o0", { task: "o", at: 2 })
      yield* enter(store, "other", "o1", { task: "o", at: 3 })
      yield* store.create(created("plain", { createdAt: 4 }))
      assert.deepStrictEqual(yield* due(store, { t: 1, o: 2 }), ["urgent", "o0", "o1", "plain", "m0"])
      assert.deepStrictEqual(yield* due(store, { t: 3, o: 0 }), ["urgent", "plain", "l4", "l3", "m0"])
      yield* claim(store, "urgent", 3)
      assert.deepStrictEqual(yield* due(store, { t: 1, o: -1 }), ["plain", "m0"])
      assert.deepStrictEqual(yield* due(store, { t: 2, o: 1 }), ["o0", "plain", "l4", "m0"])
      assert.deepStrictEqual(yield* due(store, { t: 99, o: 1 }), ["o0", "plain", "l4", "l3", "l2", "l1", "l0", "m0"])
      assert.deepStrictEqual(yield* due(store, { t: 2, o: 1 }, { tasks: ["t"] }), ["l4", "m0"])
      assert.deepStrictEqual(yield* due(store, { t: 2 }, { id: "l4" }), ["l4"])
      assert.deepStrictEqual(yield* due(store, { t: 2 }, { id: "l3" }), [])
      assert.deepStrictEqual(yield* store.due({ now: 1_000, lanes: { t: 2 }, id: "l4" }), [
        { id: "l4", task: "t", priority: 0, since: 6, lane: "l" }
      ])
    }))
  test("of which nobody says how many places they have let their first one be due", (store) =>
    Effect.gen(function* () {
      yield* enter(store, "l", "holds", { status: "Running" })
      for (const id of ["a", "b"]) yield* enter(store, "l", id)
      assert.deepStrictEqual(yield* due(store, {}), ["a"])
      assert.deepStrictEqual(yield* due(store, { other: 5 }), ["a"])
    }))
  test("are told in parts like everything that is due", (store) =>
    Effect.gen(function* () {
      for (let n = 0; n < 4; n++) {
        yield* enter(store, `l${n}`, `a${n}`, { at: n })
        yield* enter(store, `l${n}`, `b${n}`, { at: n })
        yield* store.create(created(`p${n}`, { createdAt: n }))
      }
      const all = yield* store.due({ now: 1_000, lanes: { t: 1 } })
      assert.lengthOf(all, 8)
      for (const [index, after] of all.entries()) {
        const part = yield* store.due({ now: 1_000, lanes: { t: 1 }, after, limit: 2 })
        assert.deepStrictEqual(part, all.slice(index + 1, index + 3))
      }
    }))
  test("are entered when the time has come, and then count from that", (store) =>
    Effect.gen(function* () {
      yield* enter(store, "l", "later", { at: 1, wake: 50 })
      yield* enter(store, "l", "urgent", { at: 2, wake: 60, priority: 1 })
      yield* enter(store, "l", "now", { at: 40 })
      const at = (now: number) => due(store, { t: 3 }, { now })
      assert.deepStrictEqual(yield* at(49), ["now"])
      assert.deepStrictEqual(yield* at(50), ["now", "later"])
      assert.deepStrictEqual(yield* at(60), ["urgent", "now", "later"])
      assert.deepStrictEqual([yield* store.nextWake(0), yield* store.nextWake(50)], [50, 60])
      yield* store.create({ ...created("plain", { status: "Waiting" }), rest: { wake: 55, seen: 0 } })
      assert.deepStrictEqual([yield* store.nextWake(50), yield* store.nextWake(60)], [55, undefined])
    }))
  for (const status of statuses) {
    const holds = hasPlace(false, status)
    test(`have ${holds ? "a place less" : "all their places"} for one that is ${status}`, (store) =>
      Effect.gen(function* () {
        yield* enter(store, "l", "a", { status })
        yield* enter(store, "l", "b")
        assert.deepStrictEqual(yield* store.holders("l"), holds ? ["a"] : [])
        yield* enter(store, "m", "moved", { at: 2 })
        yield* store.append({ ...request("moved", 1, ["1"]), status })
        assert.deepStrictEqual(yield* store.holders("m"), holds ? ["moved"] : [])
        yield* enter(store, "n", "from", { status: "Running" })
        yield* store.append({ ...request("from", 1, ["1"]), status })
        assert.deepStrictEqual(yield* store.holders("n"), hasPlace(true, status) ? ["from"] : [])
        yield* store.append(request("from", 2, ["2"]))
        assert.deepStrictEqual(yield* store.holders("n"), hasPlace(true, status) ? ["from"] : [])
      }))
  }
  test("give a place to a claim that finds one, and refuse one that does not, with all that goes with it", (store) =>
    Effect.gen(function* () {
      for (const id of ["a", "b", "c"]) yield* enter(store, "l", id)
      yield* claim(store, "a", 1)
      const letters = [{ execution: "a", kind: "child" as const, key: "b" }]
      assert.strictEqual(
        yield* tagOf(
          store.append({ ...request("b", 1, [claimed], 1), claim: "me", status: "Running", limit: 1, letters })
        ),
        "Fenced"
      )
      assert.deepStrictEqual(yield* bodies(store, "b"), [first])
      assert.deepStrictEqual(yield* store.letters("a"), [])
      assert.strictEqual((yield* store.get("b"))?.epoch, 0)
      yield* claim(store, "b", 2)
      assert.deepStrictEqual(yield* store.holders("l"), ["a", "b"])
      // One that has a place needs none, whatever the limit is now.
      yield* store.append({ ...request("a", 2, ["2"], 2), claim: "you", limit: 1 })
      // Without a limit it is not asked.
      yield* claim(store, "c")
      assert.deepStrictEqual(yield* store.holders("l"), ["a", "b", "c"])
      yield* store.append({ ...request("a", 3, ["3"], 2), status: "Completed" })
      assert.deepStrictEqual(yield* store.holders("l"), ["b", "c"])
    }))
  test("give one place to one of many claims at once, and the others may ask again", (store) =>
    Effect.gen(function* () {
      const ids = Array.from({ length: 20 }, (_, index) => `a${index}`)
      for (const id of ids) yield* enter(store, "l", id)
      yield* store.create(created("plain"))
      const plain = store.append(request("plain", 1, ["1"]))
      const tags = yield* Effect.forEach([...ids.map((id) => claim(store, id, 3)), plain], tagOf, {
        concurrency: "unbounded"
      })
      assert.strictEqual(tags.filter((tag) => tag === "done").length, 4)
      assert.strictEqual(tags.at(-1), "done")
      assert.lengthOf(yield* store.holders("l"), 3)
      const [held] = yield* store.holders("l")
      yield* store.append({ ...request(held!, 2, ["2"], 1), status: "Failed" })
      const next = ids[tags.indexOf("Fenced")]!
      yield* claim(store, next, 3)
      assert.include(yield* store.holders("l"), next)
    }))
  test("have hostile names, and so do their tasks", (store) =>
    Effect.gen(function* () {
      for (const text of hostile) {
        yield* enter(store, text, `1${text}`, { task: text, at: 1 })
        yield* enter(store, text, `2${text}`, { task: text, at: 2 })
      }
      const found = yield* due(store, Object.fromEntries(hostile.map((text) => [text, 1])))
      assert.sameMembers(
        [...found],
        hostile.map((text) => `1${text}`)
      )
      for (const text of hostile) {
        yield* claim(store, `1${text}`, 1)
        assert.deepStrictEqual(yield* store.holders(text), [`1${text}`])
      }
      assert.deepStrictEqual(yield* due(store, Object.fromEntries(hostile.map((text) => [text, 1]))), [])
    }))
}
