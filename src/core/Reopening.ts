/** What an execution, or its revert, takes up again when somebody lets it go on. */
import type { EntryOf } from "./Entry.js"
import { type History, ownerOf, revertOf } from "./History.js"
import { isComposite, type PhaseRecord } from "./PhaseRecord.js"
import { beginTerm } from "./Phases.js"

/**
 * What stopped gets a new round of attempts. A revert leaves the body as it was found, and so does closing; also what the
 * body has left already, to be undone, stays as it is.
 */
export const reopen = (history: History, entry: EntryOf<"Resumed" | "RevertResumed">, at: number): void => {
  const reverting = entry._tag === "RevertResumed"
  const rerun = entry.rerun ?? false
  history.round = entry.round ?? history.round
  history.failures = reverting ? (revertOf(history)?.failures ?? []) : []
  history.crashes = 0
  const left = new Map<string, boolean>()
  for (const record of history.open) {
    if (record.forward && (reverting || history.closing !== undefined || isLeft(history, record.scope, left))) continue
    if (record.group !== undefined) ask(record, record.group)
    if (record.expired >= 0) beginTerm(record, at)
    if (isComposite(record)) {
      record.state = "running"
      record.settled = -1
      continue
    }
    // The generator went on after that.
    if (record.state === "failed" && record.cleans) continue
    if (record.state === "failed" || (rerun && record.state !== "waiting")) record.state = "reopened"
    record.settled = -1
    if (rerun) record.inDoubt = false
    record.round++
    record.rerun = rerun
    record.attempts = []
  }
}

/** Whether a scope is in a group that is to be tried again, or in a race that was won. */
const isLeft = (history: History, scope: string, known: Map<string, boolean>): boolean => {
  const before = known.get(scope)
  if (before !== undefined) return before
  const owner = ownerOf(history, scope)
  const left =
    owner !== undefined &&
    (owner.group?.decision?._tag === "Again" ||
      (owner.kind === "race" && history.scopes.get(scope)!.some(({ state }) => state === "succeeded")) ||
      isLeft(history, owner.scope, known))
  known.set(scope, left)
  return left
}

/** A group whose strategy gave up has a new round of attempts; another one goes on with those that it has. */
const ask = (record: PhaseRecord, state: NonNullable<PhaseRecord["group"]>): void => {
  if (state.decision === undefined || state.decision._tag === "Again") return
  state.tries = []
  state.decision = undefined
  record.decided = -1
}
