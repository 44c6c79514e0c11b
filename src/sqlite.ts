/** Executions in one embedded SQLite file. */
export * as Sqlite from "./SqliteEngine.js"
