/**
 * The port that drivers implement: rows of plain text and numbers, and nothing typed. Store.ts builds the typed face.
 */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { EngineBusy, ExecutionDiscarded, Fenced, StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import type { Status } from "../core/Status.js"
import type { Letter, Notice, Signal } from "./Letter.js"
import type {
  Beat,
  BeatAnswer,
  Closed,
  Completing,
  Completion,
  EndAnswer,
  Ending,
  NewToken,
  TokenRow,
  Told
} from "./Token.js"

/** An execution as a store lists it. Times in milliseconds UTC. */
export interface ExecutionRow {
  readonly id: string
  readonly task: string
  /** the one that it goes by */
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

/** What goes in the same transaction as entries: all of it with them, or nothing. */
export interface Beside {
  /** orders that these entries carry out */
  readonly answers?: ReadonlyArray<Answer>
  /** tokens that phases of this execution can be completed by; `StoreError` if there is one with the hash */
  readonly tokens?: ReadonlyArray<NewToken>
  /** to other executions; to nobody where there is no such execution, or it has ended */
  readonly letters?: ReadonlyArray<Notice>
  /**
   * The execution is Waiting: when it is due by itself, in milliseconds UTC (null: never), and the last letter that its owner
   * has looked at: what was sent before that does not wake it. Or it is Pending, and is due then (null: at once). A status
   * that moves takes the time away.
   */
  readonly rest?: { readonly wake: number | null; readonly seen: number }
  /** tokens that those whom they are for have: their text is erased, and they expire then */
  readonly told?: ReadonlyArray<Told>
}

/** What goes of a journal: the entries after `after`, and up to `through`, with the tokens that were given out in them. `instead` comes in the place of the last of them. */
export interface Discard {
  readonly after: number
  readonly through: number
  readonly instead?: EntryRow
}

/** What goes in the same transaction as the entries of an execution that there was before. */
export interface BesideAppend extends Beside {
  /** a new owner: raises the epoch from the one before `epoch`, and nothing is written if it is another */
  readonly claim?: string
  /** the ids of this execution's letters that the entries hold: taken away; `Fenced` if one of them is not there */
  readonly taken?: ReadonlyArray<number>
  /** what completes a token of this execution, with entries that say so, and no letter; `Fenced` if the token is not open */
  readonly accepted?: Completing
  /** tokens that complete nothing any more; `Fenced` if one of them must be open, and somebody has completed it */
  readonly close?: ReadonlyArray<Closed>
  /** with a claim: it takes a place in its lane, if it has none; `Fenced` if that many others have one */
  readonly limit?: number
  /** of the journal that the entries then are in; never its last entry */
  readonly discard?: Discard
  /** the version of its task that it goes by from here on */
  readonly version?: number
}

/**
 * Entries to add to one journal, all or none: at least one, dense in `seq` and of this epoch, and only if `epoch` is still the execution's
 * and the first of them is its journal's next. `status` if they change it.
 */
export interface AppendRequest extends BesideAppend {
  readonly execution: string
  readonly epoch: number
  readonly rows: ReadonlyArray<EntryRow>
  readonly status: Status | null
}

/** What goes in the same transaction as the first entries of an execution. */
export interface BesideCreate extends Beside {
  /** of those that are due, the ones with a higher one come first; 0 */
  readonly priority?: number
  /**
   * executions of one task that share its places have the same. What is Pending and has no place stands in line. None, if it
   * is left out
   */
  readonly lane?: string
  /** the execution whose child it is: it is purged with that, and never alone */
  readonly parent?: string
  /** what it is found by; each once */
  readonly tags?: ReadonlyArray<string>
}

/** A new execution and its first entries, from 0 on, all or none; if the id exists, nothing is written and that row is answered. */
export interface CreateRequest extends BesideCreate {
  readonly row: ExecutionRow
  readonly rows: ReadonlyArray<EntryRow>
}

/**
 * Which executions `list` answers, by `createdAt` and then id: the newest first unless told otherwise. `after` is the id of
 * the last one already seen, which may be purged since (nothing follows an id that there never was); without `limit`, all.
 */
export interface ListQuery {
  readonly task?: string
  readonly status?: ReadonlyArray<Status>
  /** a part of the id or the name of the task; the case of ASCII letters does not count */
  readonly text?: string
  /** it has all of these */
  readonly tags?: ReadonlyArray<string>
  /** not created before, in milliseconds UTC */
  readonly since?: number
  /** created before then */
  readonly until?: number
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

/** The execution that a signal is for, and whether it was taken: an execution that has ended takes none. */
export interface Posted {
  readonly row: ExecutionRow
  readonly posted: boolean
}

/** Which executions `due` answers: of these tasks, or of any, after `after` in its order, at most `limit`. */
export interface DueQuery {
  /** in milliseconds UTC */
  readonly now: number
  readonly tasks?: ReadonlyArray<string>
  /** this one alone */
  readonly id?: string
  readonly after?: Due
  readonly limit?: number
  /** how many places a lane of each task has; of others, the first one in line is answered as if there were one */
  readonly lanes?: Readonly<Record<string, number>>
}

/** An execution that is to go on. */
export interface Due {
  readonly id: string
  readonly task: string
  readonly priority: number
  /** Waiting: its oldest letter, or its wake time if that was earlier; Pending: its wake time, or when it was created */
  readonly since: number
  /** it stands in line there, and there is a place */
  readonly lane?: string
  /** the execution whose child it is */
  readonly parent?: string
}

/** How far a schedule has come. */
export interface Reached {
  readonly schedule: string
  /** in milliseconds UTC */
  readonly at: number
  /** whether it only begins there, if it never did before */
  readonly begins: boolean
}

/** Which executions are purged: of this task, which ended before then, in milliseconds UTC; about `limit`, the oldest first. */
export interface PurgeQuery {
  readonly task: string
  readonly before: number
  readonly limit: number
  /** the time at which that is so */
  readonly at: number
}

/** What stays of an execution that was purged. */
export interface Purged extends Pick<ExecutionRow, "id" | "task" | "createdAt"> {
  /** when, in milliseconds UTC */
  readonly at: number
}

/** An execution that has letters, the newest of them `last`. */
export interface Addressed {
  readonly id: string
  readonly task: string
  readonly status: Status
  readonly last: number
}

/** What it takes to go on with an execution. */
export interface Latest {
  readonly row: ExecutionRow
  /**
   * all entries, in order; or, where stages were entered (`entersStage`), the first one, and from the one before the last of
   * these on
   */
  readonly rows: ReadonlyArray<EntryRow>
  /** whether anything was sent to it that nobody has taken */
  readonly letters: boolean
}

/** What a driver implements. Every effect is durable when it ends, by the store's `durability`. */
export interface Encoded {
  /** what a person would call this store, e.g. its file name */
  readonly name: string
  /**
   * Makes this store the one whose engine advances executions, until the scope closes. Any other, in this process or
   * another, is refused with `EngineBusy`; so is the same store asking twice. Answers whether the owner before died, as far
   * as the store can tell.
   */
  readonly own: Effect.Effect<boolean, EngineBusy | StoreError, Scope.Scope>
  /** fails with `ExecutionDiscarded`, and has written nothing, if the id was purged */
  readonly create: (request: CreateRequest) => Effect.Effect<ExecutionRow | undefined, ExecutionDiscarded | StoreError>
  /**
   * fails with `Fenced`, and has written nothing, if the epoch is not the execution's, the entries are not the next, or a
   * letter that they take is gone, or a token that has to be open is completed, or its lane has no place. A status that
   * moves moves its place too: see `Status.places`
   */
  readonly append: (request: AppendRequest) => Effect.Effect<void, Fenced | StoreError>
  /** raises the epoch and sets the owner; nothing if there is no such execution */
  readonly claim: (id: string, owner: string) => Effect.Effect<number | undefined, StoreError>
  readonly get: (id: string) => Effect.Effect<ExecutionRow | undefined, StoreError>
  /** the entries from `from` on, in order, in one read; at most `limit` */
  readonly read: (id: string, from: number, limit?: number) => Effect.Effect<ReadonlyArray<EntryRow>, StoreError>
  /** the last `count` entries, in order; all, if there are fewer */
  readonly tail: (id: string, count: number) => Effect.Effect<ReadonlyArray<EntryRow>, StoreError>
  /** what it takes to go on, in one read; it costs no more, however many stages were entered before */
  readonly latest: (id: string) => Effect.Effect<Latest | undefined, StoreError>
  /** of these, those with which stages were entered; it costs no more, however many others there are */
  readonly stages: (id: string, from: number, limit: number) => Effect.Effect<ReadonlyArray<EntryRow>, StoreError>
  readonly list: (query: ListQuery) => Effect.Effect<ReadonlyArray<ExecutionRow>, StoreError>
  /** puts an order into the inbox, in a transaction of its own */
  readonly order: (order: Omit<Order, "id">) => Effect.Effect<number, StoreError>
  /** the orders that have no answer yet, oldest first */
  readonly orders: Effect.Effect<ReadonlyArray<Order>, StoreError>
  readonly answer: (answer: Answer) => Effect.Effect<void, StoreError>
  /** takes the answer to an order away, if it is there */
  readonly takeAnswer: (order: number) => Effect.Effect<Json | undefined, StoreError>
  /** completes a token, if it is open, and puts the letter that says so among its execution's: one compare-and-set */
  readonly complete: (completing: Completing) => Effect.Effect<Completion, StoreError>
  /** ends a token, if it is open; asked again, or of one that there is not, it is ended. Its text is erased */
  readonly end: (ending: Ending) => Effect.Effect<EndAnswer, StoreError>
  readonly beat: (beat: Beat) => Effect.Effect<BeatAnswer, StoreError>
  readonly token: (hash: string) => Effect.Effect<TokenRow | undefined, StoreError>
  /** puts a signal among the letters of its execution, unless that has ended; nothing if there is no such execution */
  readonly post: (signal: Signal) => Effect.Effect<Posted | undefined, StoreError>
  /** the letters of an execution that no entry has taken, oldest first */
  readonly letters: (id: string) => Effect.Effect<ReadonlyArray<Letter>, StoreError>
  /**
   * The executions that are Waiting and have a letter, or Waiting or Pending and their time has come; by priority, then
   * `since`, oldest first, then id. Holds for as long as that is so: a letter that was written before the execution became Waiting counts as one after.
   * Of those that stand in line, the first ones of each lane, as many as it has places that nobody has.
   */
  readonly due: (query: DueQuery) => Effect.Effect<ReadonlyArray<Due>, StoreError>
  /** the executions that have a place in a lane */
  readonly holders: (lane: string) => Effect.Effect<ReadonlyArray<string>, StoreError>
  /** the executions that have letters and are Waiting, or an engine has work with them (`isActive`); by their last letter */
  readonly addressed: Effect.Effect<ReadonlyArray<Addressed>, StoreError>
  /** how far a schedule has come, all told: it never goes back */
  readonly reach: (reached: Reached) => Effect.Effect<number, StoreError>
  /**
   * Takes executions away that have ended, with all that is kept of them and of their children, and answers their ids: in one
   * transaction, which leaves a `Purged` for each. None whose parent is there, or a child of which has not ended; nor the
   * execution that was created last. A family goes whole, however many they are.
   */
  readonly purge: (query: PurgeQuery) => Effect.Effect<ReadonlyArray<string>, StoreError>
  readonly purged: (id: string) => Effect.Effect<Purged | undefined, StoreError>
  /** the tasks of which there are executions */
  readonly tasks: Effect.Effect<ReadonlyArray<string>, StoreError>
  /** the first time after this one at which an execution that is Waiting or Pending is due by itself */
  readonly nextWake: (after: number) => Effect.Effect<number | undefined, StoreError>
  /**
   * Waits until somebody else has written to the store: until a number differs from `seen` that changes with every such
   * write, and answers it; without `seen`, at once. Whoever looks after that misses nothing that was written before the
   * number was answered. What this store writes itself does not count. A store that is not told looks once in `every`.
   */
  readonly changed: (seen: number | undefined, every: Duration.DurationInput) => Effect.Effect<number, StoreError>
  /**
   * Executions that lost entries which this store had acknowledged, as far as it can tell: id -> what is missing. They are
   * refused (loaded: `JournalCorrupt`; created anew: `StoreError` Corrupt) until they are restored or accepted.
   */
  readonly damage: Effect.Effect<ReadonlyMap<string, string>>
  /** takes these executions as they now are, and stops reporting what they lost; fails unless this store is the owner */
  readonly accept: (executions: ReadonlyArray<string>) => Effect.Effect<void, StoreError>
}

/** How the text of an entry begins with which an execution needs nothing any more of what was before, but its creation. */
export const stagePrefix = '{"_tag":"StageEntered"'

/** Whether an entry is such a one. */
export const entersStage = ({ body }: Pick<EntryRow, "body">): boolean => body.startsWith(stagePrefix)

/** How the text of an entry begins that says what was discarded before it, and of one that stands for what was. */
const discardedPrefix = '{"_tag":"Discarded"'
export const snapshotPrefix = '{"_tag":"Snapshot"'

export const isDiscarded = ({ body }: Pick<EntryRow, "body">): boolean => body.startsWith(discardedPrefix)

export const isSnapshot = ({ body }: Pick<EntryRow, "body">): boolean => body.startsWith(snapshotPrefix)

/** Why an append of nothing is refused: it has no place in the journal. */
export const nothingToAppend = "an append needs at least one entry"

/** By the bytes of both in UTF-8, as databases compare text. */
export const compareText = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** As `list` compares texts. */
export const folded = (text: string): string => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

type Aged = Pick<ExecutionRow, "id" | "createdAt">

/** The order of `list`, oldest first: by time, then by id. */
export const byAge = (a: Aged, b: Aged): number => a.createdAt - b.createdAt || compareText(a.id, b.id)
