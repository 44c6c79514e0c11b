/** What an act comes to: what it records, or why it is refused. */
import type { Definition } from "../authoring/Definition.js"
import type { Cut } from "../core/Discards.js"
import type { Act, Entry } from "../core/Entry.js"
import {
  type CheckpointRefused,
  HistoryMismatch,
  IllegalTransition,
  type PhaseNotOpen,
  type RequirementsMissing,
  type TaskNotRegistered
} from "../core/Errors.js"
import { type Failure, render } from "../core/Failure.js"
import type { Signal } from "../core/Instruction.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import { allows, type Status, type Verb, verbs } from "../core/Status.js"

export type Refusal =
  | IllegalTransition
  | TaskNotRegistered
  | HistoryMismatch
  | PhaseNotOpen
  | RequirementsMissing
  | CheckpointRefused

/** What to record, and whether the execution then runs with its code. */
export interface Decision {
  readonly entries: ReadonlyArray<Entry>
  readonly definition: Definition | undefined
  /** tokens that end with it, if nobody has completed them */
  readonly close?: ReadonlyArray<string>
  /** signals that are skipped, by path */
  readonly signals?: ReadonlyArray<readonly [path: string, signal: Signal]>
  /** letters that are taken with it */
  readonly take?: ReadonlyArray<number>
  /** what is forgotten with that, and who says so */
  readonly discard?: { readonly cut: Cut; readonly act: Act } | undefined
  /** what is recorded, and whose undo would see what is amended */
  readonly amended?: ReadonlyArray<PhaseRecord>
}

/** The error for a verb that the status does not allow, with what would. */
export const illegal = (execution: string, verb: Verb, from: Status): IllegalTransition => {
  const allowed: ReadonlyArray<Status> = verbs[verb].from
  const others = (Object.keys(verbs) as Array<Verb>).filter((other) => allows(from, other))
  const can = others.length === 0 ? "Nothing can be asked of it any more" : `It can be asked to ${others.join(", ")}`
  const paused = allows(from, "pause") && allowed.includes("Paused") ? " Pause it first." : ""
  const instead =
    verb === "revert" && allows(from, "close") ? " To undo what it has done so far, close it with revert." : paused
  return new IllegalTransition({
    execution,
    from,
    to: verbs[verb].to,
    verb,
    hint: `${verb} takes ${allowed.join(", ")}. ${can}.${instead}`
  })
}

export const mismatch = (execution: string, failure: Failure): HistoryMismatch =>
  new HistoryMismatch({
    execution,
    path: failure.path,
    reason: failure._tag === "Fault" ? failure.message : render(failure)
  })
