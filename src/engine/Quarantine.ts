/**
 * Places that are taken in the order of asking, and left by a plain call, so that nobody has to stay awake for it. One for
 * one is for executions whose process died twice without any progress: they run alone, so that the one that kills it is
 * not confused with those that merely ran beside it.
 */
import * as Effect from "effect/Effect"

export class Quarantine {
  private readonly waiting: Array<() => void> = []

  /** With so many places free. */
  constructor(private free: number) {}

  /** Waits for a place, and answers how to leave it; leaving twice is leaving once. */
  readonly enter: Effect.Effect<() => void> = Effect.async((resume) => {
    const admit = () => resume(Effect.sync(() => this.pass()))
    if (this.free > 0) {
      this.free--
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
      if (next === undefined) this.free++
      else next()
    }
  }
}
