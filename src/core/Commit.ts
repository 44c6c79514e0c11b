/** What a commit checkpoint puts out of reach of every revert. */
import { type History, ownerOf } from "./History.js"
import { isComposite, type PhaseRecord } from "./PhaseRecord.js"

/** Everything that a commit checkpoint follows can never be undone again: not what runs beside it. */
export const commit = (history: History, checkpoint: PhaseRecord): void => {
  for (let record: PhaseRecord | undefined = checkpoint; record !== undefined; ) {
    const around: PhaseRecord | undefined = ownerOf(history, record.scope)
    if (around === undefined || around.kind === "group") {
      for (const before of history.scopes.get(record.scope)!) {
        if (before === record) break
        commitAll(history, before)
      }
    }
    for (const path of record.needs ?? []) commitAll(history, history.phases.get(path))
    record = around
  }
  const { past = [] } = history
  for (let index = past.length - 1; index >= 0 && !past[index]!.committed; index--) {
    const body = past[index]!
    body.committed = true
    for (const before of history.scopes.get(body.scope) ?? []) commitAll(history, before)
  }
}

const commitAll = (history: History, record: PhaseRecord | undefined): void => {
  if (record === undefined || record.committed) return
  record.committed = true
  for (const path of record.needs ?? []) commitAll(history, history.phases.get(path))
  if (isComposite(record)) for (const inner of history.scopes.get(record.path) ?? []) commitAll(history, inner)
}
