/** Of the store suite: who may write to an execution, and how others are noticed. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { fromEncoded } from "../store/Store.js"
import type { Driver, Test } from "./StoreSuiteRows.js"
import { bodies, created, first, request, row, tagOf } from "./StoreSuiteRows.js"

export const claiming = (test: Test): void => {
  test("raises the epoch, sets the owner, and fences whoever had it", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      assert.strictEqual(yield* store.claim("a", "one"), 1)
      yield* store.append(request("a", 1, ["1"], 1))
      assert.strictEqual(yield* store.claim("a", "two"), 2)
      assert.strictEqual(yield* tagOf(store.append(request("a", 2, ["2"], 1))), "Fenced")
      yield* store.append(request("a", 2, ["2"], 2))
      const found = yield* store.get("a")
      assert.deepStrictEqual([found?.epoch, found?.owner], [2, "two"])
    }))
  test("gives each of many claims an epoch of its own", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const epochs = yield* Effect.forEach([1, 2, 3, 4, 5], (n) => store.claim("a", `${n}`), {
        concurrency: "unbounded"
      })
      assert.deepStrictEqual([...epochs].sort(), [1, 2, 3, 4, 5])
    }))
  test("answers nothing for an execution that there is not", (store) =>
    Effect.gen(function* () {
      assert.isUndefined(yield* store.claim("a", "me"))
    }))
  test("comes with entries: they are the first of its epoch", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      yield* store.append({ ...request("a", 1, ["1"], 1), claim: "one" })
      assert.strictEqual(yield* tagOf(store.append(request("a", 2, ["2"], 0))), "Fenced")
      yield* store.append({ ...request("a", 2, ["2"], 2), claim: "two", status: "Running" })
      const found = yield* store.get("a")
      assert.deepStrictEqual([found?.epoch, found?.owner, found?.status], [2, "two", "Running"])
      assert.deepStrictEqual(yield* bodies(store, "a"), [first, "1", "2"])
    }))
  for (const [what, epoch, from] of [
    ["the epoch is another's by now", 1, 1],
    ["the epoch is older", 0, 1],
    ["the epoch is not the next", 3, 1],
    ["its entries are not the next", 2, 2]
  ] as const) {
    test(`comes with entries or not at all: ${what}`, (store) =>
      Effect.gen(function* () {
        yield* store.create(created("a"))
        yield* store.claim("a", "me")
        const claim = { ...request("a", from, ["1"], epoch), claim: "you" }
        assert.strictEqual(yield* tagOf(store.append(claim)), "Fenced")
        assert.deepStrictEqual(yield* store.get("a"), row("a", { epoch: 1, owner: "me" }))
        assert.deepStrictEqual(yield* bodies(store, "a"), [first])
      }))
  }
  test("of many claims of one epoch that come with entries exactly one is made", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("a"))
      const tags = yield* Effect.forEach(
        ["p", "q", "r", "s"],
        (owner) => tagOf(store.append({ ...request("a", 1, [`"${owner}"`], 1), claim: owner })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual([...tags].sort(), ["Fenced", "Fenced", "Fenced", "done"])
      const found = yield* store.get("a")
      assert.deepStrictEqual(yield* bodies(store, "a"), [first, `"${found?.owner}"`])
      assert.strictEqual(found?.epoch, 1)
    }))
  test("with entries goes on from the head of the epoch before", (encoded) =>
    Effect.gen(function* () {
      const store = fromEncoded(encoded)
      const made = yield* store.create(row("a"), [{ _tag: "Created", task: "place-order", version: 1, payload: null }])
      if (!("head" in made)) return assert.fail("it exists already")
      const head = yield* store.append(made.head, 5, [{ _tag: "Paused" }], "Paused", {
        claim: "me",
        rest: { wake: null, seen: 0 }
      })
      assert.strictEqual(head.epoch, 1)
      assert.deepStrictEqual((yield* store.load("a"))?.head, head)
      assert.strictEqual(yield* tagOf(store.append(made.head, 6, [{ _tag: "Paused" }], null)), "Fenced")
    }))
}

export const owning = (test: Test, { make }: Driver): void => {
  test("gives the store to one owner at a time", (store) =>
    Effect.gen(function* () {
      const owner = yield* Scope.make()
      yield* Scope.extend(store.own, owner)
      const busy = yield* Effect.flip(Effect.scoped(store.own))
      assert.deepInclude(busy, { _tag: "EngineBusy", pid: process.pid })
      yield* Scope.close(owner, Exit.void)
      yield* Effect.scoped(store.own)
      yield* store.own
    }))
  it.scoped("refuses another store over the same data, whose clients may still order", () =>
    Effect.gen(function* () {
      const open = yield* make
      const owner = yield* open
      const client = yield* open
      const scope = yield* Scope.make()
      yield* Scope.extend(owner.own, scope)
      assert.strictEqual(yield* tagOf(Effect.scoped(client.own)), "EngineBusy")
      const before = yield* owner.changed(undefined, 0)
      assert.strictEqual(yield* owner.changed(undefined, 0), before)
      const id = yield* client.order({ execution: "a", verb: "pause", body: null, at: 1 })
      assert.notStrictEqual(yield* owner.changed(before, 0), before)
      assert.deepStrictEqual(
        (yield* owner.orders).map((order) => order.id),
        [id]
      )
      yield* Scope.close(scope, Exit.void)
      yield* client.own
    })
  )
}

/** Two stores over the same data, as two processes have them. */
const two = (driver: Driver) =>
  Effect.gen(function* () {
    const open = yield* driver.make
    return [yield* open, yield* open] as const
  })

export const noticing = (driver: Driver): void => {
  it.scoped("tells of every write of another store, and of none of its own", () =>
    Effect.gen(function* () {
      const [store, other] = yield* two(driver)
      let seen = yield* store.changed(undefined, "1 second")
      const writes = [
        other.create(created("a", { status: "Waiting" })),
        other.append({
          ...request("a", 1, ["1"]),
          tokens: [{ hash: "h", clear: null, path: "p", schema: {}, expires: null }]
        }),
        other.post({ execution: "a", key: "s", body: 1, at: 1 }),
        other.beat({ hash: "h", at: 1 }),
        other.complete({ hash: "h", outcome: "o", body: 1, at: 1 }),
        other.order({ execution: "a", verb: "x", body: null, at: 1 })
      ]
      for (const [index, write] of writes.entries()) {
        const waiting = yield* Effect.fork(store.changed(seen, "1 second"))
        yield* store.order({ execution: "a", verb: "mine", body: null, at: index })
        yield* TestClock.adjust("1 minute")
        assert.isNull(waiting.unsafePoll(), `before ${index}`)
        yield* write as Effect.Effect<unknown, unknown>
        yield* TestClock.adjust("1 second")
        const now = yield* Fiber.join(waiting)
        assert.notStrictEqual(now, seen)
        assert.strictEqual(yield* store.changed(undefined, "1 second"), now)
        seen = now
      }
      assert.lengthOf(yield* store.letters("a"), 2)
    })
  )
  it.scoped("tells at once of what was written before it was asked", () =>
    Effect.gen(function* () {
      const [store, other] = yield* two(driver)
      const seen = yield* store.changed(undefined, "1 second")
      yield* other.create(created("a"))
      assert.notStrictEqual(yield* store.changed(seen, "1 second"), seen)
    })
  )
  it.scoped("waits no longer once it is interrupted", () =>
    Effect.gen(function* () {
      const [store, other] = yield* two(driver)
      const seen = yield* store.changed(undefined, "1 second")
      const waiting = yield* Effect.fork(store.changed(seen, "1 second"))
      yield* Effect.yieldNow()
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(waiting)))
      yield* other.create(created("a"))
    })
  )
}
