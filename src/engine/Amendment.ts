/** Another payload, or other inputs of items, from here on: what is recorded keeps its values, and has to fit. */
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { ActionOf } from "../core/Action.js"
import { pathsOf } from "../core/Answer.js"
import { PhaseNotOpen, RequirementsMissing } from "../core/Errors.js"
import * as History from "../core/History.js"
import { hasUndo } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import type { Json } from "../core/Json.js"
import type { Missing } from "../core/Missing.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import * as Replay from "./Replay.js"

export interface Amendment {
  readonly payload?: Json
  /** by the paths of the items */
  readonly inputs?: ReadonlyMap<string, Json>
}

export const isEmpty = ({ inputs, payload }: Amendment): boolean =>
  payload === undefined && (inputs === undefined || inputs.size === 0)

interface Asked {
  readonly execution: string
  readonly action: ActionOf<"resume"> | ActionOf<"rerun"> | ActionOf<"skip">
  readonly history: History.History
  readonly definition: Definition
  readonly amendment: Amendment
}

/** What the task cannot read of it, or does not look at any more. */
export const problems = ({ action, amendment, definition, execution, history }: Asked) => {
  const { payload } = amendment
  if (payload === undefined) return []
  const refuse = (at: string, reason: string) => {
    const { schema } = definition.payload
    const message = `the payload does not fit task ${definition.name} at ${at}: ${reason}`
    const missing: Missing = { needs: "payload", at, reason, schema: schema(), message }
    return [new RequirementsMissing({ execution, verb: action._tag, missing: [missing] })]
  }
  if (history.stage !== undefined) {
    return refuse("$", `it is in stage ${history.stage.name}, which goes on from its state`)
  }
  if (history.status === "RevertFailed" || history.closing !== undefined) {
    return refuse("$", "it is being reverted or closed, and begins nothing with it")
  }
  const decoded = definition.payload.decode(payload)
  return Either.isLeft(decoded) ? refuse(decoded.left.at, decoded.left.reason) : []
}

/** Items that plain JSON cannot stand for. `cursor` stands where the execution does. */
export const unamendable = ({ amendment, execution }: Asked, cursor: Cursor | undefined) =>
  [...(amendment.inputs?.keys() ?? [])].flatMap((path) => {
    const scope = path.slice(0, path.lastIndexOf("/"))
    const fork = cursor?.standing(scope)?.instruction
    if (fork?._tag !== "Fork") return []
    const branch = fork.branches[pathsOf(fork, scope).indexOf(path)]
    if (branch?.takesInput?.() === true) return []
    const reason = "the item is no plain JSON, so that no other input can be given for it"
    return [new PhaseNotOpen({ execution, phase: path, reason, asked: "rerun" })]
  })

/** What is known of an execution with it. */
export const applied = (history: History.History, { inputs, payload }: Amendment): History.History =>
  payload === undefined && inputs === undefined
    ? history
    : {
        ...history,
        payload: payload ?? history.payload,
        inputs: new Map([...(history.inputs ?? []), ...(inputs ?? [])])
      }

/** The recorded phases whose undo would see it, and not what they ran with, the newest first. */
export const undosSeeing = (
  definition: Definition,
  history: History.History,
  seen: History.History,
  amendment: Amendment
): ReadonlyArray<PhaseRecord> => {
  if (isEmpty(amendment)) return []
  const { inputs, payload } = amendment
  const paths = [...(inputs?.keys() ?? [])]
  const isSeen = ({ path }: PhaseRecord) => payload !== undefined || paths.some((item) => path.startsWith(`${item}/`))
  const { cursor } = Replay.deep(definition, seen)
  return History.revertible(history).filter((record) => {
    const instruction = cursor?.runAt(record.path)
    return isSeen(record) && (definition.customRevert || (instruction !== undefined && hasUndo(instruction)))
  })
}

/** What lacks, where somebody has not said that undos are to see it. */
export const unconsented = ({ action, execution }: Asked, amended: ReadonlyArray<PhaseRecord>) => {
  const consents = action._tag !== "skip" && action.amend === "undo-too"
  if (amended.length === 0 || consents) return []
  const paths = amended.map(({ path }) => path)
  const message = `undoing ${paths.join(", ")} would see what is amended, and not what they ran with: undo-too consents to that`
  return [new RequirementsMissing({ execution, verb: action._tag, missing: [{ needs: "consent", paths, message }] })]
}
