/** Journals and histories, written by hand: what an engine would have appended. */
import * as Discards from "../../src/core/Discards.js"
import type { Entry, Recorded } from "../../src/core/Entry.js"
import type { Failure } from "../../src/core/Failure.js"
import * as Fold from "../../src/core/Fold.js"
import * as History from "../../src/core/History.js"
import type { Cursor } from "../../src/core/Interpreter.js"
import type { Json } from "../../src/core/Json.js"
import * as Snapshots from "../../src/core/Snapshots.js"
import type { Placed, Step } from "../../src/core/Step.js"

/** Entries in order, and what they fold to. Entry n has the time n. */
export class Journal {
  readonly entries: Array<Recorded> = []
  readonly history = History.empty()

  add(...entries: ReadonlyArray<Entry>): this {
    for (const entry of entries) {
      const seq = this.history.entries
      Fold.apply(this.history, entry, seq, 1)
      this.entries.push({ seq, at: seq, epoch: 1, entry })
    }
    return this
  }

  /** Discards what was before a checkpoint of the present body, as an engine does. */
  discard(path: string): void {
    const checkpoint = this.history.phases.get(path)!
    const { through } = Discards.beforeCheckpoint(checkpoint)
    const isFirst = this.history.discarded?.values === undefined
    const snapshot = { seq: through, at: through, epoch: 1, entry: Snapshots.take(this.history, checkpoint, through) }
    const [, ...others] = this.entries
    const before = isFirst ? [] : others.filter(({ entry, seq }) => seq < through && entry._tag === "Snapshot")
    const after = others.filter(({ seq }) => seq > through)
    this.entries.splice(1, Infinity, ...before, snapshot, ...after)
    this.add({ _tag: "Discarded", before: path, through, hash: `of ${through}`, values: `until ${through}` })
  }

  /** What somebody knows who loads the journal. */
  get loaded(): History.History {
    return Fold.all(this.entries)
  }
}

export const created: Entry = { _tag: "Created", task: "task", version: 1, payload: null }
export const claimed: Entry = { _tag: "Claimed", owner: "engine", crashed: false }
export const crashed: Entry = { _tag: "Claimed", owner: "engine", crashed: true }

/** The journal of an execution that an engine has just taken. */
export const running = (): Journal => new Journal().add(created, claimed)

export const start = (path: string, rest: Partial<Extract<Entry, { _tag: "PhaseStarted" }>> = {}): Entry => ({
  _tag: "PhaseStarted",
  path,
  name: path,
  kind: "phase",
  ...rest
})
export const succeed = (path: string, value?: Json): Entry => ({
  _tag: "PhaseSucceeded",
  path,
  ...(value === undefined ? {} : { value })
})
export const fail = (path: string, failure: Failure = failed(path)): Entry => ({
  _tag: "PhaseFailed",
  path,
  attempt: 1,
  failures: [failure]
})
export const done = (path: string, value?: Json): ReadonlyArray<Entry> => [start(path), succeed(path, value)]

export const failed = (path: string, error: Json = "no"): Failure => ({ _tag: "Fail", path, error })
export const died = (path: string): Failure => ({ _tag: "Die", path, defect: { name: "Error", message: "boom" } })
export const timedOut = (path: string): Failure => ({ _tag: "Timeout", path, after: 10 })
export const fault = (path: string): Failure => ({
  _tag: "Fault",
  path,
  reason: "OutcomeUnknown",
  message: "who knows"
})

/** How a phase ends. */
export interface Outcome {
  readonly value?: Json | undefined
  readonly failure?: Failure | undefined
}

/** Records that what the cursor is blocked at was started, unless it was, and how it ended. */
export const settle = (journal: Journal, placed: Placed, outcome: Outcome): void => {
  begin(journal, placed)
  journal.add(outcome.failure === undefined ? succeed(placed.path, outcome.value) : fail(placed.path, outcome.failure))
}

/** The entry with which an instruction starts. */
export const startOf = (
  history: History.History,
  { capture, instruction, key, kind, name, needs, path, scope }: Placed
): Entry => {
  const generation = history.generations?.get(path) ?? 0
  const value = "strategy" in instruction ? instruction.strategy?.first : undefined
  return {
    _tag: "PhaseStarted",
    path,
    name,
    kind,
    ...(scope === "" ? {} : { scope }),
    ...(generation === 0 ? {} : { generation }),
    ...(capture === "none" || kind === "either" || kind === "exit" ? {} : { capture }),
    ...(key === undefined ? {} : { key }),
    ...(needs === undefined ? {} : { needs }),
    ...(value === undefined ? {} : { value }),
    ...(instruction._tag === "Group" && instruction.timeout !== undefined ? { timeout: instruction.timeout } : {}),
    ...(instruction._tag === "Checkpoint" && instruction.commit ? { commit: true } : {}),
    ...(instruction._tag === "Undo" ? { undoes: instruction.undoes } : {})
  }
}

/** Records that what the cursor is blocked at was started, unless it was. */
export const begin = (journal: Journal, placed: Placed): void => {
  if (!journal.history.phases.has(placed.path)) journal.add(startOf(journal.history, placed))
}

/** Drives a cursor until nothing blocks it any more: every phase ends as `outcomeOf` says. */
export const drive = (cursor: Cursor, journal: Journal, outcomeOf: (placed: Placed) => Outcome = () => ({})): Step => {
  for (;;) {
    const step = cursor.advance(journal.history)
    if (step._tag !== "Blocked") return step
    if (step.instructions.length === 0) throw new Error("it waits for nothing")
    for (const placed of step.instructions) settle(journal, placed, outcomeOf(placed))
  }
}
