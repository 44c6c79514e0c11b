import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { type AnySchema, codec, nothing, plain } from "../../src/authoring/Recordable.js"
import type { Json } from "../../src/core/Json.js"
import { Answers } from "../../src/engine/Answers.js"

const fc = FastCheck

class Point extends Schema.Class<Point>("Point")({ a: Schema.Number, b: Schema.optional(Schema.String) }) {}
class Declined extends Schema.TaggedError<Declined>()("Declined", { a: Schema.String }) {}
enum Size {
  Small = 1,
  Large = "a"
}

interface Tree {
  readonly a?: number
  readonly b: ReadonlyArray<Tree>
}
const Tree: Schema.Schema<Tree> = Schema.Struct({
  a: Schema.optionalWith(Schema.Number, { exact: true }),
  b: Schema.Array(Schema.suspend(() => Tree))
})

const never = Schema.Never as unknown as AnySchema

/** Schemas that a JSON Schema can say, each by itself. */
const leaves: ReadonlyArray<AnySchema> = [
  Schema.String,
  Schema.Number,
  Schema.Boolean,
  Schema.Null,
  Schema.Unknown,
  Schema.Any,
  Schema.Void,
  Schema.Object,
  never,
  Schema.Undefined,
  Schema.BigIntFromSelf,
  Schema.SymbolFromSelf,
  Schema.UndefinedOr(Schema.String),
  Schema.Literal("a", 1, true, null),
  Schema.Literal("ab"),
  Schema.Literal(-0),
  Schema.Literal(1n),
  Schema.Literal(Number.NaN, 1),
  Schema.Enums(Size),
  Schema.TemplateLiteral("a", Schema.String, "b"),
  Schema.TemplateLiteral("a", Schema.Number),
  Schema.TemplateLiteral(Schema.Literal("a", "x."), Schema.String),
  Schema.TemplateLiteral(Schema.String, ".", Schema.String),
  Schema.String.pipe(Schema.minLength(0)),
  Schema.NonEmptyString,
  Schema.String.pipe(Schema.minLength(2)),
  Schema.String.pipe(Schema.maxLength(1)),
  Schema.String.pipe(Schema.length(2)),
  Schema.String.pipe(Schema.length({ min: 1, max: 2 })),
  Schema.String.pipe(Schema.minLength(1), Schema.maxLength(2), Schema.minLength(2)),
  Schema.String.pipe(Schema.pattern(/^a.b?$/g)),
  Schema.String.pipe(Schema.pattern(/a/), Schema.pattern(/^.$/)),
  Schema.String.pipe(Schema.startsWith("a.")),
  Schema.String.pipe(Schema.endsWith("$b")),
  Schema.String.pipe(Schema.includes("\\")),
  Schema.NonEmptyTrimmedString,
  Schema.UUID,
  Schema.ULID,
  Schema.String.pipe(Schema.brand("Id")),
  Schema.Int,
  Schema.Finite,
  Schema.NonNaN,
  Schema.JsonNumber,
  Schema.Positive,
  Schema.NonNegative,
  Schema.Negative,
  Schema.NonPositive,
  Schema.Int.pipe(Schema.between(-1, 1)),
  Schema.Number.pipe(Schema.greaterThan(0.5)),
  Schema.Number.pipe(Schema.lessThan(1e21), Schema.int()),
  Schema.Int.pipe(Schema.brand("Count")).annotations({ jsonSchema: { type: "number", format: "count" } }),
  Schema.Struct({}),
  Schema.Union(
    Schema.TaggedStruct("a", {}),
    Schema.TaggedStruct("b", { a: Schema.Number }),
    Schema.Array(Schema.String)
  ),
  Schema.Union(Schema.Tuple(Schema.Literal("a")), Schema.Tuple(Schema.Literal("b", 1), Schema.Number)),
  Point,
  Declined,
  Tree
]

/** Those that take the task's code. */
const inexact: ReadonlyArray<readonly [what: string, schema: AnySchema]> = [
  ["a transformation that can fail", Schema.NumberFromString],
  ["a transformation that may fail", Schema.Trim],
  ["a text that is a date", Schema.Date],
  ["a declaration", Schema.DateFromSelf],
  ["a declaration of one's own", Schema.declare((_: unknown): _ is string => true)],
  ["an option", Schema.Option(Schema.String)],
  ["a predicate", Schema.String.pipe(Schema.filter((text) => text !== "a"))],
  ["a predicate of a struct", Schema.Struct({ a: Schema.Number }).pipe(Schema.filter(({ a }) => a > 0))],
  ["division, which JSON Schema does with less care", Schema.Number.pipe(Schema.multipleOf(0.1))],
  ["a pattern with flags", Schema.String.pipe(Schema.pattern(/^a$/i))],
  ["cases", Schema.Lowercase],
  [
    "words that say less than the filter does",
    Schema.String.pipe(Schema.minLength(3, { jsonSchema: { minLength: 1 } }))
  ],
  [
    "words that say more than the filter does",
    Schema.Number.pipe(Schema.greaterThan(4.5, { jsonSchema: { exclusiveMinimum: 5 } }))
  ],
  ["a filter without words", Schema.String.pipe(Schema.maxLength(3, { jsonSchema: {} }))],
  [
    "words that leave something out",
    Schema.String.pipe(Schema.length({ min: 1, max: 2 }, { jsonSchema: { minLength: 1 } }))
  ],
  ["other words", Schema.Number.pipe(Schema.between(0, 1, { jsonSchema: { minimum: 0 } }))],
  ["words that are none", Schema.Number.pipe(Schema.between(0, 1, { jsonSchema: { minimum: "0" } }))],
  ["a bound without end", Schema.Number.pipe(Schema.lessThan(Infinity))],
  [
    "a filter that throws",
    Schema.String.pipe(
      Schema.filter((text) => (text as never as Array<1>).at(0) === 1, { schemaId: Schema.TrimmedSchemaId })
    )
  ],
  ["a length that takes much memory", Schema.String.pipe(Schema.minLength(1_000_000))],
  [
    "options of its own",
    Schema.Struct({ a: Schema.Number }).annotations({ parseOptions: { onExcessProperty: "error" } })
  ],
  ["a fallback", Schema.Number.annotations({ decodingFallback: () => Either.right(1) })],
  ["elements after others", Schema.Tuple([Schema.String], Schema.Number, Schema.Boolean)],
  ["a member that all objects have", Schema.Struct({ toString: Schema.Unknown })],
  ["a member that is a symbol", Schema.Struct({ [Symbol.for("a")]: Schema.Unknown })],
  ["names that are refined", Schema.Record({ key: Schema.String.pipe(Schema.minLength(2)), value: Schema.Number })],
  ["a default whose type is refined", Schema.Struct({ a: Schema.optionalWith(Schema.Int, { default: () => 0.5 }) })],
  ["what effect cannot tell apart", Schema.Union(Schema.TaggedStruct("a", {}), Schema.Struct({ b: Schema.Number }))],
  ["one of these within others", Schema.Struct({ a: Schema.Array(Schema.NullOr(Schema.NumberFromString)) })]
]

const text = fc.constantFrom("", "a", "b", "ab", "aab", "a.", "a.b", "a\nb", " a", "a ", "😀", "$b", "\\", "1", "x.")
const number = fc.constantFrom(-1, 0, 0.5, 1, 2, 4.75, -(2 ** 53), 2 ** 53, 1e21, 1.7e308, 5e-324, 0.3)
const name = fc.constantFrom("a", "b", "c", "a.", "_tag", "__proto__", "toString")

/** Values that are near to what the schemas here are about, and others. */
const value: FastCheck.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: text },
    { weight: 3, arbitrary: number },
    {
      weight: 1,
      arbitrary: fc.constantFrom(null, true, false, "Declined", "Point", "00000000-0000-0000-0000-000000000000")
    },
    { weight: 2, arbitrary: fc.array(tie("value"), { maxLength: 3 }) },
    { weight: 4, arbitrary: fc.dictionary(name, tie("value"), { maxKeys: 3 }) },
    { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) as FastCheck.Arbitrary<Json> }
  )
})).value

const member = (key: string, schema: AnySchema): FastCheck.Arbitrary<Schema.Struct.Field> =>
  fc.constantFrom<Schema.Struct.Field>(
    schema,
    schema,
    Schema.optional(schema),
    Schema.optionalWith(schema, { exact: true }),
    Schema.UndefinedOr(schema),
    Schema.propertySignature(schema).pipe(Schema.fromKey(`${key}.`)),
    Schema.optionalWith(Schema.NullOr(Schema.String), { default: () => "a" }),
    Schema.optionalWith(schema, { nullable: true })
  )

const fields = (schema: FastCheck.Arbitrary<AnySchema>): FastCheck.Arbitrary<Schema.Struct.Fields> =>
  fc
    .dictionary(fc.constantFrom("a", "b", "c"), schema, { minKeys: 1, maxKeys: 3 })
    .chain((all) => fc.record(Object.fromEntries(Object.entries(all).map(([key, each]) => [key, member(key, each)]))))

/** Schemas, most of which a JSON Schema can say. */
const schema: FastCheck.Arbitrary<AnySchema> = fc.letrec<{ schema: AnySchema }>((tie) => {
  const inner = tie("schema")
  const array = inner.map((each) => Schema.Array(each))
  return {
    schema: fc.oneof(
      { maxDepth: 3 },
      { weight: 6, arbitrary: fc.constantFrom(...leaves) },
      { weight: 1, arbitrary: fc.constantFrom(...inexact.map(([, each]) => each)) },
      { weight: 5, arbitrary: fields(inner).map((each) => Schema.Struct(each) as unknown as AnySchema) },
      { weight: 1, arbitrary: fields(inner).map((each) => Schema.TaggedStruct("a", each) as unknown as AnySchema) },
      { weight: 2, arbitrary: fc.array(inner, { minLength: 1, maxLength: 3 }).map((all) => Schema.Union(...all)) },
      { weight: 2, arbitrary: array },
      { weight: 1, arbitrary: array.map((each) => each.pipe(Schema.minItems(1), Schema.maxItems(2))) },
      { weight: 1, arbitrary: array.map((each) => each.pipe(Schema.itemsCount(1))) },
      {
        weight: 2,
        arbitrary: fc.tuple(inner, inner).map(([one, other]) => Schema.Tuple(one, Schema.optionalElement(other)))
      },
      { weight: 1, arbitrary: fc.tuple(inner, inner).map(([one, other]) => Schema.Tuple([one], other)) },
      { weight: 2, arbitrary: inner.map((each) => Schema.Record({ key: Schema.String, value: each })) },
      {
        weight: 1,
        arbitrary: fc
          .tuple(inner, inner)
          .map(([one, other]) =>
            Schema.Struct({ a: one }, { key: Schema.TemplateLiteral("a", Schema.String), value: other })
          )
      }
    )
  }
}).schema

const answers = new Answers()

const ask = (json: Json, given: Json | undefined, by = answers) => {
  const found = by.problem(json, given)
  return Effect.isEffect(found) ? found : Effect.succeed(found)
}

/** What is wrong with a value by its JSON Schema. The first one, which loads the validator, is waited for below. */
const problem = (json: Json, given: Json | undefined) => Effect.runSync(ask(json, given))

describe("the JSON Schema of a schema", () => {
  it.effect("accepts what the schema decodes, and nothing else", () =>
    Effect.gen(function* () {
      yield* ask({}, 1)
      const seen = { exact: 0, accepted: 0, refused: 0 }
      const holds = fc.property(schema, fc.array(value, { minLength: 20, maxLength: 20 }), (each, values) => {
        const { decode, schema: jsonSchema } = codec(each)
        const json = jsonSchema()
        if (json === null) return
        seen.exact++
        for (const given of [...values, undefined]) {
          const decoded = decode(given)
          const refused = problem(json, given)
          if (refused === undefined) seen.accepted++
          else seen.refused++
          if (Either.isRight(decoded) === (refused === undefined)) continue
          assert.fail(
            `${JSON.stringify(given)} against ${JSON.stringify(json)}: ${JSON.stringify({ decoded, refused })}`
          )
        }
      })
      fc.assert(holds, { numRuns: 500 })
      assert.isAbove(seen.exact, 150)
      assert.isAbove(seen.accepted, 300)
      assert.isAbove(seen.refused, 1_000)
    })
  )

  it.effect("is there for what JSON Schema can say, and holds for each", () =>
    Effect.gen(function* () {
      yield* ask({}, 1)
      for (const each of leaves) {
        const { decode, schema: jsonSchema } = codec(each)
        const json = jsonSchema()
        assert.isNotNull(json, String(each))
        for (const given of fc.sample(value, 200)) {
          assert.strictEqual(
            problem(json!, given) === undefined,
            Either.isRight(decode(given)),
            `${each} ${JSON.stringify(given)}`
          )
        }
      }
    })
  )

  for (const [what, each] of inexact) {
    it(`is not there for ${what}`, () => assert.isNull(codec(each).schema()))
  }

  it("is made once for a schema", () => {
    const Order = Schema.Struct({ sku: Schema.String })
    assert.strictEqual(codec(Order).schema(), codec(Order).schema())
  })

  it("reads as one that was written by hand", () => {
    const Order = Schema.Struct({
      sku: Schema.NonEmptyString,
      count: Schema.optionalWith(Schema.Int, { exact: true }),
      state: Schema.Literal("new", "paid"),
      next: Schema.optional(Tree)
    })
    assert.deepStrictEqual(codec(Order).schema(), {
      type: "object",
      properties: {
        sku: { type: "string", minLength: 1 },
        count: { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
        state: { enum: ["new", "paid"] },
        next: {
          anyOf: [
            {
              type: "object",
              properties: { a: { type: "number" }, b: { type: "array", items: { $ref: "#/definitions/0" } } },
              required: ["b"]
            },
            { not: {} }
          ]
        }
      },
      required: ["sku", "state"],
      definitions: {
        0: {
          type: "object",
          properties: { a: { type: "number" }, b: { type: "array", items: { $ref: "#/definitions/0" } } },
          required: ["b"]
        }
      }
    })
  })

  it("says that nothing needs be given", () => {
    assert.deepStrictEqual(codec(Schema.Void).schema(), { void: true })
    assert.deepStrictEqual(plain.schema(), { void: true })
    assert.deepStrictEqual(nothing.schema(), { not: {} })
    assert.deepStrictEqual(codec(Schema.Undefined).schema(), { not: {}, void: true })
  })
})

describe("what is wrong with an answer", () => {
  const Order = Schema.Struct({
    a: Schema.Array(Schema.Struct({ "b c": Schema.Int, "d/~": Schema.optional(Schema.String) })),
    to: Schema.optional(
      Schema.Union(
        Schema.TaggedStruct("Mail", { address: Schema.NonEmptyString }),
        Schema.TaggedStruct("Pick", { shelf: Schema.Literal("x", "y") })
      )
    )
  })
  const wrong: ReadonlyArray<readonly [schema: AnySchema, given: Json | undefined, at: string, reason: string]> = [
    [Order, undefined, "$", "a value is needed"],
    [Order, null, "$", "is not object"],
    [Order, {}, "$.a", "is missing"],
    [Order, { a: [{ "b c": 1 }, 7] }, "$.a[1]", "is not object"],
    [Order, { a: [{}] }, `$.a[0]["b c"]`, "is missing"],
    [Order, { a: [{ "b c": 0.5 }] }, `$.a[0]["b c"]`, "is not integer"],
    [Order, { a: [{ "b c": 1, "d/~": 2 }] }, `$.a[0]["d/~"]`, "is not string"],
    [Order, { a: [], to: { _tag: "Mail", address: "" } }, "$.to.address", "is shorter than 1"],
    [Order, { a: [], to: { _tag: "Pick", shelf: "z" } }, "$.to.shelf", `is not one of ["x","y"]`],
    [Schema.Union(Schema.String, Schema.Number), true, "$", "is not string, is not number"],
    [Schema.Literal("a"), "b", "$", `is not "a"`],
    [never, 1, "$", "is nothing that is accepted"],
    [Schema.Tuple(Schema.String), ["a", "b"], "$", "has more items than 1"]
  ]

  for (const [schema, given, at, reason] of wrong) {
    it.effect(`is said with its place: ${at} ${reason}`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ask(codec(schema).schema()!, given), { at, reason })
      })
    )
  }

  it.effect("is said of a schema that cannot be used, too", () =>
    Effect.gen(function* () {
      const found = yield* ask({ pattern: "(" }, "a")
      assert.strictEqual(found?.at, "$")
      assert.include(found?.reason, "it cannot be checked")
      const loop = { $ref: "#/definitions/0", definitions: { 0: { $ref: "#/definitions/0" } } }
      assert.include((yield* ask(loop, 1))?.reason, "it cannot be checked")
    })
  )

  it.effect("is found by as many schemas as there are", () =>
    Effect.gen(function* () {
      const kept = new Answers()
      for (const turn of [0, 1]) {
        for (let limit = 1; limit <= 600; limit++) {
          const found = yield* ask({ type: "number", minimum: limit }, limit - turn, kept)
          assert.strictEqual(found === undefined, turn === 0)
        }
      }
    })
  )
})
