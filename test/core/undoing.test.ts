/** A revert that goes on at an undo that failed, beside others that are over. */
import { assert, describe, it } from "@effect/vitest"
import { plain } from "../../src/authoring/Recordable.js"
import type { Entry } from "../../src/core/Entry.js"
import { undoing } from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import { blockedAt } from "../support/cursors.js"
import { done, fail, failed, running, start, succeed } from "../support/journal.js"

const scope = Path.revert(1)

const undo = (name: string): Entry => start(Path.undo(scope, name), { name, kind: "undo", scope, undoes: name })

describe("a cursor over undos", () => {
  it("does not undo again what is undone, when one before it is tried again", () => {
    const journal = running().add(
      ...done("a"),
      ...done("b"),
      { _tag: "RevertStarted", n: 1, failures: [], act: {} },
      undo("b"),
      fail(Path.undo(scope, "b")),
      undo("a"),
      succeed(Path.undo(scope, "a")),
      { _tag: "RevertFailed", failures: [failed(Path.undo(scope, "b"))] },
      { _tag: "RevertResumed", act: {} }
    )
    const { phases } = journal.history
    const undos = ["b", "a"].map((path) => ({ record: phases.get(path), needs: [] }))
    const cursor = undoing(undos, 1, { scope, error: plain })
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), Path.undo(scope, "b"))
    journal.add({ _tag: "AttemptStarted", path: Path.undo(scope, "b"), attempt: 2 }, succeed(Path.undo(scope, "b")))
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "Done")
  })
})
