/**
 * Folds the entries of an execution into its history. The engine folds the entries that it appends the same way as those
 * that it loads, so that a live execution and a resumed one know the same.
 */

import * as Discards from "./Discards.js"
import { type Entry, type EntryOf, leadsTo, type Recorded, type Tag } from "./Entry.js"
import { BrokenHistory } from "./Errors.js"
import { empty, type History, revertOf } from "./History.js"
import * as Path from "./Path.js"
import * as Phases from "./Phases.js"
import { reopen } from "./Reopening.js"
import { rewind } from "./Rewinding.js"
import * as Snapshots from "./Snapshots.js"
import * as Spine from "./Spine.js"
import * as Stages from "./Stages.js"
import { hasPlace, isFinal, mayMove, type Status } from "./Status.js"

/**
 * What it takes to go on: folds a journal, or its first entry and those from the last stage on, for all before that is
 * forgotten there; unless the execution went back to an earlier body since. Throws `BrokenHistory`.
 */
export const all = (entries: ReadonlyArray<Recorded>): History => {
  if (!entries.some(goesAcross)) return fold(empty(), entries)
  const base = entries.findLastIndex(({ entry }) => entry._tag === "StageEntered")
  return entries.slice(base).some(goesAcross) ? whole(entries) : fold(empty(), [entries[0]!, ...entries.slice(base)])
}

/** What was before the last stage is needed again from there on. */
export const goesAcross = ({ entry }: Recorded): boolean => entry._tag === "RevertStarted" && entry.across === true

/** Everything that a journal says, of all stages: what it takes to go back. Throws `BrokenHistory`. */
export const whole = (entries: ReadonlyArray<Recorded>): History => fold({ ...empty(), past: [] }, entries)

const fold = (history: History, entries: ReadonlyArray<Recorded>): History => {
  for (const { at, entry, epoch, seq } of entries) {
    history.entries = seq
    apply(history, entry, at, epoch)
  }
  return history
}

/** Adds one entry. Throws `BrokenHistory` if no engine can have written it here. */
export const apply = (history: History, entry: Entry, at: number, epoch: number): void => {
  const reason = broken(history, entry, epoch)
  if (reason !== undefined) throw new BrokenHistory(history.entries, reason)
  const to = statusAfter(history, entry)
  if (to !== null) moveTo(history, to, at)
  history.epoch = epoch
  const change = changes[entry._tag] as (history: History, entry: Entry, at: number) => void
  change(history, entry, at)
  history.entries++
}

const broken = (history: History, entry: Entry, epoch: number): string | undefined => {
  if ((history.entries === 0) !== (entry._tag === "Created")) return `${entry._tag} is not where it can be`
  if (epoch < history.epoch) return `its epoch ${epoch} is older than ${history.epoch}`
  if (entry._tag === "StageEntered") return Stages.broken(history, entry)
  const still = history.status === "Pending" || isFinal(history.status)
  return "path" in entry && still ? `${entry._tag} of an execution that is ${history.status}` : undefined
}

// --- its status

const statusAfter = (history: History, entry: Entry): Status | null => {
  if (entry._tag === "Claimed") return history.status === "Pending" || history.status === "Waiting" ? "Running" : null
  if (entry._tag === "Suspended") return history.status === "Running" || history.status === "Waiting" ? "Pending" : null
  if (entry._tag === "Rewound")
    return history.status === "Reverting" && revertOf(history)?.retries === true ? "Running" : null
  if (entry._tag === "Resumed") return history.closing === undefined ? "Running" : "Closing"
  return leadsTo[entry._tag]
}

const moveTo = (history: History, to: Status, at: number): void => {
  if (!mayMove(history.status, to)) {
    throw new BrokenHistory(history.entries, `it moves from ${history.status} to ${to}`)
  }
  if (history.status !== to) history.updatedAt = at
  history.status = to
  history.placed = hasPlace(history.placed, to)
}

// --- what else each entry changes

const create = (history: History, entry: EntryOf<"Created">, at: number): void => {
  history.task = entry.task
  history.version = entry.version
  history.began = entry.version
  history.payload = entry.payload
  history.parent = entry.parent
  history.round = entry.round ?? 0
  history.lane = entry.lane
  history.timeout = entry.timeout
  history.deadline = entry.timeout === undefined ? undefined : Math.max(at, entry.due ?? at) + entry.timeout
  history.due = entry.due
  history.stopAt = entry.stopAt
  history.createdAt = at
  history.updatedAt = at
}

const claim = (history: History, entry: EntryOf<"Claimed">, at: number): void => {
  history.held = true
  history.owner = entry.owner
  history.startedAt ??= at
  if (entry.crashed) history.crashes++
  Phases.interruptAll(history)
}

const requestPause = (history: History, { act, at }: EntryOf<"PauseRequested">): void => {
  history.pauseRequested = true
  history.stopsAt = at ?? history.stopsAt
  history.pausedBy = act.by
}

const release = (history: History): void => {
  history.held = false
}

const suspend = (history: History, { queued }: EntryOf<"Suspended">): void => {
  history.held = false
  if (queued === true) history.placed = false
}

const wait = (history: History, { until }: EntryOf<"Waiting">): void => {
  history.held = false
  history.until = until
}

/** What had run out of time has a new term. */
const resume = (history: History, entry: EntryOf<"Resumed">, at: number): void => {
  history.pauseRequested = false
  history.stopAt = entry.stopAt
  history.stopsAt = undefined
  history.carried = entry.carried
  history.version = entry.carried?.version ?? history.version
  const isLate = history.failures.some(({ _tag, path }) => _tag === "Timeout" && path === Path.root)
  if (isLate && history.timeout !== undefined) history.deadline = at + history.timeout
  amend(history, entry)
  reopen(history, entry, at)
}

const amend = (history: History, { inputs, payload }: EntryOf<"Resumed">): void => {
  if (payload !== undefined) {
    if (history.given === undefined) history.given = history.payload
    history.payload = payload
  }
  for (const { input, path } of inputs ?? []) {
    history.inputs ??= new Map()
    history.inputs.set(path, input)
  }
}

const stop = (history: History, { failures }: EntryOf<"Failed" | "RevertFailed">): void => {
  history.held = false
  history.failures = failures
}

const close = (history: History, entry: EntryOf<"Closing">): void => {
  history.closing = entry
  history.crashes = 0
}

const cleanUp = (history: History, entry: EntryOf<"CleanedUp">): void => {
  history.cleanedUp = entry
  history.crashes = 0
}

const revert = (history: History, { act, failures, n, retry, to }: EntryOf<"RevertStarted">): void => {
  if (n !== history.reverts.length + 1) throw new BrokenHistory(history.entries, `revert ${n} is out of order`)
  const target = to === undefined ? undefined : Spine.at(history, to)
  if (to !== undefined && target === undefined) {
    throw new BrokenHistory(history.entries, `${to} is no checkpoint that stands`)
  }
  history.pauseRequested = false
  history.stopAt = undefined
  history.stopsAt = undefined
  history.failures = failures
  history.crashes = 0
  history.reverts.push({
    n,
    failures,
    act,
    ...Spine.undone(history, target),
    to: target,
    retries: retry === true,
    over: false,
    seq: history.entries
  })
  history.endedAt = undefined
}

const complete = (history: History, entry: EntryOf<"Completed">, at: number): void => {
  history.result = entry.value
  history.cleanedUp = {}
  end(history, entry, at)
}

const end = (history: History, _: EntryOf<"Completed" | "Closed" | "Reverted">, at: number): void => {
  history.held = false
  history.endedAt = at
}

const changes: { readonly [T in Tag]: (history: History, entry: EntryOf<T>, at: number) => void } = {
  Created: create,
  Claimed: claim,
  PhaseStarted: Phases.start,
  AttemptStarted: Phases.startAttempt,
  AttemptFailed: Phases.failAttempt,
  PhaseSucceeded: Phases.succeed,
  PhaseFailed: Phases.fail,
  PhaseInterrupted: Phases.interrupt,
  TokenMade: Phases.giveToken,
  PhaseWaiting: Phases.wait,
  Decided: Phases.decide,
  Rewound: rewind,
  TimedOut: Phases.expire,
  StageEntered: Stages.enter,
  Discarded: Discards.discard,
  Snapshot: Snapshots.restore,
  Waiting: wait,
  PauseRequested: requestPause,
  Paused: release,
  Suspended: suspend,
  Resumed: resume,
  Completed: complete,
  Failed: stop,
  Closing: close,
  CleanedUp: cleanUp,
  Closed: end,
  RevertStarted: revert,
  RevertFailed: stop,
  RevertResumed: reopen,
  Reverted: end
}
