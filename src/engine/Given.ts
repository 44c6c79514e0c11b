/** A value that somebody gives for a phase: that it happened, though nothing of it ran. */
import * as Either from "effect/Either"
import type { Action } from "../core/Action.js"
import { actOf } from "../core/Action.js"
import type { EntryOf } from "../core/Entry.js"
import { PhaseNotOpen, RequirementsMissing } from "../core/Errors.js"
import * as History from "../core/History.js"
import type { Codec, Signal } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import type { Json, Problem } from "../core/Json.js"
import type { Missing } from "../core/Missing.js"
import { isComposite } from "../core/PhaseRecord.js"
import { happened, unknown } from "./Stranded.js"

/** What is recorded, the token that ends with it, and the signal that nobody waits for any more. */
export interface Given {
  readonly entry: EntryOf<"PhaseSucceeded">
  readonly token: string | undefined
  readonly signal: Signal | undefined
}

interface Asked {
  readonly execution: string
  readonly action: Action
  readonly history: History.History
}

/** What a phase is recorded with; or why it is not open, or takes another value. `cursor` stands where the execution does. */
export const of = (
  { action, execution, history }: Asked,
  path: string,
  value: Json | undefined,
  cursor: Cursor | undefined
): Either.Either<Given, PhaseNotOpen | RequirementsMissing> => {
  const record = history.phases.get(path)
  const refuse = (reason: string) => Either.left(new PhaseNotOpen({ execution, phase: path, reason }))
  if (record === undefined) return refuse(unknown(history, path))
  if (isComposite(record)) return refuse("it is made of other phases: skip those of them that are open")
  if (record.state === "succeeded") return Either.left(happened(execution, history, record))
  if (History.isRewinding(history, record)) return refuse("its group is being undone for another attempt")
  const given = (kept: Json | undefined): Given => ({
    entry: { _tag: "PhaseSucceeded", path, act: actOf(action), ...(kept === undefined ? {} : { value: kept }) },
    token: record.token,
    signal: undefined
  })
  if (history.status === "RevertFailed") {
    return record.forward
      ? refuse(`the revert stands at ${history.position}`)
      : Either.right({ ...given(value), token: undefined })
  }
  if (record.kind === "undo") return Either.right(given(value))
  const instruction = cursor?.standing(path)?.instruction
  if (instruction?._tag !== "Run" && instruction?._tag !== "Child" && instruction?._tag !== "Signal") {
    return refuse("the task does not stand at it")
  }
  const fit = fitting(instruction.value, value)
  return Either.isRight(fit)
    ? Either.right({ ...given(fit.right), signal: instruction._tag === "Signal" ? instruction : undefined })
    : Either.left(
        new RequirementsMissing({
          execution,
          verb: action._tag,
          missing: [valueFor(path, instruction, value, fit.left)]
        })
      )
}

/** The value as it is kept: where nothing is answered, `null` says so too. */
const fitting = ({ decode }: Codec, value: Json | undefined): Either.Either<Json | undefined, Problem> => {
  const decoded = decode(value)
  if (Either.isRight(decoded)) return Either.right(value)
  return value === null && Either.isRight(decode(undefined)) ? Either.right(undefined) : Either.left(decoded.left)
}

/** A value that fits: none was given, or one that does not. */
const valueFor = (
  path: string,
  { value }: { readonly value: Codec },
  given: Json | undefined,
  { at, reason }: Problem
): Missing => ({
  needs: "value",
  path,
  schema: value.schema(),
  ...(given === undefined ? {} : { at, reason }),
  message:
    given === undefined
      ? `phase ${path} answers something: give its value`
      : `the value of phase ${path} does not fit at ${at}: ${reason}`
})
