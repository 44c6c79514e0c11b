/**
 * The port that drivers implement: rows of plain text and numbers, and nothing typed. Store.ts builds the typed face.
 */
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EngineBusy, Fenced, StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import type { Status } from "../core/Status.js"

/** An execution as a store lists it. Times in milliseconds UTC. */
export interface ExecutionRow {
  readonly id: string
  readonly task: string
  readonly version: number
  readonly status: Status
  /** raised by every claim; an append of an older epoch writes nothing */
  readonly epoch: number
  /** who claimed it last */
  readonly owner: string | null
  readonly createdAt: number
  /** when the status last changed */
  readonly updatedAt: number
}

/** One entry as it is kept: `body` is the entry's JSON text, `hash` its checksum, chained to the entry before. */
export interface EntryRow {
  readonly seq: number
  readonly epoch: number
  readonly at: number
  readonly body: string
  readonly hash: string
}

/**
 * Entries to add to one journal, all or none: at least one, dense in `seq` and of this epoch, and only if `epoch` is still the execution's
 * and the first of them is its journal's next. `status` if they change it.
 */
export interface AppendRequest {
  readonly execution: string
  readonly epoch: number
  readonly rows: ReadonlyArray<EntryRow>
  readonly status: Status | null
  /** orders that these entries carry out: answered in the same transaction */
  readonly answers?: ReadonlyArray<Answer>
}

/** A new execution and its first entries, from 0 on, all or none; if the id exists, nothing is written and that row is answered. */
export interface CreateRequest {
  readonly row: ExecutionRow
  readonly rows: ReadonlyArray<EntryRow>
}

/**
 * Which executions `list` answers, by `createdAt` and then id: the newest first unless told otherwise. `after` is the id of
 * the last one already seen (nothing follows an id that there is not); without `limit`, all.
 */
export interface ListQuery {
  readonly task?: string
  readonly status?: ReadonlyArray<Status>
  readonly order?: "oldest" | "newest"
  readonly after?: string
  readonly limit?: number
}

/** What another process asks the owner for, as it waits in the inbox. `body` is JSON text. */
export interface Order {
  readonly id: number
  readonly execution: string
  readonly verb: string
  readonly body: Json
  readonly at: number
}

/** The owner's answer to an order, as JSON text. */
export interface Answer {
  readonly order: number
  readonly body: Json
}

/** What a driver implements. Every effect is durable when it ends, by the store's `durability`. */
export interface Encoded {
  /** what a person would call this store, e.g. its file name */
  readonly name: string
  /**
   * Makes this store the one whose engine advances executions, until the scope closes. Any other, in this process or
   * another, is refused with `EngineBusy`; so is the same store asking twice.
   */
  readonly own: Effect.Effect<void, EngineBusy | StoreError, Scope.Scope>
  readonly create: (request: CreateRequest) => Effect.Effect<ExecutionRow | undefined, StoreError>
  /** fails with `Fenced`, and has written nothing, if the epoch is not the execution's or the entries are not the next */
  readonly append: (request: AppendRequest) => Effect.Effect<void, Fenced | StoreError>
  /** raises the epoch and sets the owner; nothing if there is no such execution */
  readonly claim: (id: string, owner: string) => Effect.Effect<number | undefined, StoreError>
  readonly get: (id: string) => Effect.Effect<ExecutionRow | undefined, StoreError>
  /** the entries from `from` on, in order, in one read */
  readonly read: (id: string, from: number) => Effect.Effect<ReadonlyArray<EntryRow>, StoreError>
  readonly list: (query: ListQuery) => Effect.Effect<ReadonlyArray<ExecutionRow>, StoreError>
  /** puts an order into the inbox, in a transaction of its own */
  readonly order: (order: Omit<Order, "id">) => Effect.Effect<number, StoreError>
  /** the orders that have no answer yet, oldest first */
  readonly orders: Effect.Effect<ReadonlyArray<Order>, StoreError>
  readonly answer: (answer: Answer) => Effect.Effect<void, StoreError>
  /** takes the answer to an order away, if it is there */
  readonly takeAnswer: (order: number) => Effect.Effect<Json | undefined, StoreError>
  /** a number that changes whenever another process has written to the store; cheap enough to ask every 100 ms */
  readonly version: Effect.Effect<number, StoreError>
  /**
   * Executions that lost entries which this store had acknowledged, as far as it can tell: id -> what is missing. They are
   * refused (loaded: `JournalCorrupt`; created anew: `StoreError` Corrupt) until they are restored or accepted.
   */
  readonly damage: Effect.Effect<ReadonlyMap<string, string>>
  /** takes these executions as they now are, and stops reporting what they lost; fails unless this store is the owner */
  readonly accept: (executions: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
}

/** Why an append of nothing is refused: it has no place in the journal. */
export const nothingToAppend = "an append needs at least one entry"

/** The order of `list`, oldest first: by time, then by the bytes of the id in UTF-8, as databases compare text. */
export const byAge = (a: ExecutionRow, b: ExecutionRow): number =>
  a.createdAt - b.createdAt || Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))
