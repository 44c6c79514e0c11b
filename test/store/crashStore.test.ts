import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
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

const entry = (seq: number) => ({ seq, epoch: 1, at: 1, body: "{}", hash: "h" })

const run = (store: Encoded) =>
  Effect.gen(function* () {
    yield* store.create({ row, rows: [{ ...entry(0), epoch: 0 }] })
    yield* store.claim("a", "me")
    yield* store.append({ execution: "a", epoch: 1, rows: [entry(1)], status: null })
    const id = yield* store.order({ execution: "a", verb: "x", body: null, at: 1 })
    yield* store.answer({ order: id, body: null })
  })

describe("CrashStore", () => {
  it.effect("counts the writes of a run that it lets through", () =>
    Effect.gen(function* () {
      const store = yield* CrashStore.make(yield* MemoryStore.make())
      yield* run(store.encoded)
      assert.strictEqual(yield* store.writes, 5)
      assert.isFalse(yield* store.crashed)
    })
  )

  for (const when of ["before", "after"] as const) {
    it.effect(`dies ${when} each write, and answers nothing from then on`, () =>
      Effect.gen(function* () {
        for (let at = 1; at <= 5; at++) {
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
          assert.strictEqual((yield* Effect.flip(store.encoded.get("a")))._tag, "StoreError")
          assert.strictEqual((yield* Effect.flip(Effect.scoped(store.encoded.own)))._tag, "StoreError")
        }
      })
    )
  }
})
