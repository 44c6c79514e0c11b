/**
 * An execution that no longer fits goes on in a stage of the code at hand, with a state that an operator gives. Nothing of
 * what it did is undone, returned or replayed.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Action, ActionOf } from "../core/Action.js"
import type { EntryOf } from "../core/Entry.js"
import { PhaseNotOpen, RequirementsMissing, TaskNotRegistered } from "../core/Errors.js"
import type * as History from "../core/History.js"
import type { Json } from "../core/Json.js"
import { carriedInto } from "../core/Stages.js"
import { type Decision, illegal, type Refusal } from "./Decision.js"
import * as GoingBack from "./GoingBack.js"
import type { Registered, Registry } from "./Registry.js"

/** A resume with a state: `from` is the stage. */
export const isCarried = (action: Action): action is ActionOf<"resume"> & { readonly state: Json } =>
  action._tag === "resume" && action.state !== undefined

/** The code that an action is carried out with: that which an execution goes by; or the newest, into which it is carried. */
export const codeFor = (
  registry: Registry,
  action: Action,
  { task, version }: History.History
): Registered | undefined => (isCarried(action) ? registry.newest(task) : registry.get(task, version))

/** The child that it still has: nobody would close, revert or hear of it any more. */
const childOf = (execution: string, { open }: History.History): PhaseNotOpen | undefined => {
  const call = [...open].find(({ child, forward }) => child !== undefined && forward)
  const reason = `its child ${call?.child} has not ended: close that first, with force`
  return call && new PhaseNotOpen({ execution, phase: call.path, reason, asked: "resume" })
}

/** Decides it for an execution that may be resumed; `resumed` is the entry of a resume. */
export const decide = (
  execution: string,
  action: ActionOf<"resume"> & { readonly state: Json },
  history: History.History,
  definition: Definition,
  resumed: EntryOf<"Resumed" | "RevertResumed">
): Effect.Effect<Decision, Refusal> => {
  const { from, state } = action
  const { stages, name: task, version } = definition
  if (resumed._tag !== "Resumed" || history.closing !== undefined) return illegal(execution, "resume", history.status)
  if (version < history.version) return new TaskNotRegistered({ execution, task, version: history.version })
  const stage = typeof from === "string" ? stages.get(from) : undefined
  if (stage === undefined) {
    const has = stages.size === 0 ? "none" : [...stages.keys()].join(", ")
    const why = `with a state, \`from\` is a stage of task ${task}, which has ${has}`
    return GoingBack.refuse(execution, typeof from === "string" ? from : "", "unknown", why)
  }
  const child = childOf(execution, history)
  if (child !== undefined) return child
  const carried = { stage: stage.name, state, version }
  const decoded = stage.state.decode(state)
  if (Either.isRight(decoded)) return Effect.succeed({ entries: [{ ...resumed, carried }], definition })
  const { at, reason } = decoded.left
  const path = carriedInto(history, carried).path
  const message = `the state of stage ${stage.name} does not fit at ${at}: ${reason}`
  const missing = { needs: "value" as const, path, schema: stage.state.schema(), at, reason, message }
  return new RequirementsMissing({ execution, verb: "resume", missing: [missing] })
}
