import { assert, describe, it } from "@effect/vitest"
import type { Kind } from "../../src/core/Entry.js"
import type { History } from "../../src/core/History.js"
import * as Mismatch from "../../src/core/Mismatch.js"
import type { PhaseRecord } from "../../src/core/PhaseRecord.js"
import * as Sentence from "../../src/core/Sentence.js"
import type { Placed } from "../../src/core/Step.js"

const standing = (path: string, kind: Kind, rest: { readonly scope?: string; readonly key?: string } = {}) => ({
  path,
  kind,
  name: `phase of ${path}`,
  scope: rest.scope ?? "",
  key: rest.key
})

const between = (
  recorded: ReturnType<typeof standing>,
  found: ReturnType<typeof standing> | "gone" | { path: string; kind: "return"; name: string },
  ...around: ReadonlyArray<ReturnType<typeof standing>>
) => {
  const phases = new Map([...around, recorded].map((record) => [record.path, record]))
  const { found: is, recorded: was } = Mismatch.between(
    { phases } as unknown as History,
    recorded as unknown as PhaseRecord,
    found as Placed | "gone"
  )
  return [was, is].map(({ kind, name }) => `${kind} ${name}`)
}

describe("a mismatch", () => {
  const files = standing("files", "forEach")
  const first = standing("files/0", "phase", { scope: "files", key: "a" })

  it("is between phases, or a phase and an end", () => {
    const found = { path: "", kind: "return", name: "return" } as const
    assert.deepStrictEqual(between(standing("a", "phase"), standing("b", "group")), [
      "phase phase of a",
      "group phase of b"
    ])
    assert.deepStrictEqual(between(standing("a", "phase"), found), ["phase phase of a", "return return"])
    assert.deepStrictEqual(between(standing("a", "phase"), "gone"), ["phase phase of a", "return return"])
  })

  it("is between items, where these are others", () => {
    const other = standing("files/0", "phase", { scope: "files", key: "b" })
    const keyless = standing("files/0", "phase", { scope: "files" })
    assert.deepStrictEqual(between(first, other, files), ["item a", "item b"])
    assert.deepStrictEqual(between(first, keyless, files), ["item a", "phase phase of files/0"])
    assert.deepStrictEqual(between(first, { ...first, name: "else" }, files), ["phase phase of files/0", "phase else"])
  })

  it("tells parts of a fork that are not there, or were not", () => {
    const named = standing("files/x", "phase", { scope: "files" })
    assert.deepStrictEqual(between(first, "gone", files), ["item a", "gone item"])
    assert.deepStrictEqual(between(named, "gone", files), ["item x", "gone item"])
    assert.deepStrictEqual(between(files, first), ["forEach phase of files", "item a"])
    assert.deepStrictEqual(between(standing("all", "all"), standing("all/b", "phase", { scope: "all" })), [
      "all phase of all",
      "branch b"
    ])
  })
})

describe("a message inside of another", () => {
  it("ends without its full stop", () => {
    assert.deepStrictEqual(["Give it.", "wait...", "none", ""].map(Sentence.open), ["Give it", "wait...", "none", ""])
  })
})
