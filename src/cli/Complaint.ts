/** Why a command did nothing, in the words that its user reads, and the exit code that scripts do. */
import * as Data from "effect/Data"
import type { ExecutionDiscarded, ExecutionNotFound, JournalCorrupt, StoreError } from "../core/Errors.js"
import * as Page from "./Page.js"

/** What the process ends with. */
export const codes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  store: 4,
  bug: 70,
  interrupted: 130,
  terminated: 143
} as const

/** One or two lines: what happened, and what to do next; none where the code alone is the answer. */
export class Complaint extends Data.TaggedError("Complaint")<{
  readonly code: number
  readonly what: string | undefined
  readonly next: string | undefined
}> {}

export const usage = (what: string, next?: string): Complaint => new Complaint({ code: codes.usage, what, next })
export const refused = (what: string, next?: string): Complaint => new Complaint({ code: codes.refused, what, next })

/** What reading can fail with. */
export type Trouble = ExecutionNotFound | ExecutionDiscarded | JournalCorrupt | StoreError

const table: { readonly [T in Trouble["_tag"]]: (error: Extract<Trouble, { readonly _tag: T }>) => Complaint } = {
  ExecutionNotFound: ({ execution }) =>
    refused(`there is no execution ${execution}`, "tidemark ls shows those that there are"),
  ExecutionDiscarded: ({ message }) => refused(message, "tidemark ls shows those that there are"),
  JournalCorrupt: ({ message }) =>
    new Complaint({ code: codes.store, what: message, next: "tidemark doctor looks at all journals" }),
  StoreError: ({ message }) => new Complaint({ code: codes.store, what: message, next: undefined })
}

export const of = (error: Complaint | Trouble): Complaint =>
  error._tag === "Complaint" ? error : (table[error._tag] as (error: Trouble) => Complaint)(error)

export const page = ({ next, what }: Complaint): Page.Page => [
  ...(what === undefined ? [] : [Page.flow(2, { text: "tidemark: ", tone: "bad" }, what)]),
  ...(next === undefined ? [] : [Page.flow(2, `  ${next}`)])
]

/** It did what it was to do, and the code says what came of it. */
export const ended = (code: number): Complaint => new Complaint({ code, what: undefined, next: undefined })
