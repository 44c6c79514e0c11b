/** What goes beside entries, in SQL: in the transaction that appends them. */
import * as Effect from "effect/Effect"
import type { Status } from "../core/Status.js"
import type { Answer, AppendRequest, Beside, EntryRow } from "./Encoded.js"
import type { Sql, Statement } from "./Sql.js"
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

export const answer = ({ body, order }: Answer): Statement => ({
  text: Statements.answer,
  values: [JSON.stringify(body), order]
})

/** Whether something of it decides that nothing is written. */
export const decides = ({ accepted, claim, close, taken }: AppendRequest): boolean =>
  claim !== undefined || accepted !== undefined || close !== undefined || taken !== undefined

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

/** What does not decide whether the entries are written, before them. The execution is there, or they are refused later. */
export const before = (
  execution: string,
  { answers, letters, told, tokens }: Beside,
  rows: ReadonlyArray<EntryRow>,
  statements: Array<Statement>
): void => {
  if (answers !== undefined) for (const one of answers) statements.push(answer(one))
  if (tokens !== undefined) for (const token of tokens) statements.push(SqlTokens.add(execution, token))
  if (told !== undefined) for (const token of told) statements.push(SqlTokens.told(token))
  const at = rows[rows.length - 1]?.at ?? 0
  if (letters !== undefined) for (const letter of letters) statements.push(SqlLetters.notify(letter, at))
}

/** An entry as it is, whatever the execution's epoch. */
export const put = (execution: string, { at, body, epoch, hash, seq }: EntryRow): Statement => ({
  text: Statements.put,
  values: [seq, epoch, at, body, hash, execution]
})

/** A status that moves takes the time away; and if it has nothing that it would have seen, what it saw before is the same. */
const isSaid = ({ seen, wake }: NonNullable<AppendRequest["rest"]>, status: Status | null = null): boolean =>
  status !== null && wake === null && seen === 0

/**
 * What comes after the entries: when the execution is due by itself, for a status that they move would take that away; what
 * goes of its journal, which may be some of these; the version of its task that it goes by.
 */
export const after = (
  execution: string,
  {
    discard,
    rest,
    status,
    version
  }: Pick<AppendRequest, "discard" | "rest" | "version"> & { readonly status?: Status | null },
  statements: Array<Statement>
): void => {
  if (rest !== undefined && !isSaid(rest, status))
    statements.push({ text: Statements.rest, values: [rest.wake, rest.seen, execution] })
  if (discard !== undefined) {
    const { after, instead, through } = discard
    const values = [execution, after, through]
    statements.push({ text: Statements.discardTokens, values }, { text: Statements.discard, values })
    if (instead !== undefined) statements.push(put(execution, instead))
  }
  if (version !== undefined) statements.push({ text: Statements.goBy, values: [version, execution] })
}
