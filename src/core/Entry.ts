/**
 * The journal's closed union of records. The entries of one execution, in order, are the only truth about it; everything
 * else (status, position, what to undo) is folded from them, see Fold.ts.
 *
 * An entry is plain JSON. `PhaseStarted` and its kind are compared with what the generator yields on replay.
 */
import * as Schema from "effect/Schema"
import { Act } from "./Act.js"
import { begun } from "./Begun.js"
import { Defect, Failure, JsonValue } from "./Failure.js"
import * as Kept from "./Kept.js"
import type { Status } from "./Status.js"

export { Act } from "./Act.js"
export { type Kind, kinds } from "./Kind.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** The execution was accepted, with this payload. */
const Created = Schema.TaggedStruct("Created", {
  task: Schema.String,
  version: Schema.Int,
  payload: JsonValue,
  /** of a child: the execution and the phase that called it */
  parent: optional(Schema.Struct({ execution: Schema.String, path: Schema.String })),
  /** of a child: the round of its parent's phase in which it was called, if that is not the first */
  round: optional(Schema.Int),
  /** how long it may take, in milliseconds */
  timeout: optional(Schema.JsonNumber),
  /** not before then, in milliseconds UTC */
  due: optional(Schema.JsonNumber),
  /** the concurrency key, of what needs a place of its own behind it */
  lane: optional(Schema.String),
  /** the checkpoint at which it is to pause */
  stopAt: optional(Schema.String),
  /** what it is found by */
  tags: optional(Schema.Array(Schema.String))
})
/** An engine took the execution; `crashed` if the engine before it left without handing it back. */
const Claimed = Schema.TaggedStruct("Claimed", { owner: Schema.String, crashed: Schema.Boolean })
/** The generator yielded this phase and its first attempt is about to run. */
const PhaseStarted = Schema.TaggedStruct("PhaseStarted", {
  ...begun,
  /** of a group, or a checkpoint: the value that its strategy gave its first attempt */
  value: optional(JsonValue),
  /** of a phase that somebody outside may complete: the hash of the token for that */
  token: optional(Schema.String),
  /** of what waits by itself: until when at the longest, in milliseconds UTC */
  until: optional(Schema.JsonNumber),
  /** of a group: how long each of its attempts may take, in milliseconds */
  timeout: optional(Schema.JsonNumber)
})
/** A later attempt of a phase is about to run: a retry, a rerun after doubt, or an operator's resume. */
const AttemptStarted = Schema.TaggedStruct("AttemptStarted", {
  path: Schema.String,
  attempt: Schema.Int,
  /** the hash of a new token */
  token: optional(Schema.String)
})
/** The phase that runs has given out a token, by whose hash it may be completed. */
const TokenMade = Schema.TaggedStruct("TokenMade", { path: Schema.String, token: Schema.String })
/**
 * The phase has done its own part: somebody outside completes it, until `until` at the longest, and is never silent for
 * longer than `silence` milliseconds.
 */
const PhaseWaiting = Schema.TaggedStruct("PhaseWaiting", {
  path: Schema.String,
  attempt: Schema.Int,
  until: optional(Schema.JsonNumber),
  silence: optional(Schema.JsonNumber)
})
/** An attempt failed and another follows `delay` milliseconds after this entry's time. */
const AttemptFailed = Schema.TaggedStruct("AttemptFailed", {
  path: Schema.String,
  attempt: Schema.Int,
  failure: Failure,
  delay: Schema.JsonNumber
})
/** The phase happened, with this value (none: void). It never runs again. `act` if an operator said so. */
const PhaseSucceeded = Schema.TaggedStruct("PhaseSucceeded", {
  path: Schema.String,
  value: optional(JsonValue),
  act: optional(Act)
})
/** The phase failed for good: no attempt is left in this round. */
const PhaseFailed = Schema.TaggedStruct("PhaseFailed", {
  path: Schema.String,
  attempt: Schema.Int,
  failures: Schema.NonEmptyArray(Failure)
})
/** The phase was interrupted: it is in doubt. */
const PhaseInterrupted = Schema.TaggedStruct("PhaseInterrupted", { path: Schema.String, attempt: Schema.Int })
/** An attempt of a group, or what followed a checkpoint, failed, and its strategy decided what comes; `value` is the next attempt's. */
const Decided = Schema.TaggedStruct("Decided", {
  path: Schema.String,
  attempt: Schema.Int,
  failures: Schema.NonEmptyArray(Failure),
  decision: Schema.Literal("again", "pause", "giveUp", "revertAll"),
  value: optional(JsonValue),
  delay: optional(Schema.JsonNumber)
})
/**
 * Everything in the group at `to` is undone and superseded: its next attempt begins. `error` is what the `finally` blocks
 * of the attempt before threw. Where `to` is a checkpoint, or the entering of a stage, everything after it is.
 */
const Rewound = Schema.TaggedStruct("Rewound", { to: Schema.String, error: optional(Defect) })
/** The time of an attempt of the group is over: what runs in it is wound down, then it fails. */
const TimedOut = Schema.TaggedStruct("TimedOut", { path: Schema.String })
/**
 * The generator before was returned, and the n-th stage that this execution enters begins with this state: nothing before
 * it is needed to go on. `error` is what the `finally` blocks threw.
 */
const StageEntered = Schema.TaggedStruct("StageEntered", {
  stage: Schema.String,
  n: Schema.Int,
  state: optional(JsonValue),
  error: optional(Defect),
  kept: Kept.AtStage
})
/**
 * Everything before `before` was discarded, that is a checkpoint or the scope of a stage: the entries up to `through`, but
 * the first. `hash` is that of the last of them, which what stays is chained to; `values` that of the last Snapshot, where
 * there are any. `act` if an operator said so; `until` is when what stays next may go, in milliseconds UTC.
 */
const Discarded = Schema.TaggedStruct("Discarded", {
  before: Schema.String,
  through: Schema.Int,
  hash: Schema.String,
  values: optional(Schema.String),
  until: optional(Schema.JsonNumber),
  act: optional(Act)
})
/**
 * Stands for the entries of a body that were discarded, in the place of the last of them: what its generator is fed with,
 * and no undo, attempt or cause. Those of one body follow one another.
 */
const Snapshot = Schema.TaggedStruct("Snapshot", Kept.atCheckpoint)
/** Only waits are left: the execution is let go until `until`, or until somebody sends it something. */
const Waiting = Schema.TaggedStruct("Waiting", { until: optional(Schema.JsonNumber) })
/**
 * Somebody asked for a pause: no new phase starts. Of what was to pause at a checkpoint, or as it enters a stage, `at` is
 * the one that it has reached.
 */
const PauseRequested = Schema.TaggedStruct("PauseRequested", { act: Act, at: optional(Schema.String) })
/** Nothing runs; the execution waits for a resume. */
const Paused = Schema.TaggedStruct("Paused", {})
/** The engine let go of the execution in an orderly way; any engine may take it, where it is `queued` once there is a place. */
const Suspended = Schema.TaggedStruct("Suspended", { queued: optional(Schema.Boolean) })
/**
 * An operator lets the execution go on; what failed gets a new round of attempts, what is in doubt runs if `rerun`. `round`
 * is that of the parent's phase, where a child goes on with its parent; `stopAt` the checkpoint at which it is to pause.
 */
const Resumed = Schema.TaggedStruct("Resumed", {
  /** it goes on in this stage of this version of the task, whatever was before */
  carried: optional(Schema.Struct({ stage: Schema.String, state: JsonValue, version: Schema.Int })),
  act: Act,
  rerun: optional(Schema.Boolean),
  round: optional(Schema.Int),
  stopAt: optional(Schema.String),
  /** the payload from here on; what is recorded keeps its values */
  payload: optional(JsonValue),
  /** what items of a forEach, by their paths, are given from here on */
  inputs: optional(Schema.Array(Schema.Struct({ path: Schema.String, input: JsonValue }))),
  /** of what has failed, what is taken up again, with all that is in it; none: all of it */
  only: optional(Schema.Array(Schema.String))
})
/** The body returned this value. */
const Completed = Schema.TaggedStruct("Completed", { value: optional(JsonValue) })
/** The execution stopped at its position; nothing was undone or cleaned up. */
const Failed = Schema.TaggedStruct("Failed", { failures: Schema.NonEmptyArray(Failure) })
/** The execution is being ended early, at this position; reverted after that if `revert`. */
const Closing = Schema.TaggedStruct("Closing", {
  position: Schema.String,
  revert: Schema.Boolean,
  act: Act
})
/** The generator was returned and its `finally` blocks ran; `error` is what they threw, `skipped` that they never ran. */
const CleanedUp = Schema.TaggedStruct("CleanedUp", {
  error: optional(Defect),
  skipped: optional(Schema.String)
})
/** The execution ended early; `act` where nothing says before who wanted that. */
const Closed = Schema.TaggedStruct("Closed", { act: optional(Act) })
/**
 * The n-th revert begins, for these failures; which phases it undoes is fixed here. It never turns forward again. One that
 * goes back to the checkpoint, or the entering of the stage, at `to` undoes what came after it, ends Paused there, or goes on
 * by itself (`retry`). `across`: that is in a body that was left, so that it takes the whole journal to go on.
 */
const RevertStarted = Schema.TaggedStruct("RevertStarted", {
  n: Schema.Int,
  failures: Schema.Array(Failure),
  act: Act,
  to: optional(Schema.String),
  across: optional(Schema.Boolean),
  retry: optional(Schema.Boolean)
})
/** An undo failed for good, or cannot be decided: the revert stops there. */
const RevertFailed = Schema.TaggedStruct("RevertFailed", { failures: Schema.NonEmptyArray(Failure) })
/** An operator lets the revert go on at the undo where it stopped; `round` as for `Resumed`. */
const RevertResumed = Schema.TaggedStruct("RevertResumed", {
  act: Act,
  rerun: optional(Schema.Boolean),
  round: optional(Schema.Int)
})
/** Everything that was to be undone is undone. */
const Reverted = Schema.TaggedStruct("Reverted", {})

export const Entry = Schema.Union(
  Created,
  Claimed,
  PhaseStarted,
  AttemptStarted,
  TokenMade,
  PhaseWaiting,
  AttemptFailed,
  PhaseSucceeded,
  PhaseFailed,
  PhaseInterrupted,
  Decided,
  Rewound,
  TimedOut,
  StageEntered,
  Discarded,
  Snapshot,
  Waiting,
  PauseRequested,
  Paused,
  Suspended,
  Resumed,
  Completed,
  Failed,
  Closing,
  CleanedUp,
  Closed,
  RevertStarted,
  RevertFailed,
  RevertResumed,
  Reverted
)
export type Entry = typeof Entry.Type
export type Tag = Entry["_tag"]
export type EntryOf<T extends Tag> = Extract<Entry, { readonly _tag: T }>

/** Who asked for what an entry records, and why, if somebody did: nothing of what the engine does by itself. */
export const actIn = (entry: Entry): Act | undefined => {
  if (!("act" in entry) || entry.act === undefined) return undefined
  const says = Object.keys(entry.act).length > 0
  if (entry._tag === "RevertStarted") return says || entry.failures.length === 0 ? entry.act : undefined
  return entry._tag === "PauseRequested" && entry.at !== undefined && !says ? undefined : entry.act
}

/** An entry where it stands in its journal: `seq` is dense from 0, `at` in milliseconds UTC. */
export interface Recorded {
  readonly seq: number
  readonly at: number
  readonly epoch: number
  readonly entry: Entry
}

/** The status that each entry leads to; `null` if it leaves the status as it is. */
export const leadsTo = Object.freeze({
  Created: "Pending",
  Claimed: null,
  PhaseStarted: null,
  AttemptStarted: null,
  TokenMade: null,
  PhaseWaiting: null,
  AttemptFailed: null,
  PhaseSucceeded: null,
  PhaseFailed: null,
  PhaseInterrupted: null,
  Decided: null,
  Rewound: null,
  TimedOut: null,
  StageEntered: "Running",
  Discarded: null,
  Snapshot: "Running",
  Waiting: "Waiting",
  PauseRequested: null,
  Paused: "Paused",
  Suspended: null,
  Resumed: "Running",
  Completed: "Completed",
  Failed: "Failed",
  Closing: "Closing",
  CleanedUp: null,
  Closed: "Closed",
  RevertStarted: "Reverting",
  RevertFailed: "RevertFailed",
  RevertResumed: "Reverting",
  Reverted: "Reverted"
} satisfies Record<Tag, Status | null>)
