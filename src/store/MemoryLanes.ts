/** Lanes in memory: who has a place, and who is the next one in line. */
import type { Due, DueQuery } from "./Encoded.js"
import type { KeptExecution, Memory } from "./Memory.js"

export const holders = (kept: Memory, lane: string): ReadonlyArray<string> =>
  [...kept.executions.values()].filter((each) => each.lane === lane && each.placed).map(({ row }) => row.id)

/** Whether so many others than an execution that has none have a place in its lane. */
export const isFull = (kept: Memory, id: string, limit: number | undefined): boolean => {
  const found = kept.executions.get(id)
  if (limit === undefined || found?.lane === undefined || found.placed) return false
  return holders(kept, found.lane).length >= limit
}

/** It is Pending and has no place. */
export const isInLine = ({ lane, placed, row }: KeptExecution): boolean =>
  lane !== undefined && !placed && row.status === "Pending"

/** Of those that are in line and sorted, the ones for which there are places. */
export const first = (kept: Memory, line: ReadonlyArray<Due>, limits: DueQuery["lanes"] = {}): ReadonlyArray<Due> => {
  const room = new Map<string, number>()
  return line.filter(({ lane, task }) => {
    if (lane === undefined) return true
    const limit = Object.hasOwn(limits, task) ? limits[task]! : undefined
    const left = room.get(lane) ?? (limit === undefined ? 1 : limit - holders(kept, lane).length)
    room.set(lane, left - 1)
    return left > 0
  })
}
