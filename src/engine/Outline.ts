/** What a plan says without the task's code: what the journal tells by itself. */

import * as Either from "effect/Either"
import type { Action } from "../core/Action.js"
import * as History from "../core/History.js"
import { isComposite, isSettled } from "../core/PhaseRecord.js"
import type { Step } from "../core/Plan.js"
import * as Spine from "../core/Spine.js"
import * as GoingBack from "./GoingBack.js"

interface Named {
  readonly path: string
  readonly name: string
  readonly kind: Step["kind"]
}

const step = (does: Step["does"], { kind, name, path }: Named, note?: string): Step => ({
  does,
  path,
  name,
  kind,
  ...(note === undefined ? {} : { note })
})

const undos = (execution: string, action: Action, history: History.History): ReadonlyArray<Step> => {
  const to = action._tag === "goTo" ? action.checkpoint : action._tag === "revert" ? action.to : undefined
  const target = to === undefined ? undefined : GoingBack.targetOf(execution, to, history)
  if (target !== undefined && Either.isLeft(target)) return []
  const isUndone = target === undefined ? () => true : Spine.isAfter(history, target.right)
  return History.revertible(history)
    .filter(isUndone)
    .map((record) => step("undo", record, "if it has an undo"))
}

/** The steps of an action, as far as they follow from what is recorded. */
export const of = (execution: string, action: Action, history: History.History): ReadonlyArray<Step> => {
  if (action._tag === "revert") return undos(execution, action, history)
  if (action._tag === "goTo" && Either.isRight(Spine.find(history, action.checkpoint))) {
    return undos(execution, action, history)
  }
  const leaves = [...history.phases.values()].filter((record) => record.forward && !isComposite(record))
  const open = leaves.filter((record) => !isSettled(record))
  if (action._tag === "close") {
    const undone = action.revert === true ? undos(execution, action, history) : []
    return [...open.map((record) => step("close", record)), ...undone]
  }
  const skipped = action._tag === "skip" ? action.phase : undefined
  return [
    ...leaves.filter(isSettled).map((record) => step("replay", record)),
    ...open.map((record) => step(record.path === skipped ? "skip" : "run", record))
  ]
}
