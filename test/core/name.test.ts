import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as FastCheck from "effect/FastCheck"
import * as Schema from "effect/Schema"
import { InvalidName } from "../../src/core/Errors.js"
import * as Name from "../../src/core/Name.js"
import "../support/seeded.js"

const letters = [..."aZ09 _-./~#:@!?'\"\\<>{}[]|äßéñØЖ中文字한글אב😀𝒳"]
const good: ReadonlyArray<string> = [
  ...letters,
  ...letters.map((letter) => letter.repeat(50)),
  ...letters.map((letter) => `reserve ${letter} 7`),
  ...letters.flatMap((letter) => [` ${letter}`, `${letter}/${letter}#2`]),
  "__proto__",
  "constructor",
  "toString",
  "../../etc/passwd",
  "'; DROP TABLE execution; --",
  "<script>alert(1)</script>",
  "\u202Eright to left",
  "\u00e9 composed",
  "zero\u200Bwidth",
  "a".repeat(255),
  "é".repeat(127),
  "中".repeat(85),
  "😀".repeat(63)
]

const controls = [...Array(0x20).keys(), 0x7f, ...Array.from({ length: 0x20 }, (_, index) => 0x80 + index)]
const bad: ReadonlyArray<readonly [name: unknown, problem: RegExp]> = [
  ["", /empty/],
  ["a".repeat(256), /longer than 255/],
  ["é".repeat(128), /longer than 255/],
  ["中".repeat(86), /longer than 255/],
  ["😀".repeat(64), /longer than 255/],
  ["a".repeat(10_000_000), /longer than 255/],
  ["\uD800", /surrogate/],
  ["a\uDC00b", /surrogate/],
  ["\uDC00\uD800", /surrogate/],
  ["e\u0301 decomposed", /NFC/],
  ["\u212B", /NFC/],
  ["\u1112\u1161\u11ab", /NFC/],
  [undefined, /undefined, not a string/],
  [null, /null, not a string/],
  [7, /number, not a string/],
  [{}, /object, not a string/],
  [Object.create(null), /object, not a string/],
  [Symbol("name"), /symbol, not a string/],
  [() => "name", /function, not a string/],
  ...controls.map((code) => [`a${String.fromCharCode(code)}b`, /control character/] as const)
]

describe("a name", () => {
  it("may be any printable text of 1 to 255 bytes in composed form", () => {
    for (const name of good) assert.isUndefined(Name.check("the name", name), JSON.stringify(name))
  })

  it("is refused with what is wrong with it", () => {
    for (const [name, problem] of bad) {
      const error = Name.check("the task name", name)
      assert.instanceOf(error, InvalidName)
      assert.strictEqual(error.name, "InvalidName")
      assert.match(error.problem, problem)
      assert.strictEqual(error.what, "the task name")
      assert.isAtMost(error.message.length, 800)
    }
  })

  it.prop(
    "is kept by JSON and UTF-8 as it is wherever it is accepted",
    {
      name: FastCheck.oneof(Arbitrary.make(Schema.String), FastCheck.string({ unit: "binary", maxLength: 300 }))
    },
    ({ name }) => {
      if (Name.problem(name) !== undefined) return
      assert.strictEqual(Buffer.from(name, "utf8").toString("utf8"), name)
      assert.strictEqual(JSON.parse(JSON.stringify(name)), name)
      assert.strictEqual(name.normalize("NFC"), name)
      assert.isAtMost(Buffer.byteLength(name), Name.maxBytes)
    },
    { fastCheck: { numRuns: 500 } }
  )
})
