/** A copy of a database with one wound, and what the library makes of it. */
import * as fs from "node:fs"
import * as path from "node:path"
import Database from "better-sqlite3"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TaskEngine, TaskStore } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Dice from "./Dice.js"

/** One bit of the database or of its log is flipped, or the end of one of them is cut off. */
export type Kind = "flip" | "cut" | "log-flip" | "log-cut"

/** What one damaged copy came to. */
export interface Verdict {
  readonly number: number
  /** where, in bytes */
  readonly at: number
  /** journals whose rows SQLite itself answers otherwise than before, or not at all */
  readonly changed: number
  /** of those, the journals that the library refused, or answered as they had been */
  readonly detected: number
  /** journals that were answered with entries that they never had */
  readonly wrong: ReadonlyArray<string>
  /** journals that were answered without last entries that the anchor beside the database tells of */
  readonly shortened: ReadonlyArray<string>
  /** journals that were answered without entries younger than the anchor: nothing tells of those, as the docs say */
  readonly young: number
  /** what was not told as one line of a typed error */
  readonly raw: ReadonlyArray<string>
}

/** Journals by execution: what the library says they hold. */
type Journals = ReadonlyMap<string, ReadonlyArray<string>>

export interface Pristine {
  readonly numbers: ReadonlyMap<string, number>
  readonly rows: ReadonlyMap<string, string>
  readonly journals: Journals
}

const suffixes = ["", "-wal", ".anchor"]

const copy = (from: string, to: string): void => {
  for (const suffix of [...suffixes, "-shm", "-journal", ".engine-lock", ".engine-lock.json"])
    fs.rmSync(to + suffix, { force: true })
  for (const suffix of suffixes) if (fs.existsSync(from + suffix)) fs.copyFileSync(from + suffix, to + suffix)
}

/** By which number the journal's rows name each execution. */
const numbersOf = (filename: string): ReadonlyMap<string, number> => {
  const db = new Database(filename)
  try {
    const rows = db.prepare<[], { id: string; number: number }>("SELECT id, number FROM execution").all()
    return new Map(rows.map(({ id, number }) => [id, number]))
  } finally {
    db.close()
  }
}

/** What SQLite answers for each journal, unverified: "unreadable" where it refuses. */
const rowsOf = (filename: string, numbers: ReadonlyMap<string, number>): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const db = new Database(filename)
  try {
    const select = "SELECT seq, epoch, at, body, hash FROM journal WHERE execution = ? AND seq >= 0 ORDER BY seq"
    for (const [id, number] of numbers) {
      try {
        found.set(id, JSON.stringify(db.prepare(select).all(number)))
      } catch {
        found.set(id, "unreadable")
      }
    }
  } finally {
    db.close()
  }
  return found
}

/** The last entry of each journal that the anchor beside a database tells of. */
const anchored = (database: string): ReadonlyMap<string, number> => {
  const file = `${database}.anchor`
  if (!fs.existsSync(file)) return new Map()
  const anchor = JSON.parse(fs.readFileSync(file, "utf8")) as {
    readonly heads: ReadonlyArray<readonly [string, number, string]>
  }
  return new Map(anchor.heads.map(([id, seq]) => [id, seq]))
}

const entriesOf = (id: string) =>
  Effect.map(TaskEngine.history(id), (entries) => entries.map((entry) => JSON.stringify(entry)))

/** What the undamaged database holds. */
export const readPristine = (database: string, folder: string) =>
  Effect.gen(function* () {
    const copied = path.join(folder, "pristine.db")
    copy(database, copied)
    const journals = yield* Effect.gen(function* () {
      const journals = new Map<string, ReadonlyArray<string>>()
      for (const { id } of yield* TaskEngine.list()) journals.set(id, yield* entriesOf(id))
      return journals
    }).pipe(Effect.provide(Sqlite.layerReadonly({ filename: copied })))
    const numbers = numbersOf(copied)
    return { journals, numbers, rows: rowsOf(copied, numbers) } satisfies Pristine
  })

/** Wounds the copy: where. */
const wound = (filename: string, kind: Kind, seed: number, number: number): number => {
  const file = kind.startsWith("log") ? `${filename}-wal` : filename
  const content = fs.readFileSync(file)
  const at = Dice.between(seed, `${kind} ${number}`, 0, content.length - 1)
  if (kind.endsWith("cut")) fs.truncateSync(file, at)
  else {
    content[at]! ^= 1 << Dice.between(seed, `${kind} bit ${number}`, 0, 7)
    fs.writeFileSync(file, content)
  }
  return at
}

const safely = <A>(read: () => A): A | undefined => {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** A refusal is a typed error of one line; anything else is told as it is. */
const rawOf = (exit: Exit.Exit<unknown, { readonly _tag: string; readonly message: string }>): string | undefined => {
  if (Exit.isSuccess(exit)) return undefined
  const { cause } = exit
  if (cause._tag !== "Fail") return Cause.pretty(cause)
  const known = ["StoreError", "JournalCorrupt", "ExecutionNotFound"].includes(cause.error._tag)
  return known && !cause.error.message.includes("\n") ? undefined : `${cause.error._tag}: ${cause.error.message}`
}

const isPrefix = (found: ReadonlyArray<string>, of: ReadonlyArray<string>): boolean =>
  found.length < of.length && found.every((entry, index) => entry === of[index])

/** Damages a copy and reads all of it. */
export const judge = (pristine: Pristine, database: string, folder: string, kind: Kind, seed: number, number: number) =>
  Effect.gen(function* () {
    const copied = path.join(folder, "damaged.db")
    const raw: Array<string> = []
    const [wrong, shortened]: [Array<string>, Array<string>] = [[], []]
    const answers = new Map<string, ReadonlyArray<string> | undefined>()
    copy(database, copied)
    const at = wound(copied, kind, seed, number)
    const note = (exit: Exit.Exit<unknown, { readonly _tag: string; readonly message: string }>) => {
      const said = rawOf(exit)
      if (said !== undefined) raw.push(said)
    }
    const reading = Effect.gen(function* () {
      for (const id of pristine.journals.keys()) {
        const exit = yield* Effect.exit(entriesOf(id))
        note(exit)
        answers.set(id, Exit.isSuccess(exit) ? exit.value : undefined)
      }
    })
    // As its owner, who would go on with what it reads; a mere client only shows it.
    const owning = Effect.scoped(
      Effect.zipRight(
        Effect.flatMap(TaskStore, (store) => store.own),
        reading
      )
    )
    note(yield* Effect.exit(Effect.provide(owning, Sqlite.layer({ filename: copied }))))
    const known = anchored(database)
    let young = 0
    for (const [id, before] of pristine.journals) {
      const now = answers.get(id)
      if (now === undefined || now.join() === before.join()) continue
      if (!isPrefix(now, before)) wrong.push(id)
      else if (now.length <= (known.get(id) ?? -1)) shortened.push(id)
      else young++
    }
    // SQLite's own view, on a copy that nobody has touched.
    copy(database, copied)
    wound(copied, kind, seed, number)
    const rows = safely(() => rowsOf(copied, pristine.numbers))
    const changed = [...pristine.rows].filter(([id, before]) => rows?.get(id) !== before).map(([id]) => id)
    const unseen = changed.filter((id) => wrong.includes(id) || shortened.includes(id))
    return {
      number,
      at,
      changed: changed.length,
      detected: changed.length - unseen.length - young,
      wrong,
      shortened,
      young,
      raw
    } satisfies Verdict
  })
