/** What a process asked the kernel to write and to sync, in order, as strace saw it; and what follows from that. */
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"

/** One system call: it began at line `begin` of the trace and had ended by line `end`. */
export interface Call {
  readonly name: string
  /** the file of its descriptor */
  readonly file: string
  readonly text: string
  readonly failed: boolean
  readonly begin: number
  readonly end: number
}

/** Why processes cannot be traced here; nothing if they can. */
export const unavailable = (): string | undefined => {
  const { error, status, stderr } = spawnSync("strace", ["-f", "-o", "/dev/null", "true"], { encoding: "utf8" })
  if (error !== undefined) return "strace is not installed (apt-get install strace)"
  return status === 0 ? undefined : `strace may not trace here: ${stderr.trim()}`
}

/** The command that runs a program under strace, as the program's own process: `strace` ends with it. */
export const command = (trace: string, inject: ReadonlyArray<string> = []): ReadonlyArray<string> => [
  ..."-D -f -qq -y -s 5000 -e trace=write,pwrite64,fsync,fdatasync".split(" "),
  ...inject.flatMap((rule) => ["-e", `inject=${rule}`]),
  "-o",
  trace
]

const whole = /^(\d+)\s+(\w+)\(\d+<(.*?)>(.*)\)\s+=\s+(-?\d+)(.*)$/s
const unfinished = /^(\d+)\s+(\w+)\(\d+<(.*?)>(.*) <unfinished \.\.\.>$/s
const resumed = /^(\d+)\s+<\.\.\. (\w+) resumed>.*=\s+(-?\d+)/s

/** The calls in a trace, in the order in which they began. */
export const read = (trace: string): ReadonlyArray<Call> => {
  const calls: Array<Call> = []
  const open = new Map<string, number>()
  for (const [line, text] of fs.readFileSync(trace, "latin1").split("\n").entries()) {
    const full = whole.exec(text)
    if (full !== null) {
      const [, , name = "", file = "", rest = "", result] = full
      calls.push({ name, file, text: rest, failed: Number(result) < 0, begin: line, end: line })
      continue
    }
    const begun = unfinished.exec(text)
    if (begun !== null) {
      const [, thread = "", name = "", file = "", rest = ""] = begun
      open.set(thread, calls.length)
      calls.push({ name, file, text: rest, failed: true, begin: line, end: Infinity })
      continue
    }
    const ended = resumed.exec(text)
    const index = ended === null ? undefined : open.get(ended[1]!)
    if (ended !== null && index !== undefined) {
      calls[index] = { ...calls[index]!, failed: Number(ended[3]) < 0, end: line }
    }
  }
  return calls
}

const isSync = ({ name }: Call): boolean => name === "fsync" || name === "fdatasync"

/**
 * The line by which each token in the log of `database` was on disk: written, and then synced. After a sync that failed,
 * of the log or of the database, nobody knows what is on disk: from there on nothing is.
 */
const durable = (calls: ReadonlyArray<Call>, database: string): ReadonlyMap<string, number> => {
  const log = `${database}-wal`
  const waiting = new Map<string, number>()
  const found = new Map<string, number>()
  for (const call of calls) {
    if (call.file !== log && call.file !== database) continue
    if (isSync(call) && call.failed) break
    if (call.file !== log) continue
    if (isSync(call)) {
      for (const [token, written] of waiting) if (written < call.begin) found.set(token, call.end)
      for (const token of found.keys()) waiting.delete(token)
    } else if (call.name === "pwrite64" && !call.failed) {
      for (const [token] of call.text.matchAll(/(tok-x\d+-\d+|end-x\d+)-/g)) {
        if (!found.has(token) && !waiting.has(token)) waiting.set(token, call.end)
      }
    }
  }
  return found
}

export interface Finding {
  /** effects that began, and results that were printed */
  readonly acts: number
  /** acts before which what they follow from was not on disk */
  readonly early: ReadonlyArray<string>
}

/** Whether everything was on disk before what it leads to: see programs/marks.ts for the marks. */
export const judge = (calls: ReadonlyArray<Call>, database: string): Finding => {
  const known = durable(calls, database)
  const early: Array<string> = []
  let acts = 0
  const demand = (act: string, token: string, at: number) => {
    acts++
    const on = known.get(token)
    if (on === undefined || on > at) early.push(`${act} came before ${token} was on disk`)
  }
  for (const { begin, name, text } of calls) {
    if (name !== "write") continue
    const mark = /mark (x\d+) (\d+)/.exec(text)
    if (mark !== null) {
      const [act, id, phase] = mark
      if (phase === "0") acts++
      else demand(act, `tok-${id}-${Number(phase) - 1}-`, begin)
    }
    const result = /result (x\d+)/.exec(text)
    if (result !== null) demand(result[0], `end-${result[1]}-`, begin)
  }
  return { acts, early }
}

/** How many calls were made to fail. */
export const failures = (calls: ReadonlyArray<Call>): number =>
  calls.filter(({ end, failed }) => failed && end !== Infinity).length
