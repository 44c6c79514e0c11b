/** `ls`: the executions of a store, the newest first. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Status } from "../core/Status.js"
import type { Query } from "../engine/Search.js"
import * as Search from "../engine/Search.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import * as Advice from "./Advice.js"
import * as Filter from "./Filter.js"
import * as Listing from "./Listing.js"
import * as Page from "./Page.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"

export interface Options {
  readonly task: string | undefined
  readonly status: ReadonlyArray<Status>
  readonly text: string | undefined
  readonly tag: ReadonlyArray<string>
  readonly since: string | undefined
  readonly until: string | undefined
  readonly failedWith: string | undefined
  readonly waitingOn: string | undefined
  /** 0: all */
  readonly limit: number
  readonly after: string | undefined
  readonly oldest: boolean
  readonly watch: boolean
  readonly json: boolean
}

const queryOf = Effect.fnUntraced(function* (options: Options) {
  const { after, failedWith, limit, oldest, since, status, tag, task, text, until, waitingOn } = options
  const now = yield* Clock.currentTimeMillis
  const query: Query = {
    order: oldest ? "oldest" : "newest",
    ...(task === undefined ? {} : { task }),
    ...(status.length === 0 ? {} : { status }),
    ...(text === undefined ? {} : { text }),
    ...(tag.length === 0 ? {} : { tags: tag }),
    ...(since === undefined ? {} : { since: yield* Filter.time("--since", since, now) }),
    ...(until === undefined ? {} : { until: yield* Filter.time("--until", until, now) }),
    ...(failedWith === undefined ? {} : { failedWith }),
    ...(waitingOn === undefined ? {} : { waitingOn }),
    ...(limit === 0 ? {} : { limit }),
    ...(after === undefined ? {} : { after })
  }
  return query
})

const listed = (store: Store, row: ExecutionRow) =>
  Effect.match(store.tail(row.id, Listing.told), {
    onSuccess: (entries) => Listing.listed(row, entries),
    onFailure: (error) => ({ ...Listing.listed(row, []), failure: error.message })
  })

const rowsOf = Effect.fnUntraced(function* (store: Store, options: Options) {
  const { after } = options
  if (after !== undefined && (yield* store.get(after)) === undefined) {
    return yield* Seen.naming(store, after)(store.absent(after))
  }
  return yield* Effect.forEach(yield* Search.search(store, yield* queryOf(options)), (row) => listed(store, row))
})

const more = (rows: ReadonlyArray<Listing.Listed>, { limit, oldest }: Options): Page.Page => {
  const last = rows[rows.length - 1]
  if (last === undefined) return [Page.line({ text: "no executions", tone: "dim" })]
  if (limit === 0 || rows.length < limit) return []
  const order = oldest ? " --oldest" : ""
  return [
    Page.line({
      text: `${rows.length} of them; those after: tidemark ls${order} --after ${Advice.quoted(last.id)}`,
      tone: "dim"
    })
  ]
}

const pageOf = (rows: ReadonlyArray<Listing.Listed>, options: Options, viewer: Page.Viewer): Page.Page => [
  ...(rows.length === 0 && viewer.terminal ? [] : Listing.page(rows, viewer)),
  ...(viewer.terminal ? more(rows, options) : [])
]

/** What a program reads: one line an execution. */
const linesOf = (rows: ReadonlyArray<Listing.Listed>, { json }: Options, device: Screen.Device, now: number) =>
  rows.map((row) =>
    json ? Screen.json(row) : Page.render(Listing.page([row], Screen.viewer(device, now)), device.paper)
  )

export const run = Effect.fnUntraced(function* (store: Store, options: Options) {
  if (options.watch) return yield* watch(store, options)
  const device = yield* Screen.Screen
  const now = yield* Clock.currentTimeMillis
  const rows = yield* rowsOf(store, options)
  if (options.json) return yield* device.out(linesOf(rows, options, device, now).join(""))
  yield* Screen.print(device, pageOf(rows, options, Screen.viewer(device, now)))
})

/** Clears what follows the upper left corner. */
const home = "\u001b[H\u001b[J"

/** A terminal shows the list as it is now; elsewhere every execution that has changed is another line. */
const watch = Effect.fnUntraced(function* (store: Store, options: Options) {
  const device = yield* Screen.Screen
  const live = device.paper.columns !== undefined && !options.json
  const known = new Map<string, string>()
  for (let seen: number | undefined; ; ) {
    const version: number = yield* store.changed(undefined, 0)
    if (version !== seen || live) {
      const now = yield* Clock.currentTimeMillis
      const rows = yield* rowsOf(store, options)
      if (live) {
        const page = Page.lines(pageOf(rows, options, Screen.viewer(device, now)), device.paper)
        yield* device.out(`${home}${page.slice(0, (device.rows ?? 24) - 1).join("\n")}\n`)
      } else {
        const fresh = rows.filter((row) => known.get(row.id) !== Screen.json(row))
        for (const row of fresh) known.set(row.id, Screen.json(row))
        yield* device.out(linesOf(fresh, options, device, now).join(""))
      }
    }
    seen = version
    // A change is seen at once; how long ago something was, every few seconds.
    yield* Effect.race(store.changed(seen, "500 millis"), Effect.sleep("5 seconds"))
  }
})
