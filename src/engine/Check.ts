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
import type { CheckOptions } from "../authoring/Reading.js"
import { JournalCorrupt, type StoreError } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import type { History } from "../core/History.js"
import * as Sentence from "../core/Sentence.js"
import { all, isFinal } from "../core/Status.js"
import type { ExecutionRow, Journal, Letter, Store } from "../store/Store.js"
import * as Journals from "./Journals.js"
import * as Queue from "./Queue.js"
import * as Search from "./Search.js"
import * as Verdict from "./Verdict.js"

/** The code of a version of a task, if it is here. */
export type Code = (of: Pick<History, "task" | "version">) => Definition | undefined

/** What has not ended. */
const unfinished = all.filter((status) => !isFinal(status))

/** How many executions are listed at a time. */
const page = 100

const missing = ({ task, version }: History): Verdict.Verdict => ({
  verdict: "missing",
  why: `there is no task ${task} of version ${version} here`,
  reverts: "no"
})

const damaged = ({ reason, seq }: JournalCorrupt): Verdict.Verdict => ({
  verdict: "damaged",
  why: `its journal is damaged at entry ${seq}: ${Sentence.open(reason)}`,
  reverts: "no"
})

const told = ({ id, status, task, version }: ExecutionRow, verdict: Verdict.Verdict): Checked => ({
  execution: id,
  task,
  version,
  status,
  ...verdict
})

/** What is known beside a journal: other executions, and what was sent to this one. */
interface Beside {
  readonly get: (id: string) => Effect.Effect<ExecutionRow | undefined, StoreError>
  readonly letters: (id: string) => Effect.Effect<ReadonlyArray<Letter>, StoreError>
}

/** What becomes of one execution, once it is read: by the version that it goes by now. */
const judge = (code: Code, { version: _, ...first }: ExecutionRow, history: History, beside?: Beside) =>
  Effect.gen(function* () {
    const row = { ...first, version: history.version }
    const definition = code(history)
    if (definition === undefined) return told(row, missing(history))
    const verdict = Verdict.of(definition, history)
    if (verdict.verdict !== "fits" || beside === undefined) return told(row, verdict)
    const letters = Verdict.waits(history) ? yield* beside.letters(row.id) : []
    const unread = Verdict.ofLetters(definition, history, letters)
    if (unread !== undefined) return told(row, { ...unread, reverts: verdict.reverts })
    for (const call of Verdict.calls(definition, history)) {
      const called = yield* beside.get(call.child)
      if (called !== undefined && called.task !== call.task) {
        return told(row, { ...Verdict.ofCall(call, called.task), reverts: verdict.reverts })
      }
    }
    return told(row, verdict)
  })

const isCorrupt = (error: unknown): error is JournalCorrupt => error instanceof JournalCorrupt

/** What becomes of an execution whose journal is at hand, all of it. */
export const journal = (code: Code, { entries, row }: Pick<Journal, "row" | "entries">): Effect.Effect<Checked> => {
  const read = Journals.folded(row.id, Fold.whole, entries)
  return Effect.flatMap(read, (history) => judge(code, row, history)).pipe(
    Effect.catchIf(isCorrupt, (corrupt) => Effect.succeed(told(row, damaged(corrupt)))),
    Effect.orDie
  )
}

/** One execution of a store; nothing if it is gone. */
const one = (store: Store, code: Code, row: ExecutionRow, whole: boolean) =>
  Effect.gen(function* () {
    const found = yield* whole ? store.load(row.id) : store.latest(row.id)
    if (found === undefined) return undefined
    const history = yield* whole ? Journals.folded(row.id, Fold.whole, found.entries) : Journals.historyOf(store, found)
    return yield* judge(code, row, history, store)
  }).pipe(
    Effect.catchIf(isCorrupt, (corrupt) => Effect.succeed(told(row, damaged(corrupt)))),
    Effect.catchTag("ExecutionNotFound", () => Effect.succeed(undefined)),
    Effect.catchTag("ExecutionDiscarded", () => Effect.succeed(undefined))
  )

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
        yield* Queue.eventLoop
      }
      const last = rows[rows.length - 1]
      return [Chunk.unsafeFromArray(found), rows.length < page ? Option.none() : Option.fromNullable(last?.id)] as const
    })
  )
