/** What reaches a live execution while it runs: put in by anybody at any time, taken by its one fiber, in order. */
import * as Effect from "effect/Effect"

export class Mailbox<A> {
  private readonly letters: Array<A> = []
  private waiting: ((letter: Effect.Effect<A>) => void) | undefined

  offer(letter: A): void {
    const { waiting } = this
    if (waiting === undefined) {
      this.letters.push(letter)
      return
    }
    this.waiting = undefined
    waiting(Effect.succeed(letter))
  }

  get isEmpty(): boolean {
    return this.letters.length === 0
  }

  /** The next letter, if there is one. */
  poll(): A | undefined {
    return this.letters.shift()
  }

  /** The next letter, or the first that comes. */
  get take(): Effect.Effect<A> {
    return Effect.suspend(() => {
      const letter = this.letters.shift()
      return letter === undefined ? this.next : Effect.succeed(letter)
    })
  }

  /** The first that comes, where there is none. */
  get next(): Effect.Effect<A> {
    return Effect.async<A>((resume) => {
      this.waiting = resume
      return Effect.sync(() => {
        this.waiting = undefined
      })
    })
  }
}
