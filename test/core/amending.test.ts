/** What a resume changes beside taking up what stopped: the payload, the inputs of items, and which of it goes on. */
import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "../../src/core/Entry.js"
import type { Branch, Fork } from "../../src/core/Instruction.js"
import { entered } from "../../src/core/Stages.js"
import { blockedAt, cursorOf } from "../support/cursors.js"
import { fail, failed, Journal, running, start, succeed } from "../support/journal.js"
import { phaseOf, work } from "../support/programs.js"

const stopped: Entry = { _tag: "Failed", failures: [failed("a")] }
const resumed = (rest: Partial<Extract<Entry, { _tag: "Resumed" }>>): Entry => ({ _tag: "Resumed", act: {}, ...rest })
const inside = (scope: string, name: string): Entry => start(`${scope}/${name}`, { name, scope })
const stage: Entry & { _tag: "StageEntered" } = {
  _tag: "StageEntered",
  stage: "next",
  n: 1,
  kept: { startedAt: 0, updatedAt: 0, owner: "" }
}

describe("an amended payload", () => {
  const amended = (): Journal =>
    running().add(start("a"), fail("a"), stopped, resumed({ payload: 1 }), stopped, resumed({ payload: 2 }))

  it("is the payload from there on; the one that it was created with is known", () => {
    const { given, payload } = amended().history
    assert.deepStrictEqual([payload, given], [2, null])
    assert.isUndefined(running().history.given)
  })

  it("is kept where a stage is entered, and there alone", () => {
    const { kept } = entered(amended().history, { _tag: "Entered", stage: "next", state: undefined, error: undefined })
    assert.strictEqual(kept.payload, 2)
    assert.isFalse(
      "payload" in entered(running().history, { ...stage, _tag: "Entered", state: undefined, error: undefined }).kept
    )
    const { history } = running().add({ ...stage, kept: { ...stage.kept, payload: 2 } })
    assert.deepStrictEqual([history.payload, history.given], [2, null])
    const again = amended().add({ ...stage, kept: { ...stage.kept, payload: 2 } }).history
    assert.deepStrictEqual([again.payload, again.given], [2, null])
  })
})

describe("what goes on", () => {
  it("is what was chosen, with what is in it and what it is in; what has not failed goes on anyway", () => {
    const { phases } = running().add(
      start("all", { kind: "all" }),
      start("all/g", { kind: "group", name: "g", scope: "all" }),
      inside("all/g", "x"),
      inside("all", "a"),
      inside("all", "b"),
      inside("all", "c"),
      fail("all/g/x"),
      fail("all/a"),
      fail("all/b"),
      { _tag: "PhaseInterrupted", path: "all/c", attempt: 1 },
      stopped,
      resumed({ only: ["all/g", "all/b"] })
    ).history
    const states = ["all/g/x", "all/a", "all/b", "all/c"].map((path) => phases.get(path)!.state)
    assert.deepStrictEqual(states, ["reopened", "failed", "reopened", "doubt"])
    assert.strictEqual(phases.get("all/a")!.round, 0)
  })
})

describe("the input of an item", () => {
  const asked: Array<unknown> = []
  const item: Branch = {
    name: "x",
    key: undefined,
    needs: [],
    make: (_, input) => {
      asked.push(input)
      return work("one")
    }
  }
  const each: Fork = {
    _tag: "Fork",
    kind: "forEach",
    name: "each",
    capture: "none",
    branches: [item],
    concurrency: 1,
    mode: "stop",
    collect: (answers) => answers
  }
  const body = function* (): Generator<unknown> {
    yield* phaseOf(each)
  }
  const inputs = [
    { path: "each/x", input: 7 },
    { path: "each/y", input: 8 }
  ]
  const amended = (): Journal =>
    running().add(
      start("each", { kind: "forEach" }),
      start("each/x", { name: "one", scope: "each" }),
      fail("each/x"),
      stopped,
      resumed({ inputs })
    )

  it("is given instead of the item, while it is open and once it has ended", () => {
    const journal = amended()
    assert.strictEqual(blockedAt(cursorOf(body).advance(journal.history)), "each/x")
    journal.add(succeed("each/x", 1), succeed("each"))
    assert.strictEqual(cursorOf(body).advance(journal.history)._tag, "Done")
    assert.deepStrictEqual([...new Set(asked)], [7])
  })

  it("is forgotten with what stands there", () => {
    const { history } = new Journal()
    assert.isUndefined(history.inputs)
    const back = running()
      .add(start("cp", { kind: "checkpoint" }), succeed("cp"), start("each", { kind: "forEach" }))
      .add(start("each/x", { name: "one", scope: "each" }), fail("each/x"), stopped, resumed({ inputs }), stopped)
      .add({ _tag: "RevertStarted", n: 1, failures: [], act: {}, to: "cp" }, { _tag: "Rewound", to: "cp" })
    assert.deepStrictEqual([...back.history.inputs!], [["each/y", 8]])
  })
})
