/** What goes beside entries, in SQL: in the transaction that appends them. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Answer, AppendRequest, Beside, Discard, EntryRow } from "./Encoded.js"
import type { Sql } from "./Sql.js"
import * as SqlLetters from "./SqlLetters.js"
import * as SqlTokens from "./SqlTokens.js"
import * as Statements from "./Statements.js"

/** Whether the entries go alone: then they need no transaction. */
export const isNothing = ({
  accepted,
  answers,
  claim,
  close,
  discard,
  letters,
  rest,
  taken,
  told,
  tokens,
  version
}: AppendRequest): boolean =>
  claim === undefined &&
  accepted === undefined &&
  rest === undefined &&
  discard === undefined &&
  version === undefined &&
  !(answers?.length || close?.length || letters?.length || taken?.length || told?.length || tokens?.length)

export const setAnswer = (sql: Sql, { body, order }: Answer) =>
  sql.run(Statements.answer, [JSON.stringify(body), order])

/** Claims the execution, completes a token, takes letters, closes tokens: whether all could be done. Nothing else may be written if not. */
export const claimAndTake = Effect.fnUntraced(function* (sql: Sql, request: AppendRequest) {
  const { accepted, claim, close = [], epoch, execution, limit, taken = [] } = request
  if (claim !== undefined) {
    const from = [claim, execution, epoch - 1]
    const claimed =
      limit === undefined ? sql.run(Statements.claimFrom, from) : sql.run(Statements.claimPlace, [...from, limit])
    if ((yield* claimed) === 0) return false
  }
  if (accepted !== undefined && !(yield* SqlTokens.accept(sql, execution, accepted))) return false
  if (taken.length > 0 && !(yield* SqlLetters.take(sql, execution, taken))) return false
  for (const { hash, mustBeOpen } of close) {
    const ended = yield* SqlTokens.end(sql, { hash, as: "closed" })
    if (mustBeOpen && ended === "completed") return false
  }
  return true
})

/** Writes what does not decide whether the entries are written. The execution is there, or they are refused later. */
export const write = Effect.fnUntraced(function* (
  sql: Sql,
  execution: string,
  { answers = [], letters = [], told = [], tokens = [] }: Beside,
  rows: ReadonlyArray<EntryRow>
) {
  for (const answer of answers) yield* setAnswer(sql, answer)
  yield* SqlTokens.add(sql, execution, tokens)
  for (const token of told) yield* SqlTokens.told(sql, token)
  const at = rows[rows.length - 1]?.at ?? 0
  for (const letter of letters) yield* SqlLetters.notify(sql, letter, at)
})

/** An entry as it is, whatever the execution's epoch. */
export const put = (sql: Sql, execution: string, { at, body, epoch, hash, seq }: EntryRow) =>
  sql.run(Statements.put, [seq, epoch, at, body, hash, execution])

/** What goes of a journal, after its entries: it may be some of these. */
export const discard = Effect.fnUntraced(function* (sql: Sql, execution: string, { after, instead, through }: Discard) {
  yield* sql.run(Statements.discardTokens, [execution, after, through])
  yield* sql.run(Statements.discard, [execution, after, through])
  if (instead !== undefined) yield* put(sql, execution, instead)
})

/** The execution goes by another version of its task. */
export const goBy = (sql: Sql, execution: string, version: number) => sql.run(Statements.goBy, [version, execution])

/** Sets when the execution is due by itself, after its entries: a status that they move would take it away. */
export const setRest = (sql: Sql, execution: string, { rest }: Beside): Effect.Effect<unknown, StoreError> =>
  rest === undefined ? Effect.void : sql.run(Statements.rest, [rest.wake, rest.seen, execution])
