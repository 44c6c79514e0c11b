/** Bodies that hold the code of two releases: what they are told depends on where the journal of the older one ends. */
import { assert, describe, it } from "@effect/vitest"
import * as Phase from "../../src/authoring/Phase.js"
import type { Entry } from "../../src/core/Entry.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { done, running, start, succeed } from "../support/journal.js"

const asks = function* () {
  yield* one("a")
  for (const name of ["x", "y"]) if (yield* Phase.changed("new")) yield* one(name)
  yield* one("b")
}
const inGroup = function* () {
  yield* Phase.group("g", asks)
  yield* one("c")
}
const asksLast = function* () {
  yield* Phase.group("g", function* () {
    yield* one("a")
    if (yield* Phase.changed("new")) yield* one("x")
  })
  yield* one("c")
}
const inside = (...names: ReadonlyArray<string>): ReadonlyArray<Entry> =>
  names.flatMap((name) => [start(`g/${name}`, { name, scope: "g" }), succeed(`g/${name}`)])
const changed = (path: string): ReadonlyArray<Entry> => [
  start(path, { name: "new", kind: "changed" }),
  succeed(path, true)
]
const group = start("g", { kind: "group" })

const rows: ReadonlyArray<
  readonly [what: string, body: () => unknown, entries: ReadonlyArray<Entry>, at: string, without: boolean]
> = [
  ["is asked for where nothing has gone on", asks, done("a"), "~4new", false],
  ["is asked for at each place of its own", asks, [...done("a"), ...changed("~4new"), ...done("x")], "~4new#2", false],
  ["is there where it is recorded", asks, [...done("a"), ...changed("~4new")], "x", false],
  ["is not there where the journal goes on", asks, [...done("a"), start("b")], "b", true],
  ["is asked for in a group that is open", inGroup, [group, ...inside("a")], "g/~4new", false],
  ["is not there in a group that goes on", inGroup, [group, ...inside("a", "b")], "", true],
  ["is not there in a group that has returned", asksLast, [group, ...inside("a"), succeed("g")], "c", true]
]

describe("a change", () => {
  for (const [what, body, entries, at, without] of rows) {
    it(what, () => {
      const cursor = cursorOf(body, { deep: true })
      assert.strictEqual(blockedAt(cursor.advance(running().add(...entries).history)), at)
      assert.deepStrictEqual([...cursor.unchanged], without ? ["new"] : [])
    })
  }
})
