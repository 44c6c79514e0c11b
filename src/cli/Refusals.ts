/** What an engine refuses, as the command says it: a code, and what to do next. */
import { JournalCorrupt, StoreError } from "../core/Errors.js"
import * as Requirements from "../engine/Requirements.js"
import { quoted } from "./Advice.js"
import * as Complaint from "./Complaint.js"
import * as Lacking from "./Lacking.js"

/** What asking an engine for something fails with: a tagged error that says what happened. */
export interface Refusal {
  readonly _tag: string
  readonly message: string
}

const show = (execution: string | undefined): string =>
  execution === undefined ? "tidemark ls shows what there is" : `tidemark show ${quoted(execution)} says how it stands`

/** What helps, where that is something else than to look at the execution. */
const advice: { readonly [tag: string]: (execution: string | undefined) => string } = {
  ExecutionNotFound: () => "tidemark ls shows those that there are",
  ExecutionDiscarded: () => "tidemark ls shows those that there are",
  RequiresTask: () => "--tasks MODULE says where its code is",
  EngineBusy: () => "ask again: the engine that owns the file is asked then",
  TokenNotFound: () => "give the token as it was handed out, and with --db the file that it is from",
  PayloadInvalid: () => "give a payload that fits: --payload JSON, or --payload @FILE",
  ValueRefused: () => "give a value that fits: --value JSON, or --value @FILE",
  ExecutionConflict: () => "give another --id",
  InvalidName: () => "give another one",
  RevertIncomplete: (execution) => `${show(execution)}: resume tries that undo again, skip passes it over`,
  PlanOutdated: () => "look at it again, and confirm that",
  Fenced: () => "ask again"
}

/** The execution did not come to where it was to go: that is no refusal. */
const failed: ReadonlySet<string> = new Set([
  "RevertIncomplete",
  "CheckpointNotReached",
  "ExecutionFailed",
  "ExecutionReverted",
  "ExecutionClosed"
])

/** What would meet each requirement that is not met. */
const lacking = (error: Requirements.Refused): string => {
  const { execution } = error
  return Lacking.advice(Requirements.of(error), { execution, verb: "verb" in error ? error.verb : "skip" })
}

export const of = (error: Complaint.Complaint | Refusal): Complaint.Complaint => {
  if (error instanceof Complaint.Complaint) return error
  if (error instanceof StoreError || error instanceof JournalCorrupt) return Complaint.of(error)
  const { execution } = error as { readonly execution?: string }
  return new Complaint.Complaint({
    code: failed.has(error._tag) ? Complaint.codes.failed : Complaint.codes.refused,
    what: error.message,
    next: Requirements.is(error) ? lacking(error) : (advice[error._tag] ?? show)(execution)
  })
}
