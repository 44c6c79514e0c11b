/** Reads the rows of all journals, with the driver alone, and prints the milliseconds: `rows.js DATABASE PHASES`. */
import Database from "better-sqlite3"

const [, , filename = "", phases] = process.argv
const db = new Database(filename)
const began = performance.now()
const rows = db.prepare("SELECT seq, epoch, at, body, hash FROM journal ORDER BY execution, seq").all()
const took = performance.now() - began
if (rows.length < 2 * Number(phases)) throw new Error(`there are only ${rows.length} rows`)
process.stdout.write(`${took}\n`)
