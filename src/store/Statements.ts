/**
 * The SQL of executions, journals and the inbox: SQLite's. What another dialect would say differently is here, beside
 * tokens and letters (SqlTokens.ts, SqlLetters.ts), and in its driver, nowhere else.
 */

import { entersStage } from "./migrations.js"

const columns = `id, task, version, status, epoch, owner, created_at AS "createdAt", updated_at AS "updatedAt"`

const placeholders = (row: string, count: number): string => new Array<string>(count).fill(row).join(", ")

/** How many entries a statement takes at most: SQLite allows 32,766 values. */
export const widest = 256

const widths = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 160, 192, 224, widest]

/** The width that `count` entries are padded to, so that few statements serve all appends. */
export const widthOf = (count: number): number => widths.find((width) => width >= count) ?? widest

const appends = new Map<number, string>()
const appendsToOne = new Map<number, string>()

/**
 * Appends up to `width` entries, of any executions. Per entry: execution, epoch, first, seq, at, body, hash, status; an
 * entry is taken if its execution has this epoch and `first`, where its request begins, is the next seq; all null: padding.
 */
export const append = (width: number): string => {
  const known = appends.get(width)
  if (known !== undefined) return known
  // ROLLBACK: a failure ends the transaction in any case, and SQLite need not remember how to undo this statement alone.
  const statement = `INSERT OR ROLLBACK INTO journal (execution, seq, epoch, at, body, hash, status)
    SELECT e.number, v.column4, e.epoch, v.column5, v.column6, v.column7, v.column8
    FROM (VALUES ${placeholders("(?, ?, ?, ?, ?, ?, ?, ?)", width)}) v
    JOIN execution e ON e.id = v.column1 AND e.epoch = v.column2
    WHERE v.column3 = (SELECT coalesce(max(j.seq) + 1, 0) FROM journal j WHERE j.execution = e.number)`
  appends.set(width, statement)
  return statement
}

/**
 * The same for one execution, which is looked up once. Per entry: seq, at, body, hash, status; then its id and epoch, and
 * where the request begins.
 */
export const appendToOne = (width: number): string => {
  const known = appendsToOne.get(width)
  if (known !== undefined) return known
  const statement = `INSERT OR ROLLBACK INTO journal (execution, seq, epoch, at, body, hash, status)
    SELECT e.number, v.column1, e.epoch, v.column2, v.column3, v.column4, v.column5
    FROM execution e CROSS JOIN (VALUES ${placeholders("(?, ?, ?, ?, ?)", width)}) v
    WHERE e.id = ? AND e.epoch = ? AND v.column1 IS NOT NULL
      AND ? = (SELECT coalesce(max(j.seq) + 1, 0) FROM journal j WHERE j.execution = e.number)`
  appendsToOne.set(width, statement)
  return statement
}

/** One execution, if its id is free, and was never purged; the id comes last once more. */
export const create = `INSERT INTO execution (id, task, version, status, epoch, owner, created_at, updated_at, priority, lane, place, parent)
  SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM purged WHERE id = ?) ON CONFLICT (id) DO NOTHING`

export const claim = "UPDATE execution SET epoch = epoch + 1, owner = ? WHERE id = ? RETURNING epoch"

/** A claim that raises the epoch from the one that is given. */
export const claimFrom = "UPDATE execution SET epoch = epoch + 1, owner = ? WHERE id = ? AND epoch = ?"

/** The same, for what may need a place in its lane: not if so many others have one. */
export const claimPlace = `UPDATE execution SET epoch = epoch + 1, owner = ?, place = CASE WHEN lane IS NULL THEN NULL ELSE 1 END
  WHERE id = ? AND epoch = ? AND (lane IS NULL OR place = 1
    OR (SELECT count(*) FROM execution h WHERE h.lane = execution.lane AND h.place = 1) < ?)`

export const goBy = "UPDATE execution SET version = ? WHERE id = ?"

export const rest = "UPDATE execution SET wake = ?, seen = ? WHERE id = ?"

/** Name and instant; and whether it goes on to there, or only begins there. */
export const reach = `INSERT INTO schedule (name, reached) VALUES (?, ?) ON CONFLICT (name)
  DO UPDATE SET reached = CASE WHEN ? THEN max(reached, excluded.reached) ELSE reached END RETURNING reached`

export const get = `SELECT ${columns} FROM execution WHERE id = ?`

const journalOf = "FROM journal WHERE execution = (SELECT number FROM execution WHERE id = ?)"

export const read = `SELECT seq, epoch, at, body, hash ${journalOf} AND seq >= ? ORDER BY seq LIMIT ?`

/** Of these, those with which stages were entered. */
export const stages = `SELECT seq, epoch, at, body, hash ${journalOf} AND ${entersStage} AND seq >= ? ORDER BY seq LIMIT ?`

/** The tokens that were given out in the entries after one, up to another one. */
export const discardTokens = `DELETE FROM token WHERE hash IN (
  SELECT body ->> '$.token' ${journalOf} AND seq > ? AND seq <= ? AND body ->> '$.token' IS NOT NULL)`

/** The entries after one, up to another one. */
export const discard = `DELETE ${journalOf} AND seq > ? AND seq <= ?`

/** An entry as it is: the id comes last. */
export const put = `INSERT INTO journal (execution, seq, epoch, at, body, hash)
  SELECT number, ?, ?, ?, ?, ? FROM execution WHERE id = ?`

/** The last entries of a journal, the last one first. */
export const tail = `SELECT seq, epoch, at, body, hash ${journalOf} ORDER BY seq DESC LIMIT ?`
const base = `SELECT seq FROM journal WHERE execution = (SELECT number FROM execution WHERE id = ?) AND ${entersStage}
  ORDER BY seq DESC LIMIT 1`

/**
 * An execution, and whether it has letters, as JSON in the place of a body: a row takes as long as it has columns. Then its
 * first entry, and those from the one before the last that entered a stage on; all, if none did. The id, four times.
 */
export const latest = `SELECT -1 AS seq, epoch, created_at AS at, json_array(task, version, status, owner, updated_at,
      EXISTS (SELECT 1 FROM letter l WHERE l.execution = number)) AS body, NULL AS hash FROM execution WHERE id = ?
  UNION ALL SELECT seq, epoch, at, body, hash ${journalOf} AND seq = 0
  UNION ALL SELECT seq, epoch, at, body, hash ${journalOf}
    AND seq >= max(1, coalesce((${base}), 0) - 1) ORDER BY seq`

/** The last entry of a journal. */
export const last = `SELECT seq, hash ${journalOf} ORDER BY seq DESC LIMIT 1`

/** A tag of an execution. */
export const addTag = "INSERT OR IGNORE INTO tag (tag, execution) SELECT ?, number FROM execution WHERE id = ?"

/** What `list` can be narrowed down by, in the order of the values. `lower` knows ASCII alone. */
const conditionOf = {
  status: "status = ?",
  task: "task = ?",
  since: "created_at >= ?",
  until: "created_at < ?",
  text: "instr(lower(id) || char(10) || lower(task), ?) > 0"
} as const
type Filter = keyof typeof conditionOf
export const filters = Object.keys(conditionOf) as ReadonlyArray<Filter>

/** The executions of one status and one task, or of any, from a place in the order on; `limit` -1: all. */
export const list = (by: Readonly<Record<Filter | "after" | "oldest", boolean>>, tags: number): string => {
  const direction = by.oldest ? "ASC" : "DESC"
  const conditions = [
    ...filters.filter((filter) => by[filter]).map((filter) => conditionOf[filter]),
    ...new Array<string>(tags).fill("number IN (SELECT execution FROM tag WHERE tag = ?)"),
    ...(by.after ? [`(created_at, id) ${by.oldest ? ">" : "<"} (?, ?)`] : [])
  ]
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`
  return `SELECT ${columns} FROM execution ${where} ORDER BY created_at ${direction}, id ${direction} LIMIT ?`
}

export const order = "INSERT INTO inbox (execution, verb, body, at) VALUES (?, ?, ?, ?) RETURNING id"

export const orders = "SELECT id, execution, verb, body, at FROM inbox WHERE answer IS NULL ORDER BY id"

export const answer = "UPDATE inbox SET answer = ? WHERE id = ?"

export const findAnswer = "SELECT answer FROM inbox WHERE id = ? AND answer IS NOT NULL"

export const takeAnswer = "DELETE FROM inbox WHERE id = ? AND answer IS NOT NULL RETURNING answer"
