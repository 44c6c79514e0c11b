import { assert, describe, it } from "@effect/vitest"
import * as Discards from "../../src/core/Discards.js"
import type { Entry, EntryOf, Recorded } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import * as Fold from "../../src/core/Fold.js"
import type { History } from "../../src/core/History.js"
import * as Kept from "../../src/core/Kept.js"
import * as Snapshots from "../../src/core/Snapshots.js"
import * as Spine from "../../src/core/Spine.js"
import { created, done, fail, failed, type Journal, running, start, succeed } from "../support/journal.js"

const mark = (name: string, n = 1): ReadonlyArray<Entry> => {
  const path = n === 1 ? name : `${name}#${n}`
  return [start(path, { name, kind: "checkpoint" }), succeed(path, n)]
}

const group = (name: string, ...inside: ReadonlyArray<Entry>): ReadonlyArray<Entry> => [
  start(name, { kind: "group" }),
  ...inside.map((entry) => (entry._tag === "PhaseStarted" ? { ...entry, scope: name } : entry)),
  succeed(name, name)
]

/** What a generator, a revert and an onlooker see of a history. */
const seen = (history: History) => ({
  phases: [...history.phases.values()].map(({ discarded, failures, generation, kind, path, state, value }) => ({
    path,
    kind,
    state,
    value,
    failures,
    generation,
    discarded
  })),
  undone: [...history.phases.values()].flatMap(({ path, undone }) =>
    undone === undefined ? [] : [[path, undone.path]]
  ),
  events: history.events.flatMap((record, at) => {
    const event = Kept.events.find((name) => record[name] === at)
    return record.superseded || event === undefined ? [] : [`${event} ${record.path}`]
  }),
  completed: history.completed.filter(({ superseded }) => !superseded).map(({ path }) => path),
  generations: history.generations,
  inputs: history.inputs,
  reverts: history.reverts.length,
  discarded: history.discarded,
  stage: history.stage?.name,
  status: history.status
})

/** Discards what was before a checkpoint: the journal as it is read then. */
const discard = (journal: Journal, entries: ReadonlyArray<Recorded>, path: string, hash: string) => {
  const cut = Discards.beforeCheckpoint(journal.history.phases.get(path)!)
  const snapshot = Snapshots.take(journal.history, cut.checkpoint!, cut.through)
  journal.add({ _tag: "Discarded", before: path, through: cut.through, hash: "h", values: hash })
  const at = { seq: cut.through, at: 0, epoch: 1 }
  const isKept = ({ entry, seq }: Recorded) => seq === 0 || seq > cut.through || entry._tag === "Snapshot"
  const said = journal.entries.slice(-1)
  const left = [...entries.filter(isKept), { ...at, entry: snapshot }, ...said]
  return left.sort((a, b) => a.seq - b.seq)
}

describe("a history of which a part is discarded", () => {
  it("is the same as that of what is left", () => {
    const journal = running().add(
      ...done("a", 1),
      ...mark("first"),
      ...group("g", ...done("g/b", 2), start("g/in", { kind: "checkpoint", name: "in" }), succeed("g/in")),
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
    const first = discard(journal, journal.entries, "second", "s1")
    assert.deepStrictEqual(seen(Fold.all(first)), seen(journal.history))
    assert.isFalse(journal.history.phases.has("g/b"))
    assert.deepInclude(Spine.find(journal.history, "in"), { _tag: "Left" })
    const length = journal.entries.length
    journal.add(...done("e", 6))
    const second = discard(journal, [...first, ...journal.entries.slice(length)], "third", "s2")
    assert.deepStrictEqual(seen(Fold.all(second)), seen(journal.history))
    assert.strictEqual(second.filter(({ entry }) => entry._tag === "Snapshot").length, 2)
    assert.isTrue(Discards.isDone(journal.history, Discards.beforeCheckpoint(journal.history.phases.get("third")!)))
    assert.isDefined(Discards.binds(journal.history))
    journal.add(start("c", { kind: "checkpoint", commit: true }), succeed("c"))
    assert.isUndefined(Discards.binds(journal.history))
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
