/** What stays of a body before a checkpoint, once that was discarded: what its generator is fed with. */
import type { EntryOf } from "./Entry.js"
import { BrokenHistory } from "./Errors.js"
import { bodyOf, type History } from "./History.js"
import * as Kept from "./Kept.js"
import * as Path from "./Path.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import * as Phases from "./Phases.js"
import * as Stages from "./Stages.js"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Earlier bodies are not gone back to any more. */
const leave = (history: History): void => {
  if (history.past === undefined) return
  const body = bodyOf(history)
  history.past = []
  for (const [path, record] of history.phases) {
    if (Path.bodyOf(path) === body) continue
    record.discarded = true
    history.phases.delete(path)
  }
  for (const scope of history.scopes.keys()) {
    if (scope !== body && Path.bodyOf(scope) !== body) history.scopes.delete(scope)
  }
}

/** Of what its strategy has decided, it matters that it gave up, and with which failures: nothing else stands by now. */
const forgetTries = (record: PhaseRecord): void => {
  const { group } = record
  if (group === undefined) return
  if (group.decision?._tag === "GiveUp") group.tries = group.tries.slice(-1)
  else Phases.askAnew(record)
}

/**
 * The phases before a checkpoint that are in no snapshot of this body. They are past undoing from here on: what is in a
 * group that has returned is forgotten, and of others their attempts are.
 */
const prune = (history: History, checkpoint: PhaseRecord): ReadonlyArray<PhaseRecord> => {
  const isFirst = history.discarded?.values === undefined
  const found: Array<PhaseRecord> = []
  leave(history)
  for (const record of history.phases.values()) {
    if (record === checkpoint) break
    if (record.discarded && !isFirst) continue
    found.push(record)
    record.discarded = true
    record.committed = true
    record.attempts.length = 0
    forgetTries(record)
    if (record.kind === "group" && record.state === "succeeded") Phases.forget(history, record)
  }
  history.completed.splice(0, Infinity, ...history.completed.filter((record) => !record.discarded))
  return found
}

/** Takes what was before a checkpoint of the present body, up to the entry `through`, out of a history: what stays of it. */
export const take = (history: History, checkpoint: PhaseRecord, through: number): EntryOf<"Snapshot"> => {
  const { discarded, stage } = history
  const records = prune(history, checkpoint)
  const entry: Mutable<EntryOf<"Snapshot">> = {
    _tag: "Snapshot",
    ...Stages.keptOf(history, through),
    phases: records.map(phaseOf),
    events: eventsOf(history, checkpoint, records)
  }
  if (stage !== undefined && discarded?.values === undefined) {
    const { enteredAt: at, marks, n, name, state } = stage
    entry.stage = { name, n, at, marks, ...(state === undefined ? {} : { state }) }
  }
  const gone = [...(history.generations ?? [])].filter(([path]) => !history.phases.has(path))
  if (gone.length > 0) entry.generations = Object.fromEntries(gone)
  if (history.inputs !== undefined) entry.inputs = Object.fromEntries(history.inputs)
  return entry
}

const eventsOf = (history: History, checkpoint: PhaseRecord, records: ReadonlyArray<PhaseRecord>): Array<number> => {
  const indexes = new Map(records.map((record, index) => [record, index]))
  const found: Array<number> = []
  for (let at = records[0]?.begun ?? checkpoint.begun; at < checkpoint.begun; at++) {
    const record = history.events[at]!
    const index = record.superseded ? undefined : indexes.get(record)
    const event = Kept.events.findIndex((name) => record[name] === at)
    if (index !== undefined && event >= 0) found.push(index * Kept.events.length + event)
  }
  return found
}

const phaseOf = (record: PhaseRecord): Kept.Phase => {
  const { capture, kind, name, path, startedAt, state } = record
  const phase: Mutable<Kept.Phase> = { path, name, kind, state, startedAt }
  if (record.scope !== Path.root) phase.scope = record.scope
  if (record.generation !== 0) phase.generation = record.generation
  if (record.commit) phase.commit = true
  if (record.irreversible) phase.irreversible = true
  if (record.undoes !== undefined) phase.undoes = record.undoes
  if (capture !== "none" && kind !== "either" && kind !== "exit") phase.capture = capture
  if (record.key !== undefined) phase.key = record.key
  if (record.needs !== undefined) phase.needs = record.needs
  if (record.child !== undefined) phase.child = record.child
  if (record.cleans) phase.cleans = true
  if (!record.forward) phase.aside = true
  if (record.attempt !== 1) phase.attempt = record.attempt
  if (record.endedAt !== undefined) phase.endedAt = record.endedAt
  if (record.value !== undefined) phase.value = record.value
  if (record.group?.value !== undefined) phase.given = record.group.value
  if (record.failures.length > 0) phase.failures = record.failures
  const [last] = record.group?.tries ?? []
  if (last !== undefined) phase.gaveUp = { failures: last.failures, at: last.at }
  return phase
}

/** Goes on from a snapshot, as if all that it stands for had happened. */
export const restore = (history: History, entry: EntryOf<"Snapshot">): void => {
  const { events, generations, inputs, phases, stage } = entry
  history.reverts = new Array<undefined>(entry.reverts ?? 0).fill(undefined)
  Stages.restore(history, entry)
  if (stage !== undefined) {
    const { at, marks, n, name, state } = stage
    history.stage = { name, n, state, marks, enteredAt: at, seq: 0 }
  }
  if (inputs !== undefined) history.inputs = new Map(Object.entries(inputs))
  const records = phases.map((phase) => recordOf(history, phase))
  for (const event of events) {
    const record = records[Math.floor(event / Kept.events.length)]
    if (record === undefined) throw new BrokenHistory(history.entries, "its events are of no phase")
    record[Kept.events[event % Kept.events.length]!] = history.events.push(record) - 1
  }
  history.position = records[records.length - 1]?.path ?? bodyOf(history)
  if (generations !== undefined) for (const [path, n] of Object.entries(generations)) superseded(history, path, n)
}

const superseded = (history: History, path: string, n: number): void => {
  history.generations ??= new Map()
  history.generations.set(path, n)
}

const recordOf = (history: History, phase: Kept.Phase): PhaseRecord => {
  const { aside = false, attempt = 1, capture, cleans = false, endedAt, failures = [], given, startedAt, state } = phase
  const { gaveUp, kind, path } = phase
  const started = { _tag: "PhaseStarted" as const, path, name: phase.name, kind, scope: phase.scope ?? Path.root }
  const { child, commit, generation, irreversible, key, needs, undoes } = phase
  const optional = { commit, irreversible, generation, key, needs, undoes, child, capture, value: given }
  const defined = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  const record: PhaseRecord = {
    ...Phases.begun(history, { ...started, ...defined }, startedAt),
    forward: !aside,
    cleans,
    state,
    attempt,
    endedAt,
    value: phase.value,
    failures,
    committed: true,
    discarded: true
  }
  if (history.phases.has(path)) throw new BrokenHistory(history.entries, `phase ${path} was started twice`)
  if (gaveUp !== undefined) {
    record.group!.tries = [{ attempt, value: given, ...gaveUp }]
    record.group!.decision = { _tag: "GiveUp", at: gaveUp.at }
  }
  Phases.add(history, record)
  if (record.generation > 0) superseded(history, path, record.generation)
  const undone = undoes === undefined || state !== "succeeded" ? undefined : history.phases.get(undoes)
  if (undone !== undefined) undone.undone = record
  return record
}
