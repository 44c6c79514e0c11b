/**
 * Holds the journals of a world against the log of what its effects did, after any number of crashes. Each complaint names
 * the execution and the path.
 */
import type { Recorded } from "tidemark"
import type { Journal } from "./Journals.js"
import type { Line } from "./Log.js"

/** Statuses in which nothing is left to do for an engine. */
const settled: ReadonlySet<string> = new Set(["Completed", "Closed", "Reverted", "Failed", "RevertFailed", "Paused"])

type Begun = { readonly seq: number; readonly succeeded: number | undefined }

/** The attempts that a journal says were begun, by `path attempt`; and where each path succeeded. */
const attemptsOf = (entries: ReadonlyArray<Recorded>): ReadonlyMap<string, Begun> => {
  const begun = new Map<string, Begun>()
  const last = new Map<string, string>()
  for (const { entry, seq } of entries) {
    if (entry._tag === "PhaseStarted" || entry._tag === "AttemptStarted") {
      const name = `${entry.path} ${entry._tag === "PhaseStarted" ? 1 : entry.attempt}`
      begun.set(name, { seq, succeeded: undefined })
      last.set(entry.path, name)
    }
    if (entry._tag === "PhaseSucceeded" && entry.act === undefined) {
      const name = last.get(entry.path)
      if (name !== undefined) begun.set(name, { ...begun.get(name)!, succeeded: seq })
    }
  }
  return begun
}

/** Every effect that ran is announced in the journal, and ran once for each time that it is. */
const unexplained = (id: string, begun: ReadonlyMap<string, Begun>, lines: ReadonlyArray<Line>): Array<string> => {
  const problems: Array<string> = []
  const seen = new Map<string, Line>()
  for (const line of lines) {
    if (line.kind !== "run" && line.kind !== "undo") continue
    const name = `${line.path} ${line.attempt}`
    const before = seen.get(name)
    seen.set(name, line)
    if (!begun.has(name)) problems.push(`${id}: ${line.kind} of ${name} by ${line.pid} is not in the journal`)
    if (before !== undefined) problems.push(`${id}: ${name} ran twice, by ${before.pid} and ${line.pid}`)
  }
  return problems
}

/** Nothing that is recorded as done runs again, and what is recorded was done. */
const untrue = (id: string, begun: ReadonlyMap<string, Begun>, lines: ReadonlyArray<Line>): Array<string> => {
  const problems: Array<string> = []
  const firsts = new Set<string>()
  for (const [name, { seq, succeeded }] of begun) {
    const [path = "", attempt] = name.split(" ")
    const verified = lines.some((line) => line.path === path && line.kind === "asked")
    const ended = lines.some(
      (line) => line.path === path && line.attempt === Number(attempt) && /^(done|undone)$/.test(line.kind)
    )
    const isRun = !path.includes("/undo/") || lines.some((line) => line.path === path)
    if (succeeded !== undefined && isRun && path !== "commit" && !ended && !verified) {
      problems.push(`${id}: ${name} is recorded as done, and was not`)
    }
    if (firsts.has(path)) problems.push(`${id}: ${path} was begun again at ${seq} after it had succeeded`)
    if (succeeded !== undefined) firsts.add(path)
  }
  return problems
}

/** The key of a phase is the same over all attempts and processes. */
const unkeyed = (id: string, lines: ReadonlyArray<Line>): Array<string> => {
  const keys = new Map<string, string>()
  return lines.flatMap(({ kind, note, path }) => {
    if (kind === "accepted" || kind === "answered") return []
    const known = keys.get(path)
    keys.set(path, note)
    return known === undefined || known === note ? [] : [`${id}: ${path} had the keys ${known} and ${note}`]
  })
}

/** The undos of each revert are begun in exactly the reverse order of completion. */
const disordered = (id: string, { entries }: Journal, lines: ReadonlyArray<Line>): Array<string> => {
  let completed: Array<string> = []
  const undone: Array<string> = []
  const problems: Array<string> = []
  let expected: Array<string> = []
  const check = () => {
    const known = undone.filter((path) => expected.includes(path))
    const wanted = expected.slice(0, known.length)
    if (known.join() !== wanted.join()) problems.push(`${id}: undid ${known.join(" ")} instead of ${wanted.join(" ")}`)
  }
  for (const { entry } of entries) {
    if (entry._tag === "PhaseSucceeded" && !entry.path.includes("/") && /^p\d+$/.test(entry.path))
      completed.push(entry.path)
    if (entry._tag === "PhaseSucceeded" && entry.path === "commit") completed = []
    if (entry._tag === "RevertStarted") expected = [...completed].reverse()
    if (entry._tag === "PhaseStarted" && entry.undoes !== undefined) undone.push(entry.undoes)
    if (entry._tag === "Reverted") {
      check()
      const missing = expected.filter((path) => !undone.includes(path))
      if (missing.length > 0) problems.push(`${id}: Reverted, and ${missing.join(" ")} were not undone`)
    }
  }
  const done = lines.filter(({ kind }) => kind === "undone").map(({ path }) => path.slice(path.indexOf("/undo/") + 6))
  const order = [...new Set(done)].filter((path) => expected.includes(path))
  const wanted = expected.filter((path) => order.includes(path))
  if (order.join() !== wanted.join())
    problems.push(`${id}: undos ended as ${order.join(" ")}, not as ${wanted.join(" ")}`)
  return problems
}

/** What a caller was told is what the journal holds. */
const broken = (id: string, { entries, status }: Journal, lines: ReadonlyArray<Line>): Array<string> => {
  const completed = entries.find(({ entry }) => entry._tag === "Completed")?.entry
  const value =
    completed?._tag === "Completed" && Array.isArray(completed.value) ? `ok ${completed.value.join(",")}` : undefined
  const problems = lines.flatMap(({ kind, note }) =>
    kind === "answered" && note.startsWith("ok ") && note !== value
      ? [`${id}: was answered ${note}, and has ${value}`]
      : []
  )
  const told = lines.findLast(({ kind, note }) => kind === "answered" && note.startsWith("status "))?.note
  if (told !== undefined && told !== `status ${status.status}`)
    problems.push(`${id}: was ${told}, and is ${status.status}`)
  return problems
}

/** Everything that does not hold; `ended` if nothing may be left to do. */
export const problemsOf = (
  journals: ReadonlyMap<string, Journal>,
  log: ReadonlyArray<Line>,
  ended: boolean
): ReadonlyArray<string> => {
  const byExecution = new Map<string, Array<Line>>()
  for (const line of log) byExecution.set(line.execution, [...(byExecution.get(line.execution) ?? []), line])
  const problems: Array<string> = []
  for (const [id, lines] of byExecution) {
    const journal = journals.get(id)
    if (journal === undefined) {
      if (lines.some(({ kind }) => kind === "accepted")) problems.push(`${id}: was accepted, and is lost`)
      continue
    }
    const begun = attemptsOf(journal.entries)
    problems.push(
      ...unexplained(id, begun, lines),
      ...untrue(id, begun, lines),
      ...unkeyed(id, lines),
      ...disordered(id, journal, lines),
      ...broken(id, journal, lines)
    )
    if (ended && !settled.has(journal.status.status)) problems.push(`${id}: is still ${journal.status.status}`)
  }
  return problems
}
