import type { Entry } from "../../../src/core/Entry.js"
import * as Fold from "../../../src/core/Fold.js"
import { statusOf } from "../../../src/engine/View.js"

/** An execution in which everything that can have a name or a value has this one. */
export const seen = (name: string) => {
  const list: ReadonlyArray<Entry> = [
    { _tag: "Created", task: name, version: 1, payload: { [name]: name } },
    { _tag: "Claimed", owner: name, crashed: false },
    { _tag: "PhaseStarted", path: name, name, kind: "phase" },
    { _tag: "AttemptFailed", path: name, attempt: 1, failure: { _tag: "Fail", path: name, error: name }, delay: 1 },
    { _tag: "AttemptStarted", path: name, attempt: 2 },
    {
      _tag: "PhaseFailed",
      path: name,
      attempt: 2,
      failures: [
        { _tag: "Die", path: name, defect: { name, message: name, stack: `${name}\n    at ${name} (x.js:1:1)` } }
      ]
    },
    {
      _tag: "Failed",
      failures: [
        { _tag: "Die", path: name, defect: { name, message: name, stack: `${name}\n    at ${name} (x.js:1:1)` } }
      ]
    }
  ]
  const entries = list.map((entry, seq) => ({ seq, at: seq, epoch: 0, entry }))
  const history = Fold.all(entries)
  const row = {
    id: name,
    task: name,
    version: 1,
    status: history.status,
    epoch: 0,
    owner: name,
    createdAt: 0,
    updatedAt: 6
  }
  return { row, seen: { entries, history, status: statusOf(name, history, false, new Map(), undefined) } }
}
