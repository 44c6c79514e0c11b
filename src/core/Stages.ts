/** What entering a stage changes in a history: what comes after needs nothing that was before, beside what its entry keeps. */
import type { EntryOf } from "./Entry.js"
import { bodyOf, type History, type StageRecord } from "./History.js"
import * as Path from "./Path.js"
import type { Step } from "./Step.js"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** The stage that an execution is carried into. */
export const carriedInto = (
  history: History,
  { stage, state }: NonNullable<History["carried"]>
): StageRecord & { readonly path: string } => {
  const n = (history.stage?.n ?? 0) + 1
  return { name: stage, n, state, enteredAt: history.updatedAt, path: Path.stage(stage, n) }
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
  kept: keptOf(history)
})

const keptOf = (history: History): EntryOf<"StageEntered">["kept"] => {
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
  const kept: Mutable<EntryOf<"StageEntered">["kept"]> = { startedAt, updatedAt, owner }
  if (deadline !== undefined) kept.deadline = deadline
  if (given !== undefined) kept.payload = payload
  if (round !== 0) kept.round = round
  if (history.reverts.length > 0) kept.reverts = history.reverts.length
  if (pausedBy !== undefined) kept.pausedBy = pausedBy
  if (pauseRequested) kept.pauses = true
  if (stopAt !== undefined) kept.stopAt = stopAt
  if (history.version !== history.began) kept.version = history.version
  if (history.generation !== 0) kept.generation = history.generation
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
  if (history.past === undefined) forget(history, kept.reverts)
  else {
    const { events, stage } = history
    history.past.push({ scope: bodyOf(history), stage, events, committed: false })
  }
  history.stage = { name, n, state, enteredAt: at }
  history.events = []
  history.open.clear()
  history.asked.clear()
  history.timed.clear()
  history.position = bodyOf(history)
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
  history.carried = undefined
  history.until = undefined
  history.crashes = 0
}

const forget = (history: History, reverts = 0): void => {
  history.reverts = new Array<undefined>(reverts).fill(undefined)
  history.phases.clear()
  history.scopes.clear()
  history.completed.length = 0
  history.generations = undefined
}
