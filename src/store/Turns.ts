/** A connection that many use, and one at a time to write. */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"

/**
 * Reads are never between the statements of a transaction, and the committer alone has those. Mostly none is open, so that a
 * read looks before and after: to ask for the connection would take longer than what it is asked for.
 */
export class Turns {
  private taken = false
  /** how often it was taken */
  private turns = 0
  private readonly waiting: Array<() => void> = []

  /** Nothing else comes between the statements of this effect; it is not interrupted. */
  alone<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    const turn = () => {
      this.turns++
      return Effect.matchCauseEffect(effect, { onFailure: this.failed, onSuccess: this.succeeded })
    }
    return Effect.uninterruptible(
      Effect.suspend(() => {
        if (this.taken) return Effect.flatMap(this.mine, turn)
        this.taken = true
        return turn()
      })
    )
  }

  private get mine(): Effect.Effect<void> {
    return Effect.async<void>((resume) => void this.waiting.push(() => resume(Effect.void)))
  }

  /** The effect, which changes nothing, between the turns of others. */
  between<A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const { turns } = this
      if (this.taken) return this.alone(effect)
      return Effect.flatMap(effect, (found) => (this.turns === turns ? Effect.succeed(found) : this.alone(effect)))
    })
  }

  private readonly failed = <E>(cause: Cause.Cause<E>): Effect.Effect<never, E> => {
    this.next()
    return Effect.failCause(cause)
  }

  private readonly succeeded = <A>(answer: A): Effect.Effect<A> => {
    this.next()
    return Effect.succeed(answer)
  }

  /** Who waits has it next: it is not free in between. */
  private next(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.taken = false
    else next()
  }
}
