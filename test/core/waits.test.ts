/** What is known of phases that wait, and of times. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import { nothing, plain } from "../../src/authoring/Recordable.js"
import type { Entry } from "../../src/core/Entry.js"
import * as History from "../../src/core/History.js"
import { remoteOf } from "../../src/core/Instruction.js"
import { cursorOf } from "../support/cursors.js"
import { claimed, created, Journal, running, start, timedOut } from "../support/journal.js"
import { work } from "../support/programs.js"

const act = {}
const resumed: Entry = { _tag: "Resumed", act }
const stopped = (path: string): Entry => ({ _tag: "Failed", failures: [timedOut(path)] })
const waits = (path: string, rest: { readonly until?: number; readonly silence?: number } = {}): Entry => ({
  _tag: "PhaseWaiting",
  path,
  attempt: 1,
  ...rest
})

const phase = ({ history }: Journal, path: string) => history.phases.get(path)!

describe("a phase that waits", () => {
  it("has its kind, and may be completed from outside as its schemas say", () => {
    const body = function* () {
      yield* Phase.all({
        asked: Phase.delegate("asked"),
        told: Phase.signal("told", Schema.String),
        slept: Phase.sleep("slept", "1 day")
      })
    }
    const step = cursorOf(body).advance(running().add(start("all", { kind: "all" })).history)
    assert.deepStrictEqual(step._tag === "Blocked" ? step.instructions.map(({ kind }) => kind) : step._tag, [
      "delegate",
      "signal",
      "sleep"
    ])
    assert.deepStrictEqual(remoteOf(work("a")), { success: plain.schema(), error: nothing.schema() })
  })

  it("waits from its start where it has no effect", () => {
    for (const kind of ["sleep", "signal"] as const) {
      const journal = running().add(start("a", { kind, until: 9 }))
      assert.deepInclude(phase(journal, "a"), { state: "waiting", since: 2, until: 9, token: undefined })
      assert.deepStrictEqual(History.inDoubt(journal.history), [])
    }
  })

  it("waits once its own part is done: until when, and how long it may be silent", () => {
    const journal = running().add(start("a", { kind: "delegate", token: "t" }), waits("a", { until: 50, silence: 5 }))
    assert.deepInclude(phase(journal, "a"), { state: "waiting", since: 3, until: 50, silence: 5, inDoubt: false })
  })

  it("is decided by a revert once it has given out a token", () => {
    const journal = running().add(start("a"), { _tag: "TokenMade", path: "a", token: "t" }, waits("a"))
    assert.strictEqual(phase(journal, "a").token, "t")
    assert.deepStrictEqual(History.inDoubt(journal.history), [phase(journal, "a")])
  })

  it("may have happened while it waits for its child", () => {
    const journal = running().add(start("a", { kind: "child", child: "c" }), waits("a"))
    assert.isTrue(phase(journal, "a").inDoubt)
  })

  it("lets the execution go, until its time or until somebody takes it up", () => {
    const journal = running().add(start("a", { kind: "sleep", until: 9 }), { _tag: "Waiting", until: 9 })
    assert.deepInclude(journal.history, { status: "Waiting", held: false, until: 9 })
    assert.deepInclude(journal.add(claimed).history, { status: "Running", held: true })
  })
})

describe("an execution's time", () => {
  it("does not count before it is due", () => {
    const deadlineOf = (rest: { readonly timeout?: number; readonly due?: number }) =>
      new Journal().add({ ...created, ...rest } as Entry).history.deadline
    assert.isUndefined(deadlineOf({ due: 50 }))
    assert.strictEqual(deadlineOf({ timeout: 10 }), 10)
    assert.strictEqual(deadlineOf({ timeout: 10, due: 50 }), 60)
  })

  it("begins anew for what had run out of it, when an operator lets that go on", () => {
    const anew = (path: string, timeout: number | undefined) => {
      const first = { ...created, ...(timeout === undefined ? {} : { timeout }) } as Entry
      return new Journal().add(first, claimed, start("a"), stopped(path), claimed, resumed).history.deadline
    }
    assert.strictEqual(anew("", 10), 15)
    assert.strictEqual(anew("a", 10), 10)
    assert.isUndefined(anew("", undefined))
  })

  it("has not come where it was started for later", () => {
    const early = (now: number, due: number | undefined, ...entries: ReadonlyArray<Entry>) =>
      History.isEarly(
        new Journal().add({ ...created, ...(due === undefined ? {} : { due }) } as Entry, ...entries).history,
        now
      )
    assert.isTrue(early(49, 50))
    assert.isFalse(early(50, 50))
    assert.isFalse(early(49, undefined))
    assert.isFalse(early(49, 50, claimed))
    assert.isFalse(early(49, 50, claimed, { _tag: "Suspended" }))
  })
})

describe("an execution with a concurrency key", () => {
  const inLine = (entry: object, ...entries: ReadonlyArray<Entry>) => {
    const { history } = new Journal().add({ ...created, ...entry } as Entry, ...entries)
    return [History.isQueued(history), History.isInLine(history, 49)]
  }

  it("stands in line until it has its place, and again once it has none", () => {
    assert.deepStrictEqual(inLine({}), [false, false])
    assert.deepStrictEqual(inLine({ lane: "eu" }), [true, true])
    assert.deepStrictEqual(inLine({ lane: "eu" }, claimed), [false, false])
    assert.deepStrictEqual(inLine({ lane: "eu" }, claimed, { _tag: "Suspended" }), [false, false])
    assert.deepStrictEqual(inLine({ lane: "eu" }, claimed, { _tag: "Suspended", queued: true }), [true, true])
  })

  it("does not before its time has come", () => {
    assert.deepStrictEqual(inLine({ lane: "eu", due: 50 }), [true, false])
  })
})

describe("a group's time", () => {
  const group = start("g", { kind: "group", timeout: 10 })
  const late: Entry = { _tag: "TimedOut", path: "g" }

  it("counts from its start, and is over once", () => {
    const journal = running().add(group)
    assert.deepInclude(phase(journal, "g"), { until: 12, expired: -1 })
    assert.isTrue(journal.history.timed.has(phase(journal, "g")))
    assert.isAtLeast(phase(journal.add(late), "g").expired, 0)
  })

  it("begins anew when an operator lets it go on, and only then", () => {
    const journal = running().add(group, late, stopped("g"), claimed, resumed)
    assert.deepInclude(phase(journal, "g"), { until: 16, expired: -1 })
    const other = running().add(group, stopped("a"), claimed, resumed)
    assert.deepInclude(phase(other, "g"), { until: 12, expired: -1 })
  })
})
