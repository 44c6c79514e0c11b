/**
 * The spine of an execution: its bodies, and the groups in them that are in nothing but groups. An execution can go to the
 * checkpoints that stand there, and to where it entered a stage; what is in branches comes and goes with what is around them.
 */
import * as Either from "effect/Either"
import {
  bodiesOf,
  bodyOf,
  type History,
  inDoubt,
  isRewinding,
  ownerOf,
  revertible,
  type StageRecord,
  type Target
} from "./History.js"
import * as Path from "./Path.js"
import type { PhaseRecord } from "./PhaseRecord.js"

/** Why an execution cannot go to a checkpoint. */
export interface Problem {
  readonly reason: "unknown" | "ambiguous" | "notOnSpine" | "committed" | "discarded"
  readonly message: string
}

/** Whether what stands right in this scope is on the spine. */
const holds = (history: History, scope: string): boolean => {
  for (let at = scope; !Path.isBody(at); ) {
    const owner = ownerOf(history, at)
    if (owner?.kind !== "group") return false
    at = owner.scope
  }
  return true
}

const isMark = ({ forward, kind, state }: PhaseRecord): boolean =>
  kind === "checkpoint" && forward && state === "succeeded"

const markOf = (mark: PhaseRecord): Target => {
  const { name, path, startedAt: at, value: data } = mark
  return { name, path, body: Path.bodyOf(path), mark, data, at }
}

/** Where a stage was entered. */
const enteringOf = (stage: StageRecord): Target => {
  const body = bodyOf({ stage })
  return { name: stage.name, path: body, body, mark: undefined, data: stage.state, at: stage.enteredAt }
}

/** Those of which the entering is not discarded. */
const stages = ({ past = [], stage }: History): ReadonlyArray<StageRecord> =>
  [...past.map((body) => body.stage), stage].filter((one) => one !== undefined && one.seq > 0) as Array<StageRecord>

/** All that an execution can go back to, as far as it is known, in the order in which it came there. */
export const targets = (history: History): ReadonlyArray<Target> => {
  const marks = [...history.phases.values()].filter(
    (record) => isMark(record) && !record.discarded && holds(history, record.scope) && !isRewinding(history, record)
  )
  const entered = new Map(stages(history).map((stage) => [bodyOf({ stage }), enteringOf(stage)]))
  const found = new Map(bodiesOf(history).map((body) => [body, entered.has(body) ? [entered.get(body)!] : []]))
  for (const mark of marks) found.get(Path.bodyOf(mark.path))!.push(markOf(mark))
  return [...found.values()].flat()
}

/** What stands at a path that a revert goes back to. */
export const at = (history: History, path: string): Target | undefined => {
  const record = history.phases.get(path)
  if (record?.kind === "checkpoint") return markOf(record)
  const stage = stages(history).find((one) => bodyOf({ stage: one }) === path)
  return stage && enteringOf(stage)
}

/** It, and the groups around it, innermost first, as far as they stand in generators that come to nothing else meanwhile. */
export function* around(history: History, checkpoint: PhaseRecord): Generator<PhaseRecord, void> {
  for (let one: PhaseRecord | undefined = checkpoint; one !== undefined; ) {
    const owner = ownerOf(history, one.scope)
    if (!Path.isBody(one.scope) && owner?.kind !== "group") return
    yield one
    one = owner
  }
}

/** What began after a checkpoint in its body: the outermost of it. */
const after = (history: History, checkpoint: PhaseRecord): ReadonlySet<PhaseRecord> => {
  const found = new Set<PhaseRecord>()
  for (const record of around(history, checkpoint)) {
    const siblings = history.scopes.get(record.scope)!
    for (const later of siblings.slice(siblings.indexOf(record) + 1)) found.add(later)
  }
  return found
}

/** The scopes of the bodies that began at a target, or after it. */
const bodiesAfter = (history: History, { body, mark }: Target): ReadonlyArray<string> => {
  const bodies = bodiesOf(history)
  return bodies.slice(bodies.indexOf(body) + (mark === undefined ? 0 : 1))
}

/** Whether a phase of some body began after what an execution goes back to. */
export const isAfter = (history: History, target: Target): ((record: PhaseRecord) => boolean) => {
  const bodies = new Set(bodiesAfter(history, target))
  const later = target.mark === undefined ? new Set() : after(history, target.mark)
  return (record) => {
    if (bodies.has(Path.bodyOf(record.path))) return true
    for (let one: PhaseRecord | undefined = record; one !== undefined; one = ownerOf(history, one.scope)) {
      if (later.has(one)) return true
    }
    return false
  }
}

/** What going back undoes, newest first: what has happened, and what nobody knows of; of all, with no target. */
export const undone = (
  history: History,
  target: Target | undefined
): { readonly completed: ReadonlyArray<PhaseRecord>; readonly doubts: ReadonlyArray<PhaseRecord> } => {
  const isUndone = target === undefined ? () => true : isAfter(history, target)
  return { completed: revertible(history).filter(isUndone), doubts: inDoubt(history).filter(isUndone) }
}

/** Whether one target came after another. */
export const isBehind = (history: History, target: Target, other: Target): boolean =>
  other.mark === undefined
    ? target.path !== other.path && bodiesAfter(history, target).includes(other.body)
    : isAfter(history, target)(other.mark)

/** How a checkpoint is called in its generator: `name#3` is the third; `name#1` the first. */
const segmentOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const placeOf = (wanted: string): string => (wanted.endsWith("#1") ? wanted.slice(0, -2) : wanted)

/** Whether a target is meant by a name, its number with it, or its path: `page#3` is the third stage that was entered. */
const isNamed = ({ mark, name, path }: Pick<Target, "mark" | "name" | "path">, wanted: string): boolean =>
  name === wanted ||
  (mark === undefined
    ? path === wanted || path === `@${wanted}`
    : path === placeOf(wanted) || segmentOf(path) === placeOf(wanted))

const problem = (reason: Problem["reason"], message: string) => Either.left({ reason, message })

/** How many targets a message names. */
const named = 20

const list = (all: ReadonlyArray<Target>): string => {
  const last = all.slice(-named).map(({ path }) => path)
  if (last.length === 0) return "it has come to none"
  return `it has come to ${all.length > named ? `${all.length - named} others, ` : ""}${last.join(", ")}`
}

const gone = ({ discarded }: History): string =>
  discarded === undefined ? "" : `; what was before ${discarded.before} is discarded`

/** Whether a stage is meant, or something in it, by a number that lies behind. */
const lies = ({ discarded, stage }: History, wanted: string): boolean => {
  if (discarded === undefined || stage === undefined) return false
  const [, at, name, n] = /^(@?)([^/]+)#(\d+)(?:\/|$)/.exec(wanted) ?? []
  return (at === "@" || name === stage.name) && Number(n) <= stage.n
}

/**
 * What somebody means: `name` the latest that has it, `name#3` the third checkpoint in its generator, or the stage that was
 * entered as the third, or a path. What has the name comes before what has the path.
 */
export const find = (history: History, wanted: string): Either.Either<Target, Problem> => {
  const all = targets(history)
  const found =
    all.findLast(({ name }) => name === wanted) ??
    all.find(({ mark, path }) => path === (mark === undefined ? wanted : placeOf(wanted)))
  if (found !== undefined) return clear(history, found)
  const [first, ...others] = all.filter((target) => isNamed(target, wanted))
  if (others.length > 0) {
    return problem("ambiguous", `there are several: ${[first!, ...others].map(({ path }) => path).join(", ")}`)
  }
  if (first !== undefined) return clear(history, first)
  const elsewhere = [...history.phases.values()].find((record) => isMark(record) && isNamed(markOf(record), wanted))
  if (elsewhere === undefined && lies(history, wanted)) return problem("discarded", `${list(all)}${gone(history)}`)
  if (elsewhere === undefined) return problem("unknown", `no such checkpoint stands: ${list(all)}${gone(history)}`)
  if (elsewhere.discarded) return problem("discarded", `${list(all)}${gone(history)}`)
  return problem("notOnSpine", `${elsewhere.path} is in branches, or in what is being undone: ${list(all)}`)
}

/** A checkpoint of `run` may be called like the path of a stage: then only one of them can be told apart in the journal. */
const clear = (history: History, target: Target): Either.Either<Target, Problem> =>
  at(history, target.path)?.mark === target.mark
    ? Either.right(target)
    : problem("ambiguous", `a checkpoint is called like stage ${target.path}`)

/** Whether the execution was to pause at the checkpoint that it has just reached. */
export const isGoal = (history: History, { path }: { readonly path: string }): boolean => {
  const record = history.phases.get(path)!
  return history.stopAt !== undefined && holds(history, record.scope) && isNamed(markOf(record), history.stopAt)
}

/** Whether the execution was to pause as it enters the stage that it has just entered. */
export const isGoalStage = ({ stage, stopAt }: History): boolean =>
  stage !== undefined && stopAt !== undefined && isNamed(enteringOf(stage), stopAt)

/** Whether the execution stands still at a checkpoint, or where it enters a stage, with nothing after it. */
export const standsAt = (history: History, wanted: string): boolean => {
  const { phases, position, stage, status } = history
  if (status !== "Paused") return false
  const record = phases.get(position)
  if (record !== undefined) return isMark(record) && isNamed(markOf(record), wanted)
  return stage !== undefined && position === bodyOf(history) && isNamed(enteringOf(stage), wanted)
}

/** Why nothing can go back there: something was committed after it. */
export const bounded = (history: History, target: Target): Problem | undefined => {
  const isLater = isAfter(history, target)
  const commit = [...history.phases.values()].find(
    (record) => isMark(record) && record.commit && record !== target.mark && isLater(record)
  )
  return commit && { reason: "committed", message: `the commit checkpoint ${commit.path} lies between` }
}
