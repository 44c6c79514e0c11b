/** A store in memory, for tests and trials. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { EngineBusy, ExecutionDiscarded, Fenced, StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { hasPlace } from "../core/Status.js"
import type {
  AppendRequest,
  Beside,
  CreateRequest,
  Discard,
  Encoded,
  EntryRow,
  ExecutionRow,
  Latest,
  ListQuery,
  Reached
} from "./Encoded.js"
import { byAge, entersStage, folded, nothingToAppend } from "./Encoded.js"
import { addLetter, type Memory, make as memory, takesLetters } from "./Memory.js"
import * as MemoryLanes from "./MemoryLanes.js"
import * as MemoryLetters from "./MemoryLetters.js"
import * as MemoryRetention from "./MemoryRetention.js"
import * as MemoryTokens from "./MemoryTokens.js"
import { fromEncoded, TaskStore } from "./Store.js"
import { tokenThere } from "./Token.js"

export { type Memory, memory }

const name = "memory"

const failed = (message: string): Exit.Exit<never, StoreError> =>
  Exit.fail(new StoreError({ reason: "Failed", store: name, message }))

const isForged = (kept: Memory, { tokens }: Beside): boolean =>
  tokens?.some(({ hash }) => kept.tokens.has(hash)) ?? false

/** Writes what goes beside entries of this execution, the last of them at `at`. */
const writeBeside = (kept: Memory, id: string, { answers, letters, rest, told, tokens }: Beside, at: number): void => {
  for (const answer of answers ?? []) setAnswer(kept, answer.order, answer.body)
  for (const token of tokens ?? []) MemoryTokens.add(kept, id, token)
  for (const { execution, key, kind } of letters ?? []) {
    if (takesLetters(kept, execution)) addLetter(kept, { execution, kind, key, body: "null", at })
  }
  for (const { expires, hash } of told ?? []) MemoryTokens.told(kept, hash, expires)
  if (rest !== undefined) Object.assign(kept.executions.get(id)!, rest)
}

/** Where the last of these stands that enters a stage. */
const baseOf = (rows: ReadonlyArray<EntryRow>): number | undefined => rows.findLast(entersStage)?.seq

const copies = (rows: ReadonlyArray<EntryRow>): ReadonlyArray<EntryRow> => rows.map((row) => ({ ...row }))

/** They are dense at the end: what is looked for first is mostly there. */
const rowsOf = (kept: Memory, id: string, from: number): ReadonlyArray<EntryRow> => {
  const rows = kept.executions.get(id)?.rows ?? []
  const at = Math.max(0, from - 1 - (rows.at(-1)?.seq ?? 0) + rows.length)
  return rows[at]?.seq === from ? rows.slice(at) : rows.filter(({ seq }) => seq >= from)
}

const latest = (kept: Memory, id: string): Latest | undefined => {
  const found = kept.executions.get(id)
  if (found === undefined) return undefined
  const rows = [...found.rows.slice(0, 1), ...rowsOf(kept, id, Math.max(1, found.base - 1))]
  return { row: { ...found.row }, rows: copies(rows), letters: MemoryLetters.lettersOf(kept, id).length > 0 }
}

const create = (
  kept: Memory,
  request: CreateRequest
): Exit.Exit<ExecutionRow | undefined, ExecutionDiscarded | StoreError> => {
  const { lane, parent, priority = 0, row, rows, tags = [] } = request
  const existing = kept.executions.get(row.id)
  if (existing !== undefined) return Exit.succeed({ ...existing.row })
  const purged = kept.purged.get(row.id)
  if (purged !== undefined) return Exit.fail(new ExecutionDiscarded({ execution: row.id, at: purged.at }))
  if (isForged(kept, request)) return failed(tokenThere)
  const entries = rows.map((entry) => ({ ...entry }))
  const placed = hasPlace(false, row.status)
  kept.executions.set(row.id, {
    row: { ...row },
    rows: entries,
    base: baseOf(rows) ?? 0,
    priority,
    tags,
    lane,
    parent,
    placed,
    wake: null,
    seen: 0
  })
  writeBeside(kept, row.id, request, row.updatedAt)
  return Exit.succeed(undefined)
}

const append = (kept: Memory, request: AppendRequest): Exit.Exit<void, Fenced | StoreError> => {
  const { accepted, claim, close, discard, epoch, execution, limit, rows, status, taken, version } = request
  const last = rows[rows.length - 1]
  if (last === undefined) return failed(nothingToAppend)
  const found = kept.executions.get(execution)
  const before = claim === undefined ? epoch : epoch - 1
  const gone = taken?.some((letter) => kept.letters.get(letter)?.execution !== execution) ?? false
  const completed = close?.some(({ hash, mustBeOpen }) => mustBeOpen && kept.tokens.get(hash)?.ended === "completed")
  const ended = accepted !== undefined && !MemoryTokens.isOpen(kept, execution, accepted)
  const late =
    gone || ended || completed === true || (claim !== undefined && MemoryLanes.isFull(kept, execution, limit))
  const next = (found?.rows.at(-1)?.seq ?? -1) + 1
  if (found === undefined || found.row.epoch !== before || next !== rows[0]!.seq || late) {
    return Exit.fail(new Fenced({ execution, epoch, seq: rows[0]!.seq }))
  }
  if (isForged(kept, request)) return failed(tokenThere)
  if (claim !== undefined) {
    found.row = { ...found.row, epoch, owner: claim }
    found.placed ||= limit !== undefined
  }
  for (const entry of rows) found.rows.push({ ...entry })
  found.base = baseOf(rows) ?? found.base
  if (status !== null) {
    found.row = { ...found.row, status, updatedAt: last.at }
    found.placed = hasPlace(found.placed, status)
    found.wake = null
  }
  if (version !== undefined) found.row = { ...found.row, version }
  if (accepted !== undefined) MemoryTokens.accept(kept, accepted)
  for (const letter of taken ?? []) kept.letters.delete(letter)
  for (const { hash } of close ?? []) MemoryTokens.end(kept, { hash, as: "closed" })
  writeBeside(kept, execution, request, last.at)
  if (discard !== undefined) {
    for (const hash of tokensIn(found.rows, discard)) kept.tokens.delete(hash)
    found.rows = without(found.rows, discard)
    found.base = baseOf(found.rows) ?? 0
  }
  return Exit.void
}

/** The tokens that were given out in what goes. */
const tokensIn = (rows: ReadonlyArray<EntryRow>, { after, through }: Discard): ReadonlyArray<string> =>
  rows.flatMap(({ body, seq }) => {
    if (seq <= after || seq > through) return []
    const { token } = JSON.parse(body) as { readonly token?: unknown }
    return typeof token === "string" ? [token] : []
  })

const without = (rows: ReadonlyArray<EntryRow>, { after, instead, through }: Discard): Array<EntryRow> => [
  ...rows.filter(({ seq }) => seq <= after),
  ...(instead === undefined ? [] : [{ ...instead }]),
  ...rows.filter(({ seq }) => seq > through)
]

const setAnswer = (kept: Memory, id: number, body: Json): void => {
  const waiting = kept.inbox.get(id)
  if (waiting !== undefined) waiting.answer = JSON.stringify(body)
}

const reach = (kept: Memory, { at, begins, schedule }: Reached): number => {
  const before = kept.reached.get(schedule)
  const now = before === undefined ? at : begins ? before : Math.max(before, at)
  kept.reached.set(schedule, now)
  return now
}

const list = (kept: Memory, query: ListQuery): ReadonlyArray<ExecutionRow> => {
  const {
    after,
    limit,
    order,
    since = Number.NEGATIVE_INFINITY,
    status,
    task,
    until = Number.POSITIVE_INFINITY
  } = query
  const text = folded(query.text ?? "")
  const sign = order === "oldest" ? 1 : -1
  const last = after === undefined ? undefined : (kept.executions.get(after)?.row ?? kept.purged.get(after))
  if (after !== undefined && last === undefined) return []
  const { tags = [] } = query
  return [...kept.executions.values()]
    .filter((execution) => tags.every((tag) => execution.tags.includes(tag)))
    .map(({ row }) => row)
    .filter((row) => task === undefined || row.task === task)
    .filter((row) => status === undefined || status.includes(row.status))
    .filter((row) => row.createdAt >= since && row.createdAt < until)
    .filter((row) => folded(`${row.id}\n${row.task}`).includes(text))
    .filter((row) => last === undefined || sign * byAge(row, last) > 0)
    .sort((a, b) => sign * byAge(a, b))
    .slice(0, limit)
    .map((row) => ({ ...row }))
}

const own = (kept: Memory) =>
  Effect.acquireRelease(
    Effect.flatMap(Effect.clock, (clock) =>
      Effect.suspend(() => {
        const since = kept.ownedSince
        if (since !== undefined) return new EngineBusy({ pid: process.pid, state: "running", since, store: name })
        kept.ownedSince = clock.unsafeCurrentTimeMillis()
        return Effect.succeed(false)
      })
    ),
    () =>
      Effect.sync(() => {
        kept.ownedSince = undefined
      })
  )

/** A store over this memory, or over one of its own. A memory has one owner at a time, as a file has. */
export const make = (kept: Memory = memory()): Effect.Effect<Encoded> =>
  Effect.sync(() => {
    let mine = 0
    const write = <A, E>(change: () => Exit.Exit<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        const exit = change()
        kept.writes++
        mine++
        for (const watcher of [...kept.watchers]) watcher()
        return exit
      })
    const doing = <A>(change: () => A): Effect.Effect<A> => write(() => Exit.succeed(change()))
    const changed = (seen: number | undefined): Effect.Effect<number> =>
      Effect.async((resume) => {
        const look = (): void => {
          const others = kept.writes - mine
          if (others === seen) return
          kept.watchers.delete(look)
          resume(Effect.succeed(others))
        }
        kept.watchers.add(look)
        look()
        return Effect.sync(() => void kept.watchers.delete(look))
      })
    return {
      name,
      own: own(kept),
      create: (request) => write(() => create(kept, request)),
      append: (request) => write(() => append(kept, request)),
      claim: (id, owner) =>
        doing(() => {
          const found = kept.executions.get(id)
          if (found === undefined) return undefined
          found.row = { ...found.row, epoch: found.row.epoch + 1, owner }
          return found.row.epoch
        }),
      get: (id) =>
        Effect.sync(() => {
          const found = kept.executions.get(id)
          return found === undefined ? undefined : { ...found.row }
        }),
      read: (id, from, limit) => Effect.sync(() => copies(rowsOf(kept, id, from).slice(0, limit))),
      stages: (id, from, limit) =>
        Effect.sync(() => copies(rowsOf(kept, id, from).filter(entersStage).slice(0, limit))),
      tail: (id, count) =>
        Effect.sync(() => {
          const rows = kept.executions.get(id)?.rows ?? []
          return copies(rows.slice(Math.max(0, rows.length - count)))
        }),
      latest: (id) => Effect.sync(() => latest(kept, id)),
      list: (query) => Effect.sync(() => list(kept, query)),
      order: ({ body, ...order }) =>
        doing(() => {
          const id = ++kept.orders
          kept.inbox.set(id, { order: { ...order, id }, body: JSON.stringify(body), answer: undefined })
          return id
        }),
      orders: Effect.sync(() =>
        [...kept.inbox.values()]
          .filter(({ answer }) => answer === undefined)
          .map(({ body, order }) => ({ ...order, body: JSON.parse(body) as Json }))
      ),
      answer: ({ body, order }) => doing(() => setAnswer(kept, order, body)),
      takeAnswer: (order) =>
        Effect.suspend(() => {
          const answer = kept.inbox.get(order)?.answer
          if (answer === undefined) return Effect.succeed(undefined)
          return doing(() => {
            kept.inbox.delete(order)
            return JSON.parse(answer) as Json
          })
        }),
      complete: (completing) => doing(() => MemoryTokens.complete(kept, completing)),
      end: (ending) => doing(() => MemoryTokens.end(kept, ending)),
      beat: (beat) => doing(() => MemoryTokens.beat(kept, beat)),
      token: (hash) => Effect.sync(() => MemoryTokens.get(kept, hash)),
      post: (signal) => doing(() => MemoryLetters.post(kept, signal)),
      letters: (id) => Effect.sync(() => MemoryLetters.lettersOf(kept, id)),
      due: (query) => Effect.sync(() => MemoryLetters.due(kept, query)),
      holders: (lane) => Effect.sync(() => MemoryLanes.holders(kept, lane)),
      addressed: Effect.sync(() => MemoryLetters.addressed(kept)),
      reach: (reached) => doing(() => reach(kept, reached)),
      nextWake: (after) => Effect.sync(() => MemoryLetters.nextWake(kept, after)),
      purge: (query) => doing(() => MemoryRetention.purge(kept, query)),
      purged: (id) => Effect.sync(() => kept.purged.get(id)),
      tasks: Effect.sync(() => MemoryRetention.tasksOf(kept)),
      changed,
      damage: Effect.succeed(new Map()),
      accept: () => Effect.void
    }
  })

/** A store with a memory of its own. */
export const layer: Layer.Layer<TaskStore> = Layer.effect(
  TaskStore,
  Effect.suspend(() => Effect.map(make(), fromEncoded))
)
