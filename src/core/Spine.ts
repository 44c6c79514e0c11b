/**
 * The spine of an execution: the body that it is in, and the groups in it that are in nothing but groups. An execution can go to the
 * checkpoints that stand there; what is in branches comes and goes with what is around them.
 */
import * as Either from "effect/Either"
import { bodyOf, type History, isRewinding, ownerOf } from "./History.js"
import * as Path from "./Path.js"
import type { PhaseRecord } from "./PhaseRecord.js"

/** Why an execution cannot go to a checkpoint. */
export interface Problem {
  readonly reason: "unknown" | "ambiguous" | "notOnSpine" | "committed" | "discarded"
  readonly message: string
}

/** Whether what stands right in this scope is on the spine. */
const holds = (history: History, scope: string): boolean => {
  for (let at = scope; at !== bodyOf(history); ) {
    const owner = ownerOf(history, at)
    if (owner?.kind !== "group") return false
    at = owner.scope
  }
  return true
}

const isMark = ({ forward, kind, state }: PhaseRecord): boolean =>
  kind === "checkpoint" && forward && state === "succeeded"

/** The checkpoints that an execution has reached and can go to, in the order in which it came to them. */
export const checkpoints = (history: History): ReadonlyArray<PhaseRecord> =>
  [...history.phases.values()].filter(
    (record) => isMark(record) && !record.discarded && holds(history, record.scope) && !isRewinding(history, record)
  )

/** It, and the groups around it, innermost first, as far as they stand in generators that come to nothing else meanwhile. */
export function* around(history: History, checkpoint: PhaseRecord): Generator<PhaseRecord, void> {
  for (let at: PhaseRecord | undefined = checkpoint; at !== undefined; ) {
    const owner = ownerOf(history, at.scope)
    if (at.scope !== bodyOf(history) && owner?.kind !== "group") return
    yield at
    at = owner
  }
}

/** What began after a checkpoint: the outermost of it. */
const after = (history: History, checkpoint: PhaseRecord): ReadonlySet<PhaseRecord> => {
  const found = new Set<PhaseRecord>()
  for (const record of around(history, checkpoint)) {
    const siblings = history.scopes.get(record.scope)!
    for (const later of siblings.slice(siblings.indexOf(record) + 1)) found.add(later)
  }
  return found
}

/** Whether a phase of the body began after a checkpoint. */
export const isAfter = (history: History, checkpoint: PhaseRecord): ((record: PhaseRecord) => boolean) => {
  const later = after(history, checkpoint)
  return (record) => {
    for (let at: PhaseRecord | undefined = record; at !== undefined; at = ownerOf(history, at.scope)) {
      if (later.has(at)) return true
    }
    return false
  }
}

/** How a checkpoint is called in its generator: `name#3` is the third; `name#1` the first. */
const segmentOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const placeOf = (wanted: string): string => (wanted.endsWith("#1") ? wanted.slice(0, -2) : wanted)

/** Whether a checkpoint is meant by a name, its number with it, or its path. */
const isNamed = ({ name, path }: PhaseRecord, wanted: string): boolean =>
  name === wanted || path === placeOf(wanted) || segmentOf(path) === placeOf(wanted)

const problem = (reason: Problem["reason"], message: string) => Either.left({ reason, message })

const list = (records: ReadonlyArray<PhaseRecord>): string =>
  records.length === 0 ? "it has come to none" : `it has come to ${records.map(({ path }) => path).join(", ")}`

const gone = ({ discarded }: History): string =>
  discarded === undefined ? "" : `; what was before ${discarded.before} is discarded`

/**
 * The checkpoint that somebody means: `name` the latest that has it, `name#3` the third in its generator, or a path. What
 * has the name comes before what has the path.
 */
export const find = (history: History, wanted: string): Either.Either<PhaseRecord, Problem> => {
  const all = checkpoints(history)
  const named = all.filter(({ name }) => name === wanted)
  const found = named[named.length - 1] ?? all.find(({ path }) => path === placeOf(wanted))
  if (found !== undefined) return Either.right(found)
  const [first, ...others] = all.filter((record) => isNamed(record, wanted))
  if (others.length > 0) {
    return problem("ambiguous", `there are several: ${[first!, ...others].map(({ path }) => path).join(", ")}`)
  }
  if (first !== undefined) return Either.right(first)
  const elsewhere = [...history.phases.values()].find((record) => isMark(record) && isNamed(record, wanted))
  if (elsewhere === undefined) return problem("unknown", `no such checkpoint stands: ${list(all)}${gone(history)}`)
  if (elsewhere.discarded) return problem("discarded", `${list(all)}${gone(history)}`)
  const why =
    Path.bodyOf(elsewhere.path) === bodyOf(history)
      ? "is in branches, or in what is being undone"
      : "is in a stage that was left: only a revert of the whole goes back there"
  return problem("notOnSpine", `${elsewhere.path} ${why}: ${list(all)}`)
}

/** Whether the execution was to pause at the checkpoint that it has just reached. */
export const isGoal = (history: History, { path }: { readonly path: string }): boolean => {
  const record = history.phases.get(path)!
  return history.stopAt !== undefined && holds(history, record.scope) && isNamed(record, history.stopAt)
}

/** Whether the execution stands still at a checkpoint that somebody calls so, with nothing after it. */
export const standsAt = (history: History, wanted: string): boolean => {
  const record = history.phases.get(history.position)
  return history.status === "Paused" && record !== undefined && isMark(record) && isNamed(record, wanted)
}

/** Why nothing can go back to a checkpoint: something was committed after it. */
export const bounded = (history: History, checkpoint: PhaseRecord): Problem | undefined => {
  const isLater = isAfter(history, checkpoint)
  const commit = [...history.phases.values()].find(
    (record) => isMark(record) && record.commit && record !== checkpoint && isLater(record)
  )
  return commit && { reason: "committed", message: `the commit checkpoint ${commit.path} lies between` }
}
