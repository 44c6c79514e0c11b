/**
 * Letters: what others send to an execution. Anybody writes one, in a transaction of its own; only the owner takes it
 * away, in the commit that records what it says. So each is delivered once, and none is lost: an execution that is
 * Waiting and has a letter is due for as long as that holds, whoever looks and whenever.
 */
import type { Json } from "../core/Json.js"

/** A letter as its execution finds it. `key` is the token's hash, the signal's name, or the child's id. */
export interface Letter {
  /** grows with each letter, and is never given again */
  readonly id: number
  readonly kind: "completion" | "signal" | "child"
  readonly key: string
  readonly body: Json
  readonly at: number
}

/** To another execution, with the entries that are the reason for it: a child tells its parent that it stands still. */
export interface Notice {
  readonly execution: string
  readonly kind: "child"
  readonly key: string
}

/** A signal to an execution, `key` its name. */
export interface Signal {
  readonly execution: string
  readonly key: string
  readonly body: Json
  readonly at: number
}
