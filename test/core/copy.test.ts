/** A copy of a history goes on by itself. */
import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "../../src/core/Entry.js"
import * as Fold from "../../src/core/Fold.js"
import * as History from "../../src/core/History.js"

const begun: ReadonlyArray<Entry> = [
  { _tag: "Created", task: "t", version: 1, payload: { n: 1 } },
  { _tag: "Claimed", owner: "one", crashed: false },
  { _tag: "PhaseStarted", path: "a", name: "a", kind: "phase" }
]

const succeeded: Entry = { _tag: "PhaseSucceeded", path: "a", value: 1 }

describe("copyOf", () => {
  it("is equal, and changes nothing of what it was made of", () => {
    const history = History.empty()
    for (const entry of begun) Fold.apply(history, entry, 0, 1)
    const copy = History.copyOf(history)
    assert.deepStrictEqual(copy, history)
    // What is open is the very record that stands at its path.
    assert.deepStrictEqual([...copy.open], [copy.phases.get("a")])
    assert.isTrue(copy.open.has(copy.phases.get("a")!))
    Fold.apply(copy, succeeded, 1, 1)
    assert.deepStrictEqual([copy.open.size, history.open.size], [0, 1])
    assert.deepStrictEqual([copy.phases.get("a")!.state, history.phases.get("a")!.state], ["succeeded", "running"])
  })
})
