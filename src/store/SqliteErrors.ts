/** What SQLite and the file system say, in the words of `StoreError`: what happened, where, what to do next. */
import * as fs from "node:fs"
import * as path from "node:path"
import { StoreError } from "../core/Errors.js"

export type Reason = StoreError["reason"]

/** What to do, by reason; the sentence goes on from "FILE: what happened". */
const advice = {
  Full: "no space is left: free some; nothing was acknowledged, and appends work again when there is room",
  ReadOnly: "it cannot be opened or written: check the permissions of the file, its folder and its file system",
  NotFound: "check the path: the folder must exist, and may have to be made or mounted first",
  NotOurs: "this is no tidemark database: give another filename; it was left as it is",
  Newer: "update tidemark; it was left as it is",
  Corrupt: "the database is damaged: restore it from a backup; it was left as it is",
  Busy: "another process holds the database's lock: end it, or try again",
  Unsupported: "tidemark cannot keep its promises here",
  Failed: "the disk or the file failed: see what the system log says"
} satisfies Record<Reason, string>

/** By the beginning of SQLite's error code. */
const reasons: ReadonlyArray<readonly [prefix: string, reason: Reason]> = [
  ["SQLITE_FULL", "Full"],
  ["SQLITE_READONLY", "ReadOnly"],
  ["SQLITE_PERM", "ReadOnly"],
  ["SQLITE_CANTOPEN", "NotFound"],
  ["SQLITE_NOTADB", "NotOurs"],
  ["SQLITE_CORRUPT", "Corrupt"],
  ["SQLITE_BUSY", "Busy"],
  ["SQLITE_LOCKED", "Busy"],
  ["ENOSPC", "Full"],
  ["EDQUOT", "Full"],
  ["EROFS", "ReadOnly"],
  ["EACCES", "ReadOnly"],
  ["EPERM", "ReadOnly"],
  ["ENOENT", "NotFound"],
  ["ENOTDIR", "NotFound"],
  ["ELOOP", "NotFound"],
  ["ENAMETOOLONG", "NotFound"]
]

/** The error's code, SQLite's or the operating system's. */
export const codeOf = (cause: unknown): string => {
  const code = (cause as { readonly code?: unknown } | null | undefined)?.code
  return typeof code === "string" ? code : "unknown error"
}

/** An I/O error: what the kernel still holds of earlier writes is uncertain from here on. */
export const isInputOutput = (cause: unknown): boolean => codeOf(cause).startsWith("SQLITE_IOERR")

/** In one line: SQLite shows a damaged schema as it was written. */
const textOf = (cause: unknown): string =>
  (cause instanceof Error ? cause.message : String(cause)).replaceAll(/\s+/g, " ")

/** A reason with what happened, in one line; the stack of a cause is left out. */
export const storeError = (reason: Reason, store: string, what: string): StoreError =>
  new StoreError({ reason, store, message: `${store}: ${what}; ${advice[reason]}` })

/** What a driver or the file system threw. */
export const fromCause = (store: string, cause: unknown): StoreError => {
  if (cause instanceof StoreError) return cause
  const code = codeOf(cause)
  const found = reasons.find(([prefix]) => code.startsWith(prefix))?.[1] ?? "Failed"
  // SQLite says the same of a folder that is not there, and of one where it may not open a file.
  const denied = code.startsWith("SQLITE_CANTOPEN") && fs.existsSync(path.dirname(store))
  const reason = denied ? "ReadOnly" : found
  return storeError(reason, store, `${textOf(cause)} (${code})`)
}
