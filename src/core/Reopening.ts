/** What an execution, or its revert, takes up again when somebody lets it go on. */
import type { EntryOf } from "./Entry.js"
import type { Failure } from "./Failure.js"
import { type History, isGoingBack, ownerOf, revertOf } from "./History.js"
import * as Path from "./Path.js"
import { capturable, isComposite, isLeaving, type PhaseRecord } from "./PhaseRecord.js"
import { askAnew, beginTerm } from "./Phases.js"

/**
 * What stopped gets a new round of attempts. A revert leaves the body as it was found, and so does closing; also what the
 * body has left already, to be undone, stays as it is. So does a failure that is a value to something whose clean-up has
 * begun: the generators in there are not entered again.
 */
export const reopen = (history: History, entry: EntryOf<"Resumed" | "RevertResumed">, at: number): void => {
  const reverting = entry._tag === "RevertResumed"
  const rerun = entry.rerun ?? false
  history.round = entry.round ?? history.round
  history.failures = reverting ? (revertOf(history)?.failures ?? []) : []
  history.crashes = 0
  const isChosen = choiceOf(entry)
  const left = new Map<string, boolean>()
  const ending = endingsOf(history, left)
  if (!reverting && history.closing === undefined) {
    for (const checkpoint of history.asked) {
      const stays = isLeft(history, checkpoint.scope, left) || isGoingBack(history, checkpoint)
      if (!stays && !isIn(history, checkpoint, ending)) askAgain(history, checkpoint)
    }
  }
  for (const record of history.open) {
    if (record.forward && (reverting || history.closing !== undefined || isLeft(history, record.scope, left))) continue
    if (record.forward && isGoingBack(history, record)) continue
    if (!isChosen(record)) continue
    const ends = ending.size > 0 && isIn(history, record, ending)
    if (!ends) ask(record)
    if (record.expired >= 0 && !ends && !isLeaving(record)) beginTerm(record, at)
    if (isComposite(record)) {
      record.state = "running"
      record.settled = -1
      continue
    }
    // The generator went on after that, or was left for it.
    if (record.state === "failed" && (record.cleans || ends)) continue
    if (record.state === "failed" || (rerun && record.state !== "waiting")) record.state = "reopened"
    record.settled = -1
    if (rerun) record.inDoubt = false
    record.round++
    record.rerun = rerun
    record.attempts = []
  }
}

/**
 * Whether somebody wants a phase to be taken up again: it, what is in it, and what it is in. What has not failed goes on
 * anyway.
 */
const choiceOf = (entry: EntryOf<"Resumed" | "RevertResumed">): ((record: PhaseRecord) => boolean) => {
  const only = entry._tag === "Resumed" ? entry.only : undefined
  if (only === undefined) return () => true
  return (record) =>
    (record.state !== "failed" && !isComposite(record)) ||
    only.some((path) => path === record.path || isBelow(path, record.path) || isBelow(record.path, path))
}

const isBelow = (path: string, above: string): boolean => path.startsWith(`${above}/`)

/** So has a checkpoint. */
const askAgain = (history: History, checkpoint: PhaseRecord): void => {
  ask(checkpoint)
  if (!isLeaving(checkpoint)) history.asked.delete(checkpoint)
}

/** Whether a scope is in a group that is to be tried again, or in a race that was won. */
const isLeft = (history: History, scope: string, known: Map<string, boolean>): boolean => {
  const before = known.get(scope)
  if (before !== undefined) return before
  const owner = ownerOf(history, scope)
  const left =
    owner !== undefined &&
    (isLeaving(owner) ||
      (owner.kind === "race" && history.scopes.get(scope)!.some(({ state }) => state === "succeeded")) ||
      isLeft(history, owner.scope, known))
  known.set(scope, left)
  return left
}

/** It, and what it is in: the innermost first. */
function* around(history: History, record: PhaseRecord): Generator<PhaseRecord> {
  for (let one: PhaseRecord | undefined = record; one !== undefined; one = ownerOf(history, one.scope)) yield one
}

const isIn = (history: History, record: PhaseRecord, some: ReadonlySet<PhaseRecord>): boolean => {
  for (const one of around(history, record)) if (some.has(one)) return true
  return false
}

/** What has failed, as a value to its generator, and has begun to clean up for that. */
const endingsOf = (history: History, left: Map<string, boolean>): ReadonlySet<PhaseRecord> => {
  const ending = new Set<PhaseRecord>()
  const cleaning = [...history.open].filter(
    (record) =>
      record.group !== undefined &&
      history.scopes.has(Path.closeOf(record.path)) &&
      !isLeft(history, record.path, left) &&
      !isGoingBack(history, record)
  )
  if (cleaning.length === 0) return ending
  const failures = failuresIn(history)
  for (const group of cleaning) {
    for (const one of around(history, group)) {
      if (capturable(one.capture, failures.get(one) ?? []) !== undefined) ending.add(one)
    }
  }
  return ending
}

/** What has failed in each thing that is open, and is no value to the phase's own generator. */
const failuresIn = (history: History): ReadonlyMap<PhaseRecord, ReadonlyArray<Failure>> => {
  const failures = new Map<PhaseRecord, Array<Failure>>()
  for (const record of history.open) {
    if (record.state !== "failed") continue
    for (const one of around(history, record)) {
      const known = failures.get(one)
      if (known === undefined) failures.set(one, [...record.failures])
      else known.push(...record.failures)
    }
  }
  return failures
}

/** A group whose strategy gave up has a new round of attempts; another one goes on with those that it has. */
const ask = (record: PhaseRecord): void => {
  if (record.group?.decision !== undefined && !isLeaving(record)) askAnew(record)
}
