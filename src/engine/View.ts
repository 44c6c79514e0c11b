/** What can be read of executions: status, and the answer that a caller gets. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { DiscardedStatus, ExecutionStatus, PhaseStatus, Progress, Wait } from "../authoring/ExecutionStatus.js"
import {
  ExecutionClosed,
  ExecutionFailed,
  ExecutionPaused,
  ExecutionReverted,
  ExecutionWaiting,
  RevertIncomplete
} from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import { isComposite, isSettled, type PhaseRecord } from "../core/PhaseRecord.js"
import * as Spine from "../core/Spine.js"
import { isActive, isFinal } from "../core/Status.js"

const stateOf = (history: History.History, record: PhaseRecord): PhaseStatus["state"] => {
  if (record.undone) return "undone"
  if (isComposite(record) && !isSettled(record)) return openState(history, record)
  switch (record.state) {
    case "doubt":
      return "in doubt"
    case "reopened":
      return "failed"
    default:
      return record.state
  }
}

/** Of something that is made of other phases, and has no outcome. */
const openState = (history: History.History, record: PhaseRecord): PhaseStatus["state"] => {
  for (let at = history.phases.get(record.scope); at !== undefined; at = history.phases.get(at.scope)) {
    if (isSettled(at)) return "left"
  }
  if (isFinal(history.status)) return "left"
  return isActive(history.status) ? "running" : "parked"
}

/** Behind its key: from when it was started, its time came, or it was resumed. */
const turnOf = ({ due = 0, lane = "", updatedAt }: History.History, holders: ReadonlyArray<string>): Wait => ({
  path: "",
  name: lane,
  kind: "place",
  since: Math.max(updatedAt, due),
  holders
})

/** What an execution waits for, in the order in which it began to. */
const waitsOf = (history: History.History, told: ReadonlyMap<string, Progress>): ReadonlyArray<Wait> =>
  [...history.open].flatMap((record) => {
    const { name, path } = record
    const last = record.attempts[record.attempts.length - 1]
    if (record.state === "delayed" && last !== undefined) {
      return { path, name, kind: "retry", since: last.at, until: last.at + last.delay }
    }
    const kind = waitKind(record)
    if (kind === undefined || isFinal(history.status)) return []
    const progress = record.token === undefined ? undefined : told.get(record.token)
    return {
      path,
      name,
      kind,
      since: record.since,
      ...(record.child === undefined ? {} : { child: record.child }),
      ...(record.until === undefined ? {} : { until: record.until }),
      ...(progress === undefined ? {} : { progress })
    }
  })

const waitKind = ({ child, kind, state }: PhaseRecord): Wait["kind"] | undefined => {
  if (child !== undefined) return state === "waiting" || state === "running" ? "child" : undefined
  if (state !== "waiting") return undefined
  return kind === "sleep" ? "timer" : kind === "signal" ? "signal" : "delegate"
}

const discardedOf = ({ act, at, before, through, until }: History.Discarded): DiscardedStatus => ({
  before,
  at,
  entries: through,
  ...(until === undefined ? {} : { until }),
  ...act
})

/** One plain object about an execution. */
export const statusOf = (
  id: string,
  history: History.History,
  registered: boolean,
  /** how far those are who are to complete its phases, by the hash of the token */
  told: ReadonlyMap<string, Progress>,
  /** who has a place that it stands in line for, if it does */
  holders: ReadonlyArray<string> | undefined
): ExecutionStatus => ({
  id,
  task: history.task,
  version: history.version,
  parent: history.parent,
  status: history.status,
  position: history.position,
  stage:
    history.stage === undefined
      ? undefined
      : { name: history.stage.name, n: history.stage.n, state: history.stage.state },
  failures: history.failures,
  waits: holders === undefined ? waitsOf(history, told) : [turnOf(history, holders)],
  payload: history.payload,
  result: history.result,
  times: {
    created: history.createdAt,
    due: history.due,
    started: history.startedAt,
    updated: history.updatedAt,
    ended: history.endedAt
  },
  epoch: history.epoch,
  owner: history.held ? history.owner : undefined,
  registered,
  phases: [...history.phases.values()].map((record) => ({
    path: record.path,
    name: record.name,
    kind: record.kind,
    state: stateOf(history, record),
    attempt: record.attempt,
    child: record.child,
    ...(record.irreversible ? { irreversible: true } : {})
  })),
  checkpoints: Spine.targets(history).map(({ at, data, mark, name, path }) => ({
    name,
    path,
    at,
    data,
    commit: mark?.commit ?? false
  })),
  discarded: history.discarded && discardedOf(history.discarded),
  closeError: history.cleanedUp?.error
})

/**
 * What the task failed with, as its caller sees it: the failures that its `error` schema holds, beside each other, the
 * first of them first; then `other` with all failures, if there are more. A fault of the engine leaves `other` alone.
 */
const failedWith = (
  definition: Definition,
  failures: ReadonlyArray<Failure>,
  other: ExecutionFailed | ExecutionReverted
): Effect.Effect<never, unknown> => {
  if (failures.some(({ _tag }) => _tag === "Fault")) return Effect.fail(other)
  const typed = failures.flatMap((failure) => {
    const error = failure._tag === "Fail" ? definition.error.decode(failure.error) : undefined
    return error !== undefined && Either.isRight(error) ? [Cause.fail(error.right)] : []
  })
  const [first, ...rest] = typed.length < failures.length ? [...typed, Cause.fail<unknown>(other)] : typed
  return Effect.failCause(rest.reduce(Cause.parallel, first ?? Cause.fail(other)))
}

/** What a caller gets for an execution that stands still; a status that moves on is none of its business. */
export const answerOf = (
  definition: Definition,
  id: string,
  history: History.History,
  /** whether the caller was there when it happened */
  present: boolean,
  now: number
): Effect.Effect<unknown, unknown> => {
  switch (history.status) {
    case "Completed": {
      const value = definition.success.decode(history.result)
      if (Either.isRight(value)) return Effect.succeed(value.right)
      const message = `its result does not decode any more at ${value.left.at}: ${value.left.reason}`
      return new ExecutionFailed({
        execution: id,
        failures: [{ _tag: "Fault", path: history.position, reason: "ValueNotDecodable", message }]
      })
    }
    case "Failed": {
      const { failures } = history
      return failedWith(definition, failures, new ExecutionFailed({ execution: id, failures }))
    }
    case "Closed": {
      const reason = history.closing?.act.reason
      return new ExecutionClosed({ execution: id, ...(reason === undefined ? {} : { reason }) })
    }
    case "Reverted": {
      const failures = History.revertOf(history)?.failures ?? []
      const reverted = new ExecutionReverted({ execution: id, failures })
      return present ? failedWith(definition, failures, reverted) : reverted
    }
    case "RevertFailed":
      return new RevertIncomplete({
        execution: id,
        failures: history.failures,
        causes: History.revertOf(history)?.failures ?? []
      })
    case "Pending":
    case "Waiting": {
      const inLine = History.isInLine(history, now)
      const until = inLine ? undefined : history.status === "Pending" ? history.due : history.until
      const key = inLine ? history.lane : undefined
      return new ExecutionWaiting({
        execution: id,
        ...(until === undefined ? {} : { until }),
        ...(key === undefined ? {} : { key })
      })
    }
    default:
      return new ExecutionPaused({ execution: id })
  }
}
