/** The tokens that one live execution gives out: whoever has one completes the phase that gave it. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { sha256 } from "../core/Sha256.js"
import type { EndAnswer, Store } from "../store/Store.js"
import type { Config } from "./Config.js"
import type { Mailbox } from "./Mailbox.js"
import { Once } from "./Once.js"
import type { Signal } from "./Signal.js"
import type { Writer } from "./Writer.js"

/** By what the store knows a token. */
export const hashOf = sha256

export class Tokens {
  /** those whose phases have not done their own part yet, by hash */
  private clear: Map<string, string> | undefined

  constructor(
    private readonly store: Pick<Store, "token" | "end" | "letters">,
    private readonly writer: Writer,
    private readonly config: Config,
    private readonly signals: Mailbox<Signal>
  ) {}

  /** A new token for a phase, that is in the store with the next commit: its hash. */
  make(path: string, schema: Json): string {
    const token = this.config.newToken()
    const hash = hashOf(token)
    this.clear ??= new Map()
    this.clear.set(hash, token)
    this.writer.hand({ hash, clear: token, path, schema, expires: null })
    return hash
  }

  /** The token of the phase that runs at a path: the one that it has given out before, else a new one. */
  of(path: string): Effect.Effect<string> {
    const token = Effect.gen(this, function* () {
      const hash = this.writer.history.phases.get(path)?.token
      const token = hash === undefined ? undefined : (this.clear?.get(hash) ?? (yield* this.stored(hash)))
      if (token !== undefined) return token
      const reply = new Once<string>()
      this.signals.offer({ _tag: "Token", path, reply })
      return yield* reply.wait
    })
    return Effect.orDie(token)
  }

  /** Whether it was made here, for a phase that still does its own part. */
  has(hash: string): boolean {
    return this.clear?.has(hash) === true
  }

  /** What a new token is in clear, once its hash is on disk. */
  handed(hash: string): string {
    return this.clear!.get(hash)!
  }

  /** One that somebody has completed meanwhile stays the phase's: what was answered counts once the phase has run. */
  private stored(hash: string): Effect.Effect<string | undefined, StoreError> {
    return Effect.map(this.store.token(hash), (row) =>
      // One that somebody has used already is given again: what it was used for counts.
      row === undefined || row.ended === "expired" || row.ended === "closed" ? undefined : (row.clear ?? undefined)
    )
  }

  /** The phase has done its own part: the clear text is needed no longer. */
  told(hash: string, expires: number | undefined): void {
    this.clear?.delete(hash)
    this.writer.told({ hash, expires: expires ?? null })
  }

  /** Ends a token, unless somebody has completed it, or was heard of since. */
  end(hash: string, as: "expired" | "closed", quietSince?: number): Effect.Effect<EndAnswer, StoreError> {
    this.writer.spent(hash)
    return this.store.end({ hash, as, ...(quietSince === undefined ? {} : { quietSince }) })
  }

  /** Ends a token: what somebody had completed it with before. */
  takeBack(hash: string): Effect.Effect<Json | undefined, StoreError> {
    return Effect.flatMap(this.end(hash, "closed"), (ended) =>
      ended === "completed"
        ? Effect.map(this.store.letters(this.writer.id), (letters) => letters.find(({ key }) => key === hash)?.body)
        : Effect.succeed(undefined)
    )
  }

  /** When who completes it was heard of last. */
  heard(hash: string): Effect.Effect<number | undefined, StoreError> {
    return Effect.map(this.store.token(hash), (row) => row?.beat ?? undefined)
  }
}
