/** Checkpoints with strategies: a body that was live all along, and one that is replayed, come to the same. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import * as Abandoned from "../../src/core/Abandoned.js"
import type { Entry } from "../../src/core/Entry.js"
import * as Spine from "../../src/core/Spine.js"
import type { Step } from "../../src/core/Step.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { fail, failed, type Journal, running, start, succeed } from "../support/journal.js"

const undoable = (name: string) => Phase.make(name, Effect.void, { undo: () => Effect.void })
const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })
const mark = (scope = ""): ReadonlyArray<Entry> =>
  scope === ""
    ? [start("m", { kind: "checkpoint" }), succeed("m")]
    : [inside(scope, "m", { kind: "checkpoint" }), succeed(`${scope}/m`)]
const decided = (path: string, decision: "again" | "pause" | "giveUp", of: string): Entry => ({
  _tag: "Decided",
  path,
  attempt: 1,
  failures: [failed(of)],
  decision
})

const came = (step: Step): string => {
  const consequences = step._tag === "Blocked" ? step.consequences.map(({ _tag }) => _tag) : []
  return [blockedAt(step), ...consequences].filter((text) => text !== "").join(" ")
}

/** Where it comes to, entry by entry. */
const comesTo = (body: () => unknown, entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const journal = running()
  const live = cursorOf(body)
  const steps = [came(live.advance(journal.history))]
  for (const entry of entries) {
    steps.push(came(live.advance(journal.add(entry).history)))
    assert.strictEqual(came(cursorOf(body).advance(journal.loaded)), steps.at(-1))
  }
  return steps
}

const tries = function* () {
  yield* Phase.checkpoint("m", { retry: Retry.times(2) })
  yield* undoable("a")
  yield* one("z")
}

/** A group with it, in a race that another phase wins. */
const races = function* () {
  yield* Phase.race({ l: Phase.group("g", tries), w: one("w") })
}

const raced = (...rest: ReadonlyArray<Entry>): ReadonlyArray<Entry> => [
  start("race", { kind: "race" }),
  inside("race", "l", { name: "g", kind: "group" }),
  inside("race", "w"),
  ...mark("race/l"),
  inside("race/l", "a"),
  succeed("race/l/a"),
  inside("race/l", "z"),
  fail("race/l/z"),
  ...rest
]

describe("a checkpoint with a strategy", () => {
  it("is asked, undoes what came after it, and goes on from there", () => {
    assert.deepStrictEqual(
      comesTo(tries, [
        ...mark(),
        start("a"),
        succeed("a"),
        start("z"),
        fail("z"),
        decided("m", "again", "z"),
        start("m/revert#1/undo/a", { name: "a", kind: "undo", scope: "m/revert#1", undoes: "a" }),
        succeed("m/revert#1/undo/a"),
        { _tag: "Rewound", to: "m" },
        start("a", { generation: 1 }),
        succeed("a")
      ]),
      [
        ...["m", "m", "a", "a", "z", "z", "Undecided"],
        ...["m/revert#1/undo/a", "m/revert#1/undo/a", "Undone", "a", "a", "z"]
      ]
    )
  })

  it("that is let go while it is asked, or undoes, leaves that to who let it go", () => {
    const undo = inside("race/l/m/revert#1", "undo/race/l/a", { kind: "undo", name: "a", undoes: "race/l/a" })
    assert.strictEqual(comesTo(races, raced(succeed("race/w"))).at(-1), "race/undo/race/l/a")
    const again = decided("race/l/m", "again", "race/l/z")
    assert.strictEqual(comesTo(races, raced(again, succeed("race/w"))).at(-1), "race/undo/race/l/a")
    const begun = raced(again, undo, succeed("race/w"), {
      _tag: "PhaseInterrupted",
      path: "race/l/m/revert#1/undo/race/l/a",
      attempt: 1
    })
    assert.strictEqual(comesTo(races, begun).at(-1), "race/undo/race/l/a")
  })

  it("that is let go in the moment of its decision passes its failure on", () => {
    const entries = raced(succeed("race/w"), decided("race/l/m", "again", "race/l/z"))
    const journal = running().add(...entries)
    assert.strictEqual(came(cursorOf(races).advance(journal.loaded)), "race/undo/race/l/a")
    const live = running()
    const cursor = cursorOf(races)
    for (const entry of entries.slice(0, -2)) cursor.advance(live.add(entry).history)
    assert.strictEqual(came(cursor.advance(live.add(...entries.slice(-2)).history)), "race/undo/race/l/a")
  })

  it("whose failure is a value is not asked in a clean-up, nor in a revert", () => {
    const body = function* () {
      try {
        yield* one("a")
      } finally {
        yield* tries()
      }
    }
    const cursor = cursorOf(body)
    const journal = running().add(start("a"))
    cursor.advance(journal.history)
    cursor.close()
    journal.add({ _tag: "Closing", position: "a", revert: false, act: {} })
    assert.strictEqual(came(cursor.advance(journal.history)), "close/m")
    journal.add(inside("close", "m", { kind: "checkpoint" }), succeed("close/m"), inside("close", "a"), fail("close/a"))
    assert.strictEqual(came(cursor.advance(journal.history)), "Closed")
  })

  it("is asked about what its body throws, too", () => {
    const throws = function* () {
      yield* Phase.checkpoint("m", { retry: Retry.times(2) })
      throw new Error("no")
    }
    assert.deepStrictEqual(comesTo(throws, [...mark(), decided("m", "again", "m"), { _tag: "Rewound", to: "m" }]), [
      ...["m", "m", "Undecided", "Undone", "Undecided"]
    ])
  })

  it("waits for what runs beside what failed; let go meanwhile, it undoes nothing", () => {
    const beside = function* () {
      yield* Phase.race({
        l: Phase.group("g", function* () {
          yield* Phase.checkpoint("m", { retry: Retry.times(2) })
          yield* Phase.all([Phase.make("ask", Effect.void, { inDoubt: "ask" }), one("z")], { mode: "settle" })
        }),
        w: one("w")
      })
    }
    const all = "race/l/all"
    const entries: ReadonlyArray<Entry> = [
      start("race", { kind: "race" }),
      inside("race", "l", { name: "g", kind: "group" }),
      inside("race", "w"),
      ...mark("race/l"),
      inside("race/l", "all", { kind: "all" }),
      inside(all, "ask"),
      inside(all, "z"),
      fail(`${all}/z`),
      succeed(`${all}/ask`)
    ]
    assert.strictEqual(comesTo(beside, entries).at(-1), "race/w Undecided")
    const won = [
      ...entries.slice(0, -1),
      fail(`${all}/ask`),
      decided("race/l/m", "again", `${all}/z`),
      succeed("race/w")
    ]
    assert.strictEqual(comesTo(beside, won).at(-1), "Succeeded")
  })

  it("goes no other way when something is recorded below it that nobody knows", () => {
    const strange = start("m/x", { name: "x", scope: "m" })
    assert.strictEqual(comesTo(tries, [...mark(), strange, succeed("m/x")]).at(-1), "a")
  })
})

const token = (path: string): Entry => ({ _tag: "TokenMade", path, token: `token of ${path}` })

/** It has failed after the checkpoint, beside a phase that somebody else is to complete. */
const stuck = (...rest: ReadonlyArray<Entry>): Journal =>
  running().add(
    start("b"),
    token("b"),
    ...mark(),
    start("all", { kind: "all" }),
    inside("all", "d"),
    token("all/d"),
    inside("all", "z"),
    fail("all/z"),
    ...rest
  )

describe("a decision of a checkpoint", () => {
  it("to go back closes the tokens of what came after it", () => {
    for (const decision of ["again", "pause", "giveUp"] as const) {
      const entry = decided("m", decision, "all/z")
      const left = Abandoned.by(stuck(entry).history, entry)
      assert.deepStrictEqual(left, decision === "giveUp" ? [] : ["token of all/d"])
    }
  })

  it("to pause keeps the value, and forgets the attempts before", () => {
    const { history } = stuck(decided("m", "pause", "all/z"), { _tag: "Rewound", to: "m" })
    const { attempt, group } = history.phases.get("m")!
    assert.deepStrictEqual([attempt, group], [2, { value: undefined, tries: [], decision: undefined }])
    assert.isFalse(history.asked.size > 0)
  })

  it("is forgotten by a resume if it gave up, and by going back whatever it was", () => {
    const stop: Entry = { _tag: "Failed", failures: [failed("all/z")] }
    for (const decision of ["again", "giveUp"] as const) {
      const failed = () => stuck(decided("m", decision, "all/z"), stop)
      const { history } = failed().add({ _tag: "Resumed", act: {} })
      assert.strictEqual(history.asked.size, decision === "again" ? 1 : 0)
      assert.strictEqual(history.phases.get("all/z")!.state, decision === "again" ? "failed" : "reopened")
      const back = failed().add(
        { _tag: "RevertStarted", n: 1, failures: [], act: {}, to: "m" },
        { _tag: "Rewound", to: "m" }
      )
      assert.strictEqual(back.history.asked.size, 0)
      assert.isUndefined(back.history.phases.get("m")!.group!.decision)
    }
  })

  it("that gave up stays while what it is in is left, and goes with that", () => {
    const journal = running().add(
      start("g", { kind: "group" }),
      ...mark("g"),
      inside("g", "z"),
      fail("g/z"),
      decided("g/m", "giveUp", "g/z"),
      decided("g", "again", "g/z"),
      { _tag: "Failed", failures: [failed("g/z")] },
      { _tag: "Resumed", act: {} }
    )
    assert.strictEqual(journal.history.asked.size, 1)
    journal.add({ _tag: "Rewound", to: "g" })
    assert.strictEqual(journal.history.asked.size, 0)
  })
})

describe("the checkpoint at which an execution stops", () => {
  it("is the one on the spine that somebody named", () => {
    const { history } = running().add(
      { _tag: "Paused" },
      { _tag: "Resumed", act: {}, stopAt: "m" },
      ...mark(),
      start("all", { kind: "all" }),
      inside("all", "x", { kind: "group" }),
      ...mark("all/x")
    )
    assert.deepStrictEqual(
      ["m", "all/x/m"].map((path) => Spine.isGoal(history, { path })),
      [true, false]
    )
    assert.isFalse(Spine.isGoal(running().add(...mark()).history, { path: "m" }))
  })

  it("is where it stands when it is Paused with nothing after it", () => {
    const journal = running().add(...mark())
    assert.isFalse(Spine.standsAt(journal.history, "m"))
    journal.add({ _tag: "PauseRequested", act: {}, at: "m" }, { _tag: "Paused" })
    assert.isTrue(Spine.standsAt(journal.history, "m"))
    assert.isFalse(Spine.standsAt(journal.history, "n"))
    const elsewhere = running().add(...mark(), start("a"), { _tag: "PauseRequested", act: {} }, { _tag: "Paused" })
    assert.isFalse(Spine.standsAt(elsewhere.history, "m"))
    assert.isFalse(Spine.standsAt(running().add({ _tag: "Paused" }).history, "m"))
  })
})
