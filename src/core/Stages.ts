/** What entering a stage changes in a history: what comes after needs nothing that was before, beside what its entry keeps. */
import * as Discards from "./Discards.js"
import type { EntryOf } from "./Entry.js"
import { bodyOf, type Discarded, type History, type StageRecord } from "./History.js"
import type { AtStage } from "./Kept.js"
import * as Path from "./Path.js"
import type { Step } from "./Step.js"

type Execution = Omit<AtStage, "marks" | "discarded">

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** The stage that an execution is carried into. */
export const carriedInto = (
  history: History,
  { stage, state }: NonNullable<History["carried"]>
): Pick<StageRecord, "name" | "n" | "state"> & { readonly path: string } => {
  const n = (history.stage?.n ?? 0) + 1
  return { name: stage, n, state, path: Path.stage(stage, n) }
}

/** The entry with which a stage begins. */
export const entered = (
  history: History,
  { error, stage, state }: Extract<Step, { readonly _tag: "Entered" }>
): EntryOf<"StageEntered"> => ({
  _tag: "StageEntered",
  stage,
  n: (history.stage?.n ?? 0) + 1,
  ...(state === undefined ? {} : { state }),
  ...(error === undefined ? {} : { error }),
  kept: { ...keptOf(history), ...pastOf(history) }
})

/** What there was before the stage that begins. */
const pastOf = (history: History): Pick<AtStage, "marks" | "discarded"> => {
  const { discarded, stage } = history
  const before = (stage?.marks ?? 0) + Discards.checkpoints(history).length
  return {
    ...(before === (stage?.n ?? 0) ? {} : { marks: before + 1 }),
    ...(discarded === undefined ? {} : { discarded: withoutValues(discarded) })
  }
}

const withoutValues = ({ act, at, before, through, until }: Discarded): NonNullable<AtStage["discarded"]> => ({
  before,
  through,
  at,
  ...(until === undefined ? {} : { until }),
  ...(act === undefined ? {} : { act })
})

/** What is known of the execution as a whole; of its reverts, those that began by the entry `through`. */
export const keptOf = (history: History, through = Infinity): Execution => {
  const {
    createdAt,
    deadline,
    given,
    owner = "",
    payload,
    pauseRequested,
    pausedBy,
    round,
    startedAt = createdAt,
    stopAt,
    updatedAt
  } = history
  const kept: Mutable<Execution> = { startedAt, updatedAt, owner }
  if (deadline !== undefined) kept.deadline = deadline
  if (given !== undefined) kept.payload = payload
  if (round !== 0) kept.round = round
  const reverts = history.reverts.filter((one) => one === undefined || one.seq <= through).length
  if (reverts > 0) kept.reverts = reverts
  if (pausedBy !== undefined) kept.pausedBy = pausedBy
  if (pauseRequested) kept.pauses = true
  if (stopAt !== undefined) kept.stopAt = stopAt
  if (history.version !== history.began) kept.version = history.version
  if (history.generation !== 0) kept.generation = history.generation
  if (history.crossed) kept.crossed = true
  return kept
}

/** Nothing was folded but the creation: what comes after it is not at hand. */
const isBegun = ({ startedAt }: History): boolean => startedAt !== undefined

/** Why no engine can have entered a stage here. */
export const broken = (history: History, { n, stage }: EntryOf<"StageEntered">): string | undefined => {
  if (!isBegun(history)) return undefined
  if (history.status !== "Running") return `stage ${stage} of an execution that is ${history.status}`
  return n === (history.stage?.n ?? 0) + 1 ? undefined : `stage ${stage} is number ${n}, out of order`
}

export const enter = (history: History, { kept, n, stage: name, state }: EntryOf<"StageEntered">, at: number): void => {
  const { discarded, marks = n } = kept
  if (history.past === undefined || !isBegun(history)) forget(history, kept.reverts)
  else {
    const { events, stage } = history
    history.past.push({ scope: bodyOf(history), stage, events, committed: false })
  }
  history.stage = { name, n, state, marks, enteredAt: at, seq: history.entries }
  history.discarded = discarded && { until: undefined, act: undefined, ...discarded, values: undefined }
  history.carried = undefined
  history.events = []
  history.open.clear()
  history.asked.clear()
  history.timed.clear()
  history.position = bodyOf(history)
  restore(history, kept)
}

/** Goes on from what an entry keeps of the execution as a whole. */
export const restore = (history: History, kept: Execution): void => {
  if (kept.payload !== undefined) {
    if (history.given === undefined) history.given = history.payload
    history.payload = kept.payload
  }
  history.startedAt = kept.startedAt
  history.updatedAt = kept.updatedAt
  history.owner = kept.owner
  history.held = true
  history.deadline = kept.deadline
  history.round = kept.round ?? 0
  history.pausedBy = kept.pausedBy
  history.pauseRequested = kept.pauses ?? false
  history.stopAt = kept.stopAt
  history.generation = kept.generation ?? 0
  history.version = kept.version ?? history.began
  history.crossed = kept.crossed ?? false
  history.until = undefined
  history.crashes = 0
}

/** What was before is not at hand any more; of the reverts, how many there were. */
const forget = (history: History, reverts = 0): void => {
  history.reverts = new Array<undefined>(reverts).fill(undefined)
  history.phases.clear()
  history.scopes.clear()
  history.completed.length = 0
  history.generations = undefined
}
