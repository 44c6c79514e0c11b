/** The revert that the author of a task wrote: what it is given, and how it is run. */
import * as Either from "effect/Either"
import type { Completed, Definition } from "../authoring/Definition.js"
import * as Phase from "../authoring/Phase.js"
import type { History, RevertRecord } from "../core/History.js"
import type { Json } from "../core/Json.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import type { Happened } from "./Work.js"

/** It gets only what happened, newest first, so that what is in doubt is decided before it. */
export function* ownRevert(
  definition: Definition,
  history: History,
  revert: RevertRecord
): Generator<unknown, void, never> {
  const values = new Map<PhaseRecord, Json | undefined>()
  for (const record of revert.completed) values.set(record, record.value)
  for (const { name, path } of revert.doubts) {
    const found: unknown = yield* Phase.undo(name, path)
    const record = history.phases.get(path)!
    if (found !== undefined && found !== null) values.set(record, (found as Happened).happened)
  }
  const payload = definition.payload.decode(history.payload)
  const context = {
    payload: Either.getOrElse(payload, () => history.payload),
    failures: revert.failures,
    to: revert.to?.path
  }
  yield* definition.revert(listed(history, values, revert), context) as Iterable<unknown, void>
}

const newestFirst = (a: PhaseRecord, b: PhaseRecord): number => b.order - a.order

/** Newest first. What is in a group that returned is undone with the group, and not listed beside it. */
const listed = (
  history: History,
  values: ReadonlyMap<PhaseRecord, Json | undefined>,
  revert: RevertRecord
): ReadonlyArray<Completed<unknown>> => {
  const groups = new Map<PhaseRecord, Array<PhaseRecord>>()
  const alone: Array<PhaseRecord> = []
  for (const record of values.keys()) {
    const group = groupOf(history, record, revert)
    const inner = group === undefined ? alone : (groups.get(group) ?? [])
    inner.push(record)
    if (group !== undefined) groups.set(group, inner)
  }
  return [...alone, ...groups.keys()].sort(newestFirst).map((record) => {
    const { name, path } = record
    const inner = groups.get(record)
    return inner === undefined
      ? { name, path, value: values.get(record), undo: Phase.undo(name, path) }
      : { name, path, value: record.value, undo: Phase.undoAll(inner.sort(newestFirst)) }
  })
}

/** The outermost group around a phase that has returned, and is undone as a whole. */
const groupOf = (history: History, record: PhaseRecord, { to }: RevertRecord): PhaseRecord | undefined => {
  let outermost: PhaseRecord | undefined
  for (let at = history.phases.get(record.scope); at !== undefined; at = history.phases.get(at.scope)) {
    if (to?.path.startsWith(`${at.path}/`)) break
    if (at.kind === "group" && at.state === "succeeded") outermost = at
  }
  return outermost
}
