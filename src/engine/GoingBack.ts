/** What a revert goes back to, if that can be: decided on the history, and on the code that is to go on from there. */
import * as Either from "effect/Either"
import { isDeclared } from "../authoring/Checkpoint.js"
import type { Definition } from "../authoring/Definition.js"
import * as Discards from "../core/Discards.js"
import { CheckpointRefused } from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import * as Fold from "../core/Fold.js"
import { copyOf, type History, revertOf, type Target } from "../core/History.js"
import * as Path from "../core/Path.js"
import * as Spine from "../core/Spine.js"
import { isFinal } from "../core/Status.js"
import * as Bodies from "./Bodies.js"
import { fresh, Replay } from "./Replay.js"

type Reason = CheckpointRefused["reason"]

/** Why a task cannot come to a checkpoint, whatever it does, if it says so. */
export const undeclared = (
  execution: string,
  wanted: string,
  definition: Definition
): CheckpointRefused | undefined => {
  const { checkpoints, name, stages } = definition
  if (isDeclared(checkpoints, wanted) || stages.has(Path.nameOf(wanted.replace(/^@/, "")))) return undefined
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
export const forgotten = (execution: string, history: History): CheckpointRefused | undefined => {
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
const isBeyond = (history: History, target: Target): boolean => {
  const revert = revertOf(history)
  if ((history.status !== "Reverting" && history.status !== "RevertFailed") || revert === undefined) return false
  return revert.to === undefined || (revert.to.path !== target.path && !Spine.isBehind(history, target, revert.to))
}

/** What a revert goes back to, if anybody can. */
export const targetOf = (
  execution: string,
  wanted: string,
  history: History
): Either.Either<Target, CheckpointRefused> => {
  const refused = (reason: Reason, why: string) => Either.left(refuse(execution, wanted, reason, why))
  const still = standstill(history)
  if (still !== undefined) return refused(...still)
  const found = Spine.find(history, wanted)
  if (Either.isLeft(found)) return refused(found.left.reason, found.left.message)
  if (isBeyond(history, found.right)) return refused("reverting", "a revert goes back further, and never turns forward")
  const bound = Spine.bounded(history, found.right)
  return bound === undefined ? Either.right(found.right) : refused(bound.reason, bound.message)
}

/** What would be known of an execution once it had gone back there. */
export const gone = (history: History, { path: to }: Target): History => {
  const then = copyOf(history)
  const n = history.reverts.length + 1
  const started = { _tag: "RevertStarted", n, failures: [], act: {}, to } as const
  for (const entry of [started, { _tag: "Rewound", to } as const, { _tag: "Paused" } as const]) {
    Fold.apply(then, entry, history.updatedAt, history.epoch)
  }
  return then
}

const replayOf = (definition: Definition, history: History): Replay =>
  new Replay(definition, Bodies.currentOf(definition, history), history, Number.POSITIVE_INFINITY)

const misfitOf = (definition: Definition, history: History, to: Target, replay: Replay): Failure | undefined =>
  replay.misfitOf({ ...Spine.undone(history, to), to }) ?? fresh(definition, gone(history, to)).misfit

/** Why an execution cannot go back there, and on, with this code: it does not come there, or lacks what is to be undone. */
export const misfit = (definition: Definition, history: History, target: Target): Failure | undefined =>
  misfitOf(definition, history, target, replayOf(definition, history))

/** How many targets are looked at for one that the code still comes to. */
const looked = 50

/** The newest target that an execution could go back to, and on from there, with this code. */
export const nearest = (definition: Definition, history: History): Target | undefined => {
  const replay = replayOf(definition, history)
  return Spine.targets(history)
    .slice(-looked)
    .findLast(
      (target) =>
        Spine.bounded(history, target) === undefined && misfitOf(definition, history, target, replay) === undefined
    )
}
