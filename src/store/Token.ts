/**
 * Tokens: by one, somebody who holds nothing else completes one try of one phase. A token is open until it is completed,
 * or ended by the owner of its execution, whichever the store is asked for first; from then on it stays what it became.
 * So completion against timeout, close and revert has one winner, and both sides are told who.
 */
import type { Json } from "../core/Json.js"
import { isFinal, type Status } from "../core/Status.js"

/** A token to keep. Only its hash finds it; the text itself is there for as long as it may have to be handed out again. */
export interface NewToken {
  /** SHA-256 of the token */
  readonly hash: string
  readonly clear: string | null
  /** the phase */
  readonly path: string
  /** the JSON Schema of what completes it */
  readonly schema: Json
  /** from when on it cannot be completed any more, in milliseconds UTC */
  readonly expires: number | null
}

/** Whoever a token is for has it: its text is erased, and it expires then, in milliseconds UTC. */
export interface Told {
  readonly hash: string
  readonly expires: number | null
}

/** A token that ends with the entries beside it, if it is open. `mustBeOpen`: they say what somebody else might have said. */
export interface Closed {
  readonly hash: string
  readonly mustBeOpen: boolean
}

/** Whether the tokens of an execution complete nothing any more: it has ended, or is being ended or undone. */
export const isOver = (status: Status): boolean =>
  isFinal(status) || status === "Closing" || status === "Reverting" || status === "RevertFailed"

/** How a token ended. */
export type Ended = "completed" | "expired" | "closed"

/** A token as a store knows it. */
export interface TokenRow extends Omit<NewToken, "hash"> {
  readonly execution: string
  readonly task: string
  readonly ended: Ended | null
  /** when its holder was last heard of, in milliseconds UTC */
  readonly beat: number | null
  /** what the holder last told of how far it is */
  readonly progress: Json | null
}

/** What a token is completed with. */
export interface Completing {
  readonly hash: string
  /** SHA-256 of `body`: tells whether a second completion says the same */
  readonly outcome: string
  readonly body: Json
  readonly at: number
}

/**
 * What became of a completion. Accepted: it counts, and its letter is in the execution's. Same: it was completed before,
 * with this outcome; Differs: with another. Expired: by its time, or ended so. Closed: ended so, or its execution has ended.
 */
export type Completion =
  | {
      readonly _tag: "Accepted" | "Same" | "Differs" | "Expired" | "Closed"
      readonly execution: string
      readonly task: string
      readonly path: string
    }
  | { readonly _tag: "NotFound" }

/** Ends a token, unless somebody has completed it; with `quietSince`, also unless its holder was heard of after that. */
export interface Ending {
  readonly hash: string
  readonly as: Exclude<Ended, "completed">
  readonly quietSince?: number
}

/** `ended`: nobody completes it any more. `completed`: it was, and that counts. `heard`: it is open, its holder lives. */
export type EndAnswer = "ended" | "completed" | "heard"

/** A sign of life of a token's holder. Without `progress`, what was told before stands. */
export interface Beat {
  readonly hash: string
  readonly at: number
  readonly progress?: Json
}

/** `heard`: it is recorded. Otherwise nothing is: the token is no more, or there is none. */
export type BeatAnswer = "heard" | Ended | "unknown"

/** What decides whether a token may be completed. */
export interface Standing {
  readonly ended: Ended | null
  readonly expires: number | null
  /** of its execution */
  readonly status: Status
}

/** What a token is at this time, to whoever holds it. */
export const standingAt = ({ ended, expires, status }: Standing, at: number): Ended | "open" => {
  if (ended !== null) return ended
  if (expires !== null && expires <= at) return "expired"
  return isOver(status) ? "closed" : "open"
}

/** What a completion is told that was not accepted, or was before. */
export const completionOf = (
  token: Standing & { readonly outcome: string | null; readonly execution: string; readonly task: string } & {
    readonly path: string
  },
  { at, outcome }: Completing
): Completion => {
  const { execution, path, task } = token
  const where = { execution, task, path }
  switch (standingAt(token, at)) {
    case "open":
      return { _tag: "Accepted", ...where }
    case "completed":
      return { _tag: token.outcome === outcome ? "Same" : "Differs", ...where }
    case "expired":
      return { _tag: "Expired", ...where }
    case "closed":
      return { _tag: "Closed", ...where }
  }
}

/** Why entries are refused that come with a token which there is: no two tokens are alike, so one of them is forged. */
export const tokenThere = "a token that is to be kept is there already"
