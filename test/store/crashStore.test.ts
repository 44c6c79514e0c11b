import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Fenced, StoreError } from "../../src/core/Errors.js"
import type { Encoded, ExecutionRow } from "../../src/store/Encoded.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import * as CrashStore from "../../src/testing/CrashStore.js"

const row: ExecutionRow = {
  id: "a",
  task: "t",
  version: 1,
  status: "Pending",
  epoch: 0,
  owner: null,
  createdAt: 1,
  updatedAt: 1
}

const entry = (seq: number, epoch = 1) => ({ seq, epoch, at: 1, body: "{}", hash: "h" })

const run = (store: Encoded) =>
  Effect.gen(function* () {
    yield* store.create({ row, rows: [{ ...entry(0), epoch: 0 }] })
    yield* store.claim("a", "me")
    yield* store.append({ execution: "a", epoch: 1, rows: [entry(1)], status: null })
    const id = yield* store.order({ execution: "a", verb: "x", body: null, at: 1 })
    yield* store.answer({ order: id, body: null })
    const token = { clear: null, path: "p", schema: {}, expires: null }
    const tokens = ["h", "g"].map((hash) => ({ ...token, hash }))
    yield* store.append({
      execution: "a",
      epoch: 2,
      rows: [entry(2, 2)],
      status: "Waiting",
      claim: "you",
      tokens,
      rest: { wake: 9, seen: 0 }
    })
    yield* store.beat({ hash: "h", at: 1 })
    yield* store.complete({ hash: "h", outcome: "o", body: null, at: 1 })
    yield* store.end({ hash: "g", as: "closed" })
    yield* store.post({ execution: "a", key: "s", body: null, at: 1 })
  })

const reads = (store: Encoded): ReadonlyArray<Effect.Effect<unknown, StoreError | Fenced>> => [
  store.get("a"),
  store.tail("a", 1),
  store.token("h"),
  store.letters("a"),
  store.due({ now: 9 }),
  store.addressed,
  store.nextWake(0),
  store.changed(undefined, 0),
  store.complete({ hash: "h", outcome: "o", body: null, at: 1 }),
  store.end({ hash: "h", as: "closed" }),
  store.beat({ hash: "h", at: 1 }),
  store.post({ execution: "a", key: "s", body: null, at: 1 })
]

/** How many writes that is. */
const writes = 10

describe("CrashStore", () => {
  it.effect("counts the writes of a run that it lets through", () =>
    Effect.gen(function* () {
      const store = yield* CrashStore.make(yield* MemoryStore.make())
      yield* run(store.encoded)
      assert.strictEqual(yield* store.writes, writes)
      assert.isFalse(yield* store.crashed)
    })
  )

  for (const when of ["before", "after"] as const) {
    it.effect(`dies ${when} each write, and answers nothing from then on`, () =>
      Effect.gen(function* () {
        for (let at = 1; at <= writes; at++) {
          const memory = MemoryStore.memory()
          const store = yield* CrashStore.make(yield* MemoryStore.make(memory), { at, when })
          const error = yield* Effect.flip(run(store.encoded))
          assert.deepInclude(error, {
            _tag: "StoreError",
            reason: "Failed",
            message: `simulated crash ${when} write ${at}`
          })
          assert.isTrue(yield* store.crashed)
          yield* store.awaitCrash
          assert.strictEqual(memory.writes, when === "before" ? at - 1 : at)
          for (const read of reads(store.encoded)) assert.strictEqual((yield* Effect.flip(read))._tag, "StoreError")
          assert.strictEqual((yield* Effect.flip(Effect.scoped(store.encoded.own)))._tag, "StoreError")
        }
      })
    )
  }
})
