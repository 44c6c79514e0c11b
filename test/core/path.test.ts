import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "effect/FastCheck"
import * as Path from "../../src/core/Path.js"
import "../support/seeded.js"

/** Names that try to read as something else. */
const name = FastCheck.oneof(
  FastCheck.string({ minLength: 1, unit: FastCheck.constantFrom("~", "/", "#", "0", "1", "2", "a") }),
  FastCheck.string({ minLength: 1 })
)
const place = FastCheck.tuple(FastCheck.array(name, { maxLength: 3 }), name, FastCheck.integer({ min: 1, max: 12 }))
const pathOf = ([scopes, last, occurrence]: readonly [ReadonlyArray<string>, string, number]): string =>
  Path.of(
    scopes.reduce((scope, next) => Path.of(scope, next, 1), Path.root),
    last,
    occurrence
  )

describe("a path", () => {
  it("reads like a file's", () => {
    assert.strictEqual(Path.of(Path.root, "copy", 1), "copy")
    assert.strictEqual(Path.of(Path.root, "copy", 2), "copy#2")
    assert.strictEqual(Path.of("files/3", "copy", 2), "files/3/copy#2")
    assert.strictEqual(Path.of(Path.close, "unlock", 1), "close/unlock")
    assert.strictEqual(Path.revert(1), "revert#1")
    assert.strictEqual(Path.undo(Path.revert(1), "files/3/copy#2"), "revert#1/undo/files/3/copy#2")
  })

  it("of a stage is below its name and number, and of nothing else", () => {
    const scope = Path.stage("a/b", 2)
    assert.strictEqual(scope, "@a~1b#2")
    assert.strictEqual(Path.of(scope, "fetch", 1), "@a~1b#2/fetch")
    assert.strictEqual(Path.bodyOf("@a~1b#2/g/fetch"), scope)
    assert.deepStrictEqual(["copy", "files/copy", "@phase"].map(Path.bodyOf), ["", "", ""])
    assert.deepStrictEqual(["", scope, `${scope}/g`, "files", "close"].map(Path.isBody), [
      true,
      true,
      false,
      false,
      false
    ])
    assert.strictEqual(Path.inner(Path.root, "@a", 2), "~3@a#2")
    assert.strictEqual(Path.inner("files", "@a", 1), "files/@a")
    assert.strictEqual(Path.unescape("~3@a"), "@a")
  })

  it("escapes what separates segments and occurrences", () => {
    assert.strictEqual(Path.escape("a/b#c~d"), "a~1b~2c~0d")
    assert.strictEqual(Path.escape("plain"), "plain")
    assert.strictEqual(Path.unescape("plain"), "plain")
    assert.strictEqual(Path.of(Path.root, "/usr/lib", 2), "~1usr~1lib#2")
  })

  it.prop("gives every name back", { name }, ({ name }) => {
    const segment = Path.escape(name)
    assert.strictEqual(Path.unescape(segment), name)
    assert.notMatch(segment, /[/#]/)
  })

  it.prop("tells the name of what stands there", { one: place }, ({ one }) => {
    assert.strictEqual(Path.nameOf(pathOf(one)), one[1])
  })

  it.prop(
    "is shared by no two places",
    { one: place, other: place },
    ({ one, other }) => {
      assert.strictEqual(pathOf(one) === pathOf(other), JSON.stringify(one) === JSON.stringify(other))
    },
    { fastCheck: { numRuns: 500 } }
  )
})
