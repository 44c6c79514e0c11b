import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Entry, EntryOf } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import * as Fold from "../../src/core/Fold.js"
import * as History from "../../src/core/History.js"
import * as Path from "../../src/core/Path.js"
import * as Spine from "../../src/core/Spine.js"
import * as Stages from "../../src/core/Stages.js"
import { claimed, created, done, failed, Journal, running, start, succeed } from "../support/journal.js"

const enter = (n: number, kept: Partial<EntryOf<"StageEntered">["kept"]> = {}, stage = "page"): Entry => ({
  _tag: "StageEntered",
  stage,
  n,
  state: { n },
  kept: { startedAt: 1, updatedAt: 1, owner: "engine", ...kept }
})

const at = (n: number, name: string, rest: Partial<EntryOf<"PhaseStarted">> = {}): ReadonlyArray<Entry> => {
  const scope = Path.stage("page", n)
  return [start(`${scope}/${name}`, { name, scope, ...rest }), succeed(`${scope}/${name}`)]
}
const mark = (n: number, name: string, commit = false): ReadonlyArray<Entry> =>
  at(n, name, { kind: "checkpoint", ...(commit ? { commit } : {}) })

const first: ReadonlyArray<Entry> = [start("m", { kind: "checkpoint" }), succeed("m", "data")]

const back = (to: string, rest: Partial<EntryOf<"RevertStarted">> = {}): Entry => ({
  _tag: "RevertStarted",
  n: 1,
  failures: [],
  act: {},
  to,
  ...rest
})
const across = { across: true }
const stop: Entry = { _tag: "Failed", failures: [failed("z")] }
const rewound = (to: string): ReadonlyArray<Entry> => [{ _tag: "Rewound", to }, { _tag: "Paused" }]

/** a, m, b, then three pages of a phase and a mark each. */
const journal = (): Journal => {
  const written = running().add(...done("a"), ...first, ...done("b"))
  for (const n of [1, 2, 3]) written.add(enter(n), ...at(n, "c"), ...mark(n, "m"), ...at(n, "d"))
  return written.add(stop)
}

/** What an engine knows that has read the whole. */
const whole = (written: Journal, ...entries: ReadonlyArray<Entry>): Journal => {
  const read = new Journal()
  Object.assign(read.history, Fold.whole(written.entries))
  read.entries.push(...written.entries)
  return read.add(...entries)
}

const paths = (records: ReadonlyArray<{ readonly path: string }>) => records.map(({ path }) => path)

describe("the targets of an execution in stages", () => {
  it("are the enterings and the checkpoints of all of them, in order, with what is recorded there", () => {
    const known = Fold.whole(journal().entries)
    assert.deepStrictEqual(paths(Spine.targets(known)), [
      "m",
      "@page#1",
      "@page#1/m",
      "@page#2",
      "@page#2/m",
      "@page#3",
      "@page#3/m"
    ])
    const [m, page] = Spine.targets(known)
    assert.deepInclude(m, { name: "m", data: "data", body: "" })
    assert.deepInclude(page, { name: "page", data: { n: 1 }, body: "@page#1", mark: undefined })
    assert.deepStrictEqual(paths(Spine.targets(journal().history)), ["@page#3", "@page#3/m"])
  })

  it("are found by name, by number, and by path", () => {
    const known = Fold.whole(journal().entries)
    const found = (wanted: string) =>
      Either.match(Spine.find(known, wanted), { onLeft: ({ reason }) => reason, onRight: ({ path }) => path })
    const cases = {
      page: "@page#3",
      "page#1": "@page#1",
      "@page#2": "@page#2",
      "page#4": "unknown",
      "@page": "unknown",
      m: "@page#3/m",
      "m#1": "m",
      "@page#1/m": "@page#1/m",
      "page#1/m": "unknown"
    }
    for (const [wanted, path] of Object.entries(cases)) assert.strictEqual(found(wanted), path, wanted)
  })

  it("are not told apart where a checkpoint of `run` has the path of a stage", () => {
    const odd = [start("@page#1", { name: "@page", kind: "checkpoint" }), succeed("@page#1")]
    const known = Fold.whole(running().add(...odd, enter(1), ...at(1, "c")).entries)
    const found = Spine.find(known, "page")
    assert.include(Either.isLeft(found) ? found.left.message : "", "is called like stage @page#1")
    assert.strictEqual(Either.getOrThrow(Spine.find(known, "@page")).path, "@page#1")
  })

  it("are goals as they are entered, and stand there until something begins", () => {
    const begun = new Journal().add({ ...created, stopAt: "page#2" } as Entry, claimed)
    begun.add(enter(1, { stopAt: "page#2" }))
    assert.isFalse(Spine.isGoalStage(begun.history))
    begun.add(...at(1, "c"), enter(2, { stopAt: "page#2" }))
    assert.isTrue(Spine.isGoalStage(begun.history))
    assert.isFalse(Spine.isGoalStage(running().history))
    begun.add({ _tag: "Paused" })
    assert.isTrue(Spine.standsAt(begun.history, "page"))
    assert.isFalse(Spine.standsAt(begun.history, "page#1"))
    const later = running().add(enter(1), ...at(1, "c"), { _tag: "Paused" })
    assert.isFalse(Spine.standsAt(later.history, "page"))
    assert.isFalse(Spine.standsAt(running().add({ _tag: "Paused" }).history, "page"))
  })

  it("come one after the other", () => {
    const known = Fold.whole(journal().entries)
    const all = Spine.targets(known)
    for (const [i, one] of all.entries()) {
      for (const [j, other] of all.entries()) assert.strictEqual(Spine.isBehind(known, one, other), i < j)
    }
  })

  it("are out of reach before a point of no return in a later stage", () => {
    const written = running().add(...first, enter(1), ...mark(1, "paid", true), enter(2), ...at(2, "c"))
    const known = Fold.whole(written.entries)
    const bounds = Spine.targets(known).map((target) => Spine.bounded(known, target)?.reason)
    assert.deepStrictEqual(bounds, ["committed", "committed", undefined, undefined])
  })
})

describe("going back across stages", () => {
  const cases: ReadonlyArray<readonly [to: string, body: string, undone: Array<string>, left: number | Array<string>]> =
    [
      ["m", "", ["@page#3/d", "@page#3/c", "@page#2/d", "@page#2/c", "@page#1/d", "@page#1/c", "b"], ["a", "m"]],
      ["@page#1", "@page#1", ["@page#3/d", "@page#3/c", "@page#2/d", "@page#2/c", "@page#1/d", "@page#1/c"], 3],
      ["@page#2/m", "@page#2", ["@page#3/d", "@page#3/c", "@page#2/d"], 8],
      ["@page#3", "@page#3", ["@page#3/d", "@page#3/c"], 9]
    ]
  for (const [to, body, undone, left] of cases) {
    it(`to ${to} undoes what came after it, and is in that body again`, () => {
      const started = back(to, body === "@page#3" ? {} : across)
      const written = whole(journal(), started)
      assert.deepStrictEqual(paths(History.revertOf(written.history)!.completed), undone)
      const { history } = written.add(...rewound(to))
      assert.strictEqual(History.bodyOf(history), body)
      assert.strictEqual(history.position, to)
      const kept = [...history.phases.keys()]
      if (typeof left === "number") assert.lengthOf(kept, left)
      else assert.deepStrictEqual(kept, left)
      assert.deepStrictEqual(Fold.whole(written.entries), history)
      assert.deepStrictEqual(Fold.all(written.entries), body === "@page#3" ? written.loaded : history)
      assert.isTrue(Spine.standsAt(history, to))
    })
  }

  it("of the present stage needs nothing that was before it", () => {
    const written = journal().add(back("@page#3"), ...rewound("@page#3"))
    assert.deepStrictEqual([...written.history.phases.keys()], [])
    assert.strictEqual(written.history.position, "@page#3")
  })

  it("to where there was nothing to supersede begins with the first generation", () => {
    const written = whole(running().add(enter(1), enter(2), stop), back("@page#1", across), ...rewound("@page#1"))
    assert.deepInclude(written.history, { generation: 0, generations: undefined, crossed: true })
    assert.strictEqual(History.bodyOf(written.history), "@page#1")
  })

  it("to what is not known breaks the history", () => {
    assert.throws(() => journal().add(back("@page#2", across)), BrokenHistory)
  })

  it("has what comes then begin with a later generation, also where nobody knows any more what was there", () => {
    const written = whole(journal(), back("@page#1/m", across), ...rewound("@page#1/m"))
    assert.strictEqual(written.history.generation, 1)
    written.add({ _tag: "Resumed", act: {} }, claimed)
    const step = { _tag: "Entered" as const, stage: "page", state: { n: 2 }, error: undefined }
    const entered = Stages.entered(written.history, step)
    assert.deepInclude(entered, { n: 2 })
    assert.strictEqual(entered.kept.generation, 1)
    written.add(entered)
    const later = Fold.all(written.entries)
    assert.isTrue(History.isPartial(later))
    assert.strictEqual(later.generation, 1)
    assert.deepStrictEqual([...later.phases.keys()], [])
    const again = whole(written, ...at(2, "c", { generation: 1 }), stop)
    again.add(back("m", { n: 2, across: true }), ...rewound("m"))
    assert.strictEqual(again.history.generation, 2)
    assert.deepStrictEqual([...again.history.phases.keys()], ["a", "m"])
  })
})
