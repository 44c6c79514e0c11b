/** What an execution forgets: what was before a checkpoint or a stage, which nothing goes back beyond then. */
import type { EntryOf } from "./Entry.js"
import { bodyOf, type Discarded, type History } from "./History.js"
import type { Keep } from "./Keep.js"
import { isLeaving, type PhaseRecord } from "./PhaseRecord.js"
import { isActive } from "./Status.js"

/** All up to the entry `through` goes, but the first: what was before a checkpoint of the present body, or before a stage. */
export interface Cut {
  /** the path of the checkpoint, or the scope of the stage */
  readonly before: string
  readonly through: number
  readonly checkpoint: PhaseRecord | undefined
  readonly until: number | undefined
}

/** The checkpoints that stand right in the present body, in order: nothing that was open before one of them still is. */
export const checkpoints = (history: History): ReadonlyArray<PhaseRecord> =>
  (history.scopes.get(bodyOf(history)) ?? []).filter(isMark)

const isMark = ({ kind, state }: PhaseRecord): boolean => kind === "checkpoint" && state === "succeeded"

/** Before a checkpoint of the present body. Its start is the entry before its end. */
export const beforeCheckpoint = (checkpoint: PhaseRecord, until?: number): Cut => ({
  before: checkpoint.path,
  through: checkpoint.order - 2,
  checkpoint,
  until
})

/** Before the present stage. */
const beforeStage = (history: History): Cut => ({
  before: bodyOf(history),
  through: history.stage!.seq - 1,
  checkpoint: undefined,
  until: undefined
})

/** What is out of date in the present body once another checkpoint was reached: what was before there; or it begins earlier. */
export type Bound = { readonly cut: Cut } | "earlier" | undefined

/** How far back the present body is to be kept; `earlier` if only bodies that were left may go. */
export const bound = (history: History, keep: Exclude<Keep, "all">, now: number): Bound => {
  const found = checkpoints(history)
  const { stage } = history
  if ("last" in keep) {
    const first = found.length - keep.last
    if (first > 0 || (first === 0 && stage !== undefined)) return cutAt(found[first]!)
    if (stage === undefined) return undefined
    return first === -1 ? { cut: beforeStage(history) } : "earlier"
  }
  const oldest = now - keep.for
  const first = found.findIndex(({ startedAt }) => startedAt >= oldest)
  const until = (at: number): number => at + keep.for
  if (first > 0 || (first === 0 && stage !== undefined && stage.enteredAt < oldest)) {
    return cutAt(found[first]!, until(found[first]!.startedAt))
  }
  return stage === undefined ? undefined : "earlier"
}

const cutAt = (checkpoint: PhaseRecord, until?: number): Bound => ({ cut: beforeCheckpoint(checkpoint, until) })

/** Nothing of it is being closed or undone, which needs what was before. */
export const mayForget = ({ asked, closing, status }: History): boolean =>
  closing === undefined && status !== "Reverting" && status !== "RevertFailed" && ![...asked].some(isLeaving)

/** Nothing of it is new. */
export const isDone = ({ discarded }: History, { through }: Cut): boolean =>
  through <= 0 || (discarded !== undefined && discarded.through >= through)

export const discard = (history: History, entry: EntryOf<"Discarded">, at: number): void => {
  const { act, before, through, until, values } = entry
  history.discarded = { before, through, at, until, act, values }
  if (!isActive(history.status)) history.held = false
}

/** Whether something that could be undone once is gone, and no commit checkpoint has come between. */
export const binds = (history: History): Discarded | undefined => {
  for (const { commit, discarded, forward, state } of history.phases.values()) {
    if (commit && forward && !discarded && state === "succeeded") return undefined
  }
  return history.discarded
}
