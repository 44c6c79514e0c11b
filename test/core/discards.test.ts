import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Discards from "../../src/core/Discards.js"
import type { Entry, EntryOf } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import * as Fold from "../../src/core/Fold.js"
import { bodiesOf, bodyOf, type History } from "../../src/core/History.js"
import * as Kept from "../../src/core/Kept.js"
import * as Snapshots from "../../src/core/Snapshots.js"
import * as Spine from "../../src/core/Spine.js"
import { created, done, fail, failed, Journal, running, start, succeed } from "../support/journal.js"

const mark = (name: string, n = 1): ReadonlyArray<Entry> => {
  const path = n === 1 ? name : `${name}#${n}`
  return [start(path, { name, kind: "checkpoint" }), succeed(path, n)]
}

const group = (name: string, ...inside: ReadonlyArray<Entry>): ReadonlyArray<Entry> => [
  start(name, { kind: "group" }),
  ...inside.map((entry) => (entry._tag === "PhaseStarted" ? { scope: name, ...entry } : entry)),
  succeed(name, name)
]

/** An execution in its second stage; and what it does there. */
const inPage = (): Journal => {
  const kept = { startedAt: 1, updatedAt: 1, owner: "engine" }
  const entered = (n: number): Entry => ({ _tag: "StageEntered", stage: "page", n, kept })
  return running().add(entered(1), entered(2))
}
const inPageOf = (entry: Entry): Entry =>
  "path" in entry ? ({ ...entry, path: `@page#2/${entry.path}`, scope: "@page#2" } as Entry) : entry

/** What stays of a phase. */
const shown = [
  ...(["path", "name", "kind", "scope", "capture", "generation", "commit", "irreversible", "undoes", "key"] as const),
  ...(["needs", "child", "forward", "cleans", "group", "state", "attempt", "startedAt", "endedAt"] as const),
  ...(["value", "failures", "committed", "discarded"] as const)
]

/** What a generator, a revert and an onlooker see of a history. */
const seen = (history: History) => ({
  phases: [...history.phases.values()].map((record) => shown.map((member) => record[member])),
  undone: [...history.phases.values()].flatMap(({ path, undone }) =>
    undone === undefined ? [] : [[path, undone.path]]
  ),
  events: history.events.flatMap((record, at) => {
    const event = Kept.events.find((name) => record[name] === at)
    return record.superseded || event === undefined ? [] : [`${event} ${record.path}`]
  }),
  completed: history.completed.filter(({ superseded }) => !superseded).map(({ path }) => path),
  body: (history.scopes.get(bodyOf(history)) ?? []).map(({ path }) => path),
  generations: history.generations,
  inputs: history.inputs,
  reverts: history.reverts.length,
  discarded: history.discarded,
  stage: history.stage && { ...history.stage, seq: 0 },
  status: history.status
})

describe("a history of which a part is discarded", () => {
  it("is the same as that of what is left", () => {
    const inner = group("g/h", ...done("g/h/c")).map((entry) => ({ scope: "g", ...entry }))
    const journal = running().add(
      ...done("a", 1),
      ...mark("first"),
      ...group("g", ...done("g/b", 2), start("g/in", { kind: "checkpoint", name: "in" }), succeed("g/in"), ...inner),
      start("left", { kind: "either" }),
      fail("left", failed("left")),
      start("race", { kind: "race" }),
      start("race/c", { scope: "race" }),
      succeed("race/c", 3),
      start("race/undo/x", { scope: "race/undo", kind: "undo", undoes: "a" }),
      succeed("race/undo/x"),
      succeed("race", 3),
      ...mark("second"),
      ...done("d", 4),
      { _tag: "RevertStarted", n: 1, failures: [], act: {}, to: "second" },
      { _tag: "Rewound", to: "second" },
      { _tag: "Paused" },
      { _tag: "Resumed", act: {}, inputs: [{ path: "all/item", input: 7 }] },
      start("d", { generation: 1 }),
      succeed("d", 5),
      ...mark("third")
    )
    journal.discard("second")
    assert.deepStrictEqual(seen(journal.loaded), seen(journal.history))
    for (const path of ["g/b", "g/h", "g/h/c"]) assert.isFalse(journal.history.phases.has(path))
    assert.deepInclude(Spine.find(journal.history, "in"), { _tag: "Left" })
    journal.add(...done("e", 6)).discard("third")
    assert.deepStrictEqual(seen(journal.loaded), seen(journal.history))
    assert.lengthOf(
      journal.entries.filter(({ entry }) => entry._tag === "Snapshot"),
      2
    )
    assert.isTrue(Discards.isDone(journal.history, Discards.beforeCheckpoint(journal.history.phases.get("third")!)))
    assert.isDefined(Discards.binds(journal.history))
    journal.add(start("c", { kind: "checkpoint", commit: true }), succeed("c"))
    assert.isUndefined(Discards.binds(journal.history))
  })

  it("is the same in a stage, whatever is known of what was before, and whatever phases there were", () => {
    const scope = "@page#1"
    const at = (name: string, rest: Partial<EntryOf<"PhaseStarted">> = {}): Entry => {
      const within = rest.scope ?? scope
      return start(`${within}/${name}`, { name, scope: within, ...rest })
    }
    const group = { kind: "group", value: 1, capture: "either" } as const
    const undo = { kind: "undo", scope: `${scope}/l/revert#1`, undoes: `${scope}/l/x` } as const
    const entered: Entry = {
      _tag: "StageEntered",
      stage: "page",
      n: 1,
      state: { n: 1 },
      kept: { startedAt: 1, updatedAt: 1, owner: "engine" }
    }
    const written = running().add(
      ...done("a"),
      ...mark("first"),
      start("close/b", { name: "b", scope: "close" }),
      succeed("close/b"),
      { _tag: "RevertStarted", n: 1, failures: [], act: {}, to: "first" },
      { _tag: "Rewound", to: "first" },
      { _tag: "Paused" },
      { _tag: "Resumed", act: {} },
      entered,
      at("sent", { irreversible: true }),
      { _tag: "AttemptFailed", path: `${scope}/sent`, attempt: 1, failure: failed("a"), delay: 1 },
      { _tag: "AttemptStarted", path: `${scope}/sent`, attempt: 2 },
      succeed(`${scope}/sent`),
      at("kid", { kind: "child", child: "c1" }),
      succeed(`${scope}/kid`, 1),
      at("graph", { kind: "graph" }),
      at("x", { scope: `${scope}/graph`, key: "x" }),
      succeed(`${scope}/graph/x`, 1),
      at("y", { scope: `${scope}/graph`, needs: [`${scope}/graph/x`] }),
      succeed(`${scope}/graph/y`, 1),
      succeed(`${scope}/graph`),
      at("g", group),
      at("z", { scope: `${scope}/g` }),
      fail(`${scope}/g/z`),
      { _tag: "Decided", path: `${scope}/g`, attempt: 1, failures: [failed("z")], decision: "giveUp" },
      at("c", { scope: `${scope}/g/close` }),
      succeed(`${scope}/g/close/c`),
      fail(`${scope}/g`, failed("z")),
      at("l", group),
      at("x", { scope: `${scope}/l` }),
      succeed(`${scope}/l/x`),
      { _tag: "Decided", path: `${scope}/l`, attempt: 1, failures: [failed("x")], decision: "again", delay: 1 },
      at("undo/l/x", undo),
      succeed(`${scope}/l/revert#1/undo/l/x`),
      fail(`${scope}/l`, failed("x")),
      at("paid", { kind: "checkpoint", commit: true, value: 2 }),
      succeed(`${scope}/paid`, "data"),
      ...done(`${scope}/later`).map((entry) => (entry._tag === "PhaseStarted" ? { ...entry, scope } : entry)),
      at("mark", { kind: "checkpoint" }),
      succeed(`${scope}/mark`)
    )
    const whole = new Journal()
    whole.entries.push(...written.entries)
    Object.assign(whole.history, Fold.whole(written.entries))
    const bare = inPage().add(...mark("m").map(inPageOf))
    bare.discard("@page#2/m")
    assert.deepStrictEqual(seen(bare.loaded), seen(bare.history))
    for (const journal of [written, whole]) {
      journal.discard(`${scope}/mark`)
      assert.deepStrictEqual(seen(journal.loaded), seen(journal.history))
      assert.deepStrictEqual(seen(Fold.whole(journal.entries)), seen(journal.history))
      assert.deepStrictEqual(bodiesOf(journal.history), [scope])
    }
    const { phases } = written.loaded
    assert.isTrue(phases.get(`${scope}/sent`)!.irreversible)
    assert.isTrue(phases.get(`${scope}/paid`)!.commit)
    assert.deepStrictEqual(phases.get(`${scope}/g`)!.group!.tries.at(-1)!.failures, [failed("z")])
  })

  it("tells what went from what never was, as far as that is known", () => {
    const { history } = inPage().add(...mark("m").map(inPageOf), ...mark("n").map(inPageOf))
    history.discarded = { before: "@page#2", through: 1, at: 0, until: undefined, act: undefined, values: undefined }
    const reason = (wanted: string, known: History = history) =>
      Either.match(Spine.find(known, wanted), { onLeft: ({ reason }) => reason, onRight: ({ path }) => path })
    const cases = {
      m: "@page#2/m",
      "page#1": "discarded",
      "@page#1": "discarded",
      "@other#1": "discarded",
      "page#3": "unknown",
      "other#1": "unknown",
      "page#1/m": "discarded",
      x: "unknown"
    }
    for (const [wanted, found] of Object.entries(cases)) assert.strictEqual(reason(wanted), found, wanted)
    assert.strictEqual(reason("m#1", running().add(...mark("n")).history), "unknown")
    const journal = running().add(...mark("m"), ...mark("n"))
    journal.discard("n")
    for (const known of [journal.history, journal.loaded]) assert.strictEqual(reason("m", known), "discarded")
    assert.strictEqual(reason("page#1", journal.history), "unknown")
  })

  it("may stand still while something is forgotten, and is nobody's then", () => {
    const journal = running().add(...done("a"), ...mark("first"), { _tag: "Failed", failures: [failed("b")] })
    Fold.apply(journal.history, { _tag: "Claimed", owner: "other", crashed: false }, 9, 2)
    const { through } = Discards.beforeCheckpoint(journal.history.phases.get("first")!)
    const said: EntryOf<"Discarded"> = { _tag: "Discarded", before: "first", through, hash: "h", act: { by: "me" } }
    Fold.apply(journal.history, said, 9, 2)
    assert.isFalse(journal.history.held)
    assert.deepInclude(journal.history.discarded, { before: "first", act: { by: "me" } })
    assert.isTrue(Discards.mayForget(journal.history))
  })

  it("is not forgotten any further while it is closed, reverted, or undone for another attempt", () => {
    const tried = [...group("g", start("g/a"), fail("g/a")).slice(0, -1)]
    const decided = (decision: "again" | "giveUp"): Entry => ({
      ...{ _tag: "Decided", path: "first", attempt: 1, failures: [failed("b")], decision }
    })
    const closing: Entry = { _tag: "Closing", position: "", revert: false, act: {} }
    const reverting: Entry = { _tag: "RevertStarted", n: 1, failures: [], act: {} }
    const cases: ReadonlyArray<readonly [may: boolean, entries: ReadonlyArray<Entry>]> = [
      [true, []],
      [true, tried],
      [false, [closing]],
      [false, [closing, { _tag: "CleanedUp" }, { _tag: "Closed" }]],
      [false, [reverting]],
      [false, [reverting, { _tag: "RevertFailed", failures: [failed("b")] }]],
      [true, [decided("giveUp")]],
      [false, [decided("again")]],
      [true, [decided("again"), { _tag: "Rewound", to: "first" }]]
    ]
    for (const [may, entries] of cases) {
      const { history } = running().add(...mark("first"), ...done("a"), ...entries)
      assert.strictEqual(Discards.mayForget(history), may, JSON.stringify(entries))
    }
  })

  it("is broken where a snapshot is none that an engine has written", () => {
    const journal = running().add(...done("a"), ...mark("first"))
    const { through } = Discards.beforeCheckpoint(journal.history.phases.get("first")!)
    const snapshot = Snapshots.take(journal.history, journal.history.phases.get("first")!, through)
    const load = (entry: EntryOf<"Snapshot">) => () =>
      Fold.all([
        { seq: 0, at: 0, epoch: 1, entry: created },
        { seq: through, at: 0, epoch: 1, entry }
      ])
    assert.doesNotThrow(load(snapshot))
    assert.throws(load({ ...snapshot, events: [99] }), BrokenHistory)
    assert.throws(load({ ...snapshot, phases: [...snapshot.phases, ...snapshot.phases] }), BrokenHistory)
  })
})

describe("how far back a body is kept", () => {
  /** So many checkpoints, the n-th at 2n, where that is said in a stage that was entered at 2, at 2n + 1. */
  const passed = (count: number, inStage = false): History => {
    const scope = inStage ? "@page#1" : ""
    const kept = { startedAt: 1, updatedAt: 1, owner: "engine" }
    const journal = inStage ? running().add({ _tag: "StageEntered", stage: "page", n: 1, kept }) : running()
    for (let n = 1; n <= count; n++) {
      const path = `${inStage ? "@page#1/" : ""}m${n}`
      journal.add(start(path, { name: `m${n}`, scope, kind: "checkpoint" }), succeed(path))
    }
    return journal.history
  }
  const rows: ReadonlyArray<
    readonly [what: string, history: History, keep: Parameters<typeof Discards.bound>[1], before: string | undefined]
  > = [
    ["to the last five, where there are six", passed(6), { last: 5 }, "m2 until ever"],
    ["whole, where there are five", passed(5), { last: 5 }, undefined],
    ["to the last", passed(3), { last: 1 }, "m3 until ever"],
    ["to the last five of a stage, where there are five", passed(5, true), { last: 5 }, "@page#1/m1 until ever"],
    ["to where its stage was entered, which counts", passed(4, true), { last: 5 }, "@page#1 until ever"],
    ["whole in a stage, so that earlier ones count", passed(3, true), { last: 5 }, "earlier"],
    ["to what is as old as that", passed(6), { for: 4 }, "m4 until 12"],
    ["whole, where nothing is older", passed(6), { for: 10 }, undefined],
    ["to the first that is young enough in an old stage", passed(6, true), { for: 10 }, "@page#1/m1 until 13"],
    ["whole in a stage that is young enough", passed(6, true), { for: 11 }, "earlier"],
    ["to the last in a stage", passed(6, true), { for: 1 }, "@page#1/m6 until 14"]
  ]
  for (const [what, history, keep, before] of rows) {
    it(`is ${what}`, () => {
      const bound = Discards.bound(history, keep, history.entries - 2)
      const found = typeof bound === "object" ? `${bound.cut.before} until ${bound.cut.until ?? "ever"}` : bound
      assert.strictEqual(found, before)
      if (typeof bound !== "object") return
      const { checkpoint, through } = bound.cut
      const first = checkpoint === undefined ? history.stage!.seq : checkpoint.startedAt
      assert.strictEqual(through, first - 1)
    })
  }
})
