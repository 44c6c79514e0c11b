/**
 * The hash chain of a journal. Each entry's hash covers its content, its place and the hash before it, so that a flipped
 * bit, a row that is missing, exchanged or from another journal is found: SQLite finds few of them by itself.
 */
import * as crypto from "node:crypto"
import type { EntryRow } from "./Encoded.js"

/** In one call from Node 20.12 on: it leaves nothing for the garbage collector, which the hot path would feel. */
const once = (crypto as { readonly hash?: (algorithm: string, data: string, encoding: "hex") => string }).hash

const sha256 = (text: string): string =>
  once === undefined ? crypto.createHash("sha256").update(text).digest("hex") : once("sha256", text, "hex")

/** What the first entry is chained to. */
export const genesis = ""

/** SHA-256 over the entry and the hash before it: 128 bits of it, as 32 hexadecimal digits. */
export const hash = (execution: string, previous: string, row: Omit<EntryRow, "hash">): string =>
  sha256(`${previous}\n${execution}\n${row.seq}\n${row.epoch}\n${row.at}\n${row.body}`).slice(0, 32)

/** What is wrong with an entry, given the hash of the one before it. */
export const problem = (execution: string, previous: string, row: EntryRow): string | undefined =>
  hash(execution, previous, row) === row.hash ? undefined : "its content does not match its checksum"
