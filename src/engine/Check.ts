/**
 * Whether the code at hand can go on with what is in a store: every journal is replayed against it, a page of them at a
 * time. It takes no lock, claims nothing and writes nothing.
 */
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { Checked } from "../authoring/Checked.js"
import type { Definition } from "../authoring/Definition.js"
import type { CheckOptions } from "../authoring/TaskEngine.js"
import type { JournalCorrupt, StoreError } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import * as Sentence from "../core/Sentence.js"
import { all, isFinal } from "../core/Status.js"
import type { ExecutionRow, Journal, Store } from "../store/Store.js"
import * as Journals from "./Journals.js"
import * as Search from "./Search.js"
import * as Verdict from "./Verdict.js"

/** The code of a task, if it is here. */
export type Code = (row: Pick<ExecutionRow, "task" | "version">) => Definition | undefined

/** What has not ended. */
const unfinished = all.filter((status) => !isFinal(status))

/** How many executions are listed at a time. */
const page = 500

const missing = ({ task }: ExecutionRow): Verdict.Verdict => ({
  verdict: "missing",
  why: `there is no task ${task} here`,
  reverts: "no"
})

const damaged = ({ reason, seq }: JournalCorrupt): Verdict.Verdict => ({
  verdict: "damaged",
  why: `its journal is damaged at entry ${seq}: ${Sentence.open(reason)}`,
  reverts: "no"
})

/** One execution that was loaded. */
const verdictOf = (store: Store, definition: Definition, journal: Journal, whole: boolean) =>
  Effect.map(
    whole ? Journals.folded(journal.row.id, Fold.whole, journal.entries) : Journals.historyOf(store, journal),
    (history) => Verdict.of(definition, history)
  )

/** One execution; nothing if it is gone. */
const one = (
  store: Store,
  code: Code,
  row: ExecutionRow,
  whole: boolean
): Effect.Effect<Checked | undefined, StoreError> => {
  const told = ({ id, status, task, version }: ExecutionRow, verdict: Verdict.Verdict): Checked => ({
    execution: id,
    task,
    version,
    status,
    ...verdict
  })
  const definition = code(row)
  if (definition === undefined) return Effect.succeed(told(row, missing(row)))
  const read = whole ? store.load(row.id) : store.latest(row.id)
  return Effect.flatMap(read, (journal) =>
    journal === undefined
      ? Effect.succeed(undefined)
      : Effect.map(verdictOf(store, definition, journal, whole), (verdict) => told(journal.row, verdict))
  ).pipe(Effect.catchTag("JournalCorrupt", (corrupt) => Effect.succeed(told(row, damaged(corrupt)))))
}

/** The executions of a store, oldest first, each with what becomes of it under this code. */
export const stream = (
  store: Store,
  code: Code,
  { filter = {}, whole = false }: CheckOptions = {}
): Stream.Stream<Checked, StoreError> =>
  Stream.paginateChunkEffect(undefined as string | undefined, (after) =>
    Effect.gen(function* () {
      const rows = yield* Search.search(store, {
        status: unfinished,
        ...Search.queryOf(filter),
        order: "oldest",
        limit: page,
        ...(after === undefined ? {} : { after })
      })
      const found: Array<Checked> = []
      for (const row of rows) {
        const checked = yield* one(store, code, row, whole)
        if (checked !== undefined) found.push(checked)
        // Others have their turn between two journals.
        yield* Effect.yieldNow()
      }
      const last = rows[rows.length - 1]
      return [Chunk.unsafeFromArray(found), rows.length < page ? Option.none() : Option.fromNullable(last?.id)] as const
    })
  )
