/** Tokens in SQL. Each change is one statement that says itself whether the token is open. */
import * as Effect from "effect/Effect"
import { StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { isFinal, type Status, all as statuses } from "../core/Status.js"
import type { Row, Sql, Statement } from "./Sql.js"
import type {
  Beat,
  BeatAnswer,
  Completing,
  Completion,
  EndAnswer,
  Ended,
  Ending,
  NewToken,
  TokenRow,
  Told
} from "./Token.js"
import { completionOf, isOver, standingAt, tokenThere } from "./Token.js"

export const listed = (some: ReadonlyArray<Status>): string => some.map((status) => `'${status}'`).join(", ")

/** The statuses, as SQL lists them, in which an execution takes no letters. */
export const finals = listed(statuses.filter(isFinal))

/** Those in which its tokens complete nothing. */
const over = listed(statuses.filter(isOver))

const addOne = `INSERT INTO token (hash, execution, path, clear, schema, expires)
  SELECT ?, number, ?, ?, ?, ? FROM execution WHERE id = ?`

const toldOne = "UPDATE token SET clear = NULL, expires = ? WHERE hash = ?"

const find = `SELECT e.id AS execution, e.task, e.status, t.path, t.clear, t.schema, t.expires, t.ended, t.outcome, t.beat, t.progress
  FROM token t JOIN execution e ON e.number = t.execution WHERE t.hash = ?`

/** Per letter: body, at, outcome, hash, at. The trigger `letter_completes` completes the token in the same statement. */
const completeOpen = `INSERT INTO letter (execution, kind, key, body, at, outcome)
  SELECT t.execution, 'completion', t.hash, ?, ?, ? FROM token t JOIN execution e ON e.number = t.execution
  WHERE t.hash = ? AND t.ended IS NULL AND (t.expires IS NULL OR t.expires > ?) AND e.status NOT IN (${over})
  RETURNING (SELECT id FROM execution WHERE number = execution) AS execution,
    (SELECT task FROM execution WHERE number = execution) AS task,
    (SELECT path FROM token WHERE hash = key) AS path`

const acceptOpen = `UPDATE token SET ended = 'completed', outcome = ?
  WHERE hash = ? AND ended IS NULL AND (expires IS NULL OR expires > ?)
    AND execution = (SELECT number FROM execution WHERE id = ?)`

const endOpen = `UPDATE token SET ended = ?, clear = NULL
  WHERE hash = ? AND ended IS NULL AND (beat IS NULL OR beat <= coalesce(?, beat))`

const beatOpen = `UPDATE token SET beat = max(?, coalesce(beat, ?)), progress = coalesce(?, progress)
  WHERE hash = ? AND ended IS NULL AND (expires IS NULL OR expires > ?)
    AND (SELECT status FROM execution WHERE number = token.execution) NOT IN (${over})`

const textOf = (value: unknown): string | null => (value === null ? null : String(value))
const numberOf = (value: unknown): number | null => (value === null ? null : Number(value))

const found = (row: Row) => ({
  execution: String(row.execution),
  task: String(row.task),
  status: String(row.status) as Status,
  path: String(row.path),
  expires: numberOf(row.expires),
  ended: textOf(row.ended) as Ended | null,
  outcome: textOf(row.outcome)
})

const standing = (sql: Pick<Sql, "all">, hash: string) =>
  Effect.map(sql.all(find, [hash]), (rows) => (rows[0] === undefined ? undefined : found(rows[0])))

/** Adds a token of an execution, if that is there; refused if the token is. */
export const add = (execution: string, { clear, expires, hash, path, schema }: NewToken): Statement => ({
  text: addOne,
  values: [hash, path, clear, JSON.stringify(schema), expires, execution]
})

/** Why a statement that adds tokens, beside others, was refused. */
export const addProblem = (error: StoreError): StoreError =>
  error.message.includes("token.hash")
    ? new StoreError({ reason: error.reason, store: error.store, message: `${error.store}: ${tokenThere}` })
    : error

/** Whoever it is for has it. */
export const told = ({ expires, hash }: Told): Statement => ({ text: toldOne, values: [expires, hash] })

/** A token as everybody may know it. */
export const get = (sql: Pick<Sql, "all">, hash: string): Effect.Effect<TokenRow | undefined, StoreError> =>
  Effect.map(sql.all(find, [hash]), ([row]) => {
    if (row === undefined) return undefined
    const { ended, execution, expires, path, task } = found(row)
    const progress = textOf(row.progress)
    return {
      execution,
      task,
      path,
      clear: textOf(row.clear),
      schema: JSON.parse(String(row.schema)) as Json,
      expires,
      ended,
      beat: numberOf(row.beat),
      progress: progress === null ? null : (JSON.parse(progress) as Json)
    }
  })

/** `body` is JSON text here. */
export const complete = (sql: Sql, completing: Completing, body: string): Effect.Effect<Completion, StoreError> => {
  const { at, hash, outcome } = completing
  return Effect.flatMap(sql.all(completeOpen, [body, at, outcome, hash, at]), ([row]) =>
    row === undefined
      ? Effect.map(standing(sql, hash), (token) =>
          token === undefined ? { _tag: "NotFound" } : completionOf(token, completing)
        )
      : Effect.succeed({
          _tag: "Accepted",
          execution: String(row.execution),
          task: String(row.task),
          path: String(row.path)
        })
  )
}

/** The same where its execution goes on with it at once: it leaves no letter. Whether the token was open. */
export const accept = (sql: Sql, execution: string, { at, hash, outcome }: Completing) =>
  Effect.map(sql.run(acceptOpen, [outcome, hash, at, execution]), (accepted) => accepted === 1)

export const end = (sql: Sql, { as, hash, quietSince }: Ending): Effect.Effect<EndAnswer, StoreError> =>
  Effect.flatMap(sql.run(endOpen, [as, hash, quietSince ?? null]), (ended) =>
    ended === 1
      ? Effect.succeed("ended")
      : Effect.map(standing(sql, hash), (token) => {
          if (token?.ended === "completed") return "completed"
          return token?.ended === null ? "heard" : "ended"
        })
  )

export const beat = (sql: Sql, { at, hash, progress }: Beat): Effect.Effect<BeatAnswer, StoreError> => {
  const told = progress === undefined ? null : JSON.stringify(progress)
  return Effect.flatMap(sql.run(beatOpen, [at, at, told, hash, at]), (count) =>
    count === 1
      ? Effect.succeed("heard")
      : Effect.map(standing(sql, hash), (token) => {
          if (token === undefined) return "unknown"
          const is = standingAt(token, at)
          return is === "open" ? "heard" : is
        })
  )
}
