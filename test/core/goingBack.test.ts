import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Phase from "../../src/authoring/Phase.js"
import type { Entry } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import { revertOf } from "../../src/core/History.js"
import * as Spine from "../../src/core/Spine.js"
import { cursorOf, one } from "../support/cursors.js"
import { done, fail, failed, Journal, running, start, succeed } from "../support/journal.js"

const mark = (path: string, scope = "", commit = false): ReadonlyArray<Entry> => [
  start(path, {
    name: path.split("/").pop()!.split("#")[0]!,
    kind: "checkpoint",
    ...(scope === "" ? {} : { scope }),
    ...(commit ? { commit } : {})
  }),
  succeed(path)
]
const inside = (path: string, scope: string): ReadonlyArray<Entry> => [start(path, { scope }), succeed(path)]
const group = (path: string, rest: Partial<Extract<Entry, { _tag: "PhaseStarted" }>> = {}): Entry =>
  start(path, { kind: "group", ...rest })
const stop: Entry = { _tag: "Failed", failures: [failed("z")] }
const revert = (to?: string, n = 1, retry = false): Entry => ({
  _tag: "RevertStarted",
  n,
  failures: [],
  act: {},
  ...(to === undefined ? {} : { to }),
  ...(retry ? { retry } : {})
})
const undo = (path: string, n = 1): ReadonlyArray<Entry> => {
  const own = `revert#${n}/undo/${path}`
  return [start(own, { kind: "undo", scope: `revert#${n}`, undoes: path }), succeed(own)]
}
const rewound = (to: string): Entry => ({ _tag: "Rewound", to })

/** a, one, g(b, two, c), d; then the failure of z. */
const journal = (): Journal =>
  running().add(
    ...done("a"),
    ...mark("one"),
    group("g", { timeout: 50 }),
    ...inside("g/b", "g"),
    ...mark("g/two", "g"),
    ...inside("g/c", "g"),
    succeed("g", "found"),
    ...done("d"),
    start("z"),
    fail("z"),
    stop
  )

describe("going back to a checkpoint", () => {
  it("undoes what came after it, in its generator and in those around it, and nothing else", () => {
    const { history } = journal().add(revert("g/two"))
    assert.deepStrictEqual(
      revertOf(history)!.completed.map(({ path }) => path),
      ["d", "g/c"]
    )
    assert.strictEqual(history.status, "Reverting")
  })

  it("leaves what was before it, with the groups around it open, and their time anew", () => {
    for (const retry of [false, true]) {
      const written = journal().add(revert("g/two", 1, retry), ...undo("d"), ...undo("g/c"), rewound("g/two"))
      const { history } = written
      assert.strictEqual(history.status, retry ? "Running" : "Reverting")
      if (!retry) written.add({ _tag: "Paused" })
      assert.deepStrictEqual([...history.phases.keys()], ["a", "one", "g", "g/b", "g/two"])
      const g = history.phases.get("g")!
      assert.deepStrictEqual([g.state, g.value, g.settled, history.open.has(g)], ["running", undefined, -1, true])
      assert.strictEqual(g.until, written.entries.findIndex(({ entry }) => entry._tag === "Rewound") + 50)
      assert.isTrue(history.timed.has(g))
      assert.deepStrictEqual([history.position, history.left, history.failures], ["g/two", undefined, []])
      assert.deepStrictEqual(
        ["d", "g/c", "z", "g/b"].map((path) => history.generations?.get(path)),
        [1, 1, 1, undefined]
      )
      assert.deepStrictEqual(written.loaded, history)
    }
  })

  it("gives a group whose strategy gave up a new round, and takes its clean-up away", () => {
    const { history } = running().add(
      group("g", { capture: "either" }),
      ...mark("g/one", "g"),
      start("g/z", { scope: "g" }),
      fail("g/z"),
      { _tag: "Decided", path: "g", attempt: 1, failures: [failed("g/z")], decision: "giveUp" },
      start("g/close/clean", { scope: "g/close" }),
      succeed("g/close/clean"),
      fail("g", failed("g/z")),
      stop,
      revert("g/one"),
      rewound("g/one"),
      { _tag: "Paused" }
    )
    const g = history.phases.get("g")!
    assert.deepStrictEqual(
      [g.state, g.group, g.decided],
      ["running", { value: undefined, tries: [], decision: undefined }, -1]
    )
    assert.isFalse(history.scopes.has("g/close"))
    assert.deepStrictEqual([...history.phases.keys()], ["g", "g/one"])
  })

  it("gives the execution its time anew", () => {
    const timed: Entry = { _tag: "Created", task: "t", version: 1, payload: null, timeout: 100 }
    const { history } = new Journal().add(
      timed,
      { _tag: "Claimed", owner: "e", crashed: false },
      ...mark("one"),
      stop,
      revert("one"),
      rewound("one")
    )
    assert.strictEqual(history.deadline, 105 + 1)
  })

  const broken: ReadonlyArray<readonly [what: string, entries: ReadonlyArray<Entry>]> = [
    ["to what is no checkpoint", [revert("a")]],
    ["to what is not there", [revert("x")]],
    ["without a revert", [rewound("one")]],
    ["elsewhere", [revert("one"), rewound("g/two")]],
    ["by a revert of everything", [revert(), rewound("one")]],
    ["twice", [revert("one", 1, true), rewound("one"), rewound("one")]]
  ]
  for (const [what, entries] of broken) {
    it(`cannot be recorded ${what}`, () => {
      assert.throws(() => journal().add(...entries), BrokenHistory)
    })
  }
})

describe("a group that has returned by its journal, and not by its code", () => {
  it("is a mismatch", () => {
    const body = function* () {
      yield* Phase.either(
        Phase.group("g", function* () {
          yield* one("a")
        })
      )
    }
    const journal = running().add(group("g", { capture: "either" }), start("g/a", { name: "a", scope: "g" }))
    const cursor = cursorOf(body)
    cursor.advance(journal.history)
    const step = cursor.advance(journal.add(succeed("g")).history)
    assert.strictEqual(step._tag, "Mismatch")
  })
})

describe("a checkpoint is found", () => {
  const found = ({ history }: Journal, wanted: string): string =>
    Either.match(Spine.find(history, wanted), { onLeft: ({ reason }) => reason, onRight: ({ path }) => path })

  it("by its name, its number, or its path", () => {
    const written = running().add(
      ...mark("m"),
      ...mark("m#2"),
      group("g"),
      ...mark("g/m", "g"),
      ...mark("g/n", "g"),
      ...mark("g/n#2", "g"),
      succeed("g"),
      group("h"),
      ...mark("h/n", "h"),
      ...mark("h/n#2", "h"),
      ...mark("h/n#3", "h"),
      start("all", { kind: "all" }),
      group("all/b", { scope: "all" }),
      ...mark("all/b/o", "all/b")
    )
    const cases: ReadonlyArray<readonly [wanted: string, found: string]> = [
      ["m", "g/m"],
      ["m#1", "m"],
      ["m#2", "m#2"],
      ["g/m", "g/m"],
      ["n", "h/n#3"],
      ["n#3", "h/n#3"],
      ["n#2", "ambiguous"],
      ["g/n#2", "g/n#2"],
      ["g", "unknown"],
      ["o", "notOnSpine"],
      ["all/b/o", "notOnSpine"],
      ["x", "unknown"]
    ]
    for (const [wanted, path] of cases) assert.strictEqual(found(written, wanted), path, wanted)
  })

  it("in nothing that is being undone for another attempt, or is cleaning up; and where there is none at all", () => {
    const written = running().add(
      group("g"),
      ...mark("g/m", "g"),
      start("g/z", { scope: "g" }),
      fail("g/z"),
      { _tag: "Decided", path: "g", attempt: 1, failures: [failed("g/z")], decision: "again" },
      ...mark("g/close/c", "g/close")
    )
    assert.strictEqual(found(written, "m"), "notOnSpine")
    assert.strictEqual(found(written, "c"), "unknown")
    const none = Spine.find(running().history, "m")
    assert.include(Either.isLeft(none) ? none.left.message : "", "it has come to none")
  })

  it("that names at most twenty of what it has come to", () => {
    const written = running()
    for (let n = 1; n <= 23; n++) written.add(...mark(n === 1 ? "m" : `m#${n}`))
    const none = Spine.find(written.history, "x")
    assert.include(Either.isLeft(none) ? none.left.message : "", "it has come to 3 others, m#4, m#5")
  })

  it("behind a commit checkpoint, or not", () => {
    const { history } = running().add(...mark("one", "", true), ...mark("two"), ...mark("paid", "", true))
    const bound = (path: string) => Spine.bounded(history, Spine.at(history, path)!)?.reason
    assert.deepStrictEqual([bound("one"), bound("two"), bound("paid")], ["committed", "committed", undefined])
  })

  it("with what is in branches beside it, when that goes no further out", () => {
    const { history } = running().add(
      start("all", { kind: "all" }),
      group("all/b", { scope: "all" }),
      ...mark("all/b/o", "all/b"),
      ...inside("all/b/p", "all/b"),
      ...inside("all/c", "all")
    )
    const isLater = Spine.isAfter(history, Spine.at(history, "all/b/o")!)
    assert.deepStrictEqual(
      [...history.phases.values()].filter(isLater).map(({ path }) => path),
      ["all/b/p"]
    )
  })
})
