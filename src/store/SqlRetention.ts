/** What is purged, in SQL: an execution that has ended, its children with it, and what stays of them. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Purged, PurgeQuery } from "./Encoded.js"
import { ended } from "./migrations.js"
import type { Row, Sql } from "./Sql.js"

type Reader = Pick<Sql, "all">

/** Its number would be given again, and the anchor counts by it. */
const newest = "(SELECT max(number) FROM execution)"

/** Task, before, limit. Those that have ended, along their index; the families of which some have not are few. */
const expired = `SELECT number FROM execution e
  WHERE task = ? AND updated_at < ? AND ${ended} AND number < ${newest} AND NOT EXISTS (
    WITH RECURSIVE family(number, id, status) AS (
      SELECT number, id, status FROM execution WHERE parent = e.id
      UNION SELECT c.number, c.id, c.status FROM family f JOIN execution c ON c.parent = f.id)
    SELECT 1 FROM family WHERE status NOT IN ('Completed', 'Closed', 'Reverted') OR number = ${newest})
  ORDER BY updated_at LIMIT ?`

/** The numbers of some as JSON: they and all of their children, each with the one of these that it belongs to. */
const families = `WITH RECURSIVE family(root, number, id) AS (
    SELECT number, number, id FROM execution WHERE number IN (SELECT value FROM json_each(?))
    UNION SELECT f.root, c.number, c.id FROM family f JOIN execution c ON c.parent = f.id)
  SELECT root, number, id FROM family`

const these = "(SELECT value FROM json_each(?))"

/** When, and then the numbers; the others take the numbers alone. What a token was given out in says which it is. */
const tombstones = `INSERT INTO purged (id, task, created_at, at) SELECT id, task, created_at, ? FROM execution WHERE number IN ${these}`
const removals = [
  `DELETE FROM token WHERE hash IN (SELECT body ->> '$.token' FROM journal
    WHERE execution IN ${these} AND body ->> '$.token' IS NOT NULL)`,
  `DELETE FROM letter WHERE execution IN ${these}`,
  `DELETE FROM journal WHERE execution IN ${these}`,
  `DELETE FROM execution WHERE number IN ${these}`
]

const tasks = `WITH RECURSIVE known(task) AS (
    SELECT min(task) FROM execution
    UNION ALL SELECT (SELECT min(task) FROM execution WHERE task > known.task) FROM known WHERE task IS NOT NULL)
  SELECT task FROM known WHERE task IS NOT NULL`

/** Whether there is anything to purge: who only asks takes no lock. */
export const isAny = (sql: Reader, { before, task }: PurgeQuery): Effect.Effect<boolean, StoreError> =>
  Effect.map(sql.all(expired, [task, before, 1]), (rows) => rows.length > 0)

/** Within a transaction. Answers the ids. */
export const purge = Effect.fnUntraced(function* (sql: Sql, { at, before, limit, task }: PurgeQuery) {
  const roots = yield* sql.all(expired, [task, before, limit])
  const members = yield* sql.all(families, [JSON.stringify(roots.map(({ number }) => Number(number)))])
  const byRoot = new Map<number, Array<Row>>()
  for (const member of members) byRoot.set(Number(member.root), [...(byRoot.get(Number(member.root)) ?? []), member])
  const numbers: Array<number> = []
  const ids: Array<string> = []
  for (const { number } of roots) {
    if (numbers.length >= limit) break
    for (const member of byRoot.get(Number(number)) ?? []) {
      numbers.push(Number(member.number))
      ids.push(String(member.id))
    }
  }
  const chosen = JSON.stringify(numbers)
  yield* sql.run(tombstones, [at, chosen])
  for (const removal of removals) yield* sql.run(removal, [chosen])
  return ids as ReadonlyArray<string>
})

export const purged = (sql: Reader, id: string): Effect.Effect<Purged | undefined, StoreError> =>
  Effect.map(sql.all("SELECT task, created_at, at FROM purged WHERE id = ?", [id]), ([row]) =>
    row === undefined
      ? undefined
      : { id, task: String(row.task), createdAt: Number(row.created_at), at: Number(row.at) }
  )

export const tasksOf = (sql: Reader): Effect.Effect<ReadonlyArray<string>, StoreError> =>
  Effect.map(sql.all(tasks, []), (rows) => rows.map((row) => String(row.task)))
