/**
 * What is known of an execution: the fold of its entries. The engine folds the entries that it appends the same way as
 * those that it loads, so that a live execution and a resumed one know the same.
 */
import type { Act, Entry, Kind, Recorded } from "./Entry.js"
import { leadsTo } from "./Entry.js"
import { BrokenHistory } from "./Errors.js"
import type { Defect, Failure } from "./Failure.js"
import type { Json } from "./Json.js"
import * as Path from "./Path.js"
import { isFinal, mayMove, type Status } from "./Status.js"

/** A failed attempt of the present round, and the delay that was chosen after it, in milliseconds. */
export interface FailedAttempt {
  readonly attempt: number
  readonly at: number
  readonly failure: Failure
  readonly delay: number
}

/** What is known of one phase. Written by the fold alone. */
export interface PhaseRecord {
  readonly path: string
  readonly name: string
  readonly kind: Kind
  readonly scope: string
  readonly generation: number
  readonly commit: boolean
  /** the phase that this one undoes */
  readonly undoes: string | undefined
  /** running: an attempt was started; delayed: one failed, the next is due; doubt: interrupted, or its engine died */
  state: "running" | "delayed" | "doubt" | "succeeded" | "failed" | "reopened"
  attempt: number
  /** raised when an operator lets it go on: retries count from there */
  round: number
  attempts: Array<FailedAttempt>
  startedAt: number
  endedAt: number | undefined
  value: Json | undefined
  failures: ReadonlyArray<Failure>
  /** it may have happened: some attempt ended without an outcome, and none later had one */
  inDoubt: boolean
  undone: boolean
}

/** One revert: what it undoes was fixed when it began, newest first. */
export interface RevertRecord {
  readonly n: number
  readonly failures: ReadonlyArray<Failure>
  readonly act: Act
  readonly completed: ReadonlyArray<PhaseRecord>
}

export interface History {
  status: Status
  task: string
  version: number
  payload: Json
  result: Json | undefined
  readonly phases: Map<string, PhaseRecord>
  /** by scope, in the order in which they were yielded */
  readonly scopes: Map<string, Array<PhaseRecord>>
  /** the body's phases that happened, in that order; `committed` of them lie behind a commit checkpoint */
  readonly completed: Array<PhaseRecord>
  committed: number
  /** why it is Failed or RevertFailed; or what led to the revert */
  failures: ReadonlyArray<Failure>
  readonly reverts: Array<RevertRecord>
  closing: { readonly position: string; readonly revert: boolean; readonly act: Act } | undefined
  /** the generator ended or was returned; `error` is what its `finally` blocks threw */
  cleanedUp: { readonly error?: Defect; readonly skipped?: string } | undefined
  pauseRequested: boolean
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
  result: undefined,
  phases: new Map(),
  scopes: new Map(),
  completed: [],
  committed: 0,
  failures: [],
  reverts: [],
  closing: undefined,
  cleanedUp: undefined,
  pauseRequested: false,
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
  return record
}

const start = (history: History, entry: Extract<Entry, { _tag: "PhaseStarted" }>, at: number): void => {
  if (history.phases.has(entry.path)) throw new BrokenHistory(history.entries, `phase ${entry.path} was started twice`)
  const record: PhaseRecord = {
    path: entry.path,
    name: entry.name,
    kind: entry.kind,
    scope: entry.scope ?? Path.root,
    generation: entry.generation ?? 0,
    commit: entry.commit ?? false,
    undoes: entry.undoes,
    state: "running",
    attempt: 1,
    round: 0,
    attempts: [],
    startedAt: at,
    endedAt: undefined,
    value: undefined,
    failures: [],
    inDoubt: false,
    undone: false
  }
  history.phases.set(record.path, record)
  const scope = history.scopes.get(record.scope)
  if (scope === undefined) history.scopes.set(record.scope, [record])
  else scope.push(record)
  history.position = record.path
}

const succeed = (history: History, entry: Extract<Entry, { _tag: "PhaseSucceeded" }>, at: number): void => {
  const record = open(history, entry.path)
  record.state = "succeeded"
  record.endedAt = at
  record.value = entry.value
  record.inDoubt = false
  history.crashes = 0
  if (record.undoes !== undefined) {
    const undone = history.phases.get(record.undoes)
    if (undone !== undefined) undone.undone = true
  } else if (record.kind === "checkpoint") {
    if (record.commit && record.scope === Path.root) history.committed = history.completed.length
  } else if (record.scope === Path.root) {
    history.completed.push(record)
  }
}

/**
 * A typed failure says that nothing happened; a timeout, or a result that could not be recorded, that it may have; a
 * defect leaves what was known.
 */
const doubtAfter = (record: PhaseRecord, failure: Failure): boolean =>
  failure._tag === "Timeout" || failure._tag === "Fault" || (failure._tag !== "Fail" && record.inDoubt)

/** An engine died, or an operator acted: every attempt under way ended without an outcome. */
const interruptAll = (history: History): void => {
  for (const record of unsettled(history)) {
    if (record.state === "running") {
      record.state = "doubt"
      record.inDoubt = true
    }
  }
}

/** A failure that can be a value to a generator: never one of the engine's. */
export type Captured = Extract<Failure, { readonly _tag: "Fail" | "Timeout" | "Die" }>

/** The failure that is a value to the phase's generator, if it is one: then it is an outcome like any other, and stays. */
export const captured = (record: PhaseRecord): Captured | undefined => {
  const failure = record.failures[0]
  if (record.state !== "failed" || failure === undefined) return undefined
  switch (failure._tag) {
    case "Fail":
    case "Timeout":
      return record.kind === "either" || record.kind === "exit" ? failure : undefined
    case "Die":
      return record.kind === "exit" ? failure : undefined
    default:
      return undefined
  }
}

/** What stopped gets a new round of attempts. A revert leaves the body as it was found. */
const reopen = (history: History, entry: Extract<Entry, { _tag: "Resumed" | "RevertResumed" }>): void => {
  const reverting = entry._tag === "RevertResumed"
  const rerun = entry.rerun ?? false
  history.failures = reverting ? (revertOf(history)?.failures ?? []) : []
  history.crashes = 0
  for (const record of unsettled(history)) {
    if (captured(record) !== undefined || (reverting && record.scope === Path.root)) continue
    if (record.state === "failed" || rerun) record.state = "reopened"
    if (rerun) record.inDoubt = false
    record.round++
    record.attempts = []
  }
}

/** The last phase of each scope is the only one that can be without a success. */
const unsettled = (history: History): ReadonlyArray<PhaseRecord> => {
  const open: Array<PhaseRecord> = []
  for (const records of history.scopes.values()) {
    const last = records[records.length - 1]!
    if (last.state !== "succeeded") open.push(last)
  }
  return open
}

/** The body's phases that a revert would undo, newest first. */
export const revertible = (history: History): ReadonlyArray<PhaseRecord> =>
  history.completed
    .slice(history.committed)
    .filter((record) => !record.undone)
    .reverse()

/**
 * The phases of the body that started and have no outcome, or whose outcome leaves open whether they happened: the last
 * one, and any before it whose timeout was a value to the body. Not what lies behind a commit checkpoint.
 */
export const inDoubt = (history: History): ReadonlyArray<PhaseRecord> => {
  const body = history.scopes.get(Path.root) ?? []
  const committed = body.findLastIndex((record) => record.commit && record.state === "succeeded")
  return body.slice(committed + 1).filter((record) => record.inDoubt || record.state === "running")
}

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
      history.position = record.path
      return
    }
    case "AttemptFailed": {
      const record = open(history, entry.path)
      record.state = "delayed"
      record.inDoubt = doubtAfter(record, entry.failure)
      record.attempts.push({ attempt: entry.attempt, at, failure: entry.failure, delay: entry.delay })
      history.crashes = 0
      return
    }
    case "PhaseSucceeded":
      return succeed(history, entry, at)
    case "PhaseFailed": {
      const record = open(history, entry.path)
      record.state = "failed"
      record.endedAt = at
      record.failures = entry.failures
      record.inDoubt = doubtAfter(record, entry.failures[0])
      history.crashes = 0
      return
    }
    case "PhaseInterrupted": {
      const record = open(history, entry.path)
      record.state = "doubt"
      record.inDoubt = true
      return
    }
    case "PauseRequested":
      history.pauseRequested = true
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
      history.reverts.push({ n: entry.n, failures: entry.failures, act: entry.act, completed: revertible(history) })
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
