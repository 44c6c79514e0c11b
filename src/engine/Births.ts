/** How an execution comes into the store without being claimed: for whoever owns that to run, or in line for a place. */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Json } from "../core/Json.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import { type Birth, createdOf } from "./Birth.js"
import type { Call } from "./Children.js"
import type { LoadError } from "./Claims.js"
import { nameOf } from "./Lanes.js"
import type { Live } from "./Live.js"

/** An execution that may not be in the store yet. */
export interface Expected {
  readonly definition: Definition
  readonly id: string
  readonly payload: Json
  /** the concurrency key, if its task has any */
  readonly key: string | undefined
  /** of a child */
  readonly call?: Call
  /** the checkpoint at which it is to pause */
  readonly stopAt?: string
  readonly tags: ReadonlyArray<string>
}

const no = Effect.succeed(false)

export class Births {
  constructor(
    private readonly store: Store,
    private readonly live: Live,
    private readonly now: () => number
  ) {}

  /** Puts an execution that needs a place of its own in line, if it is not in the store; one that needs none begins at once. */
  standsInLine(expected: Expected): Effect.Effect<boolean, LoadError> {
    return expected.key === undefined ? no : this.putInLine(expected)
  }

  private readonly putInLine = Effect.fnUntraced(function* (this: Births, expected: Expected) {
    const { call, id } = expected
    if (call !== undefined) {
      if ((yield* this.store.get(id)) !== undefined) return true
      if (yield* this.isWithin(call.parent.execution, expected)) return false
    }
    yield* this.write(expected, call ?? {})
    return true
  })

  /** Whether an execution, or one that called it, has a place in the lane: a child goes in on that, or waits for itself. */
  private isWithin(execution: string, expected: Expected): Effect.Effect<boolean, LoadError> {
    return Effect.flatMap(this.live.history(execution), ({ lane, parent, task }) => {
      if (task === expected.definition.name && lane === expected.key) return Effect.succeed(true)
      return parent === undefined ? Effect.succeed(false) : this.isWithin(parent.execution, expected)
    })
  }

  /** Puts an execution into the store, for whoever owns that to run. */
  write({ definition, id, key, payload, stopAt, tags }: Expected, { due, parent, round }: Birth, priority?: number) {
    const at = this.now()
    const row: ExecutionRow = {
      id,
      task: definition.name,
      version: definition.version,
      status: "Pending",
      epoch: 0,
      owner: null,
      createdAt: at,
      updatedAt: at
    }
    return this.store.create(row, [createdOf(definition, payload, { due, parent, round, lane: key, stopAt, tags })], {
      ...(priority === undefined ? {} : { priority }),
      ...(due === undefined ? {} : { rest: { wake: due, seen: 0 } }),
      ...(key === undefined ? {} : { lane: nameOf(definition.name, key) })
    })
  }
}
