/** What a refused action lacks: a refusal, as a plan lists it. */
import {
  CheckpointRefused,
  HistoryMismatch,
  IllegalTransition,
  OwnedByParent,
  PhaseNotOpen,
  RequirementsMissing,
  TaskNotRegistered
} from "../core/Errors.js"
import type { Missing } from "../core/Missing.js"

const classes = [
  IllegalTransition,
  OwnedByParent,
  TaskNotRegistered,
  HistoryMismatch,
  PhaseNotOpen,
  CheckpointRefused,
  RequirementsMissing
] as const

export type Refused = InstanceType<(typeof classes)[number]>

export const is = (error: unknown): error is Refused => classes.some((one) => error instanceof one)

/** The requirements that are not met. Whoever plans an action, and whoever is refused it, sees the same. */
export const of = (refused: Refused): ReadonlyArray<Missing> => {
  const { message } = refused
  switch (refused._tag) {
    case "IllegalTransition":
      return [{ needs: "status", status: refused.from, verb: refused.verb, message }]
    case "OwnedByParent":
      return [{ needs: "parent", parent: refused.parent, path: refused.path, message }]
    case "TaskNotRegistered":
      return [{ needs: "task", task: refused.task, message }]
    case "HistoryMismatch":
      return [{ needs: "code", path: refused.path, message }]
    case "PhaseNotOpen":
      return [
        { needs: "phase", path: refused.phase, ...(refused.back === undefined ? {} : { back: refused.back }), message }
      ]
    case "CheckpointRefused":
      return [{ needs: "checkpoint", checkpoint: refused.checkpoint, reason: refused.reason, message }]
    case "RequirementsMissing":
      return refused.missing
  }
}
