/** Callers that wait for executions that were let go, and lend them their code and their services. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { Definition } from "../authoring/Definition.js"
import type { Listeners } from "./Listeners.js"

/** One of them. */
export interface Caller {
  readonly definition: Definition
  /** has it take the execution up */
  readonly wake: () => void
}

/** `moved` answers whether the execution is to be taken up, or has moved otherwise. */
export interface Waiting {
  readonly moved: Effect.Effect<boolean>
  readonly leave: () => void
}

export class Standby {
  /** by execution, the first of them first */
  private readonly callers = new Map<string, ReadonlyArray<Caller>>()

  constructor(private readonly listeners: Listeners) {}

  /** Stands by for an execution. */
  enter(id: string, definition: Definition): Waiting {
    const moved = Deferred.unsafeMake<boolean>(FiberId.none)
    const tell = (woken: boolean) => Deferred.unsafeDone(moved, Effect.succeed(woken))
    const caller: Caller = { definition, wake: () => tell(true) }
    this.callers.set(id, [...(this.callers.get(id) ?? []), caller])
    const stop = this.listeners.hear(id, () => tell(false))
    const leave = () => {
      stop()
      const others = (this.callers.get(id) ?? []).filter((other) => other !== caller)
      if (others.length > 0) this.callers.set(id, others)
      else this.callers.delete(id)
    }
    return { moved: Deferred.await(moved), leave }
  }

  /** Nobody stands by for anything. */
  get isEmpty(): boolean {
    return this.callers.size === 0
  }

  /** The first of those who stand by for an execution. */
  first(id: string): Caller | undefined {
    return this.callers.get(id)?.[0]
  }
}
