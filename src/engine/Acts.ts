/**
 * What an operator's command adds to the journal of an execution that does not run: decided on its history alone, so
 * that a refusal changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import { type Action, type ActionOf, actOf } from "../core/Action.js"
import type { Act, Entry } from "../core/Entry.js"
import { OwnedByParent, TaskNotRegistered } from "../core/Errors.js"
import { render } from "../core/Failure.js"
import * as History from "../core/History.js"
import * as Spine from "../core/Spine.js"
import { allows, isFinal, type Status, type Verb } from "../core/Status.js"
import type { Call } from "./Children.js"
import { type Decision, illegal, mismatch, type Refusal } from "./Decision.js"
import * as GoingBack from "./GoingBack.js"
import * as Replay from "./Replay.js"
import * as Resumption from "./Resumption.js"

/** What is its parent's to ask of a child, and is asked without force. */
export const isItsParents = (action: Action): boolean =>
  (action._tag === "close" || action._tag === "revert" || action._tag === "goTo" || action._tag === "discard") &&
  action.force !== true

/** Refuses to end somebody's child, unless it is ended that way already. */
export const owned = (
  execution: string,
  { _tag: verb }: Action,
  { parent, status }: History.History
): Effect.Effect<void, OwnedByParent> =>
  parent === undefined || isDone(verb, status)
    ? Effect.void
    : new OwnedByParent({ execution, verb, parent: parent.execution, path: parent.path })

type Revert = ActionOf<"revert">
type GoTo = ActionOf<"goTo">

/** Its code is not here, or not in the version that it goes by. */
const notRegistered = (execution: string, { task, version }: History.History): TaskNotRegistered =>
  new TaskNotRegistered({ execution, task, version })

const nothingToDo: Decision = { entries: [], definition: undefined }

/** The checkpoint that a command is about. */
const goalOf = (command: Action): string | undefined => {
  switch (command._tag) {
    case "resume":
      return command.stopAt
    case "revert":
      return command.to
    case "goTo":
      return command.checkpoint
    default:
      return undefined
  }
}

/** Decides `command` for an execution with this history; `definition` is its task, if this engine has it. */
export const decide = (
  execution: string,
  command: Action,
  history: History.History,
  definition: Definition | undefined
): Effect.Effect<Decision, Refusal> => {
  const { status } = history
  const verb = command._tag
  const goal = goalOf(command)
  const undeclared =
    goal === undefined || definition === undefined ? undefined : GoingBack.undeclared(execution, goal, definition)
  if (undeclared !== undefined && !isFinal(status)) return undeclared
  if (command._tag === "revert") return revert(execution, command, history, definition)
  if (command._tag === "goTo") return goTo(execution, command, history, definition)
  if (isDone(verb, status)) return Effect.succeed(nothingToDo)
  if (isUnderWay(verb, status)) return join(execution, command, history, definition)
  if (!allows(status, verb)) return illegal(execution, verb, status)
  switch (verb) {
    case "pause":
      return Effect.succeed(pause(command, history, definition))
    case "close":
      return close(execution, command, history, definition)
    default:
      if (definition === undefined) return notRegistered(execution, history)
      return Resumption.decide(execution, command as Resumption.Going, history, definition)
  }
}

/** Asking for what is so already is no error. */
const isDone = (verb: Verb, status: Status): boolean =>
  (verb === "pause" && status === "Paused") ||
  (verb === "close" && status === "Closed") ||
  (verb === "revert" && status === "Reverted")

/** Asking for what has begun already is joining it; where its engine died, it goes on. */
const isUnderWay = (verb: Verb, status: Status): boolean =>
  (verb === "close" && status === "Closing") || (verb === "revert" && status === "Reverting")

const join = (
  execution: string,
  command: Action,
  history: History.History,
  definition: Definition | undefined
): Effect.Effect<Decision, Refusal> => {
  if (definition !== undefined) return Effect.succeed({ entries: [], definition })
  return command._tag === "close" && command.force === true
    ? Effect.succeed({ entries: abandoned(`task ${history.task} is not registered`, command), definition: undefined })
    : notRegistered(execution, history)
}

/** The end of an execution whose `finally` blocks cannot run. */
const abandoned = (why: string, by: Act): ReadonlyArray<Entry> => [
  { _tag: "CleanedUp", skipped: `forced: ${why}` },
  closed(by)
]

const closed = (by: Act): Entry => {
  const act = actOf(by)
  return { _tag: "Closed", ...(Object.keys(act).length === 0 ? {} : { act }) }
}

/** A child goes on because its parent does. */
export const resumedWith = ({ parent, rerun, round }: Call, status: Status): Entry => ({
  ...Resumption.resumed({ _tag: "resume", by: parent.execution, reason: "its parent goes on" }, status),
  ...(rerun ? { rerun } : {}),
  round
})

/** Whether a revert that has begun, and is not over, goes where this one is to go. */
const isSame = (execution: string, { to }: Revert, history: History.History): boolean => {
  const under = History.revertOf(history)?.to
  if (to === undefined) return under === undefined
  return Either.match(GoingBack.targetOf(execution, to, history), {
    onLeft: () => false,
    onRight: ({ path }) => path === under?.path
  })
}

/** Whether the execution does already what is asked, or has begun to. */
export const joins = (execution: string, command: Action, history: History.History): boolean =>
  isUnderWay(command._tag, history.status) && (command._tag !== "revert" || isSame(execution, command, history))

/** A revert that stopped part of the way goes on, or goes further back. */
const revert = (
  execution: string,
  command: Revert,
  history: History.History,
  definition: Definition | undefined
): Effect.Effect<Decision, Refusal> => {
  const { failures, reverts, status } = history
  const act = actOf(command)
  if (command.to === undefined && isDone("revert", status)) return Effect.succeed(nothingToDo)
  if (joins(execution, command, history)) return join(execution, command, history, definition)
  if (status !== "Reverting" && !isDone("revert", status) && !allows(status, "revert")) {
    return illegal(execution, "revert", status)
  }
  const target = command.to === undefined ? undefined : GoingBack.targetOf(execution, command.to, history)
  if (target !== undefined && Either.isLeft(target)) return target.left
  if (definition === undefined) return notRegistered(execution, history)
  if (status === "RevertFailed" && isSame(execution, command, history)) {
    return Effect.succeed({ entries: [{ _tag: "RevertResumed", act }], definition })
  }
  const gone = command.to === undefined ? GoingBack.forgotten(execution, history) : undefined
  if (gone !== undefined) return gone
  const started = { _tag: "RevertStarted" as const, n: reverts.length + 1, failures, act }
  if (target === undefined) return Effect.succeed({ entries: [started], definition })
  // What does not come to the checkpoint again could not go on from there.
  const { body, path: to } = target.right
  const misfit = definition.customRevert ? undefined : GoingBack.misfit(definition, history, target.right)
  if (misfit !== undefined) return mismatch(execution, misfit)
  const across = body === History.bodyOf(history) ? {} : { across: true }
  const back = { ...started, to, ...across, ...(command.retry === true ? { retry: true } : {}) }
  return Effect.succeed({ entries: [back], definition })
}

/** Back to a checkpoint that it has come to; on to any other. */
const goTo = (
  execution: string,
  { checkpoint, ...act }: GoTo,
  history: History.History,
  definition: Definition | undefined
): Effect.Effect<Decision, Refusal> => {
  const { status } = history
  const target = GoingBack.targetOf(execution, checkpoint, history)
  if (Either.isLeft(target) && target.left.reason !== "unknown") return target.left
  if (!allows(status, "goTo")) return illegal(execution, "goTo", status)
  if (Either.isRight(target)) {
    return Spine.standsAt(history, checkpoint)
      ? Effect.succeed(nothingToDo)
      : revert(execution, { ...act, _tag: "revert", to: checkpoint }, history, definition)
  }
  return definition === undefined
    ? notRegistered(execution, history)
    : Resumption.decide(execution, { ...act, _tag: "resume", stopAt: checkpoint }, history, definition)
}

/** What waits for children runs for as long as it takes to have them pause, too. */
const pause = (command: Act, history: History.History, definition: Definition | undefined): Decision => {
  const requested: Entry = { _tag: "PauseRequested", act: actOf(command) }
  const runs = definition !== undefined && !History.isQueued(history)
  const calls = runs && [...history.open].some(({ child }) => child !== undefined)
  return calls
    ? { entries: [requested], definition }
    : { entries: [requested, { _tag: "Paused" }], definition: undefined }
}

const close = (
  execution: string,
  command: ActionOf<"close">,
  history: History.History,
  definition: Definition | undefined
): Effect.Effect<Decision, Refusal> => {
  const act = actOf(command)
  if (history.startedAt === undefined) return Effect.succeed({ entries: [closed(command)], definition: undefined })
  const gone = command.revert === true ? GoingBack.forgotten(execution, history) : undefined
  if (gone !== undefined) return gone
  const closing: Entry = { _tag: "Closing", position: history.position, revert: command.revert ?? false, act }
  const misfit = definition === undefined ? undefined : Replay.fresh(definition, history).misfit
  if (definition !== undefined && misfit === undefined) return Effect.succeed({ entries: [closing], definition })
  const why = misfit === undefined ? `task ${history.task} is not registered` : render(misfit)
  if (command.force === true && command.revert !== true) {
    return Effect.succeed({
      entries: [closing, ...abandoned(why, {})],
      definition: undefined
    })
  }
  return misfit === undefined ? notRegistered(execution, history) : mismatch(execution, misfit)
}
