/** Something that was to be undone is let go in the middle of its clean-up: replayed, it goes no other way. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import type { Entry } from "../../src/core/Entry.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { fail, failed, running, start, succeed } from "../support/journal.js"

const undone = (name: string) => Phase.make(name, Effect.void, { undo: () => Effect.void })

const leaving = function* () {
  try {
    yield* undone("a")
    yield* one("x")
  } finally {
    yield* one("c")
  }
}

const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })

/** It is won while `c` cleans up, and `c` starts again, to end there. */
const letGo = (group: string): ReadonlyArray<Entry> => {
  const c = `${group}/close/c`
  return [
    inside(`${group}/close`, "c"),
    succeed("race/w"),
    { _tag: "PhaseInterrupted", path: c, attempt: 1 },
    { _tag: "AttemptStarted", path: c, attempt: 2 },
    succeed(c)
  ]
}

describe("what loses a race while it is left, to be undone", () => {
  it("is not undone for another attempt any more, where it is a group", () => {
    const body = function* () {
      yield* Phase.race({ l: Phase.group("g", leaving, { retry: Retry.times(2) }), w: one("w") })
    }
    const journal = running().add(
      start("race", { kind: "race" }),
      inside("race", "l", { name: "g", kind: "group" }),
      inside("race", "w"),
      inside("race/l", "a"),
      succeed("race/l/a"),
      inside("race/l", "x"),
      fail("race/l/x"),
      { _tag: "Decided", path: "race/l", attempt: 1, failures: [failed("race/l/x")], decision: "again" },
      ...letGo("race/l")
    )
    assert.strictEqual(blockedAt(cursorOf(body).advance(journal.history)), "race/undo/race/l/a")
  })

  it("does not undo its own losers any more, where it is a race", () => {
    const body = function* () {
      const l = Phase.race({ g: Phase.group("g", leaving), quick: one("quick") })
      yield* Phase.race({ l, w: one("w") })
    }
    const journal = running().add(
      start("race", { kind: "race" }),
      inside("race", "l", { name: "race", kind: "race" }),
      inside("race", "w"),
      inside("race/l", "g", { kind: "group" }),
      inside("race/l", "quick"),
      inside("race/l/g", "a"),
      succeed("race/l/g/a"),
      inside("race/l/g", "x"),
      succeed("race/l/quick"),
      { _tag: "PhaseInterrupted", path: "race/l/g/x", attempt: 1 },
      ...letGo("race/l/g")
    )
    assert.strictEqual(blockedAt(cursorOf(body).advance(journal.history)), "race/undo/race/l/g/a")
  })
})
