import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Failure from "../../src/core/Failure.js"
import "../support/seeded.js"

const cyclic: Error & { cause?: unknown } = new Error("cyclic")
cyclic.cause = cyclic
const throwing = {
  get message(): string {
    throw new Error("no message")
  },
  get [Symbol.toStringTag](): string {
    throw new Error("no tag")
  },
  toString: () => {
    throw new Error("no text")
  }
}
const half = {
  message: "half",
  get name(): string {
    throw new Error("no name")
  },
  get stack(): string {
    throw new Error("no stack")
  }
}
const huge = Object.assign(new Error("m".repeat(1_000_000)), {
  name: "n".repeat(1_000_000),
  stack: "s".repeat(1_000_000)
})
const { proxy, revoke } = Proxy.revocable({}, {})
revoke()
const loop: Array<unknown> = []
loop.push(loop)

const shapes: ReadonlyArray<readonly [shape: string, thrown: unknown, name: string, message: string | RegExp]> = [
  ["an Error", new RangeError("too far"), "RangeError", "too far"],
  ["a string", "boom", "string", "boom"],
  ["undefined", undefined, "undefined", "undefined"],
  ["null", null, "null", "null"],
  ["a number", NaN, "number", "NaN"],
  ["a bigint", 12n, "bigint", "12"],
  ["a symbol", Symbol("s"), "symbol", "Symbol(s)"],
  ["a function", function boom() {}, "function", /boom/],
  ["a plain object", { code: 7, at: ["a"] }, "Object", `{"code":7,"at":["a"]}`],
  ["an object with a message", { message: "said", name: "Odd" }, "Odd", "said"],
  ["an Error with a cyclic cause", cyclic, "Error", "cyclic"],
  ["an Error whose parts throw", half, "Error", "half"],
  ["an object that cannot be read", throwing, "Object", "an unreadable object"],
  ["a revoked proxy", proxy, "Object", "an unreadable object"],
  ["an object without prototype", Object.create(null), "Object", "{}"],
  ["an array that holds itself", loop, "Object", ""],
  ["a redacted value", Redacted.make("secret"), "Object", "<redacted>"],
  ["an Error with huge parts", huge, `${"n".repeat(100)}… (1000000 characters)`, /^m{2000}… \(1000000 characters\)$/]
]

describe("a defect", () => {
  for (const [shape, thrown, name, message] of shapes) {
    it(`says what it can of ${shape}`, () => {
      const defect = Failure.defectOf(thrown)
      assert.strictEqual(defect.name, name)
      if (typeof message === "string") assert.strictEqual(defect.message, message)
      else assert.match(defect.message, message)
      assert.isTrue(Schema.is(Failure.Defect)(defect))
      assert.isBelow(Buffer.byteLength(JSON.stringify(defect)), 16_000)
    })
  }

  it("keeps a stack only where there is one", () => {
    assert.match(Failure.defectOf(new Error("x")).stack ?? "", /^Error: x\n/)
    assert.notProperty(Failure.defectOf({ message: "x" }), "stack")
    assert.notProperty(Failure.defectOf("x"), "stack")
  })

  it("is not cut within a character", () => {
    const { message } = Failure.defectOf("😀".repeat(2_000))
    assert.strictEqual(Failure.defectOf(`a${"😀".repeat(2_000)}`).message, `a${"😀".repeat(999)}… (4001 characters)`)
    assert.strictEqual(message, `${"😀".repeat(1_000)}… (4000 characters)`)
  })

  it.prop("is made of anything", { thrown: FastCheck.anything() }, ({ thrown }) => {
    assert.isTrue(Schema.is(Failure.Defect)(Failure.defectOf(thrown)))
  })
})

describe("a failure", () => {
  it("reads as one line", () => {
    const defect = { name: "TypeError", message: "no" }
    const lines: ReadonlyArray<readonly [Failure.Failure, string]> = [
      [{ _tag: "Fail", path: "charge", error: { _tag: "Declined" } }, `failed at charge: {"_tag":"Declined"}`],
      [{ _tag: "Die", path: "charge", defect }, "died at charge: TypeError: no"],
      [{ _tag: "TaskDefect", path: "", defect }, "the task threw: TypeError: no"],
      [{ _tag: "Timeout", path: "charge", after: 100 }, "timed out at charge after 100 ms"],
      [{ _tag: "Timeout", path: "charge" }, "timed out at charge"],
      [{ _tag: "Fault", path: "charge", reason: "Poisoned", message: "three times" }, "Poisoned at charge: three times"]
    ]
    for (const [failure, line] of lines) assert.strictEqual(Failure.render(failure), line)
  })
})
