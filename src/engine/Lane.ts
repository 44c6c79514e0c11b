/**
 * A lane for one: executions whose process died twice without any progress run alone, so that the one that kills it is
 * not confused with those that merely ran beside it.
 */
import * as Effect from "effect/Effect"

export class Lane {
  private taken = false
  private readonly waiting: Array<() => void> = []

  /** Waits for the lane, and answers how to leave it; leaving twice is leaving once. */
  readonly enter: Effect.Effect<() => void> = Effect.async((resume) => {
    const admit = () => resume(Effect.sync(() => this.pass()))
    if (!this.taken) {
      this.taken = true
      admit()
      return
    }
    this.waiting.push(admit)
    return Effect.sync(() => {
      const index = this.waiting.indexOf(admit)
      if (index >= 0) this.waiting.splice(index, 1)
    })
  })

  private pass(): () => void {
    let left = false
    return () => {
      if (left) return
      left = true
      const next = this.waiting.shift()
      if (next === undefined) this.taken = false
      else next()
    }
  }
}
