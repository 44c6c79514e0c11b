/** A part of the suite: executions that have ended are purged. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Encoded } from "../store/Encoded.js"
import { claimed, created, request, type Test, tagOf, token } from "./StoreSuiteRows.js"

const query = { task: "place-order", before: 100, limit: 100, at: 200 }

const purgedAs = (id: string) => ({ id, task: "place-order", createdAt: created(id).row.createdAt, at: query.at })

/** Executions that ended at these times, and another one, which is the newest. */
const ending = (store: Encoded, at: Readonly<Record<string, number>>) =>
  Effect.gen(function* () {
    for (const [id, updatedAt] of Object.entries(at))
      yield* store.create(created(id, { status: "Completed", updatedAt }))
    yield* store.create(created("newest"))
  })

const ids = (store: Encoded) => Effect.map(store.list({ order: "oldest" }), (rows) => rows.map(({ id }) => id))

export const retention = (test: Test): void => {
  test("purges what ended before a time, the oldest first, and remembers it", (store) =>
    Effect.gen(function* () {
      yield* ending(store, { a: 30, b: 10, c: 20, d: 100, e: 40 })
      assert.deepStrictEqual(yield* store.purge({ ...query, limit: 2 }), ["b", "c"])
      assert.deepStrictEqual(yield* store.purge(query), ["a", "e"])
      assert.deepStrictEqual(yield* store.purge(query), [])
      assert.deepStrictEqual(yield* ids(store), ["d", "newest"])
      assert.deepStrictEqual(yield* store.purged("a"), purgedAs("a"))
      assert.isUndefined(yield* store.purged("d"))
      assert.isUndefined(yield* store.get("a"))
      assert.deepStrictEqual(yield* store.read("a", 0), [])
      assert.deepStrictEqual(yield* store.tasks, ["place-order"])
    }))
  test("purges no other task's executions, none that has not ended, and never the newest", (store) =>
    Effect.gen(function* () {
      yield* store.create(created("other", { task: "other", status: "Closed", updatedAt: 1 }))
      yield* store.create(created("failed", { status: "Failed", updatedAt: 1 }))
      yield* store.create(created("paused", { status: "Paused", updatedAt: 1 }))
      yield* store.create(created("last", { status: "Reverted", updatedAt: 1 }))
      assert.deepStrictEqual(yield* store.purge(query), [])
      yield* store.create(created("newest"))
      assert.deepStrictEqual(yield* store.purge(query), ["last"])
      assert.deepStrictEqual([...(yield* store.tasks)].sort(), ["other", "place-order"])
    }))
  test("lists what comes after one that was purged since", (store) =>
    Effect.gen(function* () {
      yield* ending(store, { a: 1, b: 200, c: 200 })
      yield* store.purge(query)
      const after = yield* store.list({ after: "a", order: "oldest" })
      assert.deepStrictEqual(
        after.map(({ id }) => id),
        ["b", "c", "newest"]
      )
      assert.deepStrictEqual(yield* store.list({ after: "nobody" }), [])
    }))
  test("creates nothing with an id that was purged", (store) =>
    Effect.gen(function* () {
      yield* ending(store, { a: 1 })
      yield* store.purge(query)
      const again = created("a")
      assert.strictEqual(yield* tagOf(store.create(again)), "ExecutionDiscarded")
      const [exit, other] = yield* Effect.all([tagOf(store.create(again)), tagOf(store.create(created("b")))], {
        concurrency: 2
      })
      assert.deepStrictEqual([exit, other], ["ExecutionDiscarded", "done"])
      assert.deepStrictEqual(yield* ids(store), ["b", "newest"])
      assert.strictEqual(yield* tagOf(store.append(request("a", 1, [claimed]))), "Fenced")
    }))
  test("purges children with their parent, and never alone", (store) =>
    Effect.gen(function* () {
      const ended = (id: string, updatedAt: number, parent?: string) =>
        store.create({
          ...created(id, { status: "Completed", updatedAt }),
          ...(parent === undefined ? {} : { parent })
        })
      yield* ended("late", 150)
      yield* ended("late/child", 1, "late")
      yield* ended("a", 50)
      yield* ended("a/child", 150, "a")
      yield* ended("a/child/child", 10, "a/child")
      yield* ended("busy", 1)
      yield* ended("busy/child", 1, "busy")
      yield* store.create({ ...created("busy/child/child", { status: "Failed" }), parent: "busy/child" })
      yield* store.create(created("newest"))
      assert.deepStrictEqual([...(yield* store.purge({ ...query, limit: 1 }))].sort(), [
        "a",
        "a/child",
        "a/child/child"
      ])
      assert.deepStrictEqual(yield* store.purge(query), [])
      assert.deepStrictEqual(yield* store.purged("a/child"), purgedAs("a/child"))
    }))
  test("purges tokens and letters with their execution", (store) =>
    Effect.gen(function* () {
      const asks = (hash: string) => `{"_tag":"PhaseStarted","path":"charge","token":"${hash}"}`
      for (const id of ["a", "b"]) {
        yield* store.create(created(id))
        yield* store.append({ ...request(id, 1, [asks(`token ${id}`)]), tokens: [token(`token ${id}`)] })
        yield* store.post({ execution: id, key: "go", body: {}, at: 5 })
      }
      yield* store.create(created("newest"))
      yield* store.append({ ...request("a", 2, [claimed]), status: "Completed" })
      const all = { ...query, before: Number.MAX_SAFE_INTEGER }
      assert.deepStrictEqual(yield* store.purge(all), ["a"])
      assert.isUndefined(yield* store.token("token a"))
      assert.lengthOf(yield* store.letters("a"), 0)
      assert.isUndefined(yield* store.post({ execution: "a", key: "go", body: {}, at: 6 }))
      assert.strictEqual((yield* store.token("token b"))?.execution, "b")
      assert.lengthOf(yield* store.letters("b"), 1)
    }))
}
