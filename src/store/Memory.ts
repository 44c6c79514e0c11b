/** What the memory store keeps: what a database would, text and numbers, and nothing shared with who wrote it. */
import { isFinal } from "../core/Status.js"
import type { EntryRow, ExecutionRow, Order, Purged } from "./Encoded.js"
import type { Letter } from "./Letter.js"
import type { TokenRow } from "./Token.js"

/** An execution with its journal. */
export interface KeptExecution {
  row: ExecutionRow
  rows: Array<EntryRow>
  /** where the last entry stands that enters a stage; 0 */
  base: number
  readonly priority: number
  readonly lane: string | undefined
  readonly parent: string | undefined
  readonly tags: ReadonlyArray<string>
  /** whether it has a place in its lane */
  placed: boolean
  wake: number | null
  /** the last letter that its owner has looked at */
  seen: number
}

/** A token, without what its execution says. */
export interface KeptToken extends Omit<TokenRow, "task" | "schema" | "progress"> {
  readonly schema: string
  readonly progress: string | null
  readonly outcome: string | null
}

export interface KeptLetter extends Omit<Letter, "body"> {
  readonly execution: string
  readonly body: string
}

/** What stores share, and what survives the engines of a test. */
export interface Memory {
  readonly executions: Map<string, KeptExecution>
  /** what there was, by id */
  readonly purged: Map<string, Purged>
  readonly inbox: Map<
    number,
    { readonly order: Omit<Order, "body">; readonly body: string; answer: string | undefined }
  >
  orders: number
  readonly tokens: Map<string, KeptToken>
  /** by id, oldest first */
  readonly letters: Map<number, KeptLetter>
  /** how many letters there ever were */
  lettersEver: number
  /** how far schedules have come, by name */
  readonly reached: Map<string, number>
  /** since when a store has owned it, in milliseconds UTC */
  ownedSince: number | undefined
  /** how many writes there were, by all its stores */
  writes: number
  /** called after each of them */
  readonly watchers: Set<() => void>
}

/** An empty memory. */
export const make = (): Memory => ({
  executions: new Map(),
  purged: new Map(),
  inbox: new Map(),
  orders: 0,
  tokens: new Map(),
  letters: new Map(),
  lettersEver: 0,
  reached: new Map(),
  ownedSince: undefined,
  writes: 0,
  watchers: new Set()
})

/** Whether there is such an execution, and it takes letters. */
export const takesLetters = (kept: Memory, execution: string): boolean => {
  const found = kept.executions.get(execution)
  return found !== undefined && !isFinal(found.row.status)
}

export const addLetter = (kept: Memory, letter: Omit<KeptLetter, "id">): void => {
  const id = ++kept.lettersEver
  kept.letters.set(id, { id, ...letter })
}
