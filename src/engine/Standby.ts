/** Callers that wait for executions that were let go, and lend them their code and their services. */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Delivery } from "./Delivery.js"
import type { Fibers } from "./Fibers.js"
import type { Listeners } from "./Listeners.js"
import { Once } from "./Once.js"

/** One of them. */
export interface Caller {
  readonly definition: Definition
  readonly services: Fibers
  /** where it stands in line, if it does */
  readonly lane: string | undefined
  /** it was woken already */
  readonly isWoken: () => boolean
  /** has it take the execution up, with what is on its way to that */
  readonly wake: (delivery: Delivery | undefined) => void
}

/** Whether the execution is to be taken up, or has moved otherwise; and what is on its way to it then. */
export interface Moved {
  readonly woken: boolean
  readonly delivery: Delivery | undefined
}

export interface Waiting {
  readonly moved: Effect.Effect<Moved>
  readonly leave: () => void
}

export class Standby {
  /** by execution, the first of them first */
  private readonly callers = new Map<string, ReadonlyArray<Caller>>()

  constructor(private readonly listeners: Listeners) {}

  /** Stands by for an execution. */
  enter(id: string, definition: Definition, services: Fibers, lane?: string): Waiting {
    const moved = new Once<Moved>()
    const tell = (how: Moved) => moved.tell(Effect.succeed(how))
    let woken = false
    const wake: Caller["wake"] = (delivery) => {
      woken = true
      tell({ woken, delivery })
    }
    const caller: Caller = { definition, services, lane, isWoken: () => woken, wake }
    this.callers.set(id, [...(this.callers.get(id) ?? []), caller])
    const stop = this.listeners.hear(id, () => tell({ woken: false, delivery: undefined }))
    const leave = () => {
      stop()
      const others = (this.callers.get(id) ?? []).filter((other) => other !== caller)
      if (others.length > 0) this.callers.set(id, others)
      else this.callers.delete(id)
    }
    return { moved: moved.wait, leave }
  }

  /** Nobody is woken any more: all of them look again. */
  get end(): Effect.Effect<void> {
    return Effect.sync(() => {
      for (const callers of [...this.callers.values()]) for (const { wake } of callers) wake(undefined)
    })
  }

  /** Nobody stands by for anything. */
  get isEmpty(): boolean {
    return this.callers.size === 0
  }

  /** The first of those who stand by for something in a lane, and have not been woken. */
  inLane(lane: string): Caller | undefined {
    for (const callers of this.callers.values()) {
      const found = callers.find((caller) => caller.lane === lane && !caller.isWoken())
      if (found !== undefined) return found
    }
    return undefined
  }

  /** The first of those who stand by for an execution. */
  first(id: string): Caller | undefined {
    return this.callers.get(id)?.[0]
  }
}
