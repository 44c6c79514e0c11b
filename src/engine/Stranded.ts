/** What is said of the path of a phase that there is not. */
import type { History } from "../core/History.js"
import * as Near from "../core/Near.js"
import { isComposite } from "../core/PhaseRecord.js"

export const unknown = ({ phases, position }: History, path: string): string => {
  const leaves = [...phases.values()].filter((record) => !isComposite(record)).map((record) => record.path)
  const near = Near.misses(path, leaves)
  const meant = near.length === 0 ? "" : `; did you mean ${near.join(", ")}?`
  return `it has not started; the execution is at ${position}${meant}`
}
