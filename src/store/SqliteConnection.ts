/**
 * One connection to a SQLite file, as `Sql`: the client of @effect/sql-sqlite-node, whose connection is kept for as long
 * as the scope is open. Statements go to the connection itself: the client's templates and transactions cost more than
 * twice as much, and find a transaction in the fiber's context, where a user's may be.
 */

import * as Reactivity from "@effect/experimental/Reactivity"
import type { Connection as Client } from "@effect/sql/SqlConnection"
import type { SqlError } from "@effect/sql/SqlError"
import * as SqliteClient from "@effect/sql-sqlite-node/SqliteClient"
import type * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { StoreError } from "../core/Errors.js"
import * as Sentence from "../core/Sentence.js"
import type { Row, Sql, Statement, Value } from "./Sql.js"
import { codeOf, fromCause, isInputOutput } from "./SqliteErrors.js"
import { holderOf } from "./SqliteHolder.js"
import { SqlitePrepared } from "./SqlitePrepared.js"

export interface Options {
  /** the absolute path of the file */
  readonly filename: string
  readonly readonly?: boolean
  /** how long SQLite waits for a lock by itself, in milliseconds; the event loop stands still meanwhile */
  readonly timeout: number
}

/** A connection, with what only SQLite has. */
export interface SqliteConnection extends Sql {
  /** the value of a pragma, e.g. `pragma("user_version")`; with ` = ` it is set */
  readonly pragma: (text: string) => Effect.Effect<unknown, StoreError>
  readonly path: string
}

/** Pages that the log may grow to before it is moved into the database. */
const checkpointAt = 1_000

/** Pages written, by a rough guess, after which the log's length is asked for. */
const lookAt = 128

/** What a statement that answers no rows answers. */
interface Changes {
  readonly changes: number
}

const reads = /^\s*(SELECT|PRAGMA|WITH)\b/i

class Connection {
  /** roughly how many pages were written since the last checkpoint */
  private written = 0
  /** the I/O error after which this connection does nothing any more */
  private broken: StoreError | undefined
  private inTransaction = false
  private readonly prepared: SqlitePrepared

  constructor(
    private readonly client: Client,
    private readonly name: string
  ) {
    this.prepared = new SqlitePrepared(client)
  }

  /** Executes a statement that tells how many rows it has changed, as long as the connection may be trusted. */
  private execute(text: string, values: ReadonlyArray<Value>): Effect.Effect<unknown, StoreError> {
    return Effect.suspend(() =>
      this.broken !== undefined
        ? Effect.fail(this.broken)
        : Effect.catchAll(this.client.executeRaw(text, values), (error) => this.recover(error, text, values))
    )
  }

  /** The client remembers for good that a statement could not be prepared: such a one is tried anew each time. */
  private recover(error: SqlError, text: string, values: ReadonlyArray<Value>) {
    if (!error.message.startsWith("Failed to prepare")) return this.fail(error.cause, true)
    const anew = Effect.suspend(() => this.client.executeUnprepared(text, values, undefined))
    return Effect.catchAllCause(anew, () => this.fail(error.cause, true))
  }

  /** The same for one that tells nothing, while nobody else writes. */
  private alone(text: string): Effect.Effect<unknown, StoreError> {
    return Effect.suspend(() =>
      this.broken !== undefined
        ? Effect.fail(this.broken)
        : Effect.catchAll(this.prepared.alone(text, []), (error) => this.fail(error.cause, true))
    )
  }

  private fail(cause: unknown, writes: boolean): Effect.Effect<never, StoreError> {
    const error = fromCause(this.name, cause)
    if (!writes || !isInputOutput(cause)) return Effect.fail(error)
    // SQLite would go on acknowledging; but after a failed fsync nobody knows what is on disk.
    return Effect.fail(
      this.stop(`${Sentence.open(error.message)}. Nothing is read or written any more until it is opened again`)
    )
  }

  private stop(message: string): StoreError {
    this.broken = new StoreError({ reason: "Failed", store: this.name, message })
    return this.broken
  }

  all(text: string, values: ReadonlyArray<Value>): Effect.Effect<ReadonlyArray<Row>, StoreError> {
    const writes = !reads.test(text)
    const rows = Effect.suspend(() => {
      if (this.broken !== undefined) return Effect.fail(this.broken)
      const asked = writes ? this.prepared.alone(text, values) : this.prepared.read(text, values)
      return Effect.catchAll(asked, (error) => this.fail(error.cause, writes))
    }) as Effect.Effect<ReadonlyArray<Row>, StoreError>
    return writes ? Effect.flatMap(rows, (found) => this.wrote(values, found)) : rows
  }

  run(text: string, values: ReadonlyArray<Value>): Effect.Effect<number, StoreError> {
    return Effect.flatMap(this.execute(text, values), (result) =>
      Array.isArray(result)
        ? Effect.flatMap(this.changes, (changes) => this.wrote(values, changes))
        : this.wrote(values, (result as Changes).changes)
    )
  }

  each(statements: ReadonlyArray<Statement>): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      if (this.broken !== undefined) return Effect.fail(this.broken)
      let index = 0
      const all = Effect.whileLoop({
        while: () => index < statements.length,
        body: () => {
          const { text, values } = statements[index]!
          return this.prepared.alone(text, values)
        },
        step: () => this.count(statements[index++]!.values)
      })
      return Effect.catchAll(all, (error) => this.fail(error.cause, true))
    })
  }

  /** How many rows the statement has changed that was run last: what was prepared for once does not tell. */
  private get changes(): Effect.Effect<number, StoreError> {
    return Effect.map(this.all("SELECT changes() AS changes", []), (rows) => Number(rows[0]!.changes))
  }

  private count(values: ReadonlyArray<Value>): void {
    this.written += 3
    for (const value of values) if (typeof value === "string") this.written += value.length >>> 11
  }

  /** The answer, after a look at the log's length from time to time, unless a transaction is open. */
  private wrote<A>(values: ReadonlyArray<Value>, answer: A): Effect.Effect<A, StoreError> {
    this.count(values)
    if (this.written < lookAt || this.inTransaction) return Effect.succeed(answer)
    this.written = 0
    return Effect.as(this.checkpoint, answer)
  }

  /** Moves the log into the database if it is long. What was written is safe in it: only what breaks the connection matters. */
  private get checkpoint(): Effect.Effect<void, StoreError> {
    return Effect.flatMap(this.all("PRAGMA wal_checkpoint(NOOP)", []), ([found]) =>
      Number(found?.log) < checkpointAt ? Effect.void : this.alone("PRAGMA wal_checkpoint(PASSIVE)")
    ).pipe(
      Effect.catchAll((error) => (error === this.broken ? Effect.fail(error) : Effect.void)),
      Effect.asVoid
    )
  }

  private get begin(): Effect.Effect<void, StoreError> {
    return Effect.flatMap(this.alone("BEGIN IMMEDIATE"), () => {
      this.inTransaction = true
      return Effect.void
    })
  }

  private commit<A>(answer: A): Effect.Effect<A, StoreError> {
    return Effect.flatMap(this.alone("COMMIT"), () => {
      this.inTransaction = false
      return this.wrote([], answer)
    })
  }

  /** A transaction may have ended by itself, as after a full disk: then there is nothing to end. */
  private get rollback(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.inTransaction = false
      return Effect.catchAll(Effect.asVoid(this.prepared.alone("ROLLBACK", [])), ({ cause }) => {
        const over = cause instanceof Error && cause.message.includes("no transaction is active")
        if (!over) this.stop(`${this.name}: a transaction could not be ended (${codeOf(cause)}); open it again`)
        return Effect.void
      })
    })
  }

  private readonly undone = <E>(cause: Cause.Cause<E>): Effect.Effect<never, E> =>
    Effect.zipRight(this.rollback, Effect.failCause(cause))

  transaction<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | StoreError> {
    const committed = Effect.flatMap(effect, (answer) => this.commit(answer))
    const ended = Effect.matchCauseEffect(committed, { onFailure: this.undone, onSuccess: Effect.succeed })
    return Effect.uninterruptible(Effect.zipRight(this.begin, ended))
  }
}

/** The client's own connection. Its failure to open the file is a defect; here it is a `StoreError`. */
const open = ({ filename, readonly, timeout }: Options): Effect.Effect<Client, StoreError, Scope.Scope> =>
  Effect.gen(function* () {
    const client = yield* SqliteClient.make({
      filename,
      readonly: readonly ?? false,
      disableWAL: true,
      prepareCacheTTL: Duration.infinity
    })
    const connection = yield* client.reserve
    yield* connection.executeUnprepared(`PRAGMA busy_timeout = ${timeout}`, [], undefined)
    return connection
  }).pipe(
    Effect.provide(Reactivity.layer),
    Effect.catchAllDefect((defect) => Effect.fail(fromCause(filename, defect))),
    Effect.catchTag("SqlError", (error) => Effect.fail(fromCause(filename, error.cause)))
  )

/** Opens the file, until the scope closes. Nothing is written by this alone. */
export const make = Effect.fnUntraced(function* (options: Options) {
  const { filename } = options
  const connection = new Connection(yield* open(options), filename)
  const pragma = (text: string): Effect.Effect<unknown, StoreError> =>
    Effect.map(connection.all(`PRAGMA ${text}`, []), (rows) =>
      Array.isArray(rows) ? Object.values(rows[0] ?? {})[0] : undefined
    )
  const sqlite: SqliteConnection = {
    name: filename,
    path: filename,
    all: (text, values) => connection.all(text, values),
    run: (text, values) => connection.run(text, values),
    each: (statements) => connection.each(statements),
    transaction: (effect) => connection.transaction(effect),
    version: Effect.map(pragma("data_version"), Number),
    holder: Effect.sync(() => {
      const pid = holderOf(`${filename}-shm`, writeLock)
      return pid === undefined ? "" : ` (process ${pid} holds the lock)`
    }),
    pragma
  }
  return sqlite
})

/** Where in the -shm file SQLite locks a byte to write. */
const writeLock = 120
