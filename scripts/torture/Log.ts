/**
 * What effects did, kept apart from the store: a file that every process appends to, a line an event, written before the
 * effect goes on. It outlives a kill as the journal does, and is what the journal is held against.
 */
import * as fs from "node:fs"

/**
 * run, done, failed: an attempt of a phase began, did its work, or fails; undo, undone: likewise an undo; asked: `verify`
 * was asked; accepted, answered: what a caller was told.
 */
export const kinds = ["run", "done", "failed", "undo", "undone", "asked", "accepted", "answered"] as const
export type Kind = (typeof kinds)[number]

export interface Line {
  readonly execution: string
  /** of the phase, or of the undo */
  readonly path: string
  readonly attempt: number
  readonly kind: Kind
  readonly pid: number
  /** the idempotency key, or what was answered */
  readonly note: string
}

const separator = " "

/** A function that appends lines to this file. */
export const writer = (filename: string) => {
  const file = fs.openSync(filename, "a")
  return (line: Omit<Line, "pid">): void => {
    const { attempt, execution, kind, note, path } = line
    fs.writeSync(file, `${[execution, path, attempt, kind, process.pid, note].join(separator)}\n`)
  }
}

/** All lines of a file, in the order in which they were written. A line cut by a kill is left out. */
export const read = (filename: string): ReadonlyArray<Line> =>
  fs.existsSync(filename)
    ? fs
        .readFileSync(filename, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((text) => {
          const [execution = "", path = "", attempt, kind, pid, ...note] = text.split(separator)
          return {
            execution,
            path,
            attempt: Number(attempt),
            kind: kind as Kind,
            pid: Number(pid),
            note: note.join(separator)
          }
        })
    : []
