import { assert, describe, it } from "@effect/vitest"
import * as Abandoned from "../../src/core/Abandoned.js"
import type { Entry } from "../../src/core/Entry.js"
import { done, fail, failed, type Journal, running, start, succeed } from "../support/journal.js"

/** The tokens that are left behind by the last of these entries. */
const left = (...entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const journal: Journal = running().add(...entries)
  return Abandoned.by(journal.history, entries[entries.length - 1]!)
}

const asked = (path: string, scope: string, token = path): Entry => start(path, { scope, kind: "delegate", token })

const race = [
  start("r", { kind: "race" }),
  asked("r/a", "r"),
  start("r/g", { scope: "r", kind: "group" }),
  asked("r/g/b", "r/g"),
  start("r/c", { scope: "r" })
]

const tried = [start("g", { kind: "group" }), asked("g/a", "g"), ...done("g/b")]

const decided = (decision: "again" | "giveUp"): Entry => ({
  _tag: "Decided",
  path: "g",
  attempt: 1,
  failures: [failed("g/b")],
  decision
})

describe("what is left behind", () => {
  it("is everything in a race beside its winner, at once", () => {
    assert.deepStrictEqual(left(...race, succeed("r/c")), ["r/a", "r/g/b"])
    assert.deepStrictEqual(left(...race, succeed("r/a")), ["r/g/b"])
    assert.deepStrictEqual(left(...race, fail("r/c")), [])
  })

  it("is what waits in something that has ended, if nobody goes on there", () => {
    const all = (capture: object) => [start("all", { kind: "all", ...capture }), asked("all/a", "all"), fail("all")]
    assert.deepStrictEqual(left(...all({ capture: "either" })), ["all/a"])
    assert.deepStrictEqual(left(...all({})), [])
  })

  it("is what waits in a group that is tried again, not in one that gave up", () => {
    assert.deepStrictEqual(left(...tried, decided("again")), ["g/a"])
    assert.deepStrictEqual(left(...tried, decided("giveUp")), [])
  })

  it("is everything that is open, where a revert goes back to a checkpoint; not where something else is tried again", () => {
    const { history } = running().add(start("m", { kind: "checkpoint" }), succeed("m"), ...tried, {
      _tag: "RevertStarted",
      n: 1,
      failures: [],
      act: {},
      to: "m"
    })
    assert.deepStrictEqual(Abandoned.before(history, { _tag: "Rewound", to: "m" }), ["g/a"])
    assert.deepStrictEqual(Abandoned.before(history, { _tag: "Rewound", to: "g" }), [])
    assert.deepStrictEqual(Abandoned.before(running().add(...tried).history, { _tag: "Rewound", to: "g" }), [])
  })

  it("is nothing where a phase ends, or something begins or is empty", () => {
    assert.deepStrictEqual(left(asked("a", ""), succeed("a")), [])
    assert.deepStrictEqual(left(asked("a", "")), [])
    assert.deepStrictEqual(left(start("all", { kind: "all" }), succeed("all")), [])
  })
})
