/** Which items of forEach are to run again: all that failed, or those that are named. */
import * as Either from "effect/Either"
import type { ActionOf } from "../core/Action.js"
import { PhaseNotOpen } from "../core/Errors.js"
import { type History, ownerOf } from "../core/History.js"
import type { Json } from "../core/Json.js"
import * as Near from "../core/Near.js"
import { isComposite, isSettled, type PhaseRecord } from "../core/PhaseRecord.js"
import { happened } from "./Stranded.js"

export interface Chosen {
  readonly from: ReadonlyArray<string>
  readonly inputs: ReadonlyMap<string, Json>
}

/** The item that a phase is, or is a part of: the innermost. */
const itemOf = (history: History, record: PhaseRecord): PhaseRecord | undefined => {
  for (let at: PhaseRecord | undefined = record; at !== undefined; ) {
    const owner = ownerOf(history, at.scope)
    if (owner?.kind === "forEach") return at
    at = owner
  }
  return undefined
}

/** The items in which something has failed for good, in the order in which they began. */
const failed = (history: History): ReadonlyArray<PhaseRecord> => {
  const items = new Set<PhaseRecord>()
  for (const record of history.open) {
    if (!record.forward || record.state !== "failed" || isComposite(record)) continue
    const item = itemOf(history, record)
    if (item !== undefined) items.add(item)
  }
  return [...items].sort((a, b) => a.begun - b.begun)
}

const lastOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

/** An item by its path, or by what it is called in its forEach. */
const named = (items: ReadonlyArray<PhaseRecord>, wanted: string): ReadonlyArray<PhaseRecord> => {
  const exact = items.filter(({ path }) => path === wanted)
  return exact.length > 0 ? exact : items.filter(({ path }) => lastOf(path) === wanted)
}

const missing = (
  execution: string,
  history: History,
  items: ReadonlyArray<PhaseRecord>,
  wanted: string
): PhaseNotOpen => {
  const refuse = (reason: string) => new PhaseNotOpen({ execution, phase: wanted, reason, asked: "rerun" })
  const known = [...history.phases.values()].filter((record) => ownerOf(history, record.scope)?.kind === "forEach")
  const [found] = named(known, wanted)
  if (found !== undefined && isSettled(found)) return happened(execution, history, found, "rerun")
  if (found !== undefined) return refuse("it has not failed: resume goes on with it")
  const near = Near.misses(
    wanted,
    items.flatMap(({ path }) => [path, lastOf(path)])
  )
  const meant =
    near.length > 0
      ? `did you mean ${near.join(", ")}?`
      : `those that failed are ${items.map(({ path }) => path).join(", ")}`
  return refuse(`there is no such item; ${meant}`)
}

export const chosen = (
  execution: string,
  { items: wanted }: ActionOf<"rerun">,
  history: History
): Either.Either<Chosen, ReadonlyArray<PhaseNotOpen>> => {
  const items = failed(history)
  const refuse = (phase: string, reason: string) => new PhaseNotOpen({ execution, phase, reason, asked: "rerun" })
  if (items.length === 0)
    return Either.left([refuse(history.position, "no item of a forEach has failed: resume goes on")])
  if (wanted === undefined) return Either.right({ from: items.map(({ path }) => path), inputs: new Map() })
  const from: Array<string> = []
  const inputs = new Map<string, Json>()
  const problems: Array<PhaseNotOpen> = []
  for (const one of wanted) {
    const { item, input } = typeof one === "string" ? { item: one, input: undefined } : one
    const [found, other] = named(items, item)
    if (found === undefined) problems.push(missing(execution, history, items, item))
    else if (other !== undefined) problems.push(refuse(item, `there are several: ${found.path}, ${other.path}`))
    else {
      from.push(found.path)
      if (input !== undefined) inputs.set(found.path, input)
    }
  }
  return problems.length > 0 ? Either.left(problems) : Either.right({ from, inputs })
}
