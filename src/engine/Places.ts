/** How many executions that nobody waits for run at once: overall, and of each task. */
import * as Effect from "effect/Effect"
import * as Thrown from "../core/Thrown.js"
import type { Config } from "./Config.js"

/** Somebody who waits for a place. */
interface Waiting {
  readonly task: string
  readonly admit: (leave: () => void) => void
}

const demand = (what: string, limit: number): void => {
  if (Number.isInteger(limit) && limit >= 1) return
  throw new TypeError(`EngineConfig.${what} must be a positive integer, not ${Thrown.text(limit)}`)
}

export class Places {
  private taken = 0
  /** how many of each task */
  private readonly running = new Map<string, number>()
  private readonly waiting: Array<Waiting> = []
  /** called when there is a place that nobody waits for */
  onFree: () => void = () => {}

  /** Throws a `TypeError` for limits that are none. */
  constructor(private readonly limits: Pick<Config, "concurrency" | "tasks">) {
    demand("concurrency", limits.concurrency)
    for (const [task, limit] of Object.entries(limits.tasks)) demand(`tasks[${JSON.stringify(task)}]`, limit)
  }

  get isFull(): boolean {
    return this.taken >= this.limits.concurrency
  }

  /** Whether there is a place. */
  isOpen(task: string): boolean {
    const limit = Object.hasOwn(this.limits.tasks, task) ? this.limits.tasks[task]! : Number.POSITIVE_INFINITY
    return !this.isFull && (this.running.get(task) ?? 0) < limit
  }

  /** A place, if there is one: how to leave it; leaving twice is leaving once. */
  take(task: string): (() => void) | undefined {
    if (!this.isOpen(task)) return undefined
    this.taken++
    this.running.set(task, (this.running.get(task) ?? 0) + 1)
    let left = false
    return () => {
      if (left) return
      left = true
      this.leave(task)
    }
  }

  /** Waits for a place, before all those who only look for one. */
  enter(task: string): Effect.Effect<() => void> {
    return Effect.async((resume) => {
      const one: Waiting = { task, admit: (leave) => resume(Effect.succeed(leave)) }
      const leave = this.take(task)
      if (leave !== undefined) return one.admit(leave)
      this.waiting.push(one)
      return Effect.sync(() => {
        const index = this.waiting.indexOf(one)
        if (index >= 0) this.waiting.splice(index, 1)
      })
    })
  }

  private leave(task: string): void {
    this.taken--
    this.running.set(task, this.running.get(task)! - 1)
    const next = this.waiting.findIndex((one) => this.isOpen(one.task))
    if (next < 0) return this.onFree()
    const [one] = this.waiting.splice(next, 1)
    one!.admit(this.take(one!.task)!)
  }
}
