/** A package that a command needs and that is not installed. Imports nothing, for it is asked where imports fail. */

/** What the command needs beside `effect`, which tidemark itself needs. */
const needed: ReadonlyArray<string> = [
  "@effect/cli",
  "@effect/platform",
  "@effect/printer",
  "@effect/printer-ansi",
  "@effect/experimental",
  "@effect/sql",
  "@effect/sql-sqlite-node"
]

/** One line that says what to install, if that is what went wrong. */
export const advice = (error: unknown): string | undefined => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  const found = code === "ERR_MODULE_NOT_FOUND" ? /package '([^']+)'/.exec(String(message)) : null
  return found === null
    ? undefined
    : `the package ${found[1]} is not installed, and the command needs it: npm install effect ${needed.join(" ")}`
}
