/** What is said of a phase that nothing can be asked of: there is none at that path, or it has happened. */
import { PhaseNotOpen } from "../core/Errors.js"
import type { History } from "../core/History.js"
import * as Near from "../core/Near.js"
import { isComposite, type PhaseRecord } from "../core/PhaseRecord.js"
import * as Spine from "../core/Spine.js"

export const unknown = ({ phases, position }: History, path: string): string => {
  const leaves = [...phases.values()].filter((record) => !isComposite(record)).map((record) => record.path)
  const near = Near.misses(path, leaves)
  const meant = near.length === 0 ? "" : `; did you mean ${near.join(", ")}?`
  return `it has not started; the execution is at ${position}${meant}`
}

/** One that has happened is not asked to run again: the execution goes back to before it. */
export const happened = (
  execution: string,
  history: History,
  record: PhaseRecord,
  asked?: "resume" | "rerun"
): PhaseNotOpen => {
  const behind = Spine.targets(history)
    .filter((target) => Spine.isAfter(history, target)(record) && Spine.bounded(history, target) === undefined)
    .map(({ path }) => path)
  const back = behind.at(-1)
  const there = back === undefined ? "it has come to none" : `it has come to ${behind.join(", ")}`
  const again = `To run it again, go back to a checkpoint before it, with goTo, or revert and its option to: ${there}`
  return new PhaseNotOpen({
    execution,
    phase: record.path,
    reason: asked === undefined ? `it has happened, and its value is recorded. ${again}` : `it has happened. ${again}`,
    ...(asked === undefined ? {} : { asked }),
    ...(back === undefined ? {} : { back })
  })
}
