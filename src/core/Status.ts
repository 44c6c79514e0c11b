/**
 * The statuses of an execution and the one table of allowed moves. The engine, the CLI, HTTP answers and the diagram in
 * docs/states.md are all drawn from it.
 */

/** Every status, in the order in which an execution usually meets them. */
export const all = [
  "Pending",
  "Running",
  "Waiting",
  "Paused",
  "Failed",
  "Closing",
  "Reverting",
  "RevertFailed",
  "Completed",
  "Closed",
  "Reverted"
] as const

/** Where an execution stands as a whole. */
export type Status = (typeof all)[number]

/** `table`, frozen with all that it holds. */
const frozen = <T extends object>(table: T): Readonly<T> => {
  for (const member of Object.values(table)) if (typeof member === "object") frozen(member)
  return Object.freeze(table)
}

/** From each status, the statuses that may follow it. Anything else is an `IllegalTransition`. */
export const moves = frozen({
  Pending: ["Running", "Paused", "Closing", "Closed"],
  Running: ["Pending", "Waiting", "Paused", "Failed", "Closing", "Reverting", "Completed"],
  Waiting: ["Running", "Pending", "Paused", "Failed", "Closing", "Reverting"],
  Paused: ["Running", "Closing", "Closed", "Reverting"],
  Failed: ["Running", "Closing", "Reverting"],
  Closing: ["Closed", "Failed"],
  Reverting: ["Running", "Reverted", "RevertFailed", "Paused"],
  RevertFailed: ["Reverting"],
  Completed: ["Reverting"],
  Closed: ["Reverting"],
  Reverted: []
} satisfies Record<Status, ReadonlyArray<Status>>)

/** What an operator can ask of an execution that exists. */
export type Verb = "resume" | "rerun" | "pause" | "close" | "revert" | "skip" | "goTo" | "discard"

/** The statuses in which each verb does something; in any other it is refused, naming the move that it would need. */
export const verbs = frozen({
  resume: { from: ["Paused", "Failed", "RevertFailed"], to: "Running" },
  rerun: { from: ["Paused", "Failed"], to: "Running" },
  pause: { from: ["Pending", "Running", "Waiting"], to: "Paused" },
  close: { from: ["Pending", "Running", "Waiting", "Paused", "Failed"], to: "Closing" },
  revert: { from: ["Paused", "Failed", "RevertFailed", "Completed", "Closed"], to: "Reverting" },
  skip: { from: ["Failed", "Paused", "RevertFailed"], to: "Running" },
  goTo: { from: ["Paused", "Failed"], to: "Running" },
  discard: { from: ["Paused", "Failed", "Waiting"], to: "Running" }
} satisfies Record<Verb, { readonly from: ReadonlyArray<Status>; readonly to: Status }>)

/**
 * What becomes of an execution's place in its lane: what does work, or waits with some of it done, takes one; what stands
 * still for somebody to decide, or has ended, leaves it; what has not begun has none, what was handed back or is paused
 * keeps what it had.
 */
export const places = frozen({
  Pending: "keeps",
  Running: "takes",
  Waiting: "takes",
  Paused: "keeps",
  Failed: "leaves",
  Closing: "takes",
  Reverting: "takes",
  RevertFailed: "leaves",
  Completed: "leaves",
  Closed: "leaves",
  Reverted: "leaves"
} satisfies Record<Status, "takes" | "keeps" | "leaves">)

/** Whether an execution has a place in its lane after a move to this status. */
export const hasPlace = (had: boolean, to: Status): boolean => (places[to] === "keeps" ? had : places[to] === "takes")

/** Whether `to` may follow `from`. Staying where one is is always allowed. */
export const mayMove = (from: Status, to: Status): boolean =>
  from === to || (moves[from] as ReadonlyArray<Status>).includes(to)

/** Whether `verb` does something in this status. */
export const allows = (status: Status, verb: Verb): boolean =>
  (verbs[verb].from as ReadonlyArray<Status>).includes(status)

/** Completed, Closed and Reverted: the execution moves again only if an operator reverts it. */
export const isFinal = (status: Status): boolean =>
  status === "Completed" || status === "Closed" || status === "Reverted"

/** Statuses in which an engine has work to do. */
export const isActive = (status: Status): boolean =>
  status === "Pending" || status === "Running" || status === "Closing" || status === "Reverting"
