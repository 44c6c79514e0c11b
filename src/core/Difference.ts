/**
 * Why a generator comes to another yield than its journal holds: the nearest cause. What the code would come to after that
 * yield tells an insertion from a new name, and what was removed from what was swapped.
 */
import * as Either from "effect/Either"
import { answer, type Known } from "./Answer.js"
import type { Kind } from "./Entry.js"
import { isSettled, type PhaseRecord } from "./PhaseRecord.js"
import type { Cause, Placed } from "./Step.js"

/** What a generator comes to after a yield, were that answered with some value: another yield, or its end. */
export type Next = Pick<Placed, "path" | "kind" | "name"> | "end"

/** Lets the generator, which goes on nowhere, take one more turn; nothing if that told nothing. */
export type Ahead = (value: unknown) => Next | undefined

const is = (next: Next | undefined, record: PhaseRecord | undefined): boolean =>
  next === "end" ? record === undefined : next?.path === record?.path && next?.kind === record?.kind

/** What is recorded of `record`, as the answer to a phase; nothing if it cannot be that. */
const given = (known: Known, { instruction }: Placed, record: PhaseRecord): unknown => {
  const value = isSettled(record) ? answer(known, { path: record.path, instruction }, record) : undefined
  return value !== undefined && Either.isRight(value) ? value.right : undefined
}

/** Kinds that a generator is answered nothing by, unless they have a strategy. */
const tellNothing: ReadonlySet<Kind> = new Set<Kind>(["checkpoint", "sleep"])

/** The code comes later to what the journal has here. */
const before = (next: Next | undefined, recorded: PhaseRecord, after: PhaseRecord | undefined): Cause => {
  if (is(next, recorded)) return "swapped"
  return next === undefined || is(next, after) || after === undefined ? "removed" : "branch"
}

/** The code comes to what the journal has nowhere. */
const anew = (next: Next | undefined, found: Placed, recorded: PhaseRecord, after: PhaseRecord | undefined): Cause => {
  if (is(next, recorded)) return "inserted"
  const isRenamed = next === undefined || next === "end" || after === undefined || is(next, after)
  const again = next !== undefined && next !== "end" && next.name === found.name && after?.name === recorded.name
  if (found.kind === recorded.kind) return isRenamed || again ? "renamed" : "branch"
  return next === undefined ? "inserted" : "branch"
}

/** Why the code comes to `found` where the journal has something else, at another path. */
export const causeOf = (known: Known, recorded: PhaseRecord, found: Placed, ahead: Ahead): Cause => {
  if (recorded.scope !== found.scope) return "branch"
  const siblings = known.history.scopes.get(recorded.scope)!
  const rest = siblings.slice(siblings.indexOf(recorded) + 1)
  const place = rest.findIndex(({ kind, path }) => path === found.path && kind === found.kind)
  const later = rest[place]
  if (later !== undefined) {
    const next = isSettled(later) ? ahead(given(known, found, later)) : undefined
    return before(next, recorded, rest[place + 1])
  }
  const like = found.kind === recorded.kind && !tellNothing.has(found.kind)
  return anew(ahead(like ? given(known, found, recorded) : undefined), found, recorded, rest[0])
}
