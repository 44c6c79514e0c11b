/** What of its past an execution forgets when it comes to another checkpoint. */
import * as Effect from "effect/Effect"
import * as Discards from "../core/Discards.js"
import type { Recorded } from "../core/Entry.js"
import { type JournalCorrupt, StoreError } from "../core/Errors.js"
import type { History } from "../core/History.js"
import type { Keep } from "../core/Keep.js"
import * as Path from "../core/Path.js"
import type { Store } from "../store/Store.js"

type Kept = Exclude<Keep, "all">

/** Where a stage was entered. */
interface Entering {
  readonly scope: string
  readonly n: number
  readonly seq: number
  readonly at: number
  readonly marks: number
}

/** How many are looked at at a time: mostly the oldest that is kept, the one that comes next, and the one that stays. */
const page = 4

const enteringOf = ({ at, entry, seq }: Recorded): ReadonlyArray<Entering> =>
  entry._tag === "StageEntered"
    ? [{ scope: Path.stage(entry.stage, entry.n), n: entry.n, seq, at, marks: entry.kept.marks ?? entry.n }]
    : []

/** The enterings of stages that are kept, oldest first, as far as they are asked for. */
const enterings = (store: Store, id: string, from: number): Effect.Effect<ReadonlyArray<Entering>, StoreError> =>
  Effect.map(store.stages(id, from, page), (found) => found.flatMap(enteringOf)).pipe(
    Effect.catchTag("JournalCorrupt", (cause) => Effect.fail(corrupt(store, cause)))
  )

const corrupt = (store: Store, cause: JournalCorrupt): StoreError =>
  new StoreError({ reason: "Corrupt", store: store.name, message: cause.message, cause })

const presentOf = (history: History): Entering => {
  const { enteredAt: at, marks, n, name, seq } = history.stage!
  return { scope: Path.stage(name, n), n, seq, at, marks }
}

/** Whether all that was before the entering of a stage may go; `before` is the one before, if it is known. */
const mayGo = (history: History, keep: Kept, now: number) => {
  if ("last" in keep) {
    const oldest = history.stage!.marks + Discards.checkpoints(history).length - keep.last + 1
    return ({ marks }: Entering): boolean => oldest > 1 && marks <= oldest
  }
  const since = now - keep.for
  return ({ at, marks }: Entering, before: Entering | undefined): boolean =>
    before?.marks === marks - 1 ? before.at < since : at < since
}

/** All that stand, oldest first: what was entered before it went back to an earlier body, and comes after that, does not. */
const standing = Effect.fnUntraced(function* (store: Store, id: string, history: History) {
  const { discarded, stage } = history
  const found: Array<Entering> = []
  for (let from = (discarded?.through ?? 0) + 1; ; from = found.at(-1)!.seq + 1) {
    const more = yield* enterings(store, id, from)
    found.push(...more)
    if (more.length < page) break
  }
  const last = found.at(-1)
  if (stage !== undefined && (last?.seq ?? 0) < stage.seq) found.push(presentOf(history))
  let next = (stage?.n ?? 0) + 1
  const left = found.reverse().filter(({ n }) => {
    if (n >= next) return false
    next = n
    return true
  })
  return left.reverse()
})

/** The last of the stages before which everything may go, where that is not in the present one. */
const earlier = Effect.fnUntraced(function* (store: Store, id: string, history: History, keep: Kept, now: number) {
  const goes = mayGo(history, keep, now)
  const present = presentOf(history)
  let last: Entering | undefined
  let before: Entering | undefined
  if (history.crossed) {
    for (const entering of yield* standing(store, id, history)) {
      if (!goes(entering, before)) break
      last = before = entering
    }
    return last
  }
  for (let from = (history.discarded?.through ?? 0) + 1; ; ) {
    const found = yield* enterings(store, id, from)
    for (const entering of found.length < page && found.at(-1)?.seq !== present.seq ? [...found, present] : found) {
      if (!goes(entering, before)) return last
      last = before = entering
    }
    if (found.length < page) return last
    from = last!.seq + 1
  }
})

/** Before the last stage that somebody calls so: by its name, `name#3`, or its scope. */
export const named = Effect.fnUntraced(function* (store: Store, id: string, history: History, wanted: string) {
  const last = (yield* standing(store, id, history)).findLast(({ scope }) => isNamed(scope, wanted))
  return last && cutAt(last)
})

const isNamed = (scope: string, wanted: string): boolean =>
  scope === wanted || scope === `@${wanted}` || Path.nameOf(scope) === `@${wanted}`

const cutAt = ({ scope, seq }: Entering, until?: number): Discards.Cut => ({
  before: scope,
  through: seq - 1,
  checkpoint: undefined,
  until
})

/** What is to go, if anything: `now` is the time of the checkpoint. */
export const cutOf = Effect.fnUntraced(function* (store: Store, id: string, history: History, keep: Kept, now: number) {
  const bound = Discards.bound(history, keep, now)
  if (bound === undefined) return undefined
  if (bound !== "earlier") return Discards.isDone(history, bound.cut) ? undefined : bound.cut
  const found = yield* earlier(store, id, history, keep, now)
  if (found === undefined) return undefined
  const cut = cutAt(found, "for" in keep ? found.at + keep.for : undefined)
  return Discards.isDone(history, cut) ? undefined : cut
})
