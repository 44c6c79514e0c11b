/** What an engine refuses, as the command says it: a code, and what to do next. */
import { JournalCorrupt, StoreError } from "../core/Errors.js"
import type { Missing } from "../core/Missing.js"
import { quoted } from "./Advice.js"
import * as Complaint from "./Complaint.js"

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
  TaskNotRegistered: () => "--tasks MODULE says where its code is, or start an engine that has it: tidemark worker",
  RequiresTask: () => "--tasks MODULE says where its code is",
  EngineBusy: () => "ask again: the engine that owns the file is asked then",
  OwnedByParent: () => "ask that of its parent; --force ends the child alone",
  TokenNotFound: () => "give the token as it was handed out, and with --db the file that it is from",
  PayloadInvalid: () => "give a payload that fits: --payload JSON, or --payload @FILE",
  ValueRefused: () => "give a value that fits: --value JSON, or --value @FILE",
  ExecutionConflict: () => "give another --id",
  InvalidName: () => "give another one",
  HistoryMismatch: () => "put the code back that wrote the journal, or give --tasks another module",
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

/** What is missing, as its options are called. */
const lacking: { readonly [N in Missing["needs"]]?: string } = {
  consent: "--undo-too consents to that",
  payload: "give a payload that fits: --payload JSON, or --payload @FILE",
  value: "give a value that fits: --value JSON, or --value @FILE",
  task: "--tasks MODULE says where its code is"
}

export const of = (error: Complaint.Complaint | Refusal): Complaint.Complaint => {
  if (error instanceof Complaint.Complaint) return error
  if (error instanceof StoreError || error instanceof JournalCorrupt) return Complaint.of(error)
  const { execution, missing } = error as { readonly execution?: string; readonly missing?: ReadonlyArray<Missing> }
  const [first] = missing ?? []
  return new Complaint.Complaint({
    code: failed.has(error._tag) ? Complaint.codes.failed : Complaint.codes.refused,
    what: error.message,
    next: (first && lacking[first.needs]) ?? (advice[error._tag] ?? show)(execution)
  })
}
