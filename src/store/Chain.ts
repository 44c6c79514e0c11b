/**
 * The hash chain of a journal. Each entry's hash covers its content, its place and the hash before it, so that a flipped
 * bit, a row that is missing, exchanged or from another journal is found: SQLite finds few of them by itself.
 */
import { sha256 } from "../core/Sha256.js"
import type { EntryRow } from "./Encoded.js"

/** What the first entry is chained to. */
export const genesis = ""

/** SHA-256 over the entry and the hash before it: 128 bits of it, as 32 hexadecimal digits. */
export const hash = (execution: string, previous: string, row: Omit<EntryRow, "hash">): string =>
  sha256(`${previous}\n${execution}\n${row.seq}\n${row.epoch}\n${row.at}\n${row.body}`).slice(0, 32)

/** What is wrong with an entry, given the hash of the one before it. */
export const problem = (execution: string, previous: string, row: EntryRow): string | undefined =>
  hash(execution, previous, row) === row.hash ? undefined : "its content does not match its checksum"
