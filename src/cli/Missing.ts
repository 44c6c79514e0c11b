/** A package that a command needs and that is not installed. Imports nothing, for it is asked where imports fail. */

/** One line that says what to install, if that is what went wrong. */
export const advice = (error: unknown): string | undefined => {
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND") return undefined
  const found = /(?:package|module) '([^'./][^']*)'/.exec(String(message))?.[1]
  return found === undefined
    ? undefined
    : `the package ${found} is not installed, and the command needs it: npm install effect @effect/sql-sqlite-node`
}
