/** Executions by what their journals say: why they failed, what they wait for. The store narrows them down, page by page. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Instant from "../authoring/Instant.js"
import type { ListOptions } from "../authoring/Reading.js"
import { BrokenHistory, type JournalCorrupt, type StoreError } from "../core/Errors.js"
import { render } from "../core/Failure.js"
import * as Fold from "../core/Fold.js"
import type { Status } from "../core/Status.js"
import type { ExecutionRow, ListQuery, Store } from "../store/Store.js"
import { statusOf } from "./View.js"

/** Beside what the store knows: a part of why it failed; the phase, the kind of wait or the execution that it waits for. */
export interface Query extends ListQuery {
  readonly failedWith?: string
  readonly waitingOn?: string
}

/** What callers ask. */
export const queryOf = ({ since, until, ...query }: ListOptions = {}): Query => ({
  ...query,
  ...(since === undefined ? {} : { since: Instant.toMillis("since of a list", since) }),
  ...(until === undefined ? {} : { until: Instant.toMillis("until of a list", until) })
})

/** How many are looked at for each page. */
const page = 200

const holds = (text: string, part: string): boolean => text.toLowerCase().includes(part.toLowerCase())

const failedWith = (store: Store, { id }: ExecutionRow, part: string) =>
  Effect.map(store.tail(id, 1), ([last]) => {
    const entry = last?.entry
    const failures = entry?._tag === "Failed" || entry?._tag === "RevertFailed" ? entry.failures : []
    return failures.some((failure) => holds(render(failure), part))
  })

const waitsOn = (store: Store, { id }: ExecutionRow, part: string) =>
  Effect.map(store.latest(id), (journal) => {
    if (journal === undefined) return false
    const { waits } = statusOf(id, Fold.all(journal.entries), false, new Map(), undefined)
    return waits.some(
      ({ child, kind, name, path }) => kind === part || name === part || path === part || child === part
    )
  })

/** One whose journal cannot be read is not found by what it says. */
const readable = (found: Effect.Effect<boolean, StoreError | JournalCorrupt>): Effect.Effect<boolean, StoreError> =>
  found.pipe(
    Effect.catchTag("JournalCorrupt", () => Effect.succeed(false)),
    Effect.catchSomeDefect((defect) =>
      defect instanceof BrokenHistory ? Option.some(Effect.succeed(false)) : Option.none()
    )
  )

const both = (asked: ReadonlyArray<Status> | undefined, possible: ReadonlyArray<Status>): ReadonlyArray<Status> =>
  asked === undefined ? possible : possible.filter((status) => asked.includes(status))

/** The executions that all of it is true of, in the order of the store's list. */
export const search = (
  store: Store,
  { failedWith: why, waitingOn: what, ...query }: Query
): Effect.Effect<ReadonlyArray<ExecutionRow>, StoreError> =>
  Effect.gen(function* () {
    if (why === undefined && what === undefined) return yield* store.list(query)
    let status = query.status
    if (why !== undefined) status = both(status, ["Failed", "RevertFailed"])
    if (what !== undefined) status = both(status, ["Waiting"])
    const most = query.limit ?? Number.POSITIVE_INFINITY
    const found: Array<ExecutionRow> = []
    for (let { after } = query; found.length < most; ) {
      const rows: ReadonlyArray<ExecutionRow> = yield* store.list({
        ...query,
        status: status ?? [],
        limit: page,
        ...(after === undefined ? {} : { after })
      })
      for (const row of rows) {
        const fits =
          (why === undefined || (yield* readable(failedWith(store, row, why)))) &&
          (what === undefined || (yield* readable(waitsOn(store, row, what))))
        if (fits && found.length < most) found.push(row)
      }
      if (rows.length < page) break
      after = rows[rows.length - 1]!.id
    }
    return found
  })
