/**
 * The engine's lock: a transaction held open on a side file. The kernel keeps it as long as the owner lives, stopped or
 * not, and frees it when the owner dies; no clock is involved. The transaction is BEGIN IMMEDIATE, not EXCLUSIVE: it takes
 * one byte, so that of many that ask at once exactly one gets it.
 */
import { randomUUID } from "node:crypto"
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import { EngineBusy } from "../core/Errors.js"
import * as SqliteConnection from "./SqliteConnection.js"
import { fromCause } from "./SqliteErrors.js"
import { holderOf, stateOf } from "./SqliteHolder.js"

/** What the owner writes beside the lock, for those who are refused. It proves nothing: the lock does. */
interface Note {
  readonly pid: number
  /** milliseconds UTC */
  readonly since: number
  /** tells apart two owners of one process */
  readonly owner: string
}

/** The side file of a database that is locked. */
const lockOf = (database: string): string => `${database}.engine-lock`

const noteOf = (database: string): string => `${lockOf(database)}.json`

/** Where SQLite locks a byte for BEGIN IMMEDIATE, in a file with a rollback journal. */
const reservedByte = 0x40000001

const readNote = (database: string): Note | undefined => {
  try {
    const note = JSON.parse(fs.readFileSync(noteOf(database), "utf8")) as Note
    return Number.isInteger(note.pid) && Number.isFinite(note.since) ? note : undefined
  } catch {
    return undefined
  }
}

const writeNote = (database: string, note: Note): void => {
  const temporary = `${noteOf(database)}.${note.owner}`
  fs.writeFileSync(temporary, JSON.stringify(note))
  fs.renameSync(temporary, noteOf(database))
}

/** Who has the lock: as the kernel says, otherwise as the note does. 0: nobody knows. */
const busy = (database: string): EngineBusy => {
  const note = readNote(database)
  const pid = holderOf(lockOf(database), reservedByte) ?? note?.pid ?? 0
  const since = note?.pid === pid ? { since: note.since } : {}
  return new EngineBusy({ pid, state: stateOf(pid), ...since, store: database })
}

/**
 * Takes the lock of this database until the scope closes. Fails at once with `EngineBusy`, naming the owner, if it is
 * taken: by another process, another thread, or another store of this process. Answers whether the owner before died: it
 * has left its note.
 */
export const acquire = Effect.fnUntraced(function* (database: string) {
  const db = yield* SqliteConnection.make({ filename: lockOf(database), timeout: 0 })
  // Nothing is ever written to the file, so it needs no journal beside it.
  yield* db.pragma("journal_mode = MEMORY")
  const since = (yield* Effect.clock).unsafeCurrentTimeMillis()
  const refused = (error: StoreError): EngineBusy | StoreError => (error.reason === "Busy" ? busy(database) : error)
  yield* Effect.mapError(db.run("BEGIN IMMEDIATE", []), refused)
  const died = fs.existsSync(noteOf(database))
  yield* Effect.acquireRelease(
    Effect.try({
      try: () => writeNote(database, { pid: process.pid, since, owner: randomUUID() }),
      catch: (cause) => fromCause(noteOf(database), cause)
    }),
    () => Effect.sync(() => fs.rmSync(noteOf(database), { force: true }))
  )
  return died
})

/** What is known of a lock that nobody asks for. */
export interface Holding {
  /** the engine that has it */
  readonly holder:
    | { readonly pid: number; readonly state: "running" | "stopped" | "unknown"; readonly since?: number }
    | undefined
  /** nobody has it, and who had it last did not give it back: it died */
  readonly left: boolean
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM"
  }
}

/** Who has the lock of this database, without asking for it. Where the kernel does not tell, the note of a process that lives. */
export const holding = (database: string): Holding => {
  const note = readNote(database)
  const told = fs.existsSync("/proc/locks")
  const pid = told
    ? holderOf(lockOf(database), reservedByte)
    : note !== undefined && isAlive(note.pid)
      ? note.pid
      : undefined
  if (pid === undefined) return { holder: undefined, left: note !== undefined }
  const since = note?.pid === pid ? { since: note.since } : {}
  return { holder: { pid, state: stateOf(pid), ...since }, left: false }
}
