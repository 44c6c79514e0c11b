/**
 * What is known of an execution: the fold of its entries. The engine folds the entries that it appends the same way as
 * those that it loads, so that a live execution and a resumed one know the same.
 */
import type { Act, Entry, Recorded } from "./Entry.js"
import { leadsTo } from "./Entry.js"
import { BrokenHistory } from "./Errors.js"
import type { Defect, Failure } from "./Failure.js"
import type { Decision } from "./Instruction.js"
import type { Json } from "./Json.js"
import * as Path from "./Path.js"
import { doubtAfter, isComposite, isSettled, type PhaseRecord } from "./PhaseRecord.js"
import { isFinal, mayMove, type Status } from "./Status.js"

/** One revert: what it undoes was fixed when it began, newest first. */
export interface RevertRecord {
  readonly n: number
  readonly failures: ReadonlyArray<Failure>
  readonly act: Act
  readonly completed: ReadonlyArray<PhaseRecord>
  /** the phases of which nobody knew whether they had happened */
  readonly doubts: ReadonlyArray<PhaseRecord>
}

export interface History {
  status: Status
  task: string
  version: number
  payload: Json
  /** the phase that called it, if it is a child */
  parent: { readonly execution: string; readonly path: string } | undefined
  /** of a child: the last round of its parent's phase that it knows of */
  round: number
  result: Json | undefined
  readonly phases: Map<string, PhaseRecord>
  /** by scope, in the order in which they started */
  readonly scopes: Map<string, Array<PhaseRecord>>
  /** what generators are driven by, in the order in which it happened: see `PhaseRecord.opened` */
  readonly events: Array<PhaseRecord>
  /** how many events there were when the generators had been returned, and the first phase of their clean-up started */
  left: number | undefined
  /** the phases without an outcome that a generator is fed with */
  readonly open: Set<PhaseRecord>
  /** the body's phases that happened, in that order, those inside of others too */
  readonly completed: Array<PhaseRecord>
  /** how often the phase at a path was superseded, if it ever was */
  generations: Map<string, number> | undefined
  /** why it is Failed or RevertFailed; or what led to the revert */
  failures: ReadonlyArray<Failure>
  readonly reverts: Array<RevertRecord>
  closing: { readonly position: string; readonly revert: boolean; readonly act: Act } | undefined
  /** the generator ended or was returned; `error` is what its `finally` blocks threw */
  cleanedUp: { readonly error?: Defect; readonly skipped?: string } | undefined
  pauseRequested: boolean
  /** who asked for a pause last */
  pausedBy: string | undefined
  /** an engine holds it, or held it when it died */
  held: boolean
  /** claims after a crash since the last outcome: the poison count */
  crashes: number
  owner: string | undefined
  epoch: number
  /** the path of the phase that started last */
  position: string
  createdAt: number
  startedAt: number | undefined
  updatedAt: number
  endedAt: number | undefined
  /** entries folded so far */
  entries: number
}

/** Before any entry. */
export const empty = (): History => ({
  status: "Pending",
  task: "",
  version: 0,
  payload: null,
  parent: undefined,
  round: 0,
  result: undefined,
  phases: new Map(),
  scopes: new Map(),
  events: [],
  left: undefined,
  open: new Set(),
  completed: [],
  generations: undefined,
  failures: [],
  reverts: [],
  closing: undefined,
  cleanedUp: undefined,
  pauseRequested: false,
  pausedBy: undefined,
  held: false,
  crashes: 0,
  owner: undefined,
  epoch: 0,
  position: Path.root,
  createdAt: 0,
  startedAt: undefined,
  updatedAt: 0,
  endedAt: undefined,
  entries: 0
})

const open = (history: History, path: string): PhaseRecord => {
  const record = history.phases.get(path)
  if (record === undefined) throw new BrokenHistory(history.entries, `phase ${path} was never started`)
  if (record.state === "succeeded" || record.state === "failed") {
    throw new BrokenHistory(history.entries, `phase ${path} had ended already`)
  }
  record.order = history.entries
  return record
}

const group = (history: History, path: string): PhaseRecord & { readonly group: object } => {
  const record = open(history, path)
  if (record.group === undefined) throw new BrokenHistory(history.entries, `${path} is no group`)
  return record as PhaseRecord & { readonly group: object }
}

/** What has this scope; none if it is the body's, or one of the engine's own. A plain phase has no scope, whatever its name. */
export const ownerOf = (history: History, scope: string): PhaseRecord | undefined => {
  const record = history.phases.get(scope)
  return record !== undefined && isComposite(record) ? record : undefined
}

/** Whether a scope is a part of the body, at any depth; not of a clean-up or a revert. */
const isForward = (history: History, scope: string): boolean =>
  scope === Path.root || (ownerOf(history, scope)?.forward ?? false)

/** Whether a scope is a part of a clean-up, at any depth; or the phase undone is. */
const isCleaning = (history: History, scope: string, undoes: string | undefined): boolean =>
  Path.isClose(scope) ||
  (ownerOf(history, scope)?.cleans ?? (undoes !== undefined && history.phases.get(undoes)?.cleans === true))

/** An attempt starts: of the body, or once that was left for good, of its clean-up or a revert. */
const enter = (history: History, record: PhaseRecord): void => {
  history.position = record.path
  if (history.status === "Closing" || history.status === "Reverting") history.left ??= history.events.length
}

const captureOf = (entry: Extract<Entry, { _tag: "PhaseStarted" }>): PhaseRecord["capture"] =>
  entry.capture ?? (entry.kind === "either" || entry.kind === "exit" ? entry.kind : "none")

const start = (history: History, entry: Extract<Entry, { _tag: "PhaseStarted" }>, at: number): void => {
  if (history.phases.has(entry.path)) throw new BrokenHistory(history.entries, `phase ${entry.path} was started twice`)
  const scope = entry.scope ?? Path.root
  const record: PhaseRecord = {
    path: entry.path,
    name: entry.name,
    kind: entry.kind,
    capture: captureOf(entry),
    scope,
    generation: entry.generation ?? 0,
    commit: entry.commit ?? false,
    undoes: entry.undoes,
    key: entry.key,
    needs: entry.needs,
    child: entry.child,
    forward: isForward(history, scope),
    cleans: isCleaning(history, scope, entry.undoes),
    group: entry.kind === "group" ? { value: entry.value, tries: [], decision: undefined } : undefined,
    state: "running",
    attempt: 1,
    round: 0,
    rerun: false,
    attempts: [],
    startedAt: at,
    endedAt: undefined,
    value: undefined,
    failures: [],
    inDoubt: false,
    undone: undefined,
    committed: false,
    superseded: false,
    order: history.entries,
    opened: -1,
    settled: -1,
    decided: -1,
    rested: -1
  }
  history.phases.set(record.path, record)
  const siblings = history.scopes.get(scope)
  if (siblings === undefined) history.scopes.set(scope, [record])
  else siblings.push(record)
  history.open.add(record)
  enter(history, record)
  if (isComposite(record)) record.opened = history.events.push(record) - 1
}

/** An attempt ended, and nobody knows yet how the phase does. */
const rest = (history: History, record: PhaseRecord, state: "delayed" | "doubt"): void => {
  record.state = state
  record.rested = history.events.push(record) - 1
}

const settle = (history: History, record: PhaseRecord, state: "succeeded" | "failed", at: number): void => {
  record.state = state
  record.endedAt = at
  record.settled = history.events.push(record) - 1
  history.crashes = 0
  if (!isSettled(record)) return
  history.open.delete(record)
  if (isComposite(record)) closeAll(history, record)
}

/** Nothing waits any more for what is in there, whatever became of it. */
const closeAll = (history: History, composite: PhaseRecord): void => {
  for (const scope of scopesOf(composite)) {
    for (const record of history.scopes.get(scope) ?? []) {
      if (history.open.delete(record) && isComposite(record)) closeAll(history, record)
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

const succeed = (history: History, entry: Extract<Entry, { _tag: "PhaseSucceeded" }>, at: number): void => {
  const record = open(history, entry.path)
  settle(history, record, "succeeded", at)
  record.value = entry.value
  record.inDoubt = false
  if (record.undoes !== undefined) {
    const undone = history.phases.get(record.undoes)
    if (undone !== undefined) undone.undone = record
  } else if (record.kind === "checkpoint") {
    if (record.commit && record.forward) commit(history, record)
  } else if (record.forward && !isComposite(record)) {
    history.completed.push(record)
  }
}

/** Everything that a commit checkpoint follows can never be undone again: not what runs beside it. */
const commit = (history: History, checkpoint: PhaseRecord): void => {
  for (let record: PhaseRecord | undefined = checkpoint; record !== undefined; ) {
    const around: PhaseRecord | undefined = ownerOf(history, record.scope)
    if (around === undefined || around.kind === "group") {
      for (const before of history.scopes.get(record.scope) ?? []) {
        if (before === record) break
        commitAll(history, before)
      }
    }
    for (const path of record.needs ?? []) commitAll(history, history.phases.get(path))
    record = around
  }
}

const commitAll = (history: History, record: PhaseRecord | undefined): void => {
  if (record === undefined || record.committed) return
  record.committed = true
  for (const path of record.needs ?? []) commitAll(history, history.phases.get(path))
  if (isComposite(record)) for (const inner of history.scopes.get(record.path) ?? []) commitAll(history, inner)
}

/** An engine died, or an operator acted: every attempt under way ended without an outcome. */
const interruptAll = (history: History): void => {
  for (const record of history.open) {
    if (record.state === "running" && !isComposite(record)) {
      rest(history, record, "doubt")
      record.inDoubt = true
    }
  }
}

/**
 * What stopped gets a new round of attempts. A revert leaves the body as it was found, and so does closing; also what the
 * body has left already, to be undone, stays as it is.
 */
const reopen = (history: History, entry: Extract<Entry, { _tag: "Resumed" | "RevertResumed" }>): void => {
  const reverting = entry._tag === "RevertResumed"
  const rerun = entry.rerun ?? false
  history.round = entry.round ?? history.round
  history.failures = reverting ? (revertOf(history)?.failures ?? []) : []
  history.crashes = 0
  const left = new Map<string, boolean>()
  for (const record of history.open) {
    if (record.forward && (reverting || history.closing !== undefined || isLeft(history, record.scope, left))) continue
    if (record.group !== undefined) ask(record, record.group)
    if (isComposite(record)) {
      record.state = "running"
      record.settled = -1
      continue
    }
    // The generator went on after that.
    if (record.state === "failed" && record.cleans) continue
    if (record.state === "failed" || rerun) record.state = "reopened"
    record.settled = -1
    if (rerun) record.inDoubt = false
    record.round++
    record.rerun = rerun
    record.attempts = []
  }
}

/** It is a part of what a group did, which is being undone for another attempt. */
export const isRewinding = (history: History, { scope }: PhaseRecord): boolean => {
  for (let around = ownerOf(history, scope); around !== undefined; around = ownerOf(history, around.scope)) {
    if (around.group?.decision?._tag === "Again") return true
  }
  return false
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

const decide = (history: History, entry: Extract<Entry, { _tag: "Decided" }>, at: number): void => {
  const record = group(history, entry.path)
  const { attempt, delay = 0, failures, value } = entry
  const decision: Decision =
    entry.decision === "again"
      ? { _tag: "Again", value, delay }
      : { _tag: entry.decision === "giveUp" ? "GiveUp" : "RevertAll" }
  record.group!.tries.push({ attempt, value: record.group!.value, failures, at })
  record.group!.decision = { ...decision, at }
  record.decided = history.events.push(record) - 1
  history.crashes = 0
}

/** Nothing of what the group did is seen any more; it is at its beginning, with its next attempt. */
const rewind = (history: History, to: string): void => {
  const record = group(history, to)
  const { decision } = record.group!
  if (decision?._tag !== "Again") throw new BrokenHistory(history.entries, `${to} was not to be tried again`)
  supersede(history, record)
  record.attempt++
  record.group!.value = decision.value
  record.group!.decision = undefined
  record.decided = -1
  record.opened = history.events.push(record) - 1
  history.position = to
  history.crashes = 0
}

const supersede = (history: History, composite: PhaseRecord): void => {
  for (const scope of scopesOf(composite)) {
    for (const record of history.scopes.get(scope) ?? []) {
      if (isComposite(record)) supersede(history, record)
      record.superseded = true
      history.generations ??= new Map()
      history.generations.set(record.path, record.generation + 1)
      history.phases.delete(record.path)
      history.open.delete(record)
    }
    history.scopes.delete(scope)
  }
}

/** The body's phases that a revert would undo, newest first. */
export const revertible = (history: History): ReadonlyArray<PhaseRecord> =>
  history.completed.filter((record) => record.undone === undefined && !record.committed && !record.superseded).reverse()

/**
 * The phases of the body that started and have no outcome, or whose outcome leaves open whether they happened, newest
 * first. Not what lies behind a commit checkpoint, nor what was undone.
 */
export const inDoubt = (history: History): ReadonlyArray<PhaseRecord> =>
  [...history.phases.values()]
    .filter(
      (record) =>
        record.forward &&
        !record.committed &&
        record.undone === undefined &&
        !isComposite(record) &&
        (record.inDoubt || record.state === "running")
    )
    .reverse()

/** The revert under way, or the last one. */
export const revertOf = (history: History): RevertRecord | undefined => history.reverts[history.reverts.length - 1]

const moveTo = (history: History, to: Status, at: number): void => {
  if (!mayMove(history.status, to)) {
    throw new BrokenHistory(history.entries, `it moves from ${history.status} to ${to}`)
  }
  if (history.status !== to) history.updatedAt = at
  history.status = to
}

const statusAfter = (history: History, entry: Entry): Status | null => {
  if (entry._tag === "Claimed") return history.status === "Pending" ? "Running" : null
  if (entry._tag === "Suspended") return history.status === "Running" || history.status === "Waiting" ? "Pending" : null
  if (entry._tag === "Resumed") return history.closing === undefined ? "Running" : "Closing"
  return leadsTo[entry._tag]
}

const broken = (history: History, entry: Entry, epoch: number): string | undefined => {
  if ((history.entries === 0) !== (entry._tag === "Created")) return `${entry._tag} is not where it can be`
  if (epoch < history.epoch) return `its epoch ${epoch} is older than ${history.epoch}`
  const still = history.status === "Pending" || isFinal(history.status)
  return "path" in entry && still ? `${entry._tag} of an execution that is ${history.status}` : undefined
}

/** Adds one entry. Throws `BrokenHistory` if no engine can have written it here. */
export const apply = (history: History, entry: Entry, at: number, epoch: number): void => {
  const reason = broken(history, entry, epoch)
  if (reason !== undefined) throw new BrokenHistory(history.entries, reason)
  const to = statusAfter(history, entry)
  if (to !== null) moveTo(history, to, at)
  history.epoch = epoch
  change(history, entry, at)
  history.entries++
}

const change = (history: History, entry: Entry, at: number): void => {
  switch (entry._tag) {
    case "Created":
      history.task = entry.task
      history.version = entry.version
      history.payload = entry.payload
      history.parent = entry.parent
      history.round = entry.round ?? 0
      history.createdAt = at
      history.updatedAt = at
      return
    case "Claimed":
      history.held = true
      history.owner = entry.owner
      history.startedAt ??= at
      if (entry.crashed) history.crashes++
      interruptAll(history)
      return
    case "PhaseStarted":
      return start(history, entry, at)
    case "AttemptStarted": {
      const record = open(history, entry.path)
      record.state = "running"
      record.attempt = entry.attempt
      return enter(history, record)
    }
    case "AttemptFailed": {
      const record = open(history, entry.path)
      rest(history, record, "delayed")
      record.inDoubt = doubtAfter(record, entry.failure)
      record.attempts.push({ attempt: entry.attempt, at, failure: entry.failure, delay: entry.delay })
      history.crashes = 0
      return
    }
    case "PhaseSucceeded":
      return succeed(history, entry, at)
    case "PhaseFailed": {
      const record = open(history, entry.path)
      record.failures = entry.failures
      record.inDoubt = !isComposite(record) && doubtAfter(record, entry.failures[0])
      return settle(history, record, "failed", at)
    }
    case "PhaseInterrupted": {
      const record = open(history, entry.path)
      rest(history, record, "doubt")
      record.inDoubt = true
      return
    }
    case "Decided":
      return decide(history, entry, at)
    case "Rewound":
      return rewind(history, entry.to)
    case "PauseRequested":
      history.pauseRequested = true
      history.pausedBy = entry.act.by
      return
    case "Paused":
    case "Suspended":
      history.held = false
      return
    case "Resumed":
      history.pauseRequested = false
      return reopen(history, entry)
    case "RevertResumed":
      return reopen(history, entry)
    case "CleanedUp":
      history.cleanedUp = entry
      history.crashes = 0
      return
    case "Closing":
      history.closing = entry
      history.crashes = 0
      return
    case "RevertStarted":
      if (entry.n !== history.reverts.length + 1)
        throw new BrokenHistory(history.entries, `revert ${entry.n} is out of order`)
      history.pauseRequested = false
      history.failures = entry.failures
      history.crashes = 0
      history.reverts.push({
        n: entry.n,
        failures: entry.failures,
        act: entry.act,
        completed: revertible(history),
        doubts: inDoubt(history)
      })
      history.endedAt = undefined
      return
    case "Completed":
      history.result = entry.value
      history.cleanedUp = {}
      return end(history, at)
    case "Failed":
    case "RevertFailed":
      history.held = false
      history.failures = entry.failures
      return
    case "Closed":
    case "Reverted":
      return end(history, at)
  }
}

const end = (history: History, at: number): void => {
  history.held = false
  history.endedAt = at
}

/** Folds a journal from its first entry. Throws `BrokenHistory`. */
export const fold = (entries: ReadonlyArray<Recorded>): History => {
  const history = empty()
  for (const { at, entry, epoch } of entries) apply(history, entry, at, epoch)
  return history
}
