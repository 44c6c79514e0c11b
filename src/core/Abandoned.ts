/** The tokens of phases that nobody waits for any more once an entry is recorded: they complete nothing from then on. */
import type { Entry } from "./Entry.js"
import { type History, revertOf } from "./History.js"
import { isComposite, isLeaving, isSettled, type PhaseRecord } from "./PhaseRecord.js"

const none: ReadonlyArray<string> = []

/** Their hashes, where everything that is open is left behind by the entry that comes next: for a stage, or going back. */
export const before = (history: History, entry: Entry): ReadonlyArray<string> =>
  entry._tag === "StageEntered" || (entry._tag === "Rewound" && revertOf(history)?.to?.path === entry.to)
    ? [...history.open].flatMap(({ token }) => (token === undefined ? none : [token]))
    : none

/**
 * Their hashes, where this entry, the last of the history, leaves phases behind: a race is won, something made of phases
 * has ended, or a group is tried again. Not where somebody may let the execution go on there.
 */
export const by = (history: History, entry: Entry): ReadonlyArray<string> => {
  if (entry._tag === "Decided") return leftBy(history, history.phases.get(entry.path)!)
  if (entry._tag !== "PhaseSucceeded" && entry._tag !== "PhaseFailed") return none
  const record = history.phases.get(entry.path)!
  if (!isSettled(record)) return none
  const own = isComposite(record) ? inside(history, record.path) : none
  const around = record.state === "succeeded" ? history.phases.get(record.scope) : undefined
  return around?.kind === "race" ? [...own, ...inside(history, around.path, record)] : own
}

/** Of what is tried again: a group, or what came after a checkpoint. */
const leftBy = (history: History, record: PhaseRecord): ReadonlyArray<string> => {
  if (!isLeaving(record)) return none
  if (isComposite(record)) return inside(history, record.path)
  const siblings = history.scopes.get(record.scope)!
  return tokensOf(history, siblings.slice(siblings.indexOf(record) + 1))
}

/** Of the phases without an outcome below a scope; what has an outcome has left its own behind already. */
const inside = (history: History, scope: string, winner?: PhaseRecord): ReadonlyArray<string> =>
  tokensOf(history, history.scopes.get(scope) ?? [], winner)

const tokensOf = (history: History, records: ReadonlyArray<PhaseRecord>, winner?: PhaseRecord): ReadonlyArray<string> =>
  records.flatMap((record) => {
    if (record === winner || isSettled(record)) return none
    if (isComposite(record)) return inside(history, record.path)
    return record.token === undefined ? none : [record.token]
  })
