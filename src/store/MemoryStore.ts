/**
 * A store in memory, for tests and trials. It keeps what a database would keep: text, numbers, and nothing shared with who
 * wrote it.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { EngineBusy, Fenced, StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import type { AppendRequest, CreateRequest, Encoded, EntryRow, ExecutionRow, ListQuery, Order } from "./Encoded.js"
import { byAge, nothingToAppend } from "./Encoded.js"
import { fromEncoded, TaskStore } from "./Store.js"

/** What stores share, and what survives the engines of a test. */
export interface Memory {
  readonly executions: Map<string, { row: ExecutionRow; readonly rows: Array<EntryRow> }>
  readonly inbox: Map<
    number,
    { readonly order: Omit<Order, "body">; readonly body: string; answer: string | undefined }
  >
  orders: number
  /** since when a store has owned it, in milliseconds UTC */
  ownedSince: number | undefined
  /** how many writes there were, by all its stores */
  writes: number
}

/** An empty memory. */
export const memory = (): Memory => ({
  executions: new Map(),
  inbox: new Map(),
  orders: 0,
  ownedSince: undefined,
  writes: 0
})

const name = "memory"

const create = (kept: Memory, { row, rows }: CreateRequest): ExecutionRow | undefined => {
  const existing = kept.executions.get(row.id)
  if (existing !== undefined) return { ...existing.row }
  kept.executions.set(row.id, { row: { ...row }, rows: rows.map((entry) => ({ ...entry })) })
  return undefined
}

/** Whether the entries were appended. */
const append = (kept: Memory, { answers, epoch, execution, rows, status }: AppendRequest): boolean => {
  const found = kept.executions.get(execution)
  if (found === undefined || found.row.epoch !== epoch || found.rows.length !== rows[0]?.seq) return false
  for (const entry of rows) found.rows.push({ ...entry })
  if (status !== null) found.row = { ...found.row, status, updatedAt: rows[rows.length - 1]!.at }
  for (const answer of answers ?? []) setAnswer(kept, answer.order, answer.body)
  return true
}

const setAnswer = (kept: Memory, id: number, body: Json): void => {
  const waiting = kept.inbox.get(id)
  if (waiting !== undefined) waiting.answer = JSON.stringify(body)
}

const list = (kept: Memory, { after, limit, order, status, task }: ListQuery): ReadonlyArray<ExecutionRow> => {
  const sign = order === "oldest" ? 1 : -1
  const last = after === undefined ? undefined : kept.executions.get(after)?.row
  if (after !== undefined && last === undefined) return []
  return [...kept.executions.values()]
    .map(({ row }) => row)
    .filter((row) => task === undefined || row.task === task)
    .filter((row) => status === undefined || status.includes(row.status))
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
        return Effect.void
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
    const write = <A, E>(change: () => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      Effect.suspend(() => {
        kept.writes++
        mine++
        return change()
      })
    const written = <A>(change: () => A): Effect.Effect<A> => write(() => Effect.sync(change))
    return {
      name,
      own: own(kept),
      create: (request) => written(() => create(kept, request)),
      append: (request) =>
        write((): Effect.Effect<void, Fenced | StoreError> => {
          const { epoch, execution, rows } = request
          if (rows.length === 0) return new StoreError({ reason: "Failed", store: name, message: nothingToAppend })
          return append(kept, request) ? Effect.void : new Fenced({ execution, epoch, seq: rows[0]!.seq })
        }),
      claim: (id, owner) =>
        written(() => {
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
      read: (id, from) =>
        Effect.sync(() => (kept.executions.get(id)?.rows ?? []).slice(from).map((row) => ({ ...row }))),
      list: (query) => Effect.sync(() => list(kept, query)),
      order: ({ body, ...order }) =>
        written(() => {
          const id = ++kept.orders
          kept.inbox.set(id, { order: { ...order, id }, body: JSON.stringify(body), answer: undefined })
          return id
        }),
      orders: Effect.sync(() =>
        [...kept.inbox.values()]
          .filter(({ answer }) => answer === undefined)
          .map(({ body, order }) => ({ ...order, body: JSON.parse(body) as Json }))
      ),
      answer: ({ body, order }) => written(() => setAnswer(kept, order, body)),
      takeAnswer: (order) =>
        Effect.suspend(() => {
          const answer = kept.inbox.get(order)?.answer
          if (answer === undefined) return Effect.succeed(undefined)
          return written(() => {
            kept.inbox.delete(order)
            return JSON.parse(answer) as Json
          })
        }),
      version: Effect.sync(() => kept.writes - mine),
      damage: Effect.succeed(new Map()),
      accept: () => Effect.void
    }
  })

/** A store with a memory of its own. */
export const layer: Layer.Layer<TaskStore> = Layer.effect(
  TaskStore,
  Effect.suspend(() => Effect.map(make(), fromEncoded))
)
