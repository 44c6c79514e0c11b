/** What others have sent to one live execution, and it has not taken up yet. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Letter, Store } from "../store/Store.js"
import type { Writer } from "./Writer.js"

export class Post {
  private letters: ReadonlyArray<Letter> = []
  /** the last letter that was looked at */
  seen = 0

  constructor(
    private readonly store: Pick<Store, "letters">,
    private readonly writer: Writer,
    /** whether everything that was sent is known */
    public known: boolean
  ) {}

  /** Somebody may have sent something since. */
  stale(): void {
    this.known = false
  }

  /** Knows all that was sent until now. What a child sends only wakes its parent: nothing of it is kept. */
  get look(): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      if (this.known) return Effect.void
      this.known = true
      return Effect.map(this.store.letters(this.writer.id), (letters) => {
        const taken = this.writer.taken
        this.letters = letters.filter(({ id }) => taken?.has(id) !== true)
        for (const letter of this.letters) {
          this.seen = Math.max(this.seen, letter.id)
          if (letter.kind === "child") this.take(letter)
        }
      })
    })
  }

  /** The completion of a token, if there is one. */
  completionOf(token: string): Letter | undefined {
    const { delivered } = this.writer
    if (delivered?.key === token) return delivered
    return this.letters.find(({ key, kind }) => kind === "completion" && key === token)
  }

  /** The oldest signal of this name that is left. */
  signalOf(name: string): Letter | undefined {
    return this.letters.find(({ key, kind }) => kind === "signal" && key === name)
  }

  /** Nobody has taken it. */
  has(letter: Letter): boolean {
    return this.letters.includes(letter)
  }

  /** It goes with the next commit, which holds what it says. */
  take(letter: Letter): void {
    if (letter === this.writer.delivered) return this.writer.accept()
    this.letters = this.letters.filter((other) => other !== letter)
    this.writer.take(letter.id)
  }
}
