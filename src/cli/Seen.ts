/** An execution as its journal shows it, read without an engine, a lock, or the task's code. */
import * as Effect from "effect/Effect"
import type { ExecutionStatus, Progress } from "../authoring/ExecutionStatus.js"
import type { Recorded } from "../core/Entry.js"
import { BrokenHistory, type ExecutionNotFound, JournalCorrupt } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import { type History, isInLine } from "../core/History.js"
import * as Near from "../core/Near.js"
import * as Lanes from "../engine/Lanes.js"
import { statusOf } from "../engine/View.js"
import type { Store } from "../store/Store.js"
import { type Complaint, refused } from "./Complaint.js"

export interface Seen {
  /** what it takes to know how it stands: all of its journal, or what came from its last stage on, behind its creation */
  readonly entries: ReadonlyArray<Recorded>
  readonly history: History
  readonly status: ExecutionStatus
}

/** What a journal comes to; one that no engine can have written is damaged. */
export const fold = (id: string, entries: ReadonlyArray<Recorded>): Effect.Effect<History, JournalCorrupt> =>
  Effect.try({
    try: () => Fold.all(entries),
    catch: (thrown) => {
      if (!(thrown instanceof BrokenHistory)) throw thrown
      return new JournalCorrupt({ execution: id, seq: thrown.seq, reason: thrown.reason })
    }
  })

const told = Effect.fnUntraced(function* (store: Store, { open }: History) {
  const found = new Map<string, Progress>()
  for (const { silence, token } of open) {
    const row = token === undefined || silence === undefined ? undefined : yield* store.token(token)
    if (token !== undefined && row?.progress != null) found.set(token, row.progress as Progress)
  }
  return found
})

/** All that is known of an execution now. */
export const one = Effect.fnUntraced(function* (store: Store, id: string, now: number) {
  const journal = yield* store.latest(id)
  if (journal === undefined) return yield* store.absent(id)
  const history = yield* fold(id, journal.entries)
  const { lane, task } = history
  const inLine = lane !== undefined && isInLine(history, now)
  const holders = inLine ? yield* store.holders(Lanes.nameOf(task, lane)) : undefined
  const status = statusOf(id, history, false, yield* told(store, history), holders)
  return { entries: journal.entries, history, status } satisfies Seen
})

/** How many ids are looked at for one that somebody may have meant. */
const looked = 2_000

/** What is said of an id that there is not: those near to it, among the newest. */
export const naming =
  (store: Store, id: string) =>
  <A, E extends { readonly _tag: string }, R>(effect: Effect.Effect<A, E | ExecutionNotFound, R>) =>
    Effect.catchIf(
      effect,
      (error): error is ExecutionNotFound =>
        error._tag === "ExecutionNotFound" && "execution" in error && error.execution === id,
      (error) =>
        Effect.flatMap(store.list({ limit: looked }), (rows): Effect.Effect<never, Complaint | ExecutionNotFound> => {
          const near = Near.misses(
            id,
            rows.map((row) => row.id)
          )
          return near.length === 0
            ? Effect.fail(error)
            : refused(`there is no execution ${id}`, `did you mean ${near.join(", ")}?`)
        })
    )
