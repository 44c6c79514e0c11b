/** What is purged of a memory: an execution that has ended, its children with it, and what stays of them. */
import { isFinal } from "../core/Status.js"
import type { PurgeQuery } from "./Encoded.js"
import type { KeptExecution, Memory } from "./Memory.js"

/** An execution, and all that it called, and so on. */
const familyOf = (kept: Memory, root: KeptExecution): ReadonlyArray<KeptExecution> => {
  const family = [root]
  for (const { row } of family) {
    for (const child of kept.executions.values()) if (child.parent === row.id) family.push(child)
  }
  return family
}

const remove = (kept: Memory, { row: { createdAt, id, task } }: KeptExecution, at: number): void => {
  kept.purged.set(id, { id, task, createdAt, at })
  kept.executions.delete(id)
  for (const [hash, { execution }] of kept.tokens) if (execution === id) kept.tokens.delete(hash)
  for (const [letter, { execution }] of kept.letters) if (execution === id) kept.letters.delete(letter)
}

/** As a database does, which numbers executions by the last one that is there. */
export const purge = (kept: Memory, { at, before, limit, task }: PurgeQuery): ReadonlyArray<string> => {
  const newest = [...kept.executions.values()].at(-1)
  const roots = [...kept.executions.values()]
    .filter(({ parent, row }) => parent === undefined && row.task === task && row.updatedAt < before)
    .filter(({ row }) => isFinal(row.status))
    .sort((a, b) => a.row.updatedAt - b.row.updatedAt)
  const ids: Array<string> = []
  for (const root of roots) {
    if (ids.length >= limit) break
    const family = familyOf(kept, root)
    if (family.some((member) => member === newest || !isFinal(member.row.status))) continue
    for (const member of family) {
      remove(kept, member, at)
      ids.push(member.row.id)
    }
  }
  return ids
}

export const tasksOf = (kept: Memory): ReadonlyArray<string> => [
  ...new Set([...kept.executions.values()].map(({ row }) => row.task))
]
