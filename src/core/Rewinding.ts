/** What is superseded: by the next attempt of a group, or by going back to a checkpoint, or to where a stage was entered. */
import type { EntryOf } from "./Entry.js"
import { bodiesOf, bodyOf, type History, type RevertRecord, revertOf, type Target } from "./History.js"
import * as Path from "./Path.js"
import * as Phases from "./Phases.js"
import * as Spine from "./Spine.js"

export const rewind = (history: History, entry: EntryOf<"Rewound">, at: number): void => {
  const revert = revertOf(history)
  if (revert?.to?.path === entry.to && !revert.over) goBack(history, revert, revert.to, at)
  else Phases.rewind(history, entry, at)
}

/** Nothing of what came after is seen any more; the groups around the checkpoint are open. */
const goBack = (history: History, revert: RevertRecord, target: Target, at: number): void => {
  if (target.body !== bodyOf(history)) reenter(history, target.body)
  if (target.mark === undefined) supersedeBody(history, target.body)
  else {
    for (const record of Spine.around(history, target.mark)) {
      Phases.supersedeAfter(history, record)
      if (record !== target.mark) Phases.reenter(history, record, at)
    }
  }
  // It may have been leaving for a stage.
  Phases.supersedeIn(history, Path.closeOf(target.body))
  for (let n = 1; n <= history.reverts.length; n++) Phases.supersedeIn(history, Path.revert(n))
  for (const asked of history.asked) {
    Phases.supersede(history, asked)
    Phases.askAnew(asked)
  }
  history.asked.clear()
  revert.over = true
  history.left = undefined
  history.failures = []
  history.position = target.path
  history.crashes = 0
  if (history.timeout !== undefined) history.deadline = at + history.timeout
}

const supersedeBody = (history: History, body: string): void => {
  Phases.supersedeIn(history, body)
  Phases.supersedeIn(history, Path.closeOf(body))
}

/**
 * It is in an earlier body again; those after it are superseded. What they did is not known any more once the next stage is
 * entered: what has their paths then is of a later generation.
 */
const reenter = (history: History, body: string): void => {
  const bodies = bodiesOf(history)
  const index = bodies.indexOf(body)
  for (const later of bodies.slice(index + 1)) supersedeBody(history, later)
  const { events, stage } = history.past![index]!
  history.past!.length = index
  history.crossed = true
  history.stage = stage
  history.events = [...events]
  for (const generation of history.generations?.values() ?? []) {
    history.generation = Math.max(history.generation, generation)
  }
}
