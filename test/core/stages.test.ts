import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import { plain } from "../../src/authoring/Recordable.js"
import { stage } from "../../src/authoring/Stage.js"
import * as Abandoned from "../../src/core/Abandoned.js"
import type { Entry, EntryOf } from "../../src/core/Entry.js"
import { BrokenHistory } from "../../src/core/Errors.js"
import * as Fold from "../../src/core/Fold.js"
import * as History from "../../src/core/History.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import { wholeReversal } from "../../src/core/Reversal.js"
import * as Stages from "../../src/core/Stages.js"
import type { Step, Unenterable } from "../../src/core/Step.js"
import type { Enters } from "../../src/core/Tree.js"
import { blockedAt, one } from "../support/cursors.js"
import { claimed, created, done, drive, fail, failed, Journal, running, start, succeed } from "../support/journal.js"

const Page = stage("page", { state: { n: Schema.Number } })

const enter = (n: number, rest: Partial<EntryOf<"StageEntered">> = {}): Entry => ({
  _tag: "StageEntered",
  stage: "page",
  n,
  state: { n },
  kept: { startedAt: 1, updatedAt: 1, owner: "engine" },
  ...rest
})

const inStage = (n: number, name: string): ReadonlyArray<Entry> => {
  const scope = Path.stage("page", n)
  return done(`${scope}/${name}`).map((entry) => (entry._tag === "PhaseStarted" ? { ...entry, name, scope } : entry))
}

const inGroupAt = (scope: string): ReadonlyArray<Entry> => [
  start(`${scope}/a`, { name: "a", scope }),
  succeed(`${scope}/a`)
]

/** What somebody knows who reads the creation, and what comes from the last stage on. */
const latest = ({ entries }: Journal): History.History => {
  const base = entries.findLastIndex(({ entry }) => entry._tag === "StageEntered")
  return Fold.all(base < 0 ? entries : [entries[0]!, ...entries.slice(base)])
}

describe("a history in a stage", () => {
  const journal = running()
    .add(...done("a"), start("b"), enter(1), ...inStage(1, "c"), enter(2), ...inStage(2, "d"))
    .add({ _tag: "Waiting", until: 99 }, claimed)

  it("is the same without what was before, whatever that was", () => {
    const lane = new Journal().add({ ...created, lane: "k", timeout: 50, due: 3 } as Entry, claimed)
    lane.add(...done("a"), { _tag: "Waiting", until: 9 }, claimed, { _tag: "PauseRequested", act: { by: "ann" } })
    lane.add({ _tag: "Paused" }, { _tag: "Resumed", act: {}, round: 2 }, { _tag: "Failed", failures: [failed("a")] })
    lane.add({ _tag: "Resumed", act: {} }, { _tag: "Claimed", owner: "other", crashed: true })
    const step: Step = { _tag: "Entered", stage: "page", state: { n: 1 }, error: undefined }
    lane.add(Stages.entered(lane.history, step), ...inStage(1, "b"), { _tag: "Suspended", queued: true })
    assert.deepStrictEqual(latest(lane), Fold.all(lane.entries))
    assert.deepStrictEqual(lane.history, Fold.all(lane.entries))
  })

  it("pauses where it was last told to, not where it was first", () => {
    const begun = new Journal().add({ ...created, stopAt: "first" } as Entry, claimed)
    begun.add({ _tag: "Paused" }, { _tag: "Resumed", act: {} }, enter(1))
    assert.isUndefined(begun.history.stopAt)
    assert.deepStrictEqual(latest(begun), Fold.all(begun.entries))
  })

  it("is the same without what was before the stage", () => {
    for (let count = 1; count <= journal.entries.length; count++) {
      const part = running()
      part.entries.length = 0
      part.entries.push(...journal.entries.slice(0, count))
      assert.deepStrictEqual(latest(part), Fold.all(part.entries))
    }
    assert.deepStrictEqual([...journal.history.phases.keys()], ["@page#2/d"])
    assert.strictEqual(journal.history.until, 99)
    assert.isTrue(History.isPartial(journal.history))
    assert.isFalse(History.isPartial(running().history))
    assert.deepStrictEqual(journal.history.stage, {
      name: "page",
      n: 2,
      state: { n: 2 },
      marks: 2,
      enteredAt: 8,
      seq: 8
    })
  })

  it("keeps what matters: its deadline, its owner, its reverts, who paused it", () => {
    const entry = Stages.entered(
      Object.assign(History.empty(), {
        startedAt: 5,
        createdAt: 3,
        updatedAt: 4,
        owner: "o",
        deadline: 9,
        round: 2,
        reverts: [undefined],
        pausedBy: "ann",
        pauseRequested: true,
        stopAt: "mark"
      }),
      { _tag: "Entered", stage: "page", state: undefined, error: { name: "Error", message: "no" } }
    )
    assert.deepStrictEqual(entry, {
      _tag: "StageEntered",
      stage: "page",
      n: 1,
      error: { name: "Error", message: "no" },
      kept: {
        startedAt: 5,
        updatedAt: 4,
        owner: "o",
        deadline: 9,
        round: 2,
        reverts: 1,
        pausedBy: "ann",
        pauses: true,
        stopAt: "mark"
      }
    })
    const known = running().add(entry).history
    assert.deepInclude(known, { startedAt: 5, updatedAt: 4, deadline: 9, round: 2, pausedBy: "ann", stopAt: "mark" })
    assert.isTrue(known.pauseRequested)
    assert.lengthOf(known.reverts, 1)
    assert.isUndefined(History.revertOf(known))
    const bare = Stages.entered(History.empty(), { _tag: "Entered", stage: "page", state: 1, error: undefined })
    assert.deepStrictEqual(bare.kept, { startedAt: 0, updatedAt: 0, owner: "" })
    assert.strictEqual(bare.state, 1)
  })

  it("keeps which version it goes by, how many checkpoints it came to, and what was discarded before them", () => {
    const checkpoint = (name: string) => [start(name, { kind: "checkpoint" }), succeed(name)]
    const journal = running().add(...checkpoint("m"), ...checkpoint("n"))
    const said = { before: "n", through: 3, hash: "h", values: "v" }
    const step: Step = { _tag: "Entered", stage: "page", state: { n: 1 }, error: undefined }
    const keeps = () => Stages.entered(journal.history, step).kept
    assert.strictEqual(keeps().marks, 3)
    journal.add({ _tag: "Discarded", ...said })
    assert.deepStrictEqual(keeps().discarded, { before: "n", through: 3, at: 6 })
    journal.add({ _tag: "Discarded", ...said, until: 9, act: { by: "ann" } })
    assert.deepStrictEqual(keeps().discarded, { before: "n", through: 3, at: 7, until: 9, act: { by: "ann" } })
    const carried = { stage: "page", state: { n: 1 }, version: 2 }
    journal.add({ _tag: "Failed", failures: [failed("a")] }, { _tag: "Resumed", act: {}, carried })
    assert.deepStrictEqual(Stages.carriedInto(journal.history, carried), {
      ...{ name: "page", n: 1, state: { n: 1 }, path: "@page#1" }
    })
    assert.strictEqual(keeps().version, 2)
    const { history } = journal.add(Stages.entered(journal.history, step))
    assert.deepInclude(history.stage, { n: 1, marks: 3 })
    assert.deepInclude(history.discarded, { before: "n", until: 9, values: undefined })
    assert.strictEqual(Stages.carriedInto(history, carried).path, "@page#2")
    assert.deepStrictEqual(latest(journal), journal.loaded)
    assert.deepInclude(journal.loaded, { version: 2, discarded: history.discarded, stage: history.stage })
  })

  it("that goes back knows all stages", () => {
    const whole = Fold.whole(journal.entries)
    assert.isFalse(History.isPartial(whole))
    assert.deepStrictEqual(History.bodiesOf(whole), ["", "@page#1", "@page#2"])
    assert.deepStrictEqual([...whole.phases.keys()], ["a", "b", "@page#1/c", "@page#2/d"])
    assert.isTrue([...whole.phases.values()].every(({ forward }) => forward))
    const undos = wholeReversal(whole, () => true)
    assert.deepStrictEqual(
      undos.map(({ needs, record }) => [record?.path, needs]),
      [
        ["@page#2/d", []],
        ["@page#1/c", [0]],
        ["b", [1]],
        ["a", [2]]
      ]
    )
  })

  it("is out of reach behind a point of no return in a later one", () => {
    const mark: ReadonlyArray<Entry> = [
      start("@page#2/m", { kind: "checkpoint", commit: true, scope: "@page#2" }),
      succeed("@page#2/m")
    ]
    const { entries } = running().add(
      ...done("a"),
      enter(1),
      enter(2),
      ...inStage(2, "b"),
      ...mark,
      ...inStage(2, "c"),
      enter(3),
      start("@page#3/n", { kind: "checkpoint", commit: true, scope: "@page#3" }),
      succeed("@page#3/n"),
      ...inStage(3, "d")
    )
    const committed = (count: number) =>
      [...Fold.whole(entries.slice(0, count)).phases.values()]
        .filter((record) => record.committed)
        .map(({ path }) => path)
    assert.deepStrictEqual(committed(10), ["a", "@page#2/b"])
    assert.deepStrictEqual(committed(entries.length), ["a", "@page#2/b", "@page#2/m", "@page#2/c"])
  })

  it("asks no checkpoint of one that was left", () => {
    const { entries, history } = running().add(...done("a"))
    history.asked.add(history.phases.get("a")!)
    Fold.apply(history, enter(1), entries.length, 1)
    assert.strictEqual(history.asked.size, 0)
  })

  it("is entered by nobody who does not run, and in order", () => {
    const broken = (...entries: ReadonlyArray<Entry>) => assert.throws(() => running().add(...entries), BrokenHistory)
    broken(enter(2))
    broken(enter(1), enter(1))
    broken({ _tag: "Paused" }, enter(1))
    assert.doesNotThrow(() => running().add({ _tag: "Waiting" }, claimed, enter(1), enter(2)))
  })

  it("leaves the tokens of what never ended behind", () => {
    const { history } = running().add(
      start("close/a", { scope: "close", token: "t" }),
      start("close/b", { scope: "close" })
    )
    assert.deepStrictEqual(Abandoned.before(history, enter(1)), ["t"])
    assert.deepStrictEqual(Abandoned.before(history, created), [])
  })
})

describe("a body that enters a stage", () => {
  const accepts: Enters = ({ state }) => plain.encode(state)
  const cursorOf = (body: () => unknown, enters: Enters | undefined = accepts, scope = Path.root) =>
    Interpreter.make({ start: body, scope, error: plain, ...(enters === undefined ? {} : { enter: enters }) })
  const oops = (): void => {
    throw new Error("oops")
  }
  const entered = (state: number, error?: string): Step => ({
    _tag: "Entered",
    stage: "page",
    state: { n: state },
    error: error === undefined ? undefined : { name: "Error", message: error }
  })
  const messageOf = (step: Step) =>
    step._tag === "Entered" && step.error !== undefined
      ? { ...step, error: { name: step.error.name, message: step.error.message } }
      : step

  it("ends there, with its state", () => {
    const journal = running()
    const cursor = cursorOf(function* () {
      yield* one("a")
      yield* Page.enter({ n: 1 })
      yield* one("never")
    })
    assert.deepStrictEqual(drive(cursor, journal), entered(1))
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a"])
  })

  it("goes through its finally blocks first, as far as they go", () => {
    const body = function* () {
      try {
        try {
          yield* one("a")
          return yield* Page.enter({ n: 2 })
        } finally {
          yield* one("b")
          yield* one("c")
        }
      } finally {
        yield* one("d")
        oops()
      }
    }
    const journal = running()
    assert.deepStrictEqual(messageOf(drive(cursorOf(body), journal)), entered(2, "oops"))
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "close/b", "close/c", "close/d"])
    // From any point on, a fresh one goes the same way.
    for (let count = 2; count < journal.entries.length; count++) {
      const again = running()
      again.add(...journal.entries.slice(2, count).map(({ entry }) => entry))
      assert.deepStrictEqual(messageOf(drive(cursorOf(body), again)), entered(2, "oops"))
      assert.deepStrictEqual(again.entries.length, journal.entries.length)
    }
    const failing = running()
    const step = drive(cursorOf(body), failing, ({ path }) =>
      path === "close/b" ? { failure: { _tag: "Fail", path, error: "no" } } : {}
    )
    assert.deepStrictEqual(messageOf(step), entered(2, "oops"))
    assert.deepStrictEqual([...failing.history.phases.keys()], ["a", "close/b", "close/d"])
  })

  it("and is closed in the middle of its finally blocks, goes through the rest of them", () => {
    const journal = running()
    const body = function* () {
      try {
        return yield* Page.enter({ n: 1 })
      } finally {
        yield* one("b")
        yield* one("c")
      }
    }
    const cursor = cursorOf(body)
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "close/b")
    journal.add(start("close/b", { name: "b", scope: "close" }), succeed("close/b"))
    cursor.advance(journal.history)
    journal.add({ _tag: "Closing", position: "close/b", revert: false, act: {} })
    for (const each of [cursor, cursorOf(body)]) {
      each.close()
      assert.strictEqual(blockedAt(each.advance(journal.history)), "close/c")
    }
    assert.deepStrictEqual(drive(cursor, journal), { _tag: "Closed", error: undefined })
  })

  it("and is closed before the stage begins, has nothing left to do", () => {
    const journal = running().add(...done("a"))
    const cursor = cursorOf(function* () {
      yield* one("a")
      return yield* Page.enter({ n: 1 })
    })
    assert.strictEqual(cursor.advance(journal.history)._tag, "Entered")
    journal.add({ _tag: "Closing", position: "a", revert: false, act: {} })
    cursor.close()
    assert.deepStrictEqual(cursor.advance(journal.history), { _tag: "Closed", error: undefined })
  })

  it("in a finally block does not", () => {
    const journal = running().add(...done("a"))
    const cursor = cursorOf(function* () {
      try {
        yield* one("a")
        return yield* Page.enter({ n: 1 })
      } finally {
        yield* Page.enter({ n: 2 })
      }
    })
    const step = cursor.advance(journal.history)
    assert.strictEqual(step._tag === "Entered" ? step.error?.name : undefined, "StrangeYield")
  })

  it("that the task does not have, from inside something, or with what is no state, stands there", () => {
    const why = (body: () => Generator<unknown, unknown>, enters?: Enters, scope?: string): Unenterable | undefined => {
      const step = drive(cursorOf(body, enters, scope), running().add(...done("a")))
      return step._tag === "Unenterable" ? step.why : undefined
    }
    const straight = function* () {
      yield* one("a")
      return yield* Page.enter({ n: 1 })
    }
    const problem = { at: "$", reason: "no" }
    assert.strictEqual(
      why(straight, () => Either.left("unregistered")),
      "unregistered"
    )
    assert.deepStrictEqual(
      why(straight, () => Either.left(problem)),
      problem
    )
    const inGroup = function* () {
      yield* one("a")
      yield* Phase.group("g", straight as never) as unknown as Iterable<unknown, unknown>
    }
    const grouped = running().add(...done("a"), start("g", { kind: "group" }), ...inGroupAt("g"))
    assert.deepInclude(cursorOf(inGroup).advance(grouped.history), { _tag: "Unenterable", why: "inside" })
    const revert = Interpreter.make({ start: straight, scope: "revert#1", error: plain })
    assert.deepInclude(drive(revert, running()), { _tag: "Unenterable", why: "inside", after: "revert#1/a" })
    const first = Interpreter.make({ start: () => Page.enter({ n: 1 })[Symbol.iterator](), scope: "", error: plain })
    assert.strictEqual(first.advance(running().history)._tag, "Stranger")
  })

  it("where the journal goes on, or had left already, does not fit", () => {
    const enters = cursorOf(function* () {
      return yield* Page.enter({ n: 1 })
    })
    assert.deepInclude(enters.advance(running().add(...done("a")).history), {
      _tag: "Mismatch",
      found: { path: "", kind: "stage", name: "page" }
    })
    const goesOn = cursorOf(function* () {
      yield* one("a")
    })
    const left = running().add(start("close/b", { name: "b", scope: "close" }))
    assert.deepInclude(goesOn.advance(left.history), { _tag: "Mismatch" })
  })

  it("stands below the stage's own path, its clean-up too", () => {
    const journal = running().add(enter(1))
    const cursor = cursorOf(
      function* () {
        try {
          yield* one("a")
          yield* Phase.group("g", function* () {
            yield* one("b")
          })
          return yield* Page.enter({ n: 2 })
        } finally {
          yield* one("c")
        }
      },
      accepts,
      "@page#1"
    )
    assert.deepStrictEqual(
      drive(cursor, journal, ({ path }) => {
        if (path === "@page#1/g") journal.add(start("@page#1/g/b", { name: "b", scope: path }), succeed("@page#1/g/b"))
        return {}
      }),
      entered(2)
    )
    assert.deepStrictEqual([...journal.history.phases.keys()].sort(), [
      ...["@page#1/a", "@page#1/close/c", "@page#1/g", "@page#1/g/b"]
    ])
    assert.isFalse(journal.history.phases.get("@page#1/close/c")!.forward)
  })

  it("that throws in a stage is a defect of the task", () => {
    const cursor = cursorOf(
      function* () {
        yield* one("a")
        throw new Error("oops")
      },
      accepts,
      "@page#1"
    )
    assert.strictEqual(drive(cursor, running().add(enter(1)))._tag, "Threw")
    assert.throws(() => running().add(enter(1), fail("a")), BrokenHistory)
  })
})
