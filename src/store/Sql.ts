/**
 * What the SQL store asks of a database: one connection that it has to itself. A driver is this and nothing else, so that
 * all that differs between databases lies below it.
 */
import type * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"

/** What a statement is given. */
export type Value = string | number | null

/** A row as the driver reads it. */
export type Row = Readonly<Record<string, unknown>>

/** One that answers no rows, with what it is given. */
export interface Statement {
  readonly text: string
  readonly values: ReadonlyArray<Value>
}

export interface Sql {
  /** what a person would call the database, e.g. its file name */
  readonly name: string
  /** the rows that a statement answers */
  readonly all: (statement: string, values: ReadonlyArray<Value>) => Effect.Effect<ReadonlyArray<Row>, StoreError>
  /** runs a statement that answers no rows: how many rows it changed, those of triggers not counted */
  readonly run: (statement: string, values: ReadonlyArray<Value>) => Effect.Effect<number, StoreError>
  /** runs them one after the other while nobody else writes; where one fails, those after it are not run */
  readonly each: (statements: ReadonlyArray<Statement>) => Effect.Effect<void, StoreError>
  /**
   * Runs the effect in a transaction that may write from its beginning. If it fails, or the commit does, nothing of it was
   * written and the connection is free again. No other statement may be given to the connection meanwhile.
   */
  readonly transaction: <A, E>(effect: Effect.Effect<A, E>) => Effect.Effect<A, E | StoreError>
  /** a number that changes when another connection has written */
  readonly version: Effect.Effect<number, StoreError>
  /** who keeps the database's write lock, for a person: " (process 4242 holds it)", or nothing */
  readonly holder: Effect.Effect<string>
}
