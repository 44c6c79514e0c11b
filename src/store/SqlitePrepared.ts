/**
 * Statements that are prepared once, each with values that are put in its place: to ask the client's cache and to make an
 * effect each time takes longer than what SQLite has to do. The client reads the values when it runs the statement.
 */
import type { Connection as Client } from "@effect/sql/SqlConnection"
import { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import type { Value } from "./Sql.js"

interface Prepared {
  readonly run: Effect.Effect<unknown, SqlError>
  readonly values: Array<Value>
  /** how often the values were put in their place */
  turn: number
}

export class SqlitePrepared {
  private readonly known = new Map<string, Prepared>()

  constructor(private readonly client: Client) {}

  /** A statement with these values, of whoever has the connection to itself; it has to be run next. */
  alone(text: string, values: ReadonlyArray<Value>): Effect.Effect<unknown, SqlError> {
    const prepared = this.with(text, values)
    return prepared instanceof SqlError ? Effect.fail(prepared) : prepared.run
  }

  /** One that changes nothing, of anybody: asked by itself if others came between the values and the statement. Run next too. */
  read(text: string, values: ReadonlyArray<Value>): Effect.Effect<unknown, SqlError> {
    const prepared = this.with(text, values)
    if (prepared instanceof SqlError) return Effect.fail(prepared)
    const { turn } = prepared
    return Effect.flatMap(prepared.run, (rows) =>
      prepared.turn === turn ? Effect.succeed(rows) : this.client.executeUnprepared(text, values, undefined)
    )
  }

  /** What cannot be prepared is not remembered. */
  private with(text: string, values: ReadonlyArray<Value>): Prepared | SqlError {
    const known = this.known.get(text)
    if (known === undefined) return this.prepare(text, [...values])
    known.turn++
    for (let index = 0; index < values.length; index++) known.values[index] = values[index]!
    return known
  }

  private prepare(text: string, values: Array<Value>): Prepared | SqlError {
    try {
      const prepared = { run: this.client.executeUnprepared(text, values, undefined), values, turn: 0 }
      this.known.set(text, prepared)
      return prepared
    } catch (cause) {
      return new SqlError({ cause, message: "Failed to prepare statement" })
    }
  }
}
