/** What `doctor` finds, one thing at a time, each with what to do about it. */
import * as Schema from "effect/Schema"
import type { Inspection } from "../store/SqliteInspection.js"
import * as Page from "./Page.js"
import type { Tone } from "./Text.js"
import * as Times from "./Times.js"

const levels = ["good", "warn", "bad"] as const

/** The database, and what is wrong with the library. */
export interface Place extends Inspection {
  readonly outdated: string | undefined
}

/** As `doctor --json` has it. `bad`: something is lost, damaged or unsafe; `warn`: somebody should look at it. */
export const Finding = Schema.Struct({
  check: Schema.String,
  level: Schema.Literal(...levels),
  what: Schema.String,
  /** what to do about it */
  next: Schema.NullOr(Schema.String),
  /** the executions that it is about, some of them where there are many */
  executions: Schema.Array(Schema.String)
})
export type Finding = typeof Finding.Type
type Level = Finding["level"]

export const finding = (
  check: string,
  level: Level,
  what: string,
  next: string | null = null,
  executions: ReadonlyArray<string> = []
): Finding => ({ check, level, what, next, executions: executions.slice(0, 20) })

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`

const node = ({ node: version }: Place): Finding =>
  Number(version.split(".")[0]) >= 20
    ? finding("node", "good", `Node ${version}`)
    : finding("node", "bad", `Node ${version} is too old`, "update Node to 20 or newer")

const sqlite = ({ outdated, sqlite: version }: Place): Finding =>
  outdated === undefined
    ? finding("sqlite", "good", `SQLite ${version}`)
    : finding("sqlite", "bad", outdated, "update better-sqlite3")

const schema = ({ schema: found, current }: Place): Finding =>
  found === current
    ? finding("schema", "good", `the schema is at version ${found}`)
    : finding(
        "schema",
        "warn",
        `the schema is at version ${found} of ${current}`,
        "the next engine that opens it brings it there"
      )

const journal = ({ mode }: Place): Finding =>
  mode === "wal"
    ? finding(
        "journal mode",
        "good",
        "the database is in WAL mode; every engine syncs each commit (synchronous=FULL) unless told otherwise"
      )
    : finding("journal mode", "warn", `the database is in ${mode} mode`, "the next engine that opens it sets WAL")

/** A log is moved into the database at some 4 MB: a longer one has a reader or a writer that holds it back. */
const longLog = 64 * 2 ** 20

const log = ({ log: bytes }: Place): Finding =>
  bytes < longLog
    ? finding("log", "good", `the log (-wal) holds ${megabytes(bytes)}`)
    : finding(
        "log",
        "warn",
        `the log (-wal) has grown to ${megabytes(bytes)}`,
        "a process reads or writes for long: end it; the engine then moves the log into the database"
      )

/** Less than this is soon used up. */
const littleSpace = 100 * 2 ** 20

const disk = ({ free, size }: Place): Finding =>
  free === undefined
    ? finding("disk", "warn", "the free space is not known")
    : free > Math.max(littleSpace, size / 10)
      ? finding("disk", "good", `${megabytes(free)} are free, the database takes ${megabytes(size)}`)
      : finding(
          "disk",
          free === 0 ? "bad" : "warn",
          `only ${megabytes(free)} are free, the database takes ${megabytes(size)}`,
          "free some space: a full disk stops every execution"
        )

const network = ({ network: kind }: Place): ReadonlyArray<Finding> =>
  kind === undefined
    ? []
    : [
        finding(
          "file system",
          "bad",
          `the file is on ${kind}, where SQLite's locks can fail`,
          "keep it on a local disk"
        )
      ]

const engine = ({ holder, left }: Place): Finding => {
  if (holder === undefined && left) {
    return finding(
      "engine",
      "warn",
      "no engine runs, and the last one died",
      "start an engine with the tasks: it takes over what was left"
    )
  }
  if (holder === undefined) return finding("engine", "good", "no engine runs")
  const since = holder.since === undefined ? "" : ` since ${Times.stamp(holder.since)}`
  return holder.state === "stopped"
    ? finding(
        "engine",
        "bad",
        `process ${holder.pid} owns the database${since}, and is stopped`,
        `kill -CONT ${holder.pid} lets it go on; kill -9 ${holder.pid} ends it`
      )
    : finding("engine", "good", `process ${holder.pid} owns the database${since}`)
}

const structure = ({ problems }: Place): Finding =>
  problems.length === 0
    ? finding("database", "good", "SQLite finds its structure whole")
    : finding(
        "database",
        "bad",
        `SQLite finds it damaged: ${problems.slice(0, 5).join("; ")}`,
        "restore it from a backup; what can be read is used all the same"
      )

/** What is known of the file, the disk and the engine. */
export const ofPlace = (place: Place): ReadonlyArray<Finding> => [
  node(place),
  sqlite(place),
  schema(place),
  journal(place),
  log(place),
  disk(place),
  ...network(place),
  engine(place),
  structure(place)
]

const marks: { readonly [L in Level]: readonly [string, Tone] } = {
  good: ["✓", "good"],
  warn: ["!", "warn"],
  bad: ["✗", "bad"]
}

const wide = 14

export const page = (found: ReadonlyArray<Finding>): Page.Page =>
  found.flatMap(({ check, executions, level, next, what }): Page.Page => {
    const [mark, tone] = marks[level]
    const others = executions.filter((id) => !what.includes(id))
    const some = others.length === 0 ? "" : `: ${others.join(", ")}`
    return [
      Page.flow(wide + 3, { text: mark, tone }, ` ${check.padEnd(wide)} `, `${what}${some}`),
      ...(next === null ? [] : [Page.flow(wide + 6, { text: `${" ".repeat(wide + 3)}-> ${next}`, tone: "strong" })])
    ]
  })
