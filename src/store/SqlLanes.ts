/** Lanes in SQL: who has a place, and who is the next one in line. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Sql } from "./Sql.js"

const inLine = "place = 0 AND status = 'Pending'"
const order = "-priority, coalesce(wake, created_at), id"

/**
 * The first ones in line, as many as there are places: as a table of numbers, `places`. From lane to lane along the index,
 * and in each no further than its places go, so that those behind them are not read. Takes the time and, as JSON, the
 * limits.
 */
export const places = `lanes (lane) AS (
    SELECT min(lane) FROM execution INDEXED BY execution_in_line WHERE ${inLine}
    UNION ALL
    SELECT (SELECT min(e.lane) FROM execution e INDEXED BY execution_in_line WHERE e.place = 0 AND e.status = 'Pending' AND e.lane > l.lane)
      FROM lanes l WHERE l.lane IS NOT NULL),
  given (now, limits) AS (VALUES (?, ?)),
  heads (number) AS (
    SELECT (SELECT number FROM execution INDEXED BY execution_in_line
      WHERE lane = l.lane AND ${inLine} AND coalesce(wake, created_at) <= given.now ORDER BY ${order} LIMIT 1)
    FROM lanes l, given WHERE l.lane IS NOT NULL),
  places (number, room) AS (
    SELECT * FROM (SELECT e.number, coalesce((SELECT value FROM json_each(given.limits) WHERE key = e.task)
        - (SELECT count(*) FROM execution h WHERE h.lane = e.lane AND h.place = 1), 1) AS room
      FROM heads CROSS JOIN execution e ON e.number = heads.number, given) WHERE room > 0
    UNION ALL
    SELECT (SELECT n.number FROM execution n INDEXED BY execution_in_line
      WHERE n.lane = e.lane AND n.place = 0 AND n.status = 'Pending' AND coalesce(n.wake, n.created_at) <= given.now
        AND (-n.priority, coalesce(n.wake, n.created_at), n.id) > (-e.priority, coalesce(e.wake, e.created_at), e.id)
      ORDER BY -n.priority, coalesce(n.wake, n.created_at), n.id LIMIT 1), p.room - 1
    FROM places p CROSS JOIN execution e ON e.number = p.number, given WHERE p.room > 1)`

const holdersOf = "SELECT id FROM execution WHERE lane = ? AND place = 1 ORDER BY created_at, id"

export const holders = (sql: Pick<Sql, "all">, lane: string): Effect.Effect<ReadonlyArray<string>, StoreError> =>
  Effect.map(sql.all(holdersOf, [lane]), (rows) => rows.map(({ id }) => String(id)))
