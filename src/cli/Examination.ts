/** What `doctor` finds out about executions: whether each journal is what was written, and what does not go on. */
import * as Effect from "effect/Effect"
import type { JournalCorrupt, StoreError } from "../core/Errors.js"
import * as Sentence from "../core/Sentence.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import { type Finding, finding } from "./Findings.js"
import * as Seen from "./Seen.js"

/** How many executions are listed at a time. */
const page = 500

/** What is wrong with one journal. */
const problem = (store: Store, id: string): Effect.Effect<string | undefined, StoreError> =>
  Effect.flatMap(store.load(id), (journal) =>
    journal === undefined ? Effect.succeed(undefined) : Effect.as(Seen.fold(id, journal.entries), undefined)
  ).pipe(
    Effect.catchIf(
      (error): error is JournalCorrupt => error._tag === "JournalCorrupt",
      ({ reason, seq }) => Effect.succeed(`entry ${seq}: ${Sentence.open(reason)}`)
    )
  )

/** Reads every journal: its numbers, its checksums, their chain, and what they come to. */
export const journals = Effect.fnUntraced(function* (store: Store) {
  const damaged: Array<readonly [id: string, what: string]> = []
  let count = 0
  for (let after: string | undefined; ; ) {
    const rows: ReadonlyArray<ExecutionRow> = yield* store.list({
      order: "oldest",
      limit: page,
      ...(after === undefined ? {} : { after })
    })
    for (const { id } of rows) {
      count++
      const what = yield* problem(store, id)
      if (what !== undefined) damaged.push([id, what])
    }
    if (rows.length < page) break
    after = rows[rows.length - 1]!.id
  }
  // Executions that are gone with their rows are known by the file beside the database alone.
  for (const [id, what] of yield* store.damage) if (!damaged.some(([known]) => known === id)) damaged.push([id, what])
  if (damaged.length === 0)
    return finding("journals", "good", count === 1 ? "1 journal is whole" : `${count} journals are whole`)
  const told = damaged.slice(0, 5).map(([id, what]) => `${id} (${what})`)
  const more = damaged.length > told.length ? `, and ${damaged.length - told.length} more` : ""
  return finding(
    "journals",
    "bad",
    `${damaged.length} of ${count} journals are damaged, and are refused: ${told.join(", ")}${more}`,
    "restore a backup that has them; all others go on",
    damaged.map(([id]) => id)
  )
})

/** What is due for longer than this is stuck. */
const patience = 60_000

/** The first of some statuses, and whether there are more. */
const some = (store: Store, status: ReadonlyArray<ExecutionRow["status"]>) =>
  Effect.map(store.list({ status, order: "oldest", limit: 1_000 }), (rows) => rows.map(({ id }) => id))

const counted = (ids: ReadonlyArray<string>): string =>
  `${ids.length >= 1_000 ? "1,000 or more" : ids.length} execution${ids.length === 1 ? "" : "s"}`

const abandoned = (ids: ReadonlyArray<string>): Finding =>
  finding(
    "running",
    "warn",
    `${counted(ids)} were running when their engine ended`,
    "start an engine with their tasks: it goes on with them",
    ids
  )

const overdue = (ids: ReadonlyArray<string>, owned: boolean): Finding =>
  finding(
    "due",
    "warn",
    `${counted(ids)} ought to have gone on a minute ago or more`,
    owned
      ? "the engine has not their task, or no place for them: see which tasks its process registers"
      : "start an engine with their tasks",
    ids
  )

const stopped = (ids: ReadonlyArray<string>): Finding =>
  finding(
    "failed",
    "warn",
    `${counted(ids)} failed, and wait for somebody to decide`,
    "tidemark show ID tells why, and what can be done",
    ids
  )

const orders = (ids: ReadonlyArray<string>): Finding =>
  finding(
    "orders",
    "warn",
    `${ids.length} orders of other processes have no answer for a minute or more`,
    "start an engine, or see why the one that runs does not answer",
    ids
  )

/** What does not go on by itself. `owned`: an engine runs. */
export const stuck = Effect.fnUntraced(function* (store: Store, now: number, owned: boolean) {
  const running = owned ? [] : yield* some(store, ["Running", "Closing", "Reverting"])
  const due = (yield* store.due({ now: now - patience, limit: 1_000 })).map(({ id }) => id)
  const failed = yield* some(store, ["Failed", "RevertFailed"])
  const asked = (yield* store.orders).filter(({ at }) => at < now - patience).map(({ execution }) => execution)
  const found = [
    ...(running.length === 0 ? [] : [abandoned(running)]),
    ...(due.length === 0 ? [] : [overdue(due, owned)]),
    ...(failed.length === 0 ? [] : [stopped(failed)]),
    ...(asked.length === 0 ? [] : [orders(asked)])
  ]
  return found.length === 0 ? [finding("executions", "good", "none is stuck")] : found
})
