/**
 * The schema, as named steps. A step is never edited once released: a later one changes what it made. Each is one
 * transaction with its number, so that a process killed anywhere leaves the schema before it or after it.
 */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import { stagePrefix } from "./Encoded.js"
import type { Sql } from "./Sql.js"

interface Step {
  readonly name: string
  readonly statements: ReadonlyArray<string>
}

/** Marks the file as tidemark's: "tide" in ASCII. */
export const applicationId = 0x74_69_64_65

/**
 * Entries are kept in the order in which they were written, with the index that the primary key makes: WITHOUT ROWID, each
 * execution would have a page of its own, and many that append at once take twice as long. They name their execution by
 * its number, which grows: by its id, the index entries of those that run now would be scattered over the whole index.
 */
const journal = [
  `CREATE TABLE execution (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    task TEXT NOT NULL,
    version INTEGER NOT NULL,
    status TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    owner TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT`,
  "CREATE INDEX execution_by_age ON execution (created_at, id)",
  "CREATE INDEX execution_by_status ON execution (status, created_at, id)",
  "CREATE INDEX execution_by_task ON execution (task, created_at, id)",
  `CREATE TABLE journal (
    execution INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    status TEXT,
    PRIMARY KEY (execution, seq)
  ) STRICT`,
  `CREATE TRIGGER journal_moves_status AFTER INSERT ON journal WHEN NEW.status IS NOT NULL BEGIN
    UPDATE execution SET status = NEW.status, updated_at = NEW.at WHERE number = NEW.execution;
  END`,
  `CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution TEXT NOT NULL,
    verb TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT
  ) STRICT`,
  "CREATE INDEX inbox_open ON inbox (id) WHERE answer IS NULL",
  `PRAGMA application_id = ${applicationId}`
]

/**
 * Tokens and letters name their execution by its number too. A letter's number is never given again, for who takes one
 * names it by its number. The letter that says a completion is what completes the token, so that one statement does both;
 * and a status that moves takes away the time at which the one before it would have ended.
 */
const wakes = [
  "ALTER TABLE execution ADD COLUMN wake INTEGER",
  "ALTER TABLE execution ADD COLUMN seen INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE execution ADD COLUMN priority INTEGER NOT NULL DEFAULT 0",
  "CREATE INDEX execution_by_wake ON execution (wake, id) WHERE wake IS NOT NULL",
  "CREATE TABLE schedule (name TEXT NOT NULL PRIMARY KEY, reached INTEGER NOT NULL) STRICT",
  "DROP TRIGGER journal_moves_status",
  `CREATE TRIGGER journal_moves_status AFTER INSERT ON journal WHEN NEW.status IS NOT NULL BEGIN
    UPDATE execution SET status = NEW.status, updated_at = NEW.at, wake = NULL WHERE number = NEW.execution;
  END`,
  `CREATE TABLE token (
    hash TEXT NOT NULL PRIMARY KEY,
    execution INTEGER NOT NULL,
    path TEXT NOT NULL,
    clear TEXT,
    schema TEXT NOT NULL,
    expires INTEGER,
    ended TEXT,
    outcome TEXT,
    beat INTEGER,
    progress TEXT
  ) STRICT`,
  `CREATE TABLE letter (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    execution INTEGER NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT
  ) STRICT`,
  "CREATE INDEX letter_by_execution ON letter (execution, at)",
  `CREATE TRIGGER letter_completes AFTER INSERT ON letter WHEN NEW.kind = 'completion' BEGIN
    UPDATE token SET ended = 'completed', outcome = NEW.outcome WHERE hash = NEW.key;
  END`
]

/**
 * Most executions have no lane: they cost these indexes nothing. Those that stand in line are in indexes of their own, so
 * that nobody who looks for what is due meets them. A lane's places are counted where they are taken.
 */
const lanes = [
  "ALTER TABLE execution ADD COLUMN lane TEXT",
  "ALTER TABLE execution ADD COLUMN place INTEGER",
  "CREATE INDEX execution_in_place ON execution (lane) WHERE place = 1",
  `CREATE INDEX execution_in_line ON execution (lane, -priority, coalesce(wake, created_at), id)
    WHERE place = 0 AND status = 'Pending'`,
  "DROP INDEX execution_by_wake",
  "CREATE INDEX execution_by_wake ON execution (wake, id) WHERE wake IS NOT NULL AND place IS NOT 0",
  "CREATE INDEX execution_in_line_by_wake ON execution (wake) WHERE wake IS NOT NULL AND place = 0",
  "CREATE INDEX execution_ready ON execution (created_at) WHERE status = 'Pending' AND place IS NOT 0",
  "DROP TRIGGER journal_moves_status",
  `CREATE TRIGGER journal_moves_status AFTER INSERT ON journal WHEN NEW.status IS NOT NULL BEGIN
    UPDATE execution SET status = NEW.status, updated_at = NEW.at, wake = NULL,
      place = CASE WHEN place IS NULL OR NEW.status IN ('Pending', 'Paused') THEN place
        ELSE NEW.status IN ('Running', 'Waiting', 'Closing', 'Reverting') END
      WHERE number = NEW.execution;
  END`
]

/** What the index of stages says of an entry; who looks for one has to say the same. */
export const entersStage = `substr(body, 1, ${stagePrefix.length}) = '${stagePrefix}'`

/** Entries with which stages begin are few, and each journal is read from the last of them on. */
const stages = [`CREATE INDEX journal_of_stages ON journal (execution, seq) WHERE ${entersStage}`]

/** By the tag first, for that is what is asked; what goes with its execution is found by that. */
const tags = [
  "CREATE TABLE tag (tag TEXT NOT NULL, execution INTEGER NOT NULL, PRIMARY KEY (tag, execution)) STRICT, WITHOUT ROWID",
  "CREATE INDEX tag_by_execution ON tag (execution)",
  "CREATE TRIGGER execution_takes_tags AFTER DELETE ON execution BEGIN DELETE FROM tag WHERE execution = OLD.number; END"
]

/** What has ended, and is nobody's child; who looks for it by the time has to say the same. */
export const ended = "parent IS NULL AND status IN ('Completed', 'Closed', 'Reverted')"

/** Who the parent is was in the journals alone; one that is damaged keeps nobody from the rest. */
const retention = [
  "ALTER TABLE execution ADD COLUMN parent TEXT",
  `UPDATE execution SET parent = first.parent FROM (
    SELECT execution, CASE WHEN json_valid(body) THEN body ->> '$.parent.execution' END AS parent FROM journal WHERE seq = 0
  ) AS first WHERE first.execution = number AND first.parent IS NOT NULL`,
  "CREATE INDEX execution_by_parent ON execution (parent) WHERE parent IS NOT NULL",
  `CREATE INDEX execution_ended ON execution (task, updated_at) WHERE ${ended}`,
  "CREATE TABLE purged (id TEXT NOT NULL PRIMARY KEY, task TEXT NOT NULL, created_at INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID"
]

/** All steps; the version of a schema is how many of them it has seen. */
const steps: ReadonlyArray<Step> = [
  { name: "journal", statements: journal },
  { name: "wakes", statements: wakes },
  { name: "lanes", statements: lanes },
  { name: "stages", statements: stages },
  { name: "tags", statements: tags },
  { name: "retention", statements: retention }
]

/** The schema version that this build makes and knows. */
export const current = steps.length

/** The first version that has tokens, letters and wake times. */
export const waiting = 2

/** The first version that has lanes. */
export const keyed = 3

/** The first version that has tags. */
export const tagged = steps.findIndex(({ name }) => name === "tags") + 1

/** The first version that remembers what was purged. */
export const retained = steps.findIndex(({ name }) => name === "retention") + 1

const userVersion = (sql: Sql): Effect.Effect<number, StoreError> =>
  Effect.map(sql.all("PRAGMA user_version", []), (rows) => Number(rows[0]!.user_version))

/** Brings the schema to the current version. Somebody else who does so at the same time is waited for. */
export const migrate = Effect.fnUntraced(function* (sql: Sql) {
  for (let version = yield* userVersion(sql); version < current; version = yield* userVersion(sql)) {
    yield* sql.transaction(
      Effect.gen(function* () {
        // Asked again inside: another starter may have taken the step since.
        if ((yield* userVersion(sql)) !== version) return
        for (const statement of steps[version]!.statements) yield* sql.run(statement, [])
        yield* sql.run(`PRAGMA user_version = ${version + 1}`, [])
      })
    )
  }
})
