/**
 * The store over SQL. Every write goes through one committer (Committer.ts): a lone append is one autocommit statement,
 * fenced by epoch and seq; more of them are one transaction of few statements.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { EngineBusy, ExecutionDiscarded, Fenced } from "../core/Errors.js"
import { StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import * as Committer from "./Committer.js"
import type { Encoded, EntryRow, ExecutionRow, Latest, ListQuery, Order } from "./Encoded.js"
import { byAge, folded, nothingToAppend } from "./Encoded.js"
import type { Row, Sql } from "./Sql.js"
import * as SqlLanes from "./SqlLanes.js"
import * as SqlLetters from "./SqlLetters.js"
import * as SqlRetention from "./SqlRetention.js"
import * as SqlTokens from "./SqlTokens.js"
import * as Statements from "./Statements.js"
import { Turns } from "./Turns.js"
import type { Answered, Answers, Refused, Write } from "./Write.js"
import { alone, executionRow, keyOf, together, weightOf } from "./Write.js"

/** What the driver adds to the statements. */
export interface Options {
  readonly sql: Sql
  readonly own: Effect.Effect<boolean, EngineBusy | StoreError, Scope.Scope>
}

/** What one commit holds: some 8 MB, so that the event loop is not held for long. */
const capacity = 2_048

/** How long a write waits for another process's lock, in milliseconds. */
const patience = 30_000

/** Tries again while somebody else has the lock: soon at first, later every 100 ms or so. */
export const patiently = <A, E>(
  sql: Pick<Sql, "holder">,
  effect: Effect.Effect<A, E | StoreError>
): Effect.Effect<A, E | StoreError> =>
  Effect.catchAll(effect, (error) => (busyError(error) ? again(sql, effect, error) : Effect.fail(error)))

const again = Effect.fnUntraced(function* <A, E>(
  sql: Pick<Sql, "holder">,
  effect: Effect.Effect<A, E | StoreError>,
  { reason, store }: StoreError
) {
  const clock = yield* Effect.clock
  const end = clock.unsafeCurrentTimeMillis() + patience
  for (let pause = 2; clock.unsafeCurrentTimeMillis() < end; pause = Math.min(100, pause * 2)) {
    yield* Effect.sleep(pause * (0.5 + (yield* Random.next)))
    const exit = yield* Effect.exit(effect)
    if (Exit.isSuccess(exit) || !isBusy(exit)) return yield* exit
  }
  const message = `${store} was locked by another process for ${patience / 1000} s${yield* sql.holder}: end that process`
  return yield* new StoreError({ reason, store, message })
})

const busyError = (error: unknown): error is StoreError => error instanceof StoreError && error.reason === "Busy"

const isBusy = <A, E>(exit: Exit.Exit<A, E>): boolean =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && busyError(exit.cause.error)

const entryRow = (row: Row): EntryRow => ({
  seq: Number(row.seq),
  epoch: Number(row.epoch),
  at: Number(row.at),
  body: String(row.body),
  hash: String(row.hash)
})

/** The first row is the execution's, in the columns of an entry. */
const latestOf = (id: string, rows: ReadonlyArray<Row>): Latest | undefined => {
  const [first] = rows
  if (first === undefined) return undefined
  const [task, version, status, owner, updatedAt, letters] = JSON.parse(String(first.body)) as ReadonlyArray<unknown>
  const { at: createdAt, epoch } = first
  return {
    row: executionRow({ id, task, version, status, epoch, owner, createdAt, updatedAt }),
    rows: rows.slice(1).map(entryRow),
    letters: letters === 1
  }
}

const order = (row: Row): Order => ({
  id: Number(row.id),
  execution: String(row.execution),
  verb: String(row.verb),
  body: JSON.parse(String(row.body)) as Json,
  at: Number(row.at)
})

const done = Exit.succeed(undefined)

/** Most writes answer nothing. */
const exitOf = (answer: Answered): Exit.Exit<Answered> => (answer === undefined ? done : Exit.succeed(answer))

/** Commits writes together, and each on its own if one of them is refused or fails. */
const committer = (sql: Sql) => {
  const one = (write: Write) => patiently(sql, alone(sql, write))
  return Committer.make<Write, Answered, Refused>({
    key: keyOf,
    weight: weightOf,
    capacity,
    closed: () => new StoreError({ reason: "Failed", store: sql.name, message: `${sql.name} was closed` }),
    one,
    many: Effect.fnUntraced(function* (writes: ReadonlyArray<Write>) {
      const answers = yield* Effect.exit(patiently(sql, together(sql, writes)))
      if (Exit.isSuccess(answers) && answers.value !== undefined) return answers.value.map(exitOf)
      return isBusy(answers)
        ? writes.map(() => answers as Exit.Exit<never, StoreError>)
        : yield* Effect.forEach(writes, (write) => Effect.exit(one(write)))
    })
  })
}

/** Where an execution stands in the order of `list`. */
type Place = Pick<ExecutionRow, "id" | "createdAt">

const lister = (all: Sql["all"]) => {
  const some = (query: ListQuery, last: Place | undefined, status: string | undefined) => {
    const { limit, order, since, tags = [], task, text, until } = query
    const given = { status, task, since, until, text: text === undefined ? undefined : folded(text) }
    const has = Statements.filters.map((filter) => [filter, given[filter] !== undefined] as const)
    const by = Object.fromEntries(has) as Record<keyof typeof given, boolean>
    return all(Statements.list({ ...by, after: last !== undefined, oldest: order === "oldest" }, tags.length), [
      ...Statements.filters.flatMap((filter) => given[filter] ?? []),
      ...tags,
      ...(last === undefined ? [] : [last.createdAt, last.id]),
      limit ?? -1
    ])
  }
  // A database that is older has nothing that was purged.
  const before = (id: string) => Effect.orElseSucceed(SqlRetention.purged({ all }, id), () => undefined)
  const placeOf = (id: string): Effect.Effect<Place | undefined, StoreError> =>
    Effect.flatMap(
      all(Statements.get, [id]),
      ([row]): Effect.Effect<Place | undefined> => (row === undefined ? before(id) : Effect.succeed(executionRow(row)))
    )
  return Effect.fnUntraced(function* (query: ListQuery) {
    const { after, limit, order, status } = query
    const last = after === undefined ? undefined : yield* placeOf(after)
    if (after !== undefined && last === undefined) return []
    // One query a status, each along its index: one for all of them would have to sort, or to scan past the others.
    const found = yield* Effect.forEach(status === undefined ? [undefined] : new Set(status), (one) =>
      some(query, last, one)
    )
    const rows = found.flat().map(executionRow)
    if (found.length < 2) return rows
    const sign = order === "oldest" ? 1 : -1
    return rows.sort((a, b) => sign * byAge(a, b)).slice(0, limit)
  })
}

/** A database tells nobody that it was written to: it is asked. */
const changed = Effect.fnUntraced(function* (sql: Sql, seen: number | undefined, every: Duration.DurationInput) {
  for (;;) {
    const version = yield* sql.version
    if (version !== seen) return version
    yield* Effect.sleep(every)
  }
})

/**
 * The store over this connection, until the scope closes; what was given to it before that is still committed. `all` is
 * for the driver: it reads when no transaction is open.
 */
export const make = Effect.fnUntraced(function* ({ own, sql: connection }: Options) {
  const turns = new Turns()
  const sql: Sql = { ...connection, transaction: (effect) => turns.alone(connection.transaction(effect)) }
  const submit = yield* committer(sql)
  const write = <T extends Write["_tag"]>(given: Extract<Write, { readonly _tag: T }>) =>
    submit(given) as Effect.Effect<
      Answers[T],
      StoreError | (T extends "Append" ? Fenced : never) | (T extends "Create" ? ExecutionDiscarded : never)
    >
  const all: Sql["all"] = (statement, values) => patiently(sql, turns.between(sql.all(statement, values)))
  const list = lister(all)
  const encoded: Encoded = {
    name: sql.name,
    own,
    create: (request) => write({ _tag: "Create", request }),
    append: (request) =>
      request.rows.length === 0
        ? new StoreError({ reason: "Failed", store: sql.name, message: nothingToAppend })
        : write({ _tag: "Append", request }),
    claim: (id, owner) => write({ _tag: "Claim", id, owner }),
    get: (id) =>
      Effect.map(all(Statements.get, [id]), (rows) => (rows[0] === undefined ? undefined : executionRow(rows[0]))),
    read: (id, from, limit = -1) => Effect.map(all(Statements.read, [id, from, limit]), (rows) => rows.map(entryRow)),
    stages: (id, from, limit) => Effect.map(all(Statements.stages, [id, from, limit]), (rows) => rows.map(entryRow)),
    tail: (id, count) => Effect.map(all(Statements.tail, [id, count]), (rows) => rows.map(entryRow).reverse()),
    latest: (id) => Effect.map(all(Statements.latest, [id, id, id, id]), (rows) => latestOf(id, rows)),
    list,
    order: (given) => write({ _tag: "Order", order: given }),
    orders: Effect.map(all(Statements.orders, []), (rows) => rows.map(order)),
    answer: (answer) => write({ _tag: "Answer", answer }),
    takeAnswer: (id) =>
      // Looked for first: asking for an answer that is not there yet takes no write lock.
      Effect.flatMap(all(Statements.findAnswer, [id]), (rows) =>
        rows.length === 0 ? Effect.succeed(undefined) : write({ _tag: "Take", order: id })
      ),
    complete: (completing) => write({ _tag: "Complete", completing, body: JSON.stringify(completing.body) }),
    end: (ending) => write({ _tag: "End", ending }),
    beat: (beat) => write({ _tag: "Beat", beat }),
    token: (hash) => SqlTokens.get({ all }, hash),
    post: (signal) => write({ _tag: "Post", signal, body: JSON.stringify(signal.body) }),
    letters: (id) => SqlLetters.lettersOf({ all }, id),
    due: (query) => SqlLetters.due({ all }, query),
    holders: (lane) => SqlLanes.holders({ all }, lane),
    addressed: SqlLetters.addressed({ all }),
    reach: (reached) => write({ _tag: "Reach", reached }),
    nextWake: (after) => SqlLetters.nextWake({ all }, after),
    purge: (query) =>
      Effect.flatMap(SqlRetention.isAny({ all }, query), (isAny) =>
        isAny ? write({ _tag: "Purge", query }) : Effect.succeed([])
      ),
    purged: (id) => SqlRetention.purged({ all }, id),
    tasks: SqlRetention.tasksOf({ all }),
    changed: (seen, every) => changed(sql, seen, every),
    damage: Effect.succeed(new Map()),
    accept: () => Effect.void
  }
  return { encoded, all }
})
