/** What an operator's resume takes up again, and what it leaves as it is. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import type { Entry } from "../../src/core/Entry.js"
import type { Failure } from "../../src/core/Failure.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { died, fail, failed, running, start, succeed } from "../support/journal.js"

const resumed: Entry = { _tag: "Resumed", act: {} }
const stopped: Entry = { _tag: "Failed", failures: [failed("beside")] }
const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })

const group = (path: string, rest: Parameters<typeof start>[1] = {}): Entry => start(path, { kind: "group", ...rest })
const decided = (path: string): Entry => ({
  _tag: "Decided",
  path,
  attempt: 1,
  failures: [failed(`${path}/x`)],
  decision: "giveUp"
})

/** The states of these phases, after what happened and a resume. */
const statesOf = (paths: ReadonlyArray<string>, ...entries: ReadonlyArray<Entry>): string => {
  const { phases } = running().add(...entries, stopped, resumed).history
  return paths.map((path) => phases.get(path)!.state).join()
}

describe("a resume", () => {
  const either = { capture: "either" } as const

  it("leaves a failure as it is that is a value to a group which cleans up for it", () => {
    const g = [group("g", either), inside("g", "x"), inside("g", "y"), fail("g/x"), fail("g/y")]
    assert.strictEqual(statesOf(["g/x", "g/y"], ...g), "reopened,reopened")
    assert.strictEqual(statesOf(["g/x", "g/y"], ...g, inside("g/close", "bye")), "failed,failed")
  })

  it("takes it up again if the group cannot take all that failed as a value", () => {
    const g = [group("g", either), inside("g", "x"), inside("g", "y"), fail("g/x"), fail("g/y", died("g/y"))]
    assert.strictEqual(statesOf(["g/x", "g/y"], ...g, inside("g/close", "bye")), "reopened,reopened")
  })

  it("takes it up again if what cleans up is to be tried again", () => {
    const again: Entry = { _tag: "Decided", path: "g/h", attempt: 1, failures: [failed("g/h/x")], decision: "again" }
    const h = [group("g", either), inside("g", "h", { kind: "group" }), inside("g", "y"), fail("g/y")]
    assert.strictEqual(statesOf(["g/y"], ...h, inside("g/h/close", "bye")), "failed")
    assert.strictEqual(statesOf(["g/y"], ...h, again, inside("g/h/close", "bye")), "reopened")
  })

  it("does not have a strategy asked again that gave up before that", () => {
    const g = [group("g", either), inside("g", "x"), fail("g/x"), decided("g")]
    const decisionAfter = (...entries: ReadonlyArray<Entry>) =>
      running()
        .add(...g, ...entries, stopped, resumed)
        .history.phases.get("g")!.group!.decision
    assert.isUndefined(decisionAfter())
    assert.deepInclude(decisionAfter(inside("g/close", "bye")), { _tag: "GiveUp" })
  })

  it("goes on with the undo of what was late, and leaves its strategy unasked", () => {
    const body = function* () {
      const undoable = Phase.make("a", Effect.void, { undo: () => Effect.void })
      yield* Phase.group(
        "g",
        function* () {
          yield* undoable
          const late = function* () {
            yield* one("x")
            yield* one("never")
          }
          yield* Phase.group("h", late, { retry: Retry.times(2), timeout: "10 millis" })
        },
        { retry: Retry.times(2), timeout: "10 millis" }
      )
    }
    const undo = "g/revert#1/undo/g/a"
    const late: Failure = { _tag: "Timeout", path: "g", after: 10 }
    const journal = running().add(
      group("g", { timeout: 10 }),
      inside("g", "a"),
      succeed("g/a"),
      inside("g", "h", { kind: "group", timeout: 10 }),
      inside("g/h", "x"),
      { _tag: "TimedOut", path: "g/h" },
      { _tag: "TimedOut", path: "g" },
      succeed("g/h/x"),
      { _tag: "Decided", path: "g", attempt: 1, failures: [late], decision: "again" },
      start(undo, { name: "a", kind: "undo", scope: "g/revert#1", undoes: "g/a" }),
      fail(undo),
      { _tag: "Failed", failures: [failed(undo)] },
      resumed
    )
    const step = cursorOf(body).advance(journal.loaded)
    assert.strictEqual(blockedAt(step), undo)
    assert.deepStrictEqual(step._tag === "Blocked" ? step.consequences : [], [])
  })

  it("lets the clean-up itself go on", () => {
    const g = [group("g", either), inside("g", "x"), fail("g/x"), inside("g/close", "a"), succeed("g/close/a")]
    const interrupted: Entry = { _tag: "PhaseInterrupted", path: "g/close/b", attempt: 1 }
    const { phases } = running().add(...g, inside("g/close", "b"), interrupted, stopped, {
      ...resumed,
      rerun: true
    }).history
    assert.deepInclude(phases.get("g/close/b"), { state: "reopened", rerun: true, round: 1 })
  })
})
