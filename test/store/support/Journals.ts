import * as Effect from "effect/Effect"
import type { Entry } from "../../../src/core/Entry.js"
import type { Head, Store } from "../../../src/store/Store.js"

/** An execution with `length` entries, each with a value of some length. */
export const write = Effect.fnUntraced(function* (store: Store, id: string, length: number) {
  const row = { id, task: "t", version: 1, status: "Pending", epoch: 0, owner: null } as const
  const made = yield* store.create({ ...row, createdAt: 1, updatedAt: 1 }, [
    { _tag: "Created", task: "t", version: 1, payload: { id } }
  ])
  if (!("head" in made)) return yield* Effect.dieMessage(`${id} exists`)
  return length === 1 ? made.head : yield* extend(store, made.head, length - 1)
})

/** `length` more entries, each an append of its own. */
export const extend = Effect.fnUntraced(function* (store: Store, from: Head, length: number) {
  let head = from
  for (let n = 0; n < length; n++) {
    const value = `${head.execution} ${head.next} `.repeat(10)
    const entry: Entry = { _tag: "PhaseSucceeded", path: `p${head.next}`, value }
    head = yield* store.append(head, head.next, [entry], null)
  }
  return head
})

/** What a journal says, or why it does not. */
export const said = (store: Store, id: string) =>
  Effect.match(store.load(id), {
    onFailure: (error) => error._tag,
    onSuccess: (journal) =>
      journal === undefined ? "nothing" : JSON.stringify(journal.entries.map(({ entry }) => entry))
  })
