/** Tokens in memory. */
import type { Json } from "../core/Json.js"
import { addLetter, type KeptToken, type Memory } from "./Memory.js"
import type { Beat, BeatAnswer, Completing, Completion, EndAnswer, Ending, NewToken, TokenRow } from "./Token.js"
import { completionOf, standingAt } from "./Token.js"

export const add = (kept: Memory, execution: string, { clear, expires, hash, path, schema }: NewToken): void => {
  const text = JSON.stringify(schema)
  const rest = { ended: null, outcome: null, beat: null, progress: null }
  kept.tokens.set(hash, { execution, clear, path, schema: text, expires, ...rest })
}

/** Whoever it is for has it. */
export const told = (kept: Memory, hash: string, expires: number | null): void =>
  change(kept, hash, { clear: null, expires })

const change = (kept: Memory, hash: string, changes: Partial<KeptToken>): void => {
  const token = kept.tokens.get(hash)
  if (token !== undefined) kept.tokens.set(hash, { ...token, ...changes })
}

/** A token with what decides whether it may be completed. */
const find = (kept: Memory, hash: string) => {
  const token = kept.tokens.get(hash)
  if (token === undefined) return undefined
  const { status, task } = kept.executions.get(token.execution)!.row
  return { ...token, status, task }
}

export const get = (kept: Memory, hash: string): TokenRow | undefined => {
  const found = find(kept, hash)
  if (found === undefined) return undefined
  const { beat, clear, ended, execution, expires, path, progress, schema, task } = found
  return {
    execution,
    task,
    path,
    clear,
    schema: JSON.parse(schema) as Json,
    expires,
    ended,
    beat,
    progress: progress === null ? null : (JSON.parse(progress) as Json)
  }
}

export const complete = (kept: Memory, completing: Completing): Completion => {
  const { at, body, hash, outcome } = completing
  const token = find(kept, hash)
  if (token === undefined) return { _tag: "NotFound" }
  const completion = completionOf(token, completing)
  if (completion._tag === "Accepted") {
    change(kept, hash, { ended: "completed", outcome })
    addLetter(kept, { execution: token.execution, kind: "completion", key: hash, body: JSON.stringify(body), at })
  }
  return completion
}

/** Whether it is a token of this execution, and open at the time. */
export const isOpen = (kept: Memory, execution: string, { at, hash }: Completing): boolean => {
  const token = find(kept, hash)
  return token?.execution === execution && standingAt(token, at) === "open"
}

/** Completes one that is open, without a letter. */
export const accept = (kept: Memory, { hash, outcome }: Completing): void =>
  change(kept, hash, { ended: "completed", outcome })

export const end = (kept: Memory, { as, hash, quietSince }: Ending): EndAnswer => {
  const token = kept.tokens.get(hash)
  if (token === undefined) return "ended"
  if (token.ended !== null) return token.ended === "completed" ? "completed" : "ended"
  if (quietSince !== undefined && token.beat !== null && token.beat > quietSince) return "heard"
  change(kept, hash, { ended: as, clear: null })
  return "ended"
}

export const beat = (kept: Memory, { at, hash, progress }: Beat): BeatAnswer => {
  const token = find(kept, hash)
  if (token === undefined) return "unknown"
  const standing = standingAt(token, at)
  if (standing !== "open") return standing
  const told = progress === undefined ? token.progress : JSON.stringify(progress)
  change(kept, hash, { beat: Math.max(at, token.beat ?? at), progress: told })
  return "heard"
}
