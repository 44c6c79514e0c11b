/** What is known of an execution from its journal: enough to go on; where it goes back, all of it. */
import * as Effect from "effect/Effect"
import type { Entry, Recorded } from "../core/Entry.js"
import {
  BrokenHistory,
  type ExecutionDiscarded,
  type ExecutionNotFound,
  JournalCorrupt,
  StoreError
} from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import * as History from "../core/History.js"
import type { Journal, Store } from "../store/Store.js"

type ReadError = JournalCorrupt | StoreError | ExecutionNotFound | ExecutionDiscarded

/** What entries come to; those that no engine can have written are damaged. */
export const folded = (
  execution: string,
  fold: (entries: ReadonlyArray<Recorded>) => History.History,
  entries: ReadonlyArray<Recorded>
): Effect.Effect<History.History, JournalCorrupt> =>
  Effect.try({
    try: () => fold(entries),
    catch: (thrown) =>
      new JournalCorrupt({
        execution,
        seq: thrown instanceof BrokenHistory ? thrown.seq : 0,
        reason: thrown instanceof BrokenHistory ? thrown.reason : String(thrown)
      })
  })

/** A revert of the whole began, and what lies behind the stage that the execution is in is not known. */
export const goesBack = (history: History.History): boolean => {
  const revert = History.isPartial(history) ? History.revertOf(history) : undefined
  return revert !== undefined && revert.to === undefined
}

/** What is recorded of an execution, as far as it matters. */
export const historyOf = (store: Store, { entries, row }: Journal): Effect.Effect<History.History, ReadError> =>
  Effect.flatMap(folded(row.id, Fold.all, entries), (history) =>
    goesBack(history) ? wholeOf(store, row.id) : Effect.succeed(history)
  )

/** It undoes what earlier bodies did. */
const isBeyond = (entry: Entry): boolean =>
  entry._tag === "RevertStarted" && (entry.to === undefined || entry.across === true)

/** What is known, or all of it where some entry needs that. */
const knowing =
  (needsAll: (entry: Entry) => boolean) =>
  (
    store: Store,
    id: string,
    history: History.History,
    entries: ReadonlyArray<Entry>
  ): Effect.Effect<History.History, ReadError> =>
    History.isPartial(history) && entries.some(needsAll) ? wholeOf(store, id) : Effect.succeed(history)

/** What has to be known before these entries are added: all of it, if they are to undo all. */
export const before = knowing(isBeyond)

/** The same, to tell what these lead to: a close that reverts undoes what earlier bodies did, some entries later. */
export const ahead = knowing((entry) => isBeyond(entry) || (entry._tag === "Closing" && entry.revert))

const wholeOf = (store: Store, id: string): Effect.Effect<History.History, ReadError> =>
  Effect.flatMap(store.load(id), (journal) => folded(id, Fold.whole, journal?.entries ?? []))

/** All that is recorded of an execution that is here; `StoreError` Corrupt if it cannot be read. */
export const whole = (store: Store, id: string): Effect.Effect<History.History, StoreError> =>
  Effect.mapError(wholeOf(store, id), (cause) =>
    cause._tag === "StoreError"
      ? cause
      : new StoreError({ reason: "Corrupt", store: store.name, message: cause.message, cause })
  )
