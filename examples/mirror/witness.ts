/**
 * The independent record of what ran: a file system that notes in a plain log file, before it does anything for a phase,
 * which process runs that phase. The task does not know of it, and it does not know of the journal.
 */
import { appendFileSync, readFileSync } from "node:fs"
import { FileSystem } from "@effect/platform/FileSystem"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Phase } from "tidemark"

/** One attempt of one phase, or of its undo, in one process. */
export interface Ran {
  readonly pid: number
  readonly attempt: number
  readonly key: string
  readonly path: string
}

const written = ({ attempt, key, path, pid }: Ran): string => `${pid} ${attempt} ${key} ${path}\n`

/** What the log file holds, in the order in which it was written. */
export const read = (file: string): ReadonlyArray<Ran> =>
  readFileSync(file, "utf8")
    .split("\n")
    .flatMap((line) => {
      const [, pid, attempt, key, path] = /^(\d+) (\d+) (\S+) (.*)$/.exec(line) ?? []
      return path === undefined ? [] : [{ pid: Number(pid), attempt: Number(attempt), key: key!, path }]
    })

/** Notes the phase of the fiber that asks; once, however many files it touches. */
const noting = (file: string): Effect.Effect<void> => {
  let last = ""
  return Effect.map(Phase.Current, (running) => {
    if (running === undefined) return
    const { attempt, key, path } = running
    const line = written({ pid: process.pid, attempt, key, path })
    if (line !== last) appendFileSync(file, line)
    last = line
  })
}

/** The file system at hand, with a log in `file`; each write of a file takes `pace` longer, as a slower disk would. */
export const layer = (file: string, pace: Duration.DurationInput): Layer.Layer<FileSystem, never, FileSystem> =>
  Layer.effect(
    FileSystem,
    Effect.map(FileSystem, (fs) => {
      const note = noting(file)
      return {
        ...fs,
        makeDirectory: (...args) => Effect.zipRight(note, fs.makeDirectory(...args)),
        readDirectory: (...args) => Effect.zipRight(note, fs.readDirectory(...args)),
        readFile: (...args) => Effect.zipRight(note, fs.readFile(...args)),
        remove: (...args) => Effect.zipRight(note, fs.remove(...args)),
        rename: (...args) => Effect.zipRight(note, fs.rename(...args)),
        writeFile: (...args) => Effect.zipRight(note, Effect.delay(fs.writeFile(...args), pace)),
        writeFileString: (...args) => Effect.zipRight(note, fs.writeFileString(...args))
      } satisfies FileSystem
    })
  )
