/** What is known of one phase, and what its outcome means to the generator that yielded it. Written by the fold alone. */
import type { Kind } from "./Entry.js"
import type { Failure } from "./Failure.js"
import type { Capture, Decision, Try } from "./Instruction.js"
import type { Json } from "./Json.js"

/** A failed attempt of the present round, and the delay that was chosen after it, in milliseconds. */
export interface FailedAttempt {
  readonly attempt: number
  readonly at: number
  readonly failure: Failure
  readonly delay: number
}

/** What a group, or a checkpoint, has beside what every phase has. */
export interface GroupState {
  /** what its strategy gave the present attempt */
  value: Json | undefined
  /** the failed attempts of this round */
  tries: Array<Try>
  /** what was decided when the present attempt failed */
  decision: (Decision & { readonly at: number }) | undefined
}

export interface PhaseRecord {
  readonly path: string
  readonly name: string
  readonly kind: Kind
  readonly capture: Capture
  readonly scope: string
  readonly generation: number
  readonly commit: boolean
  readonly irreversible: boolean
  /** the phase that this one undoes */
  readonly undoes: string | undefined
  readonly key: string | undefined
  /** the branches of its graph that it needed */
  readonly needs: ReadonlyArray<string> | undefined
  /** the execution that it calls */
  readonly child: string | undefined
  /** a phase of the body, at any depth; not of a clean-up or a revert */
  readonly forward: boolean
  /** a phase of a clean-up, at any depth */
  readonly cleans: boolean
  readonly group: GroupState | undefined
  /**
   * running: an attempt was started; waiting: for a time, or for somebody outside; delayed: one failed, the next is due;
   * doubt: interrupted, or its engine died
   */
  state: "running" | "waiting" | "delayed" | "doubt" | "succeeded" | "failed" | "reopened"
  attempt: number
  /** raised when an operator lets it go on: retries count from there */
  round: number
  /** it then runs although it may have happened */
  rerun: boolean
  attempts: Array<FailedAttempt>
  /** the hash of the token by which somebody outside completes it */
  token: string | undefined
  /** when its attempt started, or it began to wait, in milliseconds UTC */
  since: number
  /** until when it waits at the longest, or of a group, when its attempt is over; in milliseconds UTC */
  until: number | undefined
  /** how long who completes it may be silent, in milliseconds */
  silence: number | undefined
  /** of a group: how long an attempt may take, in milliseconds */
  readonly timeout: number | undefined
  startedAt: number
  endedAt: number | undefined
  value: Json | undefined
  failures: ReadonlyArray<Failure>
  /** it may have happened: some attempt ended without an outcome, and none later had one */
  inDoubt: boolean
  /** what undid it */
  undone: PhaseRecord | undefined
  /** it lies behind a commit checkpoint */
  committed: boolean
  /** it was before what was discarded last: only its outcome is kept */
  discarded: boolean
  /** a group around it began anew */
  superseded: boolean
  /** the number of the last entry about it */
  order: number
  /** how many of the history's events there were when it began */
  readonly begun: number
  /** where in the history's events it was opened, settled, decided and timed out last, and where an attempt ended without that; -1: not yet */
  opened: number
  settled: number
  decided: number
  rested: number
  expired: number
}

const composites: ReadonlySet<Kind> = new Set<Kind>(["all", "forEach", "race", "graph", "group"])

/** What it did is being undone, for another attempt. */
export const isLeaving = ({ group }: PhaseRecord): boolean =>
  group?.decision?._tag === "Again" || group?.decision?._tag === "Pause"

/** Made of other phases. */
export const isComposite = (record: PhaseRecord): boolean => composites.has(record.kind)

/** A failure that can be a value to a generator: never one of the engine's. */
export type Captured = Exclude<Failure, { readonly _tag: "Fault" }>

const isValue = (capture: Capture, failure: Failure): failure is Captured =>
  failure._tag === "Fail" || failure._tag === "Timeout" || (capture === "exit" && failure._tag !== "Fault")

/** These failures as values to a generator, if all of them can be, the way that it asked for. */
export const capturable = (
  capture: Capture,
  failures: ReadonlyArray<Failure>
): readonly [Captured, ...ReadonlyArray<Captured>] | undefined => {
  const [first, ...rest] = failures
  return capture !== "none" && first !== undefined && failures.every((failure) => isValue(capture, failure))
    ? [first as Captured, ...(rest as ReadonlyArray<Captured>)]
    : undefined
}

/** The failures that are a value to the phase's generator, if they are: then they are an outcome like any other. */
export const captured = (record: PhaseRecord): ReturnType<typeof capturable> =>
  record.state === "failed" ? capturable(record.capture, record.failures) : undefined

/** It has an outcome that its generator is fed with. */
export const isSettled = (record: PhaseRecord): boolean =>
  record.state === "succeeded" || captured(record) !== undefined

/**
 * A typed failure says that nothing happened; a timeout, or a result that could not be recorded, that it may have; a
 * defect leaves what was known. A child that failed has done what it did until then.
 */
export const doubtAfter = (record: PhaseRecord, failure: Failure): boolean =>
  record.kind === "child" ||
  (failure._tag === "Timeout" && record.kind !== "delegate" && record.kind !== "signal") ||
  failure._tag === "Fault" ||
  (failure._tag !== "Fail" && record.inDoubt)
