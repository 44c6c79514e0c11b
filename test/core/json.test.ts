import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Json from "../../src/core/Json.js"
import * as Thrown from "../../src/core/Thrown.js"
import "../support/seeded.js"

class Point {
  readonly x = 1
}
class Strings extends Array<string> {}

const nested = (depth: number): unknown => {
  let value: unknown = 0
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? [value] : { value }
  return value
}
const loop: { self?: unknown } = {}
loop.self = loop
const named = Object.assign([1, 2], { length2: 2 })
const nameless = Object.create({ constructor: undefined })
const unreadable = {
  get toString() {
    throw new Error("no")
  },
  get [Symbol.toStringTag](): string {
    throw new Error("no")
  }
}
const { proxy, revoke } = Proxy.revocable({}, {})
revoke()

const refused: ReadonlyArray<readonly [value: unknown, at: string, reason: RegExp]> = [
  [undefined, "$", /^undefined is not JSON$/],
  [{ a: undefined }, "$.a", /^undefined is not JSON$/],
  [[1, undefined], "$[1]", /^undefined is not JSON$/],
  [Object.assign([1], { 2: 3 }), "$[1]", /^undefined is not JSON$/],
  [new Array(4_000_000_000), "$[0]", /^undefined is not JSON$/],
  [1n, "$", /^bigint is not JSON$/],
  [{ id: 9007199254740993n }, "$.id", /^bigint is not JSON$/],
  [Symbol("s"), "$", /^symbol is not JSON$/],
  [() => 1, "$", /^function is not JSON$/],
  [{ toJSON: () => 1 }, "$.toJSON", /^function is not JSON$/],
  [NaN, "$", /^NaN is not a JSON number$/],
  [{ a: [Infinity] }, "$.a[0]", /^Infinity is not a JSON number$/],
  [-Infinity, "$", /^-Infinity is not a JSON number$/],
  [-0, "$", /^-0 is not a JSON number$/],
  [new Date(0), "$", /^a Date is not plain JSON$/],
  [{ items: [0, 0, 0, { when: new Date(0) }] }, "$.items[3].when", /^a Date is not plain JSON$/],
  [new Map(), "$", /^a Map is not plain JSON$/],
  [new Set([1]), "$", /^a Set is not plain JSON$/],
  [new Point(), "$", /^a Point is not plain JSON$/],
  [new Strings("a"), "$", /^a Strings is not plain JSON$/],
  [new Uint8Array(2), "$", /^a Uint8Array is not plain JSON$/],
  [/x/, "$", /^a RegExp is not plain JSON$/],
  [new Error("x"), "$", /^a Error is not plain JSON$/],
  [Object.create(Object.create(null)), "$", /^a class instance is not plain JSON$/],
  [nameless, "$", /^a class instance is not plain JSON$/],
  [new (class {})(), "$", /^a class instance is not plain JSON$/],
  [{ [Symbol("s")]: 1 }, "$", /^a symbol key is not JSON$/],
  [named, "$", /^an array with named members is not JSON$/],
  [loop, "$.self", /^it holds itself$/],
  [{ "a b": { "": NaN } }, `$["a b"][""]`, /^NaN/],
  [Object.defineProperty({}, "__proto__", { value: NaN, enumerable: true }), "$.__proto__", /^NaN/],
  [
    {
      get a() {
        throw new Error("no")
      }
    },
    "$.a",
    /^reading it threw: Error: no$/
  ],
  [
    {
      get a() {
        throw Object.create(null)
      }
    },
    "$.a",
    /^reading it threw: \[object Object\]$/
  ],
  [
    {
      get a() {
        throw unreadable
      }
    },
    "$.a",
    /^reading it threw: an unreadable object$/
  ],
  [proxy, "$", /^reading it threw/]
]

const json = FastCheck.jsonValue() as FastCheck.Arbitrary<Json.Json>
const kept = json.filter(Json.is)

describe("plain JSON", () => {
  it("is refused with the place and the reason where it would be lost or changed", () => {
    for (const [value, at, reason] of refused) {
      const problem = Either.getOrUndefined(Either.flip(Json.from(value)))
      assert.strictEqual(problem?.at, at)
      assert.match(problem?.reason ?? "", reason)
      assert.isFalse(Json.is(value))
    }
  })

  it("is accepted up to 1,000 levels and refused beyond", () => {
    assert.isTrue(Json.is(nested(1_000)))
    const problem = Either.getOrThrow(Either.flip(Json.from(nested(1_001))))
    assert.strictEqual(problem.reason, "it nests deeper than 1000 levels")
    assert.isFalse(Json.is(nested(200_000)))
  })

  it("may hold one value in several places", () => {
    const shared = { a: 1 }
    assert.isTrue(Json.is([shared, shared, { shared }]))
  })

  it("keeps every name of a member as data", () => {
    const value = JSON.parse(`{ "__proto__": { "polluted": 1 }, "constructor": 2, "toString": 3, "": 4 }`)
    for (const copy of [Either.getOrThrow(Json.from(value)), Json.copy(value)]) {
      assert.strictEqual(JSON.stringify(copy), JSON.stringify(value))
      assert.strictEqual(Object.getPrototypeOf(copy), Object.prototype)
    }
    assert.isUndefined(({} as { polluted?: unknown }).polluted)
  })

  it("is read once: what was checked is what is kept", () => {
    let reads = 0
    const value = {
      get a() {
        return reads++ === 0 ? 1 : NaN
      }
    }
    assert.deepStrictEqual(Either.getOrThrow(Json.from(value)), { a: 1 })
    assert.strictEqual(reads, 1)
  })

  it.prop("comes back equal from its text, and from a copy", { value: kept }, ({ value }) => {
    const copy = Either.getOrThrow(Json.from(value))
    assert.isTrue(Json.equal(copy, value))
    assert.isTrue(Json.equal(JSON.parse(JSON.stringify(value)), value))
    assert.isTrue(Json.equal(Json.copy(value), value))
    if (typeof value === "object" && value !== null) assert.notStrictEqual(Json.copy(value), value)
  })

  it.prop(
    "is what any value either is or is refused for: nothing changes silently",
    {
      value: FastCheck.anything({
        withBigInt: true,
        withDate: true,
        withMap: true,
        withSet: true,
        withSparseArray: true,
        withTypedArray: true,
        withNullPrototype: true
      })
    },
    ({ value }) => {
      const read = Json.from(value)
      if (Either.isLeft(read)) return
      assert.deepEqual(JSON.parse(JSON.stringify(value)), read.right)
      assert.isTrue(Json.equal(JSON.parse(JSON.stringify(read.right)), read.right))
    },
    { fastCheck: { numRuns: 2_000 } }
  )

  it.prop("is equal to itself alone", { one: kept, other: kept }, ({ one, other }) => {
    const same = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
    assert.strictEqual(Json.equal(one, other), same)
  })

  it.prop("has the same text as its equals, and only as those", { one: kept, other: kept }, ({ one, other }) => {
    assert.strictEqual(Json.canonical(one) === Json.canonical(other), Json.equal(one, other))
    assert.isTrue(Json.equal(JSON.parse(Json.canonical(one)), one))
  })

  it("has the same text whatever the order of its members", () => {
    assert.strictEqual(Json.canonical({ b: null, a: [{ d: 1, c: "2" }] }), '{"a":[{"c":"2","d":1}],"b":null}')
  })

  it("is equal whatever the order of its members, and only then", () => {
    const unequal: ReadonlyArray<readonly [Json.Json | undefined, Json.Json | undefined]> = [
      [null, {}],
      [[], {}],
      [{}, []],
      [[1], [1, 2]],
      [[1], [2]],
      [{ a: 1 }, { a: 2 }],
      [{ a: 1 }, { b: 1 }],
      [{ a: 1 }, { a: 1, b: 2 }],
      [{ toString: 1 }, { a: 1 }],
      [undefined, null],
      ["1", 1]
    ]
    for (const [one, other] of unequal) assert.isFalse(Json.equal(one, other), JSON.stringify([one, other]))
    assert.isTrue(Json.equal({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 }))
    assert.isTrue(Json.equal(undefined, undefined))
  })
})

/** Members in the order of their names. */
const sorted = (value: Json.Json): Json.Json => {
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return ["array", ...value.map(sorted)]
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return ["object", ...members.map(([key, item]) => [key, sorted(item)])]
}

describe("what was thrown", () => {
  it("is shown whatever it is", () => {
    assert.strictEqual(Thrown.text(new TypeError("no")), "TypeError: no")
    assert.strictEqual(Thrown.text(Symbol("s")), "Symbol(s)")
    assert.strictEqual(Thrown.text(Object.create(null)), "[object Object]")
    assert.strictEqual(Thrown.text(proxy), "an unreadable object")
  })
})
