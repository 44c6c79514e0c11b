/** Letters in SQL, and which executions they and the time make due. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { isActive, type Status, all as statuses } from "../core/Status.js"
import type { Addressed, Due, DueQuery } from "./Encoded.js"
import type { Letter, Notice, Signal } from "./Letter.js"
import type { Row, Sql, Statement } from "./Sql.js"
import * as SqlLanes from "./SqlLanes.js"
import { finals, listed } from "./SqlTokens.js"

type Reader = Pick<Sql, "all">

const insert = `INSERT INTO letter (execution, kind, key, body, at)
  SELECT number, ?, ?, ?, ? FROM execution WHERE id = ? AND status NOT IN (${finals})`

/** Of the numbers in a JSON array, those of one execution. */
const takeAll = `DELETE FROM letter WHERE id IN (SELECT value FROM json_each(?))
  AND execution = (SELECT number FROM execution WHERE id = ?)`

const ofExecution = `SELECT id, kind, key, body, at FROM letter
  WHERE execution = (SELECT number FROM execution WHERE id = ?) ORDER BY id`

/**
 * CROSS JOIN: from the letters to their executions, for there are fewer of them than of executions that wait. What waits
 * for the time alone is found along execution_by_wake. Those in line are in neither that index nor the one of what is ready.
 */
const dueOnes = `WITH RECURSIVE ${SqlLanes.places}
  SELECT id, task, priority, min(since) AS since, lane, parent FROM (
    SELECT e.id, e.task, e.priority, l.since, NULL AS lane, e.parent FROM (SELECT execution, min(at) AS since, max(id) AS last FROM letter GROUP BY execution) l
      CROSS JOIN execution e ON e.number = l.execution WHERE e.status = 'Waiting' AND l.last > e.seen
    UNION ALL
    SELECT id, task, priority, wake, NULL, parent FROM execution INDEXED BY execution_by_wake
      WHERE status IN ('Waiting', 'Pending') AND wake <= ? AND place IS NOT 0
    UNION ALL
    SELECT id, task, priority, created_at, NULL, parent FROM execution INDEXED BY execution_ready
      WHERE status = 'Pending' AND place IS NOT 0 AND wake IS NULL
    UNION ALL
    SELECT e.id, e.task, e.priority, coalesce(e.wake, e.created_at), e.lane, e.parent
      FROM places p CROSS JOIN execution e ON e.number = p.number)
  WHERE (? IS NULL OR task IN (SELECT value FROM json_each(?))) AND (? IS NULL OR id = ?)
  GROUP BY id HAVING (-priority, min(since), id) > (?, ?, ?) ORDER BY 3 DESC, 4, 1 LIMIT ?`

const addressedOnes = `SELECT e.id, e.task, e.status, l.last
  FROM (SELECT execution, max(id) AS last FROM letter GROUP BY execution) l
  CROSS JOIN execution e ON e.number = l.execution
  WHERE e.status IN (${listed([...statuses.filter(isActive), "Waiting"])}) ORDER BY l.last`

const nextBy = (index: string, place: string) =>
  `SELECT wake FROM (SELECT wake FROM execution INDEXED BY ${index}
    WHERE status IN ('Waiting', 'Pending') AND wake > ? AND ${place} ORDER BY wake LIMIT 1)`

const next = `SELECT min(wake) AS wake FROM
  (${nextBy("execution_by_wake", "place IS NOT 0")} UNION ALL ${nextBy("execution_in_line_by_wake", "place = 0")})`

/** Whether the signal was taken. `body` is JSON text here. */
export const post = (sql: Sql, { at, execution, key }: Signal, body: string): Effect.Effect<boolean, StoreError> =>
  Effect.map(sql.run(insert, ["signal", key, body, at, execution]), (inserted) => inserted === 1)

export const notify = ({ execution, key, kind }: Notice, at: number): Statement => ({
  text: insert,
  values: [kind, key, "null", at, execution]
})

/** Takes letters of this execution away: whether all of them were there. */
export const take = (sql: Sql, execution: string, ids: ReadonlyArray<number>): Effect.Effect<boolean, StoreError> =>
  Effect.map(sql.run(takeAll, [JSON.stringify(ids), execution]), (taken) => taken === new Set(ids).size)

const letter = (row: Row): Letter => ({
  id: Number(row.id),
  kind: String(row.kind) as Letter["kind"],
  key: String(row.key),
  body: JSON.parse(String(row.body)) as Json,
  at: Number(row.at)
})

export const lettersOf = (sql: Reader, id: string): Effect.Effect<ReadonlyArray<Letter>, StoreError> =>
  Effect.map(sql.all(ofExecution, [id]), (rows) => rows.map(letter))

export const due = (
  sql: Reader,
  { after, id, lanes = {}, limit, now, tasks }: DueQuery
): Effect.Effect<ReadonlyArray<Due>, StoreError> => {
  const some = tasks === undefined ? null : JSON.stringify(tasks)
  const values = [
    now,
    JSON.stringify(lanes),
    now,
    some,
    some,
    id ?? null,
    id ?? null,
    after === undefined ? Number.MIN_SAFE_INTEGER : -after.priority,
    after?.since ?? Number.MIN_SAFE_INTEGER,
    after?.id ?? "",
    limit ?? -1
  ]
  return Effect.map(sql.all(dueOnes, values), (rows) =>
    rows.map((row) => ({
      id: String(row.id),
      task: String(row.task),
      priority: Number(row.priority),
      since: Number(row.since),
      ...(row.lane === null ? {} : { lane: String(row.lane) }),
      ...(row.parent === null ? {} : { parent: String(row.parent) })
    }))
  )
}

export const addressed = (sql: Reader): Effect.Effect<ReadonlyArray<Addressed>, StoreError> =>
  Effect.map(sql.all(addressedOnes, []), (rows) =>
    rows.map((row) => ({
      id: String(row.id),
      task: String(row.task),
      status: String(row.status) as Status,
      last: Number(row.last)
    }))
  )

export const nextWake = (sql: Reader, after: number): Effect.Effect<number | undefined, StoreError> =>
  Effect.map(sql.all(next, [after, after]), ([row]) => (row!.wake === null ? undefined : Number(row!.wake)))
