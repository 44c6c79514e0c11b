/** What the SQL store commits: the closed union of its writes, and how each is carried out. */
import * as Effect from "effect/Effect"
import { ExecutionDiscarded, Fenced, StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { hasPlace } from "../core/Status.js"
import type {
  Answer,
  AppendRequest,
  CreateRequest,
  EntryRow,
  ExecutionRow,
  Order,
  Posted,
  PurgeQuery,
  Reached
} from "./Encoded.js"
import type { Signal } from "./Letter.js"
import type { Row, Sql, Statement } from "./Sql.js"
import * as SqlBeside from "./SqlBeside.js"
import * as SqlEntries from "./SqlEntries.js"
import * as SqlLetters from "./SqlLetters.js"
import * as SqlRetention from "./SqlRetention.js"
import * as SqlTokens from "./SqlTokens.js"
import * as Statements from "./Statements.js"
import type { Beat, BeatAnswer, Completing, Completion, EndAnswer, Ending } from "./Token.js"

export type Write =
  | { readonly _tag: "Append"; readonly request: AppendRequest }
  | { readonly _tag: "Create"; readonly request: CreateRequest }
  | { readonly _tag: "Claim"; readonly id: string; readonly owner: string }
  | { readonly _tag: "Order"; readonly order: Omit<Order, "id"> }
  | { readonly _tag: "Answer"; readonly answer: Answer }
  | { readonly _tag: "Take"; readonly order: number }
  | { readonly _tag: "Complete"; readonly completing: Completing; readonly body: string }
  | { readonly _tag: "End"; readonly ending: Ending }
  | { readonly _tag: "Beat"; readonly beat: Beat }
  | { readonly _tag: "Post"; readonly signal: Signal; readonly body: string }
  | { readonly _tag: "Reach"; readonly reached: Reached }
  | { readonly _tag: "Purge"; readonly query: PurgeQuery }

/** What each write answers. */
export interface Answers {
  readonly Append: undefined
  readonly Create: ExecutionRow | undefined
  readonly Claim: number | undefined
  readonly Order: number
  readonly Answer: undefined
  readonly Take: Json | undefined
  readonly Complete: Completion
  readonly End: EndAnswer
  readonly Beat: BeatAnswer
  readonly Post: Posted | undefined
  readonly Reach: number
  readonly Purge: ReadonlyArray<string>
}

export type Answered = Answers[keyof Answers]

/** What a write can be refused with. */
export type Refused = StoreError | Fenced | ExecutionDiscarded

/** An execution as the database has it. */
export const executionRow = (row: Row): ExecutionRow => ({
  id: String(row.id),
  task: String(row.task),
  version: Number(row.version),
  status: String(row.status) as ExecutionRow["status"],
  epoch: Number(row.epoch),
  owner: row.owner === null ? null : String(row.owner),
  createdAt: Number(row.createdAt),
  updatedAt: Number(row.updatedAt)
})

/** The execution whose row or journal a write changes: two such writes do not share a commit. */
export const keyOf = (write: Write): string | undefined => {
  switch (write._tag) {
    case "Append":
      return write.request.execution
    case "Create":
      return write.request.row.id
    case "Claim":
      return write.id
    default:
      return undefined
  }
}

const weightOfRows = (rows: ReadonlyArray<EntryRow>): number =>
  rows.reduce((sum, { body }) => sum + 1 + (body.length >>> 12), 0)

/** Roughly the pages that a write fills; a purge has a commit to itself. */
export const weightOf = (write: Write): number => {
  switch (write._tag) {
    case "Append":
    case "Create":
      return weightOfRows(write.request.rows)
    case "Complete":
    case "Post":
      return 1 + (write.body.length >>> 12)
    case "Purge":
      return Infinity
    default:
      return 1
  }
}

const fenced = ({ epoch, execution, rows }: AppendRequest): Fenced =>
  new Fenced({ execution, epoch, seq: rows[0]!.seq })

const entriesThere = (sql: Sql, { row }: CreateRequest): StoreError =>
  new StoreError({
    reason: "Corrupt",
    store: sql.name,
    message: `${sql.name} has entries of execution ${row.id} but no such execution: it is damaged; restore it from a backup`
  })

const find = (sql: Sql, id: string) =>
  Effect.map(sql.all(Statements.get, [id]), (rows) => (rows[0] === undefined ? undefined : executionRow(rows[0])))

/** The row that has the id, or had it. */
const taken = Effect.fnUntraced(function* (sql: Sql, id: string) {
  const row = yield* find(sql, id)
  const purged = row === undefined ? yield* SqlRetention.purged(sql, id) : undefined
  return purged === undefined ? row : yield* new ExecutionDiscarded({ execution: id, at: purged.at })
})

/** Inserts an execution: one row, if its id is free. */
const createOne = ({ lane, parent, priority, row }: CreateRequest): Statement => ({
  text: Statements.create,
  values: [
    row.id,
    row.task,
    row.version,
    row.status,
    row.epoch,
    row.owner,
    row.createdAt,
    row.updatedAt,
    priority ?? 0,
    lane ?? null,
    lane === undefined ? null : Number(hasPlace(false, row.status)),
    parent ?? null,
    row.id
  ]
})

/** Those whose ids were not free, as far as that was looked for, with the rows that have them. */
type Existing = ReadonlyMap<CreateRequest, ExecutionRow | undefined>

const none: Existing = new Map()

/** Inserts executions. */
type Create = (
  sql: Sql,
  creates: ReadonlyArray<CreateRequest>
) => Effect.Effect<Existing, StoreError | ExecutionDiscarded>

/** With a look at each. */
const createAll: Create = Effect.fnUntraced(function* (sql: Sql, creates: ReadonlyArray<CreateRequest>) {
  const existing = new Map<CreateRequest, ExecutionRow | undefined>()
  for (const create of creates) {
    const { text, values } = createOne(create)
    if ((yield* sql.run(text, values)) !== 1) existing.set(create, yield* taken(sql, create.row.id))
  }
  return existing
})

/** As if all were new: the first entries of one whose id is not free are not taken. */
const createNew: Create = (sql, creates) => Effect.as(sql.each(creates.map(createOne)), none)

/** Something that entries depend on is not so: nothing of the transaction is written. */
const refused = Effect.fail("refused" as const)

/** It has entries of its epoch. What is taken over from another store keeps the epochs in which it was written. */
const isOwn = ({ row, rows }: CreateRequest): boolean =>
  rows.length > 0 && rows.every(({ epoch }) => epoch === row.epoch)

/** The entries of a new execution, and what goes beside them. */
const born = (request: CreateRequest, groups: Array<SqlEntries.Group>, beside: Array<Statement>): void => {
  const { row, rows, tags = [] } = request
  const { epoch, id } = row
  if (isOwn(request)) groups.push({ execution: id, epoch, rows, status: null })
  else for (const one of rows) beside.push(SqlBeside.put(id, one))
  for (const tag of tags) beside.push({ text: Statements.addTag, values: [tag, id] })
  SqlBeside.before(id, request, rows, beside)
}

const createsOf = (writes: ReadonlyArray<Write>): ReadonlyArray<CreateRequest> =>
  writes.flatMap((write) => (write._tag === "Create" ? write.request : []))

/** Entries alone. */
const isPlain = (write: Write): write is Extract<Write, { readonly _tag: "Append" }> =>
  write._tag === "Append" && SqlBeside.isNothing(write.request)

/**
 * All writes, in a transaction: what each answers. They came in beside each other, so that their order is nobody's: first
 * what decides whether there is anything to write, then what has to be there before the entries, the entries, and what
 * comes after them. `create`: how executions are inserted.
 */
const writeAll = Effect.fnUntraced(function* (sql: Sql, writes: ReadonlyArray<Write>, create: Create) {
  const groups: Array<SqlEntries.Group> = []
  const before: Array<Statement> = []
  const after: Array<Statement> = []
  const creates = createsOf(writes)
  const existing = creates.length === 0 ? none : yield* create(sql, creates)
  const answers: Array<Answered> = []
  for (const write of writes) {
    let answer: Answered
    if (write._tag === "Append") {
      const { request } = write
      groups.push(request)
      if (!isPlain(write)) {
        if (SqlBeside.decides(request) && !(yield* SqlBeside.claimAndTake(sql, request))) return yield* refused
        SqlBeside.before(request.execution, request, request.rows, before)
        SqlBeside.after(request.execution, request, after)
      }
    } else if (write._tag === "Create") {
      const { request } = write
      answer = existing.get(request)
      if (!existing.has(request)) {
        born(request, groups, before)
        SqlBeside.after(request.row.id, request, after)
      }
    } else answer = yield* statement(sql, write)
    answers.push(answer)
  }
  if (before.length > 0) yield* Effect.mapError(sql.each(before), SqlTokens.addProblem)
  if (!(yield* SqlEntries.insert(sql, groups))) return yield* refused
  if (after.length > 0) yield* sql.each(after)
  return answers
})

type Single = Exclude<Write, { readonly _tag: "Append" | "Create" }>

/** A write that is one statement, and a look at what is there where that has done nothing. */
const statement = (sql: Sql, write: Single): Effect.Effect<Answered, StoreError> => {
  switch (write._tag) {
    case "Claim":
      return Effect.map(sql.all(Statements.claim, [write.owner, write.id]), (rows) =>
        rows[0] === undefined ? undefined : Number(rows[0].epoch)
      )
    case "Order": {
      const { at, body, execution, verb } = write.order
      return Effect.map(sql.all(Statements.order, [execution, verb, JSON.stringify(body), at]), (rows) =>
        Number(rows[0]!.id)
      )
    }
    case "Answer":
      return Effect.as(sql.each([SqlBeside.answer(write.answer)]), undefined)
    case "Take":
      return Effect.map(sql.all(Statements.takeAnswer, [write.order]), (rows) =>
        rows[0] === undefined ? undefined : (JSON.parse(String(rows[0].answer)) as Json)
      )
    case "Complete":
      return SqlTokens.complete(sql, write.completing, write.body)
    case "End":
      return SqlTokens.end(sql, write.ending)
    case "Beat":
      return SqlTokens.beat(sql, write.beat)
    case "Post":
      return Effect.flatMap(SqlLetters.post(sql, write.signal, write.body), (posted) =>
        Effect.map(find(sql, write.signal.execution), (row) => (row === undefined ? undefined : { row, posted }))
      )
    case "Purge":
      return SqlRetention.purge(sql, write.query)
    case "Reach": {
      const { at, begins, schedule } = write.reached
      return Effect.map(sql.all(Statements.reach, [schedule, at, begins ? 0 : 1]), (rows) => Number(rows[0]!.reached))
    }
  }
}

type Together = Effect.Effect<ReadonlyArray<Answered> | undefined, StoreError | ExecutionDiscarded>

const attempt = (sql: Sql, writes: ReadonlyArray<Write>, create: Create): Together =>
  Effect.catchAll(sql.transaction(writeAll(sql, writes, create)), (error) =>
    error === "refused" ? Effect.succeed(undefined) : Effect.fail(error)
  )

/**
 * All of the writes in one transaction: what each answers, or nothing if one of them was refused. Where several executions
 * begin, their ids are new as a rule: only if something is refused is each of them looked at.
 */
export const together = (sql: Sql, writes: ReadonlyArray<Write>): Together => {
  const creates = createsOf(writes)
  const exactly = attempt(sql, writes, createAll)
  return creates.length > 1 && creates.every(isOwn)
    ? Effect.flatMap(attempt(sql, writes, createNew), (answers) =>
        answers === undefined ? exactly : Effect.succeed(answers)
      )
    : exactly
}

/** One write on its own: one autocommit statement where that is enough. */
export const alone = (sql: Sql, write: Write): Effect.Effect<Answered, Refused> => {
  switch (write._tag) {
    case "Append": {
      const { request } = write
      if (!isPlain(write) || request.rows.length > Statements.widest) break
      return Effect.flatMap(SqlEntries.insertOne(sql, request), (count) =>
        count === 0 ? fenced(request) : Effect.succeed(undefined)
      )
    }
    case "Create":
      break
    case "Purge":
      return sql.transaction(statement(sql, write))
    default:
      return statement(sql, write)
  }
  return Effect.flatMap(together(sql, [write]), (answers): Effect.Effect<Answered, Refused> => {
    if (answers !== undefined) return Effect.succeed(answers[0])
    return write._tag === "Append" ? fenced(write.request) : entriesThere(sql, write.request)
  })
}
