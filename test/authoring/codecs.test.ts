import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Chunk from "effect/Chunk"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as FastCheck from "effect/FastCheck"
import * as Hash from "effect/Hash"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { difference } from "../../src/authoring/Difference.js"
import { codec, errorCodec, plain } from "../../src/authoring/Recordable.js"
import type { Codec } from "../../src/core/Instruction.js"
import type { Json, Problem } from "../../src/core/Json.js"
import "../support/seeded.js"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
class Item extends Schema.Class<Item>("Item")({
  sku: Schema.String,
  when: Schema.Date,
  tags: Schema.Array(Schema.String)
}) {}
class Opaque {
  readonly #secret: string
  constructor(secret: string) {
    this.#secret = secret
  }
  toString(): string {
    return this.#secret
  }
}

const encoded = (codec: Codec, value: unknown): Json | undefined =>
  Either.getOrThrowWith(codec.encode(value), (problem) => new Error(JSON.stringify(problem)))
const refusal = (codec: Codec, value: unknown): Problem | undefined =>
  Either.getOrUndefined(Either.flip(codec.encode(value)))
/** As a value is kept: JSON text in between. */
const roundTrip = (codec: Codec, value: unknown): unknown => {
  const json = encoded(codec, value)
  return Either.getOrThrow(codec.decode(json === undefined ? undefined : JSON.parse(JSON.stringify(json))))
}
const nested = (depth: number): unknown => {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = [value]
  return value
}

describe("a value without a schema", () => {
  it("comes back if it is plain JSON, or nothing", () => {
    for (const value of [null, true, 0, "", "\u0000\uD800", [], {}, { a: [{ b: null }] }, 2 ** 53, 1e308]) {
      assert.deepStrictEqual(roundTrip(plain, value), value)
    }
    assert.isUndefined(roundTrip(plain, undefined))
  })

  it("is refused with the place where it would change", () => {
    const loop: { items: Array<unknown> } = { items: [] }
    loop.items.push(loop)
    const refused: ReadonlyArray<readonly [value: unknown, at: string]> = [
      [{ items: [{}, {}, {}, { when: new Date(0) }] }, "$.items[3].when"],
      [{ id: 9007199254740993n }, "$.id"],
      [{ a: undefined }, "$.a"],
      [NaN, "$"],
      [[-0], "$[0]"],
      [new Map([["a", 1]]), "$"],
      [new Declined({ reason: "" }), "$"],
      [() => 1, "$"],
      [
        {
          toJSON: () => {
            throw new Error("no")
          }
        },
        "$.toJSON"
      ],
      [
        {
          get a() {
            throw new Error("no")
          }
        },
        "$.a"
      ],
      [loop, "$.items[0]"]
    ]
    for (const [value, at] of refused) assert.strictEqual(refusal(plain, value)?.at, at)
    assert.match(refusal(plain, nested(1_001))?.reason ?? "", /1000 levels/)
    assert.isDefined(refusal(plain, nested(500_000)))
  })

  it("keeps names that others treat as theirs", () => {
    const value = JSON.parse(`{ "__proto__": { "polluted": true }, "constructor": { "prototype": 1 } }`)
    assert.strictEqual(JSON.stringify(roundTrip(plain, value)), JSON.stringify(value))
    assert.isUndefined(({} as { polluted?: unknown }).polluted)
  })

  it("is no longer shared with its record", () => {
    const value = { a: [1] }
    const json = encoded(plain, value)
    value.a.push(2)
    assert.deepStrictEqual(json, { a: [1] })
    const back = Either.getOrThrow(plain.decode(json)) as typeof value
    back.a.push(3)
    assert.deepStrictEqual(json, { a: [1] })
  })

  it.prop(
    "comes back equal or is refused, whatever it is",
    {
      value: FastCheck.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true
      })
    },
    ({ value }) => {
      if (Either.isRight(plain.encode(value))) assert.isUndefined(difference(value, roundTrip(plain, value)))
    },
    { fastCheck: { numRuns: 5_000 } }
  )
})

describe("a value with a schema", () => {
  const values: ReadonlyArray<readonly [what: string, schema: Schema.Schema.AnyNoContext, value: unknown]> = [
    ["a Date", Schema.Date, new Date(1234567890123)],
    ["a bigint beyond 2^53", Schema.BigInt, 9007199254740993n],
    ["a Map", Schema.Map({ key: Schema.String, value: Schema.Date }), new Map([["a", new Date(0)]])],
    ["a Set", Schema.Set(Schema.BigInt), new Set([1n, 2n])],
    ["bytes", Schema.Uint8ArrayFromBase64, new Uint8Array([0, 255, 7])],
    ["a URL", Schema.URL, new URL("https://example.org/a?b=c")],
    ["an Option", Schema.Option(Schema.Date), Option.some(new Date(0))],
    ["a Chunk of objects", Schema.Chunk(Schema.Struct({ a: Schema.Number })), Chunk.of({ a: 1 })],
    [
      "a HashMap of objects",
      Schema.HashMap({ key: Schema.String, value: Schema.Struct({ a: Schema.Number }) }),
      HashMap.make(["x", { a: 1 }], ["y", { a: 2 }])
    ],
    ["a Duration", Schema.Duration, Duration.seconds(90)],
    ["a class with members", Item, new Item({ sku: "a", when: new Date(0), tags: ["x"] })],
    ["an error", Declined, new Declined({ reason: "no" })],
    ["nothing", Schema.Void, undefined],
    ["undefined beside a value", Schema.UndefinedOr(Schema.String), undefined],
    ["an optional member", Schema.Struct({ a: Schema.optional(Schema.Date) }), {}],
    ["a default", Schema.Struct({ a: Schema.optionalWith(Schema.Number, { default: () => 7 }) }), { a: 1 }],
    ["a null prototype", Schema.Struct({ a: Schema.Number }), Object.assign(Object.create(null), { a: 1 })]
  ]

  for (const [what, schema, value] of values) {
    it(`comes back equal: ${what}`, () => {
      assert.isUndefined(difference(value, roundTrip(codec(schema), value)))
    })
  }

  const refused: ReadonlyArray<
    readonly [why: string, schema: Schema.Schema.AnyNoContext, value: unknown, at: string, reason: RegExp]
  > = [
    ["it is of another type", Schema.Number, "1", "$", /Expected number/],
    [
      "a member is of another type",
      Schema.Struct({ a: Schema.Array(Schema.Struct({ "b c": Schema.Date })) }),
      { a: [{ "b c": new Date(0) }, { "b c": 1 }] },
      `$.a[1]["b c"]`,
      /Expected/
    ],
    ["its schema does not lead to JSON", Schema.DateFromSelf, new Date(0), "$", /Date is not plain JSON/],
    [
      "a member is undefined",
      Schema.Struct({ a: Schema.UndefinedOr(Schema.String) }),
      { a: undefined },
      "$.a",
      /undefined is not JSON/
    ],
    ["it is no JSON number", Schema.Struct({ n: Schema.Number }), { n: NaN }, "$.n", /NaN is not a JSON number/],
    ["it is -0", Schema.Number, -0, "$", /-0 is not a JSON number/],
    [
      "it has members that the schema drops",
      Schema.Struct({ a: Schema.Number }),
      { a: 1, "b-c": 2 },
      `$["b-c"]`,
      /come back equal/
    ],
    [
      "its schema rounds",
      Schema.transform(Schema.Number, Schema.BigIntFromSelf, {
        strict: true,
        decode: (n) => BigInt(n),
        encode: Number
      }),
      9007199254740993n,
      "$",
      /come back equal/
    ],
    [
      "its schema loses a part",
      Schema.Struct({
        when: Schema.transform(Schema.String, Schema.DateFromSelf, {
          strict: true,
          decode: (s) => new Date(s),
          encode: (d) => d.toISOString().slice(0, 10)
        })
      }),
      { when: new Date(1) },
      "$.when",
      /come back equal/
    ],
    [
      "its schema does not read what it wrote",
      Schema.transform(Schema.String.pipe(Schema.minLength(3)), Schema.Number, {
        strict: true,
        decode: Number,
        encode: (n) => `${n}-----`
      }),
      1,
      "$",
      /Expected number, actual NaN|come back equal/
    ],
    [
      "its schema throws",
      Schema.transform(Schema.String, Schema.Number, {
        strict: true,
        decode: Number,
        encode: () => {
          throw new Error("no")
        }
      }),
      1,
      "$",
      /the schema threw: Error: no/
    ],
    [
      "its schema throws what cannot be read",
      Schema.transform(Schema.String, Schema.Number, {
        strict: true,
        decode: Number,
        encode: () => {
          throw Object.create(null)
        }
      }),
      1,
      "$",
      /the schema threw/
    ],
    [
      "it is redacted and another secret comes back",
      Schema.transform(Schema.String, Schema.RedactedFromSelf(Schema.String), {
        strict: true,
        decode: () => Redacted.make("other"),
        encode: () => ""
      }),
      Redacted.make("secret"),
      "$",
      /come back equal/
    ]
  ]

  for (const [why, schema, value, at, reason] of refused) {
    it(`is refused because ${why}`, () => {
      const problem = refusal(codec(schema), value)
      assert.strictEqual(problem?.at, at)
      assert.match(problem?.reason ?? "", reason)
    })
  }

  it("is told briefly, however large it is", () => {
    assert.isAtMost(refusal(codec(Schema.Number), "x".repeat(1_000_000))?.reason.length ?? Infinity, 500)
  })

  it("does not decode where its record does not fit any more, and the record is as it was", () => {
    const record = { when: "soon", tags: ["x"] }
    const problem = Either.getOrUndefined(
      Either.flip(codec(Schema.Struct({ when: Schema.Date, tags: Schema.Array(Schema.String) })).decode(record))
    )
    assert.strictEqual(problem?.at, "$.when")
    assert.deepStrictEqual(record, { when: "soon", tags: ["x"] })
  })

  it("is no longer shared with its record", () => {
    const json = { a: { b: [1] } }
    const back = Either.getOrThrow(codec(Schema.Struct({ a: Schema.Unknown })).decode(json)) as {
      a: { b: Array<number> }
    }
    back.a.b.push(2)
    assert.deepStrictEqual(json, { a: { b: [1] } })
  })

  const order = Schema.Struct({
    id: Schema.BigInt,
    when: Schema.ValidDateFromSelf.pipe((self) => Schema.compose(Schema.Date, self, { strict: false })),
    note: Schema.optionalWith(Schema.String, { exact: true }),
    lines: Schema.Array(Schema.Struct({ sku: Schema.String, qty: Schema.Int, kind: Schema.Literal("a", "b") })),
    owner: Schema.NullOr(Schema.Tuple(Schema.String, Schema.Boolean))
  })
  it.prop(
    "comes back equal, whatever it holds",
    { value: Arbitrary.make(Schema.typeSchema(order)) },
    ({ value }) => {
      const problem = refusal(codec(order), value)
      if (problem !== undefined) assert.match(problem.reason, /^-0 is not/)
      else assert.isUndefined(difference(value, roundTrip(codec(order), value)))
    },
    { fastCheck: { numRuns: 500 } }
  )
})

describe("a failure", () => {
  it("comes back by its schema, without its stack", () => {
    const declined = Object.assign(new Declined({ reason: "no" }), { extra: 1 })
    const back = roundTrip(errorCodec(Declined), declined)
    assert.instanceOf(back, Declined)
    assert.strictEqual((back as Declined).reason, "no")
  })

  it("is refused where its schema does not hold it", () => {
    assert.isDefined(refusal(errorCodec(Declined), new Error("x")))
    assert.isDefined(refusal(errorCodec(Schema.instanceOf(Error)), new Error("x")))
  })
})

describe("a difference", () => {
  class Point {
    constructor(readonly x: unknown) {}
  }
  class Money implements Equal.Equal {
    readonly #cents: number
    constructor(cents: number) {
      this.#cents = cents
    }
    [Equal.symbol](that: unknown): boolean {
      return that instanceof Money && that.#cents === this.#cents
    }
    [Hash.symbol](): number {
      return this.#cents
    }
  }
  const same: ReadonlyArray<readonly [unknown, unknown]> = [
    [NaN, NaN],
    [{ a: [1, { b: null }] }, { a: [1, { b: null }] }],
    [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
    [new Date(NaN), new Date(NaN)],
    [new Map([["a", { b: 1 }]]), new Map([["a", { b: 1 }]])],
    [new Set([1, 2]), new Set([1, 2])],
    [new Point([1]), new Point([1])],
    [new Money(1), new Money(1)],
    [Option.some({ a: [1] }), Option.some({ a: [1] })],
    [Option.some(new Map([[1, 2]])), Option.some(new Map([[1, 2]]))],
    [/a/g, /a/g],
    [new Opaque("a"), new Opaque("a")],
    [[], []]
  ]
  const other: ReadonlyArray<readonly [unknown, unknown, string]> = [
    [0, -0, "$"],
    [1, "1", "$"],
    [null, {}, "$"],
    [{}, null, "$"],
    [{ a: 1 }, { a: 2 }, "$.a"],
    [{ a: 1 }, { b: 1 }, "$.a"],
    [{ a: 1 }, { a: 1, b: 1 }, "$.b"],
    [[1], [1, 2], "$[1]"],
    [[1, [2]], [1, [3]], "$[1][0]"],
    [[], {}, "$"],
    [{}, [], "$"],
    [new Point(1), { x: 1 }, "$"],
    [new Date(0), new Date(1), "$"],
    [new Date(0), {}, "$"],
    [new Map([["a", 1]]), new Map([["a", 2]]), "$[0][1]"],
    [new Set([1]), new Set([1, 2]), "$[1]"],
    [new Money(1), new Money(2), "$"],
    [Redacted.make("a"), Redacted.make("b"), "$"],
    [Option.some({ a: 1 }), Option.some({ a: 2 }), "$.value.a"],
    [new URL("https://a.example"), new URL("https://b.example"), "$"],
    [new Opaque("a"), new Opaque("b"), "$"],
    [/a/g, /a/, "$"]
  ]

  it("is found where one is, and nowhere else", () => {
    for (const [before, after] of same) assert.isUndefined(difference(before, after))
    for (const [before, after, at] of other) assert.strictEqual(difference(before, after)?.at, at, String(before))
  })
})
