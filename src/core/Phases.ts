/** What the entries about phases change in a history. */
import { commit } from "./Commit.js"
import type { EntryOf, Kind } from "./Entry.js"
import { BrokenHistory } from "./Errors.js"
import { type History, ownerOf } from "./History.js"
import type { Decision } from "./Instruction.js"
import * as Path from "./Path.js"
import { doubtAfter, type GroupState, isComposite, isLeaving, isSettled, type PhaseRecord } from "./PhaseRecord.js"

const none: ReadonlyArray<never> = []

const open = (history: History, path: string): PhaseRecord => {
  const record = history.phases.get(path)
  if (record === undefined) throw new BrokenHistory(history.entries, `phase ${path} was never started`)
  if (record.state === "succeeded" || record.state === "failed") {
    throw new BrokenHistory(history.entries, `phase ${path} had ended already`)
  }
  record.order = history.entries
  return record
}

/** Whether a scope is a part of the body, at any depth; not of a clean-up or a revert. */
const isForward = (history: History, scope: string): boolean =>
  Path.isBody(scope) || (ownerOf(history, scope)?.forward ?? false)

/** Whether a scope is a part of a clean-up, at any depth; or the phase undone is. */
const isCleaning = (history: History, scope: string, undoes: string | undefined): boolean =>
  Path.isClose(scope) ||
  (ownerOf(history, scope)?.cleans ?? (undoes !== undefined && history.phases.get(undoes)?.cleans === true))

/** An attempt starts: of the body, or once that was left for good, of its clean-up or a revert. */
const enter = (history: History, record: PhaseRecord): void => {
  history.position = record.path
  if (history.status === "Closing" || history.status === "Reverting") history.left ??= history.events.length
}

/** It begins and ends without an effect of its own. */
const waitsAtOnce = (kind: Kind): boolean => kind === "sleep" || kind === "signal"

/** A phase as it begins. */
export const begun = (history: History, entry: EntryOf<"PhaseStarted">, at: number): PhaseRecord => {
  const { kind, path } = entry
  const scope = entry.scope ?? Path.root
  return {
    path,
    name: entry.name,
    kind,
    capture: entry.capture ?? (kind === "either" || kind === "exit" ? kind : "none"),
    scope,
    generation: entry.generation ?? 0,
    commit: entry.commit ?? false,
    irreversible: entry.irreversible ?? false,
    undoes: entry.undoes,
    key: entry.key,
    needs: entry.needs,
    child: entry.child,
    forward: isForward(history, scope),
    cleans: isCleaning(history, scope, entry.undoes),
    group:
      kind === "group" || kind === "checkpoint" ? { value: entry.value, tries: [], decision: undefined } : undefined,
    state: waitsAtOnce(kind) ? "waiting" : "running",
    attempt: 1,
    round: 0,
    rerun: false,
    attempts: [],
    token: entry.token,
    since: at,
    until: entry.timeout === undefined ? entry.until : at + entry.timeout,
    silence: undefined,
    timeout: entry.timeout,
    startedAt: at,
    endedAt: undefined,
    value: undefined,
    failures: none,
    inDoubt: false,
    undone: undefined,
    committed: false,
    discarded: false,
    superseded: false,
    order: history.entries,
    begun: history.events.length,
    opened: -1,
    settled: -1,
    decided: -1,
    rested: -1,
    expired: -1
  }
}

/** Where it belongs. */
export const add = (history: History, record: PhaseRecord): void => {
  history.phases.set(record.path, record)
  const siblings = history.scopes.get(record.scope)
  if (siblings === undefined) history.scopes.set(record.scope, [record])
  else siblings.push(record)
}

export const start = (history: History, entry: EntryOf<"PhaseStarted">, at: number): void => {
  const { path } = entry
  if (history.phases.has(path)) throw new BrokenHistory(history.entries, `phase ${path} was started twice`)
  const record = begun(history, entry, at)
  add(history, record)
  history.open.add(record)
  if (record.timeout !== undefined) history.timed.add(record)
  enter(history, record)
  if (isComposite(record)) record.opened = history.events.push(record) - 1
}

export const startAttempt = (
  history: History,
  { attempt, path, token }: EntryOf<"AttemptStarted">,
  at: number
): void => {
  const record = open(history, path)
  record.since = at
  record.state = "running"
  record.attempt = attempt
  record.token = token ?? record.token
  enter(history, record)
}

export const giveToken = (history: History, { path, token }: EntryOf<"TokenMade">): void => {
  open(history, path).token = token
}

/** It has done its own part. A child that stands still has done what it did until then. */
export const wait = (history: History, entry: EntryOf<"PhaseWaiting">, at: number): void => {
  const record = open(history, entry.path)
  rest(history, record, "waiting", record.kind === "child")
  record.since = at
  record.until = entry.until
  record.silence = entry.silence
  history.crashes = 0
}

// --- how attempts end

/** An attempt ended, and nobody knows yet how the phase does. */
const rest = (
  history: History,
  record: PhaseRecord,
  state: "waiting" | "delayed" | "doubt",
  inDoubt: boolean
): void => {
  record.state = state
  record.inDoubt = inDoubt
  record.rested = history.events.push(record) - 1
}

export const failAttempt = (history: History, entry: EntryOf<"AttemptFailed">, at: number): void => {
  const { attempt, delay, failure } = entry
  const record = open(history, entry.path)
  rest(history, record, "delayed", doubtAfter(record, failure))
  record.token = undefined
  record.attempts.push({ attempt, at, failure, delay })
  history.crashes = 0
}

export const interrupt = (history: History, { path }: EntryOf<"PhaseInterrupted">): void =>
  rest(history, open(history, path), "doubt", true)

/** An engine died, or an operator acted: every attempt under way ended without an outcome. */
export const interruptAll = (history: History): void => {
  for (const record of history.open) {
    if (record.state === "running" && !isComposite(record)) rest(history, record, "doubt", true)
  }
}

// --- outcomes

export const succeed = (history: History, entry: EntryOf<"PhaseSucceeded">, at: number): void => {
  const record = open(history, entry.path)
  settle(history, record, "succeeded", at)
  record.value = entry.value
  record.inDoubt = false
  if (record.undoes !== undefined) {
    const undone = history.phases.get(record.undoes)
    if (undone !== undefined) undone.undone = record
  } else if (record.kind === "checkpoint") {
    if (record.commit && record.forward) commit(history, record)
  } else if (record.forward && !isComposite(record) && record.kind !== "changed") {
    history.completed.push(record)
  }
}

export const fail = (history: History, { failures, path }: EntryOf<"PhaseFailed">, at: number): void => {
  const record = open(history, path)
  record.failures = failures
  record.inDoubt = !isComposite(record) && doubtAfter(record, failures[0])
  settle(history, record, "failed", at)
}

const settle = (history: History, record: PhaseRecord, state: "succeeded" | "failed", at: number): void => {
  record.state = state
  record.token = undefined
  record.endedAt = at
  record.settled = history.events.push(record) - 1
  history.crashes = 0
  if (!isSettled(record)) return
  leave(history, record)
  if (isComposite(record)) closeAll(history, record)
}

/** Nothing of it is waited for. Whether anything was. */
const leave = (history: History, record: PhaseRecord): boolean => {
  history.timed.delete(record)
  return history.open.delete(record)
}

/** Nothing waits any more for what is in there, whatever became of it. */
const closeAll = (history: History, composite: PhaseRecord): void => {
  for (const scope of scopesOf(composite)) {
    for (const record of history.scopes.get(scope) ?? []) {
      history.asked.delete(record)
      if (leave(history, record) && isComposite(record)) closeAll(history, record)
    }
  }
}

/** Where the phases of a composite stand: its own, those of its clean-up, and its undos. */
const scopesOf = ({ attempt, path }: PhaseRecord): ReadonlyArray<string> => [
  path,
  Path.closeOf(path),
  Path.undoOf(path),
  ...Array.from({ length: attempt }, (_, index) => Path.revertOf(path, index + 1))
]

// --- groups

const group = (history: History, path: string): PhaseRecord & { readonly group: GroupState } => {
  const known = history.phases.get(path)
  const record = known?.kind === "checkpoint" && known.state === "succeeded" ? known : open(history, path)
  if (record.group === undefined) throw new BrokenHistory(history.entries, `${path} is no group`)
  return record as PhaseRecord & { readonly group: GroupState }
}

const decisions = { pause: "Pause", giveUp: "GiveUp", revertAll: "RevertAll" } as const

export const decide = (history: History, entry: EntryOf<"Decided">, at: number): void => {
  const record = group(history, entry.path)
  const { attempt, delay = 0, failures, value } = entry
  const decision: Decision =
    entry.decision === "again" ? { _tag: "Again", value, delay } : { _tag: decisions[entry.decision] }
  record.group.tries.push({ attempt, value: record.group.value, failures, at })
  record.group.decision = { ...decision, at }
  if (record.kind === "checkpoint") history.asked.add(record)
  record.decided = history.events.push(record) - 1
  history.crashes = 0
}

/** The time of its attempt is over. */
export const expire = (history: History, { path }: EntryOf<"TimedOut">): void => {
  const record = group(history, path)
  record.expired = history.events.push(record) - 1
  history.crashes = 0
}

/** What its strategy decided is forgotten, with the attempts before. */
export const askAnew = (record: PhaseRecord): void => {
  record.group!.tries = []
  record.group!.decision = undefined
  record.decided = -1
}

/** Its time counts anew, if it may not take for ever. */
export const beginTerm = (record: PhaseRecord, at: number): void => {
  record.expired = -1
  if (record.timeout !== undefined) record.until = at + record.timeout
}

/** Nothing of what the group did, or came after the checkpoint, is seen any more: the next attempt begins. */
export const rewind = (history: History, { to }: EntryOf<"Rewound">, at: number): void => {
  const record = group(history, to)
  const { decision } = record.group
  if (!isLeaving(record)) throw new BrokenHistory(history.entries, `${to} was not to be tried again`)
  if (record.kind === "checkpoint") supersedeAfter(history, record)
  supersede(history, record)
  history.asked.delete(record)
  record.attempt++
  if (decision?._tag === "Again") record.group.value = decision.value
  else record.group.tries = []
  record.group.decision = undefined
  record.decided = -1
  beginTerm(record, at)
  record.opened = history.events.push(record) - 1
  history.position = to
  history.crashes = 0
}

export const supersede = (history: History, composite: PhaseRecord): void => {
  for (const scope of scopesOf(composite)) supersedeIn(history, scope)
}

/** Nothing in a scope is seen any more. */
export const supersedeIn = (history: History, scope: string): void => {
  for (const record of history.scopes.get(scope) ?? []) supersedeOne(history, record)
  history.scopes.delete(scope)
}

/** Nothing of what its generator came to after it is seen any more. */
export const supersedeAfter = (history: History, before: PhaseRecord): void => {
  const siblings = history.scopes.get(before.scope)!
  for (const record of siblings.splice(siblings.indexOf(before) + 1)) supersedeOne(history, record)
}

const supersedeOne = (history: History, record: PhaseRecord): void => {
  if (isComposite(record) || history.asked.has(record) || record.attempt > 1) supersede(history, record)
  history.asked.delete(record)
  record.superseded = true
  history.generations ??= new Map()
  history.generations.set(record.path, record.generation + 1)
  history.phases.delete(record.path)
  history.inputs?.delete(record.path)
  leave(history, record)
}

/** What is in it is not needed any more: no generator comes to it again. Of its checkpoints it is known that they stood. */
export const forget = (history: History, composite: PhaseRecord): void => {
  for (const scope of scopesOf(composite)) {
    for (const record of history.scopes.get(scope) ?? []) {
      if (isComposite(record) || record.attempt > 1) forget(history, record)
      record.superseded = true
      if (record.kind !== "checkpoint") history.phases.delete(record.path)
    }
    history.scopes.delete(scope)
  }
}

/** A group that was left is open again, as its present attempt was before it ended; what ended it is not seen any more. */
export const reenter = (history: History, record: PhaseRecord, at: number): void => {
  const { path } = record
  for (const scope of scopesOf(record)) if (scope !== path) supersedeIn(history, scope)
  record.state = "running"
  record.settled = -1
  record.endedAt = undefined
  record.value = undefined
  record.failures = []
  if (record.group?.decision !== undefined) askAnew(record)
  history.open.add(record)
  if (record.timeout !== undefined) history.timed.add(record)
  beginTerm(record, at)
}
