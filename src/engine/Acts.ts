/**
 * What an operator's command adds to the journal of an execution that does not run: decided on its history alone, so
 * that a refusal changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Action, ActionOf } from "../core/Action.js"
import type { Act, Entry, EntryOf } from "../core/Entry.js"
import {
  type CheckpointRefused,
  HistoryMismatch,
  IllegalTransition,
  OwnedByParent,
  PhaseNotOpen,
  RequirementsMissing,
  TaskNotRegistered
} from "../core/Errors.js"
import { type Failure, render } from "../core/Failure.js"
import * as History from "../core/History.js"
import type { Undoable } from "../core/Instruction.js"
import type { Json, Problem } from "../core/Json.js"
import type { Missing } from "../core/Missing.js"
import { isComposite } from "../core/PhaseRecord.js"
import * as Spine from "../core/Spine.js"
import { allows, isFinal, type Status, type Verb, verbs } from "../core/Status.js"
import type { Call } from "./Children.js"
import * as GoingBack from "./GoingBack.js"
import * as Replay from "./Replay.js"

export type Refusal =
  | IllegalTransition
  | TaskNotRegistered
  | HistoryMismatch
  | PhaseNotOpen
  | RequirementsMissing
  | CheckpointRefused

/** What is its parent's to ask of a child, and is asked without force. */
export const isItsParents = (action: Action): boolean =>
  (action._tag === "close" || action._tag === "revert" || action._tag === "goTo") && action.force !== true

/** Refuses to end somebody's child, unless it is ended that way already. */
export const owned = (
  execution: string,
  { _tag: verb }: Action,
  { parent, status }: History.History
): Effect.Effect<void, OwnedByParent> =>
  parent === undefined || isDone(verb, status)
    ? Effect.void
    : new OwnedByParent({ execution, verb, parent: parent.execution, path: parent.path })

type Resume = ActionOf<"resume">
type Revert = ActionOf<"revert">
type GoTo = ActionOf<"goTo">

/** What to record, and whether the execution then runs with its code. */
export interface Decision {
  readonly entries: ReadonlyArray<Entry>
  readonly definition: Definition | undefined
  /** tokens that end with it, if nobody has completed them */
  readonly close?: ReadonlyArray<string>
}

const nothingToDo: Decision = { entries: [], definition: undefined }

export const actOf = ({ by, plan, reason }: Act): Act => ({
  ...(by === undefined ? {} : { by }),
  ...(reason === undefined ? {} : { reason }),
  ...(plan === undefined ? {} : { plan })
})

/** The error for a verb that the status does not allow, with what would. */
export const illegal = (execution: string, verb: Verb, from: Status): IllegalTransition => {
  const allowed: ReadonlyArray<Status> = verbs[verb].from
  const others = (Object.keys(verbs) as Array<Verb>).filter((other) => allows(from, other))
  const can = others.length === 0 ? "Nothing can be asked of it any more" : `It can be asked to ${others.join(", ")}`
  const instead =
    verb === "revert" && allows(from, "close") ? " To undo what it has done so far, close it with revert." : ""
  return new IllegalTransition({
    execution,
    from,
    to: verbs[verb].to,
    verb,
    hint: `${verb} takes ${allowed.join(", ")}. ${can}.${instead}`
  })
}

const mismatch = (execution: string, failure: Failure): HistoryMismatch =>
  new HistoryMismatch({
    execution,
    path: failure.path,
    reason: failure._tag === "Fault" ? failure.message : render(failure)
  })

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
      if (definition === undefined) return new TaskNotRegistered({ execution, task: history.task })
      return command._tag === "skip"
        ? skip(execution, command, history, definition)
        : resume(execution, command as Resume, history, definition)
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
    : new TaskNotRegistered({ execution, task: history.task })
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

const resumed = (command: Resume, status: Status): EntryOf<"Resumed" | "RevertResumed"> => ({
  _tag: status === "RevertFailed" ? "RevertResumed" : "Resumed",
  act: actOf(command),
  ...(command.inDoubt === "rerun" ? { rerun: true } : {}),
  ...(command.stopAt === undefined || status === "RevertFailed" ? {} : { stopAt: command.stopAt })
})

/** It goes on where it stands. What no longer fits would only stop again. */
const resume = (
  execution: string,
  command: Resume,
  history: History.History,
  definition: Definition
): Effect.Effect<Decision, Refusal> => {
  const { status } = history
  const misfit = status === "RevertFailed" ? undefined : Replay.fresh(definition, history).misfit
  return misfit === undefined
    ? Effect.succeed({ entries: [resumed(command, status)], definition })
    : mismatch(execution, misfit)
}

/** A child goes on because its parent does. */
export const resumedWith = ({ parent, rerun, round }: Call, status: Status): Entry => ({
  ...resumed({ _tag: "resume", by: parent.execution, reason: "its parent goes on" }, status),
  ...(rerun ? { rerun } : {}),
  round
})

/** Whether a revert that has begun, and is not over, goes where this one is to go. */
const isSame = (execution: string, { to }: Revert, history: History.History): boolean => {
  const under = History.revertOf(history)?.to
  if (to === undefined) return under === undefined
  return Either.match(GoingBack.targetOf(execution, to, history), {
    onLeft: () => false,
    onRight: (target) => target === under
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
  if (definition === undefined) return new TaskNotRegistered({ execution, task: history.task })
  if (status === "RevertFailed" && isSame(execution, command, history)) {
    return Effect.succeed({ entries: [{ _tag: "RevertResumed", act }], definition })
  }
  const started = { _tag: "RevertStarted" as const, n: reverts.length + 1, failures, act }
  if (target === undefined) return Effect.succeed({ entries: [started], definition })
  // What does not come to the checkpoint again could not go on from there.
  const misfit = definition.customRevert ? undefined : Replay.fresh(definition, history).misfit
  if (misfit !== undefined) return mismatch(execution, misfit)
  const back = { ...started, to: target.right.path, ...(command.retry === true ? { retry: true } : {}) }
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
    ? new TaskNotRegistered({ execution, task: history.task })
    : resume(execution, { ...act, _tag: "resume", stopAt: checkpoint }, history, definition)
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
  return misfit === undefined ? new TaskNotRegistered({ execution, task: history.task }) : mismatch(execution, misfit)
}

const skip = (
  execution: string,
  command: ActionOf<"skip">,
  history: History.History,
  definition: Definition
): Effect.Effect<Decision, Refusal> => {
  const record = history.phases.get(command.phase)
  const refuse = (reason: string) => new PhaseNotOpen({ execution, phase: command.phase, reason })
  if (record === undefined) return refuse(`it has not started; the execution is at ${history.position}`)
  if (isComposite(record)) return refuse("it is made of other phases: skip those of them that are open")
  if (record.state === "succeeded") return refuse("it has happened, and its value is recorded")
  if (History.isRewinding(history, record)) return refuse("its group is being undone for another attempt")
  const { value } = command
  const given: Entry = {
    _tag: "PhaseSucceeded",
    path: record.path,
    act: actOf(command),
    ...(value === undefined ? {} : { value })
  }
  if (history.status === "RevertFailed") {
    if (record.forward) return refuse(`the revert stands at ${history.position}`)
    return Effect.succeed({ entries: [{ _tag: "RevertResumed", act: actOf(command) }, given], definition })
  }
  const go = Effect.succeed({
    entries: [{ _tag: "Resumed", act: actOf(command) }, given] as const,
    definition,
    ...(record.token === undefined ? {} : { close: [record.token] })
  })
  if (record.kind === "undo") return go
  const { cursor, misfit } = Replay.fresh(definition, history)
  if (misfit !== undefined) return mismatch(execution, misfit)
  const instruction = cursor?.standing(record.path)?.instruction
  if (instruction?._tag !== "Run" && instruction?._tag !== "Child") return refuse("the task does not stand at it")
  const decoded = instruction.value.decode(value)
  return Either.isLeft(decoded)
    ? new RequirementsMissing({
        execution,
        verb: "skip",
        missing: [valueFor(record.path, instruction, value, decoded.left)]
      })
    : go
}

/** A value that fits: none was given, or one that does not. */
const valueFor = (
  path: string,
  { value: codec }: Undoable,
  given: Json | undefined,
  { at, reason }: Problem
): Missing => {
  const what =
    given === undefined
      ? `phase ${path} answers something: give its value`
      : `the value of phase ${path} does not fit at ${at}: ${reason}`
  return { needs: "value", path, schema: codec.schema(), ...(given === undefined ? {} : { at, reason }), message: what }
}
