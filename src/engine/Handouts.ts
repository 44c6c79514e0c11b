/**
 * For what the newest tokens are that this engine has handed out: who completes one soon spares the store the question. What
 * a token is for never changes; whether it is still open is asked where it is accepted.
 */
import type { TokenRow } from "../store/Store.js"

/** So many are known, the newest: some 300 bytes each. */
const most = 1_024

export type Handed = Pick<TokenRow, "execution" | "task" | "path" | "schema">

export class Handouts {
  /** by hash, the oldest first */
  private readonly known = new Map<string, Handed>()

  add(hash: string, handed: Handed): void {
    this.known.set(hash, handed)
    if (this.known.size <= most) return
    for (const oldest of this.known.keys()) {
      this.known.delete(oldest)
      return
    }
  }

  get(hash: string): Handed | undefined {
    return this.known.get(hash)
  }

  /** It is of no use any more. */
  delete(hash: string): void {
    this.known.delete(hash)
  }
}
