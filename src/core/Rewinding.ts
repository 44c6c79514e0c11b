/** What is superseded: by the next attempt of a group, or by going back to a checkpoint. */
import type { EntryOf } from "./Entry.js"
import { bodyOf, type History, type RevertRecord, revertOf } from "./History.js"
import * as Path from "./Path.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import * as Phases from "./Phases.js"
import * as Spine from "./Spine.js"

export const rewind = (history: History, entry: EntryOf<"Rewound">, at: number): void => {
  const record = history.phases.get(entry.to)
  const revert = revertOf(history)
  if (record !== undefined && revert?.to === record && !revert.over) goBack(history, revert, record, at)
  else Phases.rewind(history, entry, at)
}

/** Nothing of what came after the checkpoint is seen any more; the groups around it are open. */
const goBack = (history: History, revert: RevertRecord, checkpoint: PhaseRecord, at: number): void => {
  for (const record of Spine.around(history, checkpoint)) {
    Phases.supersedeAfter(history, record)
    if (record !== checkpoint) Phases.reenter(history, record, at)
  }
  // It may have been leaving for a stage.
  Phases.supersedeIn(history, Path.closeOf(bodyOf(history)))
  for (let n = 1; n <= history.reverts.length; n++) Phases.supersedeIn(history, Path.revert(n))
  for (const asked of history.asked) {
    Phases.supersede(history, asked)
    Phases.askAnew(asked)
  }
  history.asked.clear()
  revert.over = true
  history.left = undefined
  history.failures = []
  history.position = checkpoint.path
  history.crashes = 0
  if (history.timeout !== undefined) history.deadline = at + history.timeout
}
