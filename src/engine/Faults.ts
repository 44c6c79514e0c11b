/** The reasons for which the engine itself stops an execution, as failures for its journal. */
import type { Failure } from "../core/Failure.js"
import type { History } from "../core/History.js"
import type { Json, Problem } from "../core/Json.js"
import { isSettled, type PhaseRecord } from "../core/PhaseRecord.js"
import * as Sentence from "../core/Sentence.js"
import type { Found, Step } from "../core/Step.js"

type Reason = Extract<Failure, { _tag: "Fault" }>["reason"]

const fault = (path: string, reason: Reason, message: string, detail?: Json): Failure => ({
  _tag: "Fault",
  path,
  reason,
  message,
  ...(detail === undefined ? {} : { detail })
})

type Mismatch = Extract<Step, { _tag: "Mismatch" }>

/** An item that is no text is known by its JSON. */
const quoted = ({ kind, name }: Found): string => (kind === "item" && /^[[{]/.test(name) ? name : JSON.stringify(name))

const show = (found: Found): string =>
  found.kind === "return" || found.kind === "throw" ? `its ${found.kind}` : `${found.kind} ${quoted(found)}`

const difference = ({ found, recorded }: Mismatch): string => {
  if (found.kind === "gone") {
    return `${show(recorded)} was recorded at ${recorded.path}, the code has no such ${recorded.kind} any more`
  }
  if (found.path.startsWith(`${recorded.path}/`)) {
    return `${show(recorded)} ended in the journal without ${show(found)}, which the code has now`
  }
  return recorded.kind === "item" && found.kind === "item"
    ? `${show(recorded)} was recorded at ${recorded.path}, the code now has ${quoted(found)} there`
    : `the journal has ${show(recorded)} here, the code comes to ${show(found)}`
}

/** What seems to have happened to the code, where the difference does not say it already. */
const nearest = ({ cause, found, recorded }: Mismatch): string => {
  if (found.kind === "gone" || recorded.kind === "item" || found.path.startsWith(`${recorded.path}/`)) return ""
  const [here, there] = [show(recorded), show(found)]
  switch (cause) {
    case "inserted":
      return ` It reads as if ${there} was inserted before ${here}.`
    case "removed":
      return ` It reads as if ${here} was removed.`
    case "renamed":
      return ` It reads as if ${here} was renamed to ${JSON.stringify(found.name)}.`
    case "swapped":
      return ` It reads as if ${here} and ${there} were swapped.`
    case "kind":
      return ` It reads as if ${here} became another kind of phase.`
    case "branch":
      return " It reads as if the code takes another branch."
    case "items":
      return ""
  }
}

/** What the journal has, what the code comes to, and what seems to have happened to that. */
export const told = (step: Mismatch): string => `${difference(step)}.${nearest(step)}`

/** What to do about it, by whether it is the code or what the code goes over that has changed. */
const remedy = ({ found, recorded }: Mismatch): string =>
  recorded.kind === "item" || found.kind === "item"
    ? "No effect ran; give it the items with which it began, or close the execution with force. Items that may change " +
      "have to come from a phase's answer; those whose order may change need the option `key` of Phase.forEach."
    : "No effect ran; run the code that wrote the journal, or close the execution with force."

/** The code is not the one that wrote the journal. */
const mismatch = (step: Mismatch, version: number): Failure =>
  fault(step.recorded.path, "HistoryMismatch", `${told(step)} ${remedy(step)}`, {
    version,
    cause: step.cause,
    recorded: { path: step.recorded.path, kind: step.recorded.kind, name: step.recorded.name },
    found: { path: step.found.path, kind: step.found.kind, name: step.found.name }
  })

const strange = (step: Extract<Step, { _tag: "Stranger" }>): Failure =>
  fault(
    step.after,
    "StrangeYield",
    `the task yielded ${step.found}${step.after === "" ? " first" : ` after ${step.after}`}: ${step.hint}`,
    { found: step.found, hint: step.hint }
  )

/** The journal is in a stage, or the code comes to one, that the task does not have. */
export const unregistered = (path: string, stage: string): Failure =>
  fault(path, "StageNotRegistered", `the task has no such stage ${JSON.stringify(stage)}: add its body to \`stages\``, {
    stage
  })

const unenterable = ({ after, stage, why }: Extract<Step, { _tag: "Unenterable" }>): Failure => {
  if (why === "unregistered") return unregistered(after, stage)
  if (why !== "inside") return unrecordable(after, `the state of stage ${stage}`, why)
  return strange({
    _tag: "Stranger",
    after,
    found: `the entering of stage ${stage}`,
    hint: "only the body of a task enters stages, not a group, a branch or a revert"
  })
}

export const undecodable = (path: string, what: string, problem: Problem): Failure =>
  fault(
    path,
    "ValueNotDecodable",
    `${what} does not decode any more at ${problem.at}: ${Sentence.open(problem.reason)}. Run code whose schema reads it.`,
    { at: problem.at, reason: problem.reason }
  )

/** What somebody has sent, which nobody could check then. */
export const unfitting = (path: string, signal: string, { at, reason }: Problem): Failure =>
  fault(
    path,
    "ValueNotDecodable",
    `the signal ${signal} that was sent does not fit at ${at}: ${Sentence.open(reason)}. Skip it with a value that fits, or run code whose schema reads it.`,
    { at, reason }
  )

/** The same failure, with where the execution can go back to, and on from there. */
export const withWay = (failure: Failure, to: string | undefined): Failure =>
  failure._tag !== "Fault" || to === undefined
    ? failure
    : {
        ...failure,
        message: `${failure.message.replace(/\.?$/, ".")} It would still go on from ${to}: revert it to there.`,
        detail: { ...(failure.detail as { readonly [key: string]: Json }), to }
      }

export const unrecordable = (path: string, what: string, problem: Problem): Failure =>
  fault(path, "ValueNotRecordable", `${what} cannot be recorded at ${problem.at}: ${problem.reason}`, {
    at: problem.at,
    reason: problem.reason
  })

/** The body comes to a checkpoint that its task does not have. */
export const undeclared = ({ name, path }: { readonly name: string; readonly path: string }): Failure =>
  fault(path, "CheckpointUndeclared", `the task does not declare the checkpoint ${name}: add it to \`checkpoints\``, {
    checkpoint: name
  })

/** Somebody has to say whether this phase happened. */
export const outcomeUnknown = (record: PhaseRecord, why: string): Failure =>
  fault(
    record.path,
    "OutcomeUnknown",
    `nobody knows whether ${record.name} happened: ${Sentence.open(why)}. Look, then run it again (resume with inDoubt: "rerun"), give its ` +
      "value (skip), or revert.",
    { attempt: record.attempt }
  )

export const poisoned = (crashes: number, position: string): Failure =>
  fault(
    position,
    "Poisoned",
    `its process died ${crashes} times in a row without any progress. Find out why, then resume it.`,
    { crashes }
  )

export const limitReached = (path: string, what: string, limit: number): Failure =>
  fault(
    path,
    "LimitReached",
    `${what}, ${limit} are allowed: go on in a new execution, or raise the limit in EngineConfig`,
    {
      limit
    }
  )

/** A child that cannot be had, or stands still for a reason that is not its own failure. */
export const child = (
  path: string,
  reason: "ChildConflict" | "ChildStopped",
  message: string,
  detail?: Json
): Failure => fault(path, reason, message, detail)

/** Why the body cannot be driven on, if that is the code's or the journal's doing. */
export const ofStep = (step: Step, version: number): Failure | undefined => {
  switch (step._tag) {
    case "Mismatch":
      return mismatch(step, version)
    case "Stranger":
      return strange(step)
    case "Unenterable":
      return unenterable(step)
    case "Undecodable":
      return undecodable(step.placed.path, `the recorded value of ${step.placed.name}`, step.problem)
    default:
      return undefined
  }
}

/** The code did not fit what is recorded: not what was sent since, and waits to be. */
export const isOfCode = ({ phases }: Pick<History, "phases">, failure: Failure): boolean => {
  if (failure._tag !== "Fault") return false
  const { path, reason } = failure
  if (reason !== "ValueNotDecodable") return reason === "HistoryMismatch" || reason === "StageNotRegistered"
  const record = phases.get(path)
  return record === undefined || isSettled(record)
}

/** Whether the code stops where it stopped before: the guess at why may be another. */
export const isSame = (before: Failure | undefined, now: Failure): boolean => {
  const told = (failure: Failure | undefined) => {
    const { message: _, ...rest } = failure?._tag === "Fault" ? failure : { message: "" }
    return JSON.stringify(rest, (key, value: unknown) => (key === "cause" ? undefined : value))
  }
  return told(before) === told(now)
}
