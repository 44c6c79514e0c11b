/** What can be read of executions: status, and the answer that a caller gets. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { ExecutionStatus, PhaseStatus } from "../authoring/TaskEngine.js"
import {
  ExecutionClosed,
  ExecutionFailed,
  ExecutionPaused,
  ExecutionReverted,
  RevertIncomplete
} from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import type { PhaseRecord } from "../core/History.js"
import * as History from "../core/History.js"

const stateOf = (record: PhaseRecord): PhaseStatus["state"] => {
  if (record.undone) return "undone"
  switch (record.state) {
    case "doubt":
      return "in doubt"
    case "reopened":
      return "failed"
    default:
      return record.state
  }
}

/** One plain object about an execution. */
export const statusOf = (id: string, history: History.History, registered: boolean): ExecutionStatus => ({
  id,
  task: history.task,
  version: history.version,
  status: history.status,
  position: history.position,
  failures: history.failures,
  waits: [],
  payload: history.payload,
  result: history.result,
  times: {
    created: history.createdAt,
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
    state: stateOf(record),
    attempt: record.attempt
  })),
  closeError: history.cleanedUp?.error
})

/** The author's own error, where one of the failures is typed and decodes. */
const typedOf = (definition: Definition, failures: ReadonlyArray<Failure>): Either.Either<unknown, undefined> => {
  const failure = failures[0]
  if (failure?._tag !== "Fail") return Either.left(undefined)
  return Either.mapLeft(definition.error.decode(failure.error), () => undefined)
}

/** What a caller gets for an execution that stands still; a status that moves on is none of its business. */
export const answerOf = (
  definition: Definition,
  id: string,
  history: History.History,
  /** whether the caller was there when it happened */
  present: boolean
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
      const typed = typedOf(definition, history.failures)
      return Either.isRight(typed)
        ? Effect.fail(typed.right)
        : new ExecutionFailed({ execution: id, failures: history.failures })
    }
    case "Closed": {
      const reason = history.closing?.act.reason
      return new ExecutionClosed({ execution: id, ...(reason === undefined ? {} : { reason }) })
    }
    case "Reverted": {
      const failures = History.revertOf(history)?.failures ?? []
      const typed = typedOf(definition, failures)
      return present && Either.isRight(typed)
        ? Effect.fail(typed.right)
        : new ExecutionReverted({ execution: id, failures })
    }
    case "RevertFailed":
      return new RevertIncomplete({
        execution: id,
        failures: history.failures,
        causes: History.revertOf(history)?.failures ?? []
      })
    default:
      return new ExecutionPaused({ execution: id })
  }
}
