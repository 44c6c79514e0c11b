/** What a driver looks at whenever something ends: not all that runs, or wide forks would take quadratic time. */
import { assert, describe, it } from "@effect/vitest"
import * as Phase from "../../src/authoring/Phase.js"
import type { Step } from "../../src/core/Step.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { begin, failed, running, succeed } from "../support/journal.js"

const idleAt = (step: Step): string =>
  step._tag === "Blocked" ? step.idle.map(({ path }) => path).join(" ") : step._tag

describe("what is idle", () => {
  it("is what may start, or may run again, of everything that is wanted", () => {
    const journal = running()
    const cursor = cursorOf(function* () {
      yield* Phase.all([one("a"), one("b"), one("c")], { concurrency: 2 })
    })
    const advance = () => cursor.advance(journal.history)
    const startAll = (step: Step) => {
      if (step._tag === "Blocked") for (const placed of step.idle) begin(journal, placed)
    }
    assert.strictEqual(idleAt(advance()), "all")
    startAll(advance())
    assert.strictEqual(idleAt(advance()), "all/a all/b")
    startAll(advance())
    assert.strictEqual(idleAt(advance()), "")
    journal.add({ _tag: "AttemptFailed", path: "all/a", attempt: 1, failure: failed("all/a"), delay: 0 })
    assert.strictEqual(idleAt(advance()), "all/a")
    journal.add({ _tag: "AttemptStarted", path: "all/a", attempt: 2 }, succeed("all/b"))
    const step = advance()
    assert.strictEqual(idleAt(step), "all/c")
    assert.strictEqual(blockedAt(step), "all/a all/c")
  })
})
