/** What happened, entry by entry, in sentences. */
import type { Act, Entry, EntryOf, Recorded, Tag } from "../core/Entry.js"
import { type Failure, render } from "../core/Failure.js"
import * as Sentence from "../core/Sentence.js"
import * as Page from "./Page.js"
import type { Span, Tone } from "./Text.js"
import * as Times from "./Times.js"

type Said = readonly [text: string, tone?: Tone]

/** An entry; where there are several executions, with the id of its own. */
export type Told = Recorded & { readonly execution?: string }

const by = ({ by, reason }: Act): string =>
  `${by === undefined ? "" : ` by ${by}`}${reason === undefined ? "" : `: ${reason}`}`

const failures = (all: ReadonlyArray<Failure>): string => all.map((one) => Sentence.open(render(one))).join("; ")

const short = (value: unknown): string => {
  const text = JSON.stringify(value)
  return text.length > 200 ? `${text.slice(0, 200).replace(/[\uD800-\uDBFF]$/, "")}… (${text.length} characters)` : text
}

const given = (what: string, value: unknown): string => (value === undefined ? "" : `${what}${short(value)}`)

/** A phase, or the undo of one. */
const named = (path: string): string => path.replace(/^(?:.*?\/)?revert#\d+\/undo\//, "the undo of ")

const until = (at: number | undefined): string => (at === undefined ? "" : `, until ${Times.stamp(at)}`)

const started = ({ child, kind, name, path, timeout, undoes, until: end }: EntryOf<"PhaseStarted">): string => {
  if (undoes !== undefined) return `${undoes} is being undone`
  const called = path === name || path.endsWith(`/${name}`) ? path : `${path} (${name})`
  const what = kind === "phase" ? "" : `, ${/^[aeiou]/.test(kind) ? "an" : "a"} ${kind}`
  const calls = child === undefined ? "" : `, which calls execution ${child}`
  return `${called} starts${what}${calls}${until(end)}${timeout === undefined ? "" : `, for ${Times.span(timeout)} at most`}`
}

const decided = ({ attempt, decision, delay, failures: all, path }: EntryOf<"Decided">): string => {
  const then = {
    again: "it is tried again",
    giveUp: "it is given up",
    revertAll: "the execution is reverted",
    pause: "it is undone, and paused"
  }[decision]
  const when = delay === undefined || delay === 0 ? "" : ` in ${Times.span(delay)}`
  return `attempt ${attempt} of ${path} failed, and ${then}${when}: ${failures(all)}`
}

/** Who had it go on, and with what. */
const resumed = ({ act, carried, inputs = [], only, payload, rerun, stopAt }: EntryOf<"Resumed">): string =>
  [
    `resumed${by(act)}`,
    ...(carried === undefined
      ? []
      : [`in stage ${carried.stage} of v${carried.version}, with ${short(carried.state)}`]),
    ...(payload === undefined ? [] : [`with the payload ${short(payload)}`]),
    ...inputs.map(({ input, path }) => `${path} with ${short(input)}`),
    ...(only === undefined ? [] : [`of what failed only ${only.join(", ")}`]),
    ...(rerun === true ? ["what is in doubt runs again"] : []),
    ...(stopAt === undefined ? [] : [`up to ${stopAt}`])
  ].join(", ")

/** What each entry says. What begins or goes on is quiet, what ends is not. */
const told: { readonly [T in Tag]: (entry: EntryOf<T>) => Said } = {
  Created: ({ due, parent, payload, task, version }) => [
    `created: ${task} v${version}${parent === undefined ? "" : `, called by ${parent.execution} at ${parent.path}`}` +
      `${due === undefined ? "" : `, not before ${Times.stamp(due)}`}, with ${short(payload)}`,
    "strong"
  ],
  Claimed: ({ crashed, owner }) =>
    crashed ? [`engine ${owner} takes it: the one before died`, "warn"] : [`engine ${owner} takes it`, "dim"],
  StageEntered: ({ error, n, stage, state }) => [
    `stage ${stage} begins, the ${n}.${given(", with ", state)}${error === undefined ? "" : `; a finally threw ${error.message}`}`,
    "strong"
  ],
  Discarded: ({ act, before }) => [
    `what was before ${before} is discarded${act === undefined ? "" : by(act)}`,
    act === undefined ? "dim" : "warn"
  ],
  Snapshot: ({ phases }) => [
    `what was before is discarded: the outcomes of ${phases.length} phase${phases.length === 1 ? "" : "s"} stay`,
    "dim"
  ],
  PhaseStarted: (entry) => [started(entry)],
  AttemptStarted: ({ attempt, path }) => [`${named(path)} starts again: attempt ${attempt}`],
  TokenMade: ({ path }) => [`${path} gave out a token`, "dim"],
  PhaseWaiting: ({ path, until: end }) => [`${path} waits${until(end)}`, "calm"],
  AttemptFailed: ({ attempt, delay, failure, path }) => [
    `attempt ${attempt} of ${named(path)} failed, the next one follows in ${Times.span(delay)}: ${failures([failure])}`,
    "warn"
  ],
  PhaseSucceeded: ({ act, path, value }) => [
    `${named(path)} ${act === undefined ? "succeeded" : `was said to have happened${by(act)}`}${given(": ", value)}`,
    "good"
  ],
  PhaseFailed: ({ failures: all, path }) => [`${named(path)} failed for good: ${failures(all)}`, "bad"],
  PhaseInterrupted: ({ path }) => [`${named(path)} was interrupted: it may have happened`, "warn"],
  Decided: (entry) => [decided(entry), "warn"],
  Rewound: ({ to }) => [`back at ${to}: what came after it is undone, and counts no more`, "warn"],
  TimedOut: ({ path }) => [`the time of ${path} is over`, "warn"],
  Waiting: ({ until: end }) => [`nothing is left but waits: it is let go${until(end)}`, "calm"],
  PauseRequested: ({ act, at }) => [`a pause is asked for${at === undefined ? "" : ` at ${at}`}${by(act)}`, "warn"],
  Paused: () => ["paused", "warn"],
  Suspended: ({ queued }) => [queued === true ? "it stands in line for a place" : "the engine hands it back", "dim"],
  Resumed: (entry) => [resumed(entry), "strong"],
  Completed: ({ value }) => [`completed${given(": ", value)}`, "good"],
  Failed: ({ failures: all }) => [`failed, and stands still: ${failures(all)}`, "bad"],
  Closing: ({ act, position, revert }) => [
    `closing${revert ? " and reverting" : ""}${position === "" ? "" : ` at ${position}`}${by(act)}`,
    "warn"
  ],
  CleanedUp: ({ error, skipped }) =>
    skipped !== undefined
      ? [`its finally blocks did not run: ${skipped}`, "warn"]
      : error === undefined
        ? ["cleaned up", "dim"]
        : [`its finally blocks threw ${error.name}: ${error.message}`, "bad"],
  Closed: () => ["closed", "strong"],
  RevertStarted: ({ act, failures: all, n, to }) => [
    `revert ${n} begins${to === undefined ? "" : `, back to ${to}`}${by(act)}${all.length === 0 ? "" : `, after ${failures(all)}`}`,
    "warn"
  ],
  RevertFailed: ({ failures: all }) => [`the revert stopped: ${failures(all)}`, "bad"],
  RevertResumed: ({ act }) => [`the revert goes on${by(act)}`, "warn"],
  Reverted: () => ["reverted", "warn"]
}

const sentence = ({ entry, execution }: Told): Span => {
  const [what, tone] = (told[entry._tag] as (entry: Entry) => Said)(entry)
  const text = execution === undefined ? what : `${execution}: ${what}`
  return tone === undefined ? { text } : { text, tone }
}

const dayOf = (at: number): string => Times.iso(at).slice(0, 10)

const clock = (at: number): string => Times.iso(at).slice(11, 23)

/** Entries, one after the other; `after` is the one that is shown already. */
export const page = (
  entries: ReadonlyArray<Told>,
  { terminal }: Page.Viewer,
  after: Recorded | undefined = undefined
): Page.Page => {
  let day = after === undefined ? undefined : dayOf(after.at)
  return entries.flatMap((one): Page.Page => {
    const { at } = one
    if (!terminal) return [Page.table(0, [{ title: "" }, { title: "" }], [[Times.iso(at), sentence(one).text]])]
    const heading = dayOf(at) === day ? [] : [Page.line({ text: dayOf(at), tone: "dim" })]
    day = dayOf(at)
    return [...heading, Page.flow(16, { text: `  ${clock(at)}  `, tone: "dim" }, sentence(one))]
  })
}
