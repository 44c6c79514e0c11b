/** `history` and `watch`: what happened to an execution, or to all that a tag names, so far, or as it happens. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { actIn, Entry, type Recorded } from "../core/Entry.js"
import type { Status } from "../core/Status.js"
import * as Search from "../engine/Search.js"
import type { Store } from "../store/Store.js"
import * as Advice from "./Advice.js"
import * as Complaint from "./Complaint.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"
import * as Story from "./Story.js"

/** One entry, as `--json` has it: `at` in milliseconds UTC. Of several executions, each says whose it is. */
export const Happened = Schema.Struct({
  execution: Schema.optionalWith(Schema.String, { exact: true }),
  seq: Schema.Int,
  at: Schema.Number,
  epoch: Schema.Int,
  entry: Entry
})

export interface Options {
  readonly id: string
  /** only what somebody asked for */
  readonly acts: boolean
  readonly json: boolean
}

const print = Effect.fnUntraced(function* (entries: ReadonlyArray<Story.Told>, json: boolean, after?: Recorded) {
  const device = yield* Screen.Screen
  if (json) return yield* device.out(entries.map(Screen.json).join(""))
  const now = yield* Clock.currentTimeMillis
  yield* Screen.print(device, Story.page(entries, Screen.viewer(device, now), after))
})

const chosen = (entries: ReadonlyArray<Recorded>, acts: boolean): ReadonlyArray<Recorded> =>
  acts ? entries.filter(({ entry }) => actIn(entry) !== undefined) : entries

export const run = Effect.fnUntraced(function* (store: Store, { acts, id, json }: Options) {
  const journal = yield* store.load(id)
  if (journal === undefined) return yield* Seen.naming(store, id)(store.absent(id))
  yield* print(chosen(journal.entries, acts), json)
})

/** The same of all executions that have the tag, in the order of time. */
export const tagged = Effect.fnUntraced(function* (
  store: Store,
  { acts, json, tag }: Omit<Options, "id"> & { readonly tag: string }
) {
  const all: Array<Story.Told> = []
  for (const { id: execution } of yield* Search.search(store, { tags: [tag], order: "oldest" })) {
    const journal = yield* store.load(execution)
    for (const one of chosen(journal?.entries ?? [], acts)) all.push({ execution, ...one })
  }
  yield* print(
    all.sort((a, b) => a.at - b.at),
    json
  )
})

/** Nothing goes on by itself, nor when somebody answers it: it ended, or is for somebody to decide. */
export const standsStill = (status: Status): boolean =>
  status === "Completed" ||
  status === "Closed" ||
  status === "Reverted" ||
  status === "Paused" ||
  status === "Failed" ||
  status === "RevertFailed"

export interface Watching extends Pick<Options, "id" | "json"> {
  /** what was told of it before */
  readonly after?: Recorded | undefined
  /** whether it may go on for a reason that nobody sees in it yet; not, unless given */
  readonly isMoving?: () => boolean
}

/** Somebody who waits for what nobody does is told. */
const told = Effect.fnUntraced(function* (json: boolean) {
  const device = yield* Screen.Screen
  const { command, why } = Advice.worker
  if (!json) yield* device.err(`no engine runs\n  ${command} ${why.split(":")[0]}\n`)
})

/** Ends when the execution stands still: with code 1, unless it is Completed. `alone`: whether no engine runs. */
export const watch = Effect.fnUntraced(function* <E = never>(
  store: Store,
  { after, id, isMoving, json }: Watching,
  alone: Effect.Effect<boolean, E> = Effect.succeed(false)
) {
  let last = after
  for (;;) {
    const version = yield* store.changed(undefined, 0)
    const moving = isMoving?.() === true
    const row = yield* store.get(id)
    if (row === undefined) return yield* Seen.naming(store, id)(store.absent(id))
    const entries = yield* store.entries(id, last === undefined ? 0 : last.seq + 1)
    if (entries.length > 0) yield* print(entries, json, last)
    const isFirst = last === undefined
    last = entries[entries.length - 1] ?? last
    if (!moving && standsStill(row.status)) return yield* ended(id, row.status, json)
    if (isFirst && (yield* alone)) yield* told(json)
    yield* store.changed(version, "200 millis")
  }
})

/** Its last word, and the exit code. */
export const ended = Effect.fnUntraced(function* (id: string, status: Status, json: boolean) {
  const device = yield* Screen.Screen
  if (!json && device.paper.columns !== undefined) {
    yield* Screen.print(device, [Page.line({ text: id, tone: "strong" }, " is ", Marks.status(status))])
  }
  if (status !== "Completed") return yield* Complaint.ended(Complaint.codes.failed)
})
