import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { codec } from "../../src/authoring/Recordable.js"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, memory } from "../support/engines.js"

const id = "g1"
const V1 = Schema.Struct({ name: Schema.String })
const V2 = Task.migrated(Schema.Struct({ name: Schema.String, price: Schema.Number }), {
  version: 2,
  migrate: { 1: ({ name }: { readonly name: string }) => ({ name, price: 0 }) }
})
const steps = {
  1: ({ name }: { readonly name: string }) => ({ name, price: 0 }),
  2: ({ name, price }: { readonly name: string; readonly price: number }) => ({ title: name, cents: price * 100 })
}
const Newest = Schema.Struct({ title: Schema.String, cents: Schema.Number })
const V3 = Task.migrated(Newest, { version: 3, migrate: steps })

/** Three phases, one a generation; what each answers is read by the schema at hand. */
const release = (schema: Schema.Schema.AnyNoContext, value: unknown, generation: number) =>
  Task.make("t", {
    success: Schema.Unknown,
    *run() {
      const found: Array<unknown> = []
      for (let n = 1; n <= generation; n++) {
        found.push(yield* Phase.make(`get ${n}`, { run: Effect.succeed(value), success: schema }))
        yield* Phase.checkpoint(`mark ${n}`, { pause: true })
      }
      return found
    }
  })

const first = release(V1, { name: "tea" }, 3)
const second = release(V2, { name: "milk", price: 2 }, 3)

/** An execution with a value of each of two generations. */
const recordedTwice = Effect.gen(function* () {
  const store = memory()
  const one = yield* engine(store, [first])
  yield* Effect.flip(one.run(first.execute({}, { id })))
  yield* one.end
  const two = yield* engine(store, [second])
  yield* two.service.resume(id)
  assert.strictEqual((yield* two.service.settled(id)).position, "mark 2")
  yield* two.end
  return store
})

describe("a value that was recorded under an older schema", () => {
  it.scoped("is read by the newest, over three generations; its record stays as it is", () =>
    Effect.gen(function* () {
      const store = yield* recordedTwice
      const third = release(V3, { title: "salt", cents: 30 }, 3)
      const { service } = yield* engine(store, [third])
      yield* service.resume(id)
      yield* service.settled(id)
      yield* service.resume(id)
      assert.deepStrictEqual((yield* service.settled(id)).result, [
        { title: "tea", cents: 0 },
        { title: "milk", cents: 200 },
        { title: "salt", cents: 30 }
      ])
      const values = entries(store, id).flatMap((entry) =>
        entry._tag === "PhaseSucceeded" && entry.path.startsWith("get") ? [entry.value] : []
      )
      assert.deepStrictEqual(values, [
        { name: "tea" },
        { "~version": 2, value: { name: "milk", price: 2 } },
        { "~version": 3, value: { title: "salt", cents: 30 } }
      ])
    })
  )

  it.scoped("does not decode where a step is missing, throws, or is of a later release; and says so", () =>
    Effect.gen(function* () {
      const store = yield* recordedTwice
      const cases = [
        [{ version: 3, migrate: { 2: steps[2] } }, "get 1", "and `migrate` has no step from 1 to 2"],
        [
          { version: 3, migrate: { 1: steps[1] } },
          "get 1",
          "recorded under version 1 of its schema, and `migrate` has no step from 2 to 3"
        ],
        [
          {
            version: 3,
            migrate: {
              ...steps,
              1: () => {
                throw new Error("no price")
              }
            }
          },
          "get 1",
          "the step from 1 to 2 threw"
        ],
        [{ version: 1, migrate: {} }, "get 2", "recorded under version 2 of its schema, newer than 1"]
      ] as const
      for (const [migrations, path, message] of cases) {
        const schema: Schema.Schema.AnyNoContext =
          migrations.version === 1 ? Task.migrated(V1, migrations) : Task.migrated(Newest, migrations)
        const code = release(schema, {}, 3)
        const { end, service } = yield* engine(store, [code])
        const refused = yield* Effect.flip(service.resume(id))
        assert.deepInclude(refused, { _tag: "HistoryMismatch", path })
        assert.include(refused.message, message)
        assert.strictEqual((yield* service.status(id)).status, "Paused")
        yield* end
      }
    })
  )

  it("is marked beside it, and can be told from any other", () => {
    const { decode, encode, schema } = codec(V3)
    assert.isNull(schema())
    assert.deepStrictEqual(
      encode({ title: "a", cents: 1 }),
      Either.right({ "~version": 3, value: { title: "a", cents: 1 } })
    )
    assert.deepStrictEqual(decode({ name: "b" }), Either.right({ title: "b", cents: 0 }))
    for (const version of [0, 1.5, Number.NaN]) {
      assert.throws(() => Task.migrated(Newest, { version, migrate: {} }), TypeError)
    }
  })
})
