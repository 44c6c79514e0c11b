/**
 * What is told once, by anybody, and waited for by any number of fibers. Effect's Deferred does the same, but each is an
 * object of a shape of its own: a kilobyte, and as slow to make as three fibers; and each execution has several.
 */
import * as Effect from "effect/Effect"

export class Once<A, E = never> {
  private told: Effect.Effect<A, E> | undefined
  private waiting: Set<(told: Effect.Effect<A, E>) => void> | undefined

  get isTold(): boolean {
    return this.told !== undefined
  }

  /** Tells all who wait, and who will; what was told before stays. */
  tell(told: Effect.Effect<A, E>): void {
    if (this.told !== undefined) return
    this.told = told
    const { waiting } = this
    this.waiting = undefined
    if (waiting !== undefined) for (const resume of waiting) resume(told)
  }

  /** What was told, or will be. */
  get wait(): Effect.Effect<A, E> {
    return Effect.suspend(() => this.told ?? this.later)
  }

  /** The same for the one who waits as long as there is something to be told: it is not forgotten when it is interrupted. */
  get outlast(): Effect.Effect<A, E> {
    return Effect.async<A, E>((resume) => (this.told === undefined ? this.add(resume) : resume(this.told)))
  }

  private add(resume: (told: Effect.Effect<A, E>) => void): void {
    this.waiting ??= new Set()
    this.waiting.add(resume)
  }

  private get later(): Effect.Effect<A, E> {
    return Effect.async<A, E>((resume) => {
      this.add(resume)
      return Effect.sync(() => this.waiting?.delete(resume))
    })
  }
}
