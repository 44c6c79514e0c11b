/** Letters in memory, and which executions they and the time make due. */
import type { Json } from "../core/Json.js"
import { isActive } from "../core/Status.js"
import type { Addressed, Due, DueQuery, Posted } from "./Encoded.js"
import { compareText } from "./Encoded.js"
import type { Letter, Signal } from "./Letter.js"
import { addLetter, type KeptExecution, type Memory, takesLetters } from "./Memory.js"
import * as MemoryLanes from "./MemoryLanes.js"

export const post = (kept: Memory, { at, body, execution, key }: Signal): Posted | undefined => {
  const found = kept.executions.get(execution)
  if (found === undefined) return undefined
  const posted = takesLetters(kept, execution)
  if (posted) addLetter(kept, { execution, kind: "signal", key, body: JSON.stringify(body), at })
  return { row: { ...found.row }, posted }
}

export const lettersOf = (kept: Memory, id: string): ReadonlyArray<Letter> =>
  [...kept.letters.values()]
    .filter(({ execution }) => execution === id)
    .map(({ at, body, id, key, kind }) => ({ id, kind, key, body: JSON.parse(body) as Json, at }))

/** The executions that have letters. */
const withLetters = (kept: Memory): ReadonlyMap<string, { readonly since: number; readonly last: number }> => {
  const found = new Map<string, { readonly since: number; readonly last: number }>()
  for (const { at, execution, id } of kept.letters.values()) {
    found.set(execution, { since: Math.min(at, found.get(execution)?.since ?? at), last: id })
  }
  return found
}

const byDue = (a: Due, b: Due): number => b.priority - a.priority || a.since - b.since || compareText(a.id, b.id)

export const due = (kept: Memory, { after, id: only, lanes, limit, now, tasks }: DueQuery): ReadonlyArray<Due> => {
  const letters = withLetters(kept)
  const sinceOf = (execution: KeptExecution): number | undefined => {
    const { createdAt, status } = execution.row
    if (status === "Pending" && execution.wake === null) return createdAt
    if (status !== "Waiting" && status !== "Pending") return undefined
    const sent = letters.get(execution.row.id)
    const letter =
      status === "Waiting" && sent !== undefined && sent.last > execution.seen ? sent.since : Number.POSITIVE_INFINITY
    const wake = execution.wake !== null && execution.wake <= now ? execution.wake : Number.POSITIVE_INFINITY
    const since = Math.min(letter, wake)
    return since === Number.POSITIVE_INFINITY ? undefined : since
  }
  const found: Array<Due> = []
  for (const execution of kept.executions.values()) {
    const since = sinceOf(execution)
    const { id, task } = execution.row
    if (since !== undefined) {
      const { lane, parent } = execution
      const inLine = lane !== undefined && MemoryLanes.isInLine(execution) ? { lane } : {}
      found.push({
        id,
        task,
        priority: execution.priority,
        since,
        ...inLine,
        ...(parent === undefined ? {} : { parent })
      })
    }
  }
  return MemoryLanes.first(kept, found.sort(byDue), lanes)
    .filter(({ id, task }) => (only === undefined || only === id) && (tasks === undefined || tasks.includes(task)))
    .filter((each) => after === undefined || byDue(each, after) > 0)
    .slice(0, limit)
}

export const addressed = (kept: Memory): ReadonlyArray<Addressed> =>
  [...withLetters(kept)]
    .map(([id, { last }]) => {
      const { status, task } = kept.executions.get(id)!.row
      return { id, task, status, last }
    })
    .filter(({ status }) => isActive(status) || status === "Waiting")
    .sort((a, b) => a.last - b.last)

export const nextWake = (kept: Memory, after: number): number | undefined => {
  let next: number | undefined
  for (const { row, wake } of kept.executions.values()) {
    const waits = row.status === "Waiting" || row.status === "Pending"
    if (waits && wake !== null && wake > after && !(wake >= (next ?? Number.POSITIVE_INFINITY))) {
      next = wake
    }
  }
  return next
}
