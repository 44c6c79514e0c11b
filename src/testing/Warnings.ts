/** What a run of a task shows of its definition that may be meant otherwise. */
import type { Recorded } from "../core/Entry.js"
import type { Kind } from "../core/Kind.js"

/** Kinds that cannot fail. */
const safe: ReadonlySet<Kind> = new Set<Kind>(["checkpoint", "changed", "sleep"])

/**
 * What to look at in a task, by the journal of a run of it: an irreversible phase with something after it that may fail, and no
 * commit checkpoint between, for a revert would then go back to before it, and leave it as it is.
 *
 * One line a phase. It knows only what this run came to: give it the journals of the runs that matter.
 *
 * @example
 * import { TaskEngine } from "tidemark"
 * import { warnings } from "tidemark/testing"
 * import * as Effect from "effect/Effect"
 *
 * const found = Effect.map(TaskEngine.history("order-7"), warnings)
 */
export const warnings = (entries: ReadonlyArray<Recorded>): ReadonlyArray<string> => {
  const found: Array<string> = []
  /** irreversible phases that have happened, and are not out of reach yet */
  let open: Array<string> = []
  const irreversible = new Set<string>()
  for (const { entry } of entries) {
    if (entry._tag === "PhaseSucceeded" && irreversible.delete(entry.path)) open.push(entry.path)
    if (entry._tag !== "PhaseStarted") continue
    if (entry.irreversible === true) irreversible.add(entry.path)
    if (entry.commit === true) open = []
    else if (!safe.has(entry.kind)) {
      for (const path of open) found.push(`${path} is irreversible, and ${entry.path} may fail after it: ${remedy}`)
      open = []
    }
  }
  return found
}

const remedy = "put a checkpoint with `commit: true` between them, or the irreversible phase last"
