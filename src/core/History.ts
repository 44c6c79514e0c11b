/** What is known of an execution: what the fold of its entries (Fold.ts) comes to, and what follows from that. */
import type { Act, EntryOf } from "./Entry.js"
import type { Defect, Failure } from "./Failure.js"
import { Few } from "./Few.js"
import type { Json } from "./Json.js"
import * as Path from "./Path.js"
import { isComposite, isLeaving, type PhaseRecord } from "./PhaseRecord.js"
import type { Status } from "./Status.js"

/** What an execution can go to: a checkpoint, or the entering of a stage. */
export interface Target {
  readonly name: string
  readonly path: string
  /** the scope of the body that it is in, or begins */
  readonly body: string
  /** none: the entering of a stage */
  readonly mark: PhaseRecord | undefined
  /** what is recorded there: the checkpoint's data, or the stage's state */
  readonly data: Json | undefined
  /** in milliseconds UTC */
  readonly at: number
}

/** One revert: what it undoes was fixed when it began, newest first. */
export interface RevertRecord {
  readonly n: number
  readonly failures: ReadonlyArray<Failure>
  readonly act: Act
  readonly completed: ReadonlyArray<PhaseRecord>
  /** the phases of which nobody knew whether they had happened */
  readonly doubts: ReadonlyArray<PhaseRecord>
  /** where it goes back to; none: the whole is reverted */
  readonly to: Target | undefined
  /** whether it goes on from there by itself */
  readonly retries: boolean
  /** the checkpoint was reached */
  over: boolean
  /** the number of the entry with which it began */
  readonly seq: number
}

/** What was discarded last. */
export interface Discarded {
  /** the checkpoint before which it was, or the scope of the stage */
  readonly before: string
  /** the last entry that went */
  readonly through: number
  readonly at: number
  /** when what is oldest now may go, in milliseconds UTC */
  readonly until: number | undefined
  /** none: what says how much is kept */
  readonly act: Act | undefined
  /** the hash of the last snapshot of the present body, if there is one */
  readonly values: string | undefined
}

/** The stage that an execution is in, and what it was entered with. */
export interface StageRecord {
  readonly name: string
  /** how many were entered by then */
  readonly n: number
  readonly state: Json | undefined
  /** how many were entered, and checkpoints come to in bodies, by then */
  readonly marks: number
  readonly enteredAt: number
  /** the number of its entry; 0: that was discarded */
  readonly seq: number
}

/** A body that was left for a stage: `run`, or a stage itself. */
export interface PastBody {
  readonly scope: string
  readonly stage: StageRecord | undefined
  /** see `History.events` */
  readonly events: ReadonlyArray<PhaseRecord>
  /** it lies behind a commit checkpoint */
  committed: boolean
}

export interface History {
  status: Status
  task: string
  version: number
  /** the version that it began with */
  began: number
  /** the stage that it goes on in, once that is entered */
  carried: EntryOf<"Resumed">["carried"]
  payload: Json
  /** the payload that it was created with, where somebody has amended that */
  given: Json | undefined
  /** what somebody has given items of a forEach instead of what the code does, by their paths */
  inputs: Map<string, Json> | undefined
  /** the phase that called it, if it is a child */
  parent: { readonly execution: string; readonly path: string } | undefined
  /** of a child: the last round of its parent's phase that it knows of */
  round: number
  /** its concurrency key, if it needs a place of its own behind it; and whether it has that */
  lane: string | undefined
  placed: boolean
  result: Json | undefined
  /** none: it is in `run` */
  stage: StageRecord | undefined
  /** the bodies that it has left, oldest first; none where they are forgotten, with all their phases */
  past: Array<PastBody> | undefined
  readonly phases: Map<string, PhaseRecord>
  /** how long it may take, in milliseconds, and until when that is */
  timeout: number | undefined
  deadline: number | undefined
  /** of one that is let go: until when at the longest, in milliseconds UTC */
  until: number | undefined
  /** by scope, in the order in which they started */
  readonly scopes: Map<string, Array<PhaseRecord>>
  /** what the generators of this body are driven by, in the order in which it happened: see `PhaseRecord.opened` */
  events: Array<PhaseRecord>
  /** how many events there were when the generators had been returned, and the first phase of their clean-up started */
  left: number | undefined
  /** the phases without an outcome that a generator is fed with */
  readonly open: Few<PhaseRecord>
  /** the checkpoints whose strategies have decided about a failure after them */
  readonly asked: Few<PhaseRecord>
  /** the groups among them whose attempts may not take for ever */
  readonly timed: Few<PhaseRecord>
  /** the body's phases that happened, in that order, those inside of others too */
  readonly completed: Array<PhaseRecord>
  /** how often the phase at a path was superseded, if it ever was */
  generations: Map<string, number> | undefined
  /** with which generation all others begin: raised by going back to an earlier body */
  generation: number
  /** it went back to an earlier body: some of the stages that were entered since then stand no more */
  crossed: boolean
  /** why it is Failed or RevertFailed; or what led to the revert */
  failures: ReadonlyArray<Failure>
  /** all that began; those before a stage, where that is forgotten, are unknown */
  reverts: Array<RevertRecord | undefined>
  discarded: Discarded | undefined
  closing: { readonly position: string; readonly revert: boolean; readonly act: Act } | undefined
  /** the generator ended or was returned; `error` is what its `finally` blocks threw */
  cleanedUp: { readonly error?: Defect; readonly skipped?: string } | undefined
  pauseRequested: boolean
  /** the checkpoint at which it is to pause, by what somebody calls it; and the one that it has reached and pauses at */
  stopAt: string | undefined
  stopsAt: string | undefined
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
  /** it does not start before then */
  due: number | undefined
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
  began: 0,
  carried: undefined,
  payload: null,
  given: undefined,
  inputs: undefined,
  parent: undefined,
  round: 0,
  lane: undefined,
  placed: false,
  result: undefined,
  stage: undefined,
  past: undefined,
  phases: new Map(),
  timeout: undefined,
  deadline: undefined,
  until: undefined,
  scopes: new Map(),
  events: [],
  left: undefined,
  open: new Few(),
  asked: new Few(),
  timed: new Few(),
  completed: [],
  generations: undefined,
  generation: 0,
  crossed: false,
  failures: [],
  reverts: [],
  discarded: undefined,
  closing: undefined,
  cleanedUp: undefined,
  pauseRequested: false,
  stopAt: undefined,
  stopsAt: undefined,
  pausedBy: undefined,
  held: false,
  crashes: 0,
  owner: undefined,
  epoch: 0,
  position: Path.root,
  due: undefined,
  createdAt: 0,
  startedAt: undefined,
  updatedAt: 0,
  endedAt: undefined,
  entries: 0
})

/** A history of its own, that goes on from there. */
export const copyOf = (history: History): History => {
  const { asked, open, timed } = history
  const copy = structuredClone({ ...history, asked: [...asked], open: [...open], timed: [...timed] })
  return { ...copy, asked: Few.from(copy.asked), open: Few.from(copy.open), timed: Few.from(copy.timed) }
}

/** The scope of the body that it is in. */
export const bodyOf = ({ stage }: Pick<History, "stage">): string =>
  stage === undefined ? Path.root : Path.stage(stage.name, stage.n)

/** The scopes of the bodies that are known, oldest first. */
export const bodiesOf = (history: History): Array<string> => [
  ...(history.past ?? []).map(({ scope }) => scope),
  bodyOf(history)
]

/** What it did before it entered its stage is forgotten: enough to go on, not to go back. */
export const isPartial = ({ past, stage }: History): boolean => stage !== undefined && past === undefined

/** It was started for later, and its time has not come. */
export const isEarly = ({ due, startedAt, status }: History, now: number): boolean =>
  status === "Pending" && startedAt === undefined && due !== undefined && due > now

/** It has no place behind its concurrency key, and needs one to go on. */
export const isQueued = ({ lane, placed, status }: History): boolean =>
  lane !== undefined && !placed && status === "Pending"

/** The same, and its time has come. */
export const isInLine = (history: History, now: number): boolean => isQueued(history) && !isEarly(history, now)

/** What has this scope; none if it is the body's, or one of the engine's own. A plain phase has no scope, whatever its name. */
export const ownerOf = (history: History, scope: string): PhaseRecord | undefined => {
  const record = history.phases.get(scope)
  return record !== undefined && isComposite(record) ? record : undefined
}

/** It began after a checkpoint, in the same generator or below. */
export const isSince = (history: History, { scope, settled }: PhaseRecord, record: PhaseRecord): boolean => {
  for (let at: PhaseRecord | undefined = record; at !== undefined; at = ownerOf(history, at.scope)) {
    if (at.scope === scope) return at.begun > settled
  }
  return false
}

/** It is a part of what came after a checkpoint, which is being undone for another attempt. */
export const isGoingBack = (history: History, record: PhaseRecord): boolean => {
  for (const checkpoint of history.asked) {
    if (isLeaving(checkpoint) && isSince(history, checkpoint, record)) return true
  }
  return false
}

/** It is a part of what is being undone for another attempt. */
export const isRewinding = (history: History, record: PhaseRecord): boolean => {
  for (let around = ownerOf(history, record.scope); around !== undefined; around = ownerOf(history, around.scope)) {
    if (isLeaving(around)) return true
  }
  return isGoingBack(history, record)
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
        (record.inDoubt || record.state === "running" || (record.state === "waiting" && record.token !== undefined))
    )
    .reverse()

/** The revert under way, or the last one. */
export const revertOf = (history: History): RevertRecord | undefined => history.reverts[history.reverts.length - 1]
