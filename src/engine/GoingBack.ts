/** To which checkpoint a revert goes back, if that can be: decided on the history alone. */
import * as Either from "effect/Either"
import { isDeclared } from "../authoring/Checkpoint.js"
import type { Definition } from "../authoring/Definition.js"
import * as Discards from "../core/Discards.js"
import { CheckpointRefused } from "../core/Errors.js"
import { type History, revertOf } from "../core/History.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import * as Spine from "../core/Spine.js"
import { isFinal } from "../core/Status.js"

type Reason = CheckpointRefused["reason"]

/** Why a task cannot come to a checkpoint, whatever it does, if it says so. */
export const undeclared = (
  execution: string,
  wanted: string,
  definition: Definition
): CheckpointRefused | undefined => {
  const { checkpoints, name } = definition
  if (isDeclared(checkpoints, wanted)) return undefined
  return refuse(execution, wanted, "undeclared", `task ${name} declares ${[...checkpoints!].join(", ") || "none"}`)
}

export const refuse = (execution: string, checkpoint: string, reason: Reason, why: string): CheckpointRefused =>
  new CheckpointRefused({
    execution,
    checkpoint,
    reason,
    message: `execution ${execution} cannot go to checkpoint ${checkpoint}: ${why}`
  })

/** Why what it did cannot be undone as a whole, where some of it is forgotten. */
export const gone = (execution: string, history: History): CheckpointRefused | undefined => {
  const discarded = Discards.binds(history)
  if (discarded === undefined) return undefined
  return new CheckpointRefused({
    execution,
    checkpoint: "",
    reason: "discarded",
    message:
      `execution ${execution} cannot be reverted as a whole: what was before ${discarded.before} is discarded. ` +
      "It can go back to a checkpoint that status shows"
  })
}

/** Why the execution as a whole goes nowhere. */
const standstill = ({ closing, status }: History): readonly [Reason, string] | undefined => {
  if (isFinal(status)) return ["ended", `it is ${status}, and what has ended goes nowhere`]
  return closing === undefined ? undefined : ["closing", "it is being closed, which never turns forward"]
}

/** A revert that stopped, or was left, goes on; at the most it goes further back. */
const isBeyond = (history: History, target: PhaseRecord): boolean => {
  const revert = revertOf(history)
  if ((history.status !== "Reverting" && history.status !== "RevertFailed") || revert === undefined) return false
  return revert.to === undefined || (revert.to !== target && !Spine.isAfter(history, target)(revert.to))
}

/** The checkpoint that a revert goes back to, if anybody can. */
export const targetOf = (
  execution: string,
  wanted: string,
  history: History
): Either.Either<PhaseRecord, CheckpointRefused> => {
  const refused = (reason: Reason, why: string) => Either.left(refuse(execution, wanted, reason, why))
  const still = standstill(history)
  if (still !== undefined) return refused(...still)
  const found = Spine.find(history, wanted)
  if (Either.isLeft(found)) return refused(found.left.reason, found.left.message)
  if (isBeyond(history, found.right)) return refused("reverting", "a revert goes back further, and never turns forward")
  const bound = Spine.bounded(history, found.right)
  return bound === undefined ? Either.right(found.right) : refused(bound.reason, bound.message)
}
