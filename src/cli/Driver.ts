/** SQLite's driver as its Effect package finds it, in place of `better-sqlite3` where the command is one with all it needs. */
import { createRequire } from "node:module"

const found = createRequire(import.meta.url).resolve("@effect/sql-sqlite-node")

export default createRequire(found)("better-sqlite3") as unknown
