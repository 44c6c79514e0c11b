/**
 * Lanes: executions of a task with the same concurrency key share its places. Who has one is in the store, which follows
 * the statuses, and a claim takes one there; how many there are is in the code. Nothing of it is kept here.
 */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Entry } from "../core/Entry.js"
import type { StoreError } from "../core/Errors.js"
import type { History } from "../core/History.js"
import type { Store } from "../store/Store.js"

/** As many as there may be: of a task that has no keys any more. */
const unlimited = Number.MAX_SAFE_INTEGER

/** What a lane is called in the store: a task's name and a key hold no line break. */
export const nameOf = (task: string, key: string): string => `${task}\n${key}`

/** Whether an execution that goes on with these entries needs a place that it does not have: to go forward, not to end. */
export const needsPlace = ({ closing, lane, placed, status }: History, entries: ReadonlyArray<Entry>): boolean => {
  if (lane === undefined || placed) return false
  if (entries.length === 0) return status === "Pending"
  return closing === undefined && entries.some(({ _tag }) => _tag === "Resumed")
}

export class Lanes {
  private readonly limits = new Map<string, number>()
  /** how many places a lane of each task has, as far as this engine has seen the code: the last one that it saw counts */
  known: Readonly<Record<string, number>> = {}

  constructor(private readonly store: Pick<Store, "holders">) {}

  /** Here is the code of a task. */
  learn({ lane, name }: Definition): void {
    const limit = lane?.limit ?? unlimited
    if (this.limits.get(name) === limit) return
    this.limits.set(name, limit)
    this.known = Object.fromEntries(this.limits)
  }

  limitOf(task: string): number {
    return this.limits.get(task) ?? unlimited
  }

  /** The executions that have a place where this one needs one. */
  holders({ lane, task }: History): Effect.Effect<ReadonlyArray<string>, StoreError> {
    return lane === undefined ? Effect.succeed([]) : this.store.holders(nameOf(task, lane))
  }

  /** Whether there is a place for an execution. */
  hasRoom(history: History): Effect.Effect<boolean, StoreError> {
    return Effect.map(this.holders(history), ({ length }) => length < this.limitOf(history.task))
  }
}
