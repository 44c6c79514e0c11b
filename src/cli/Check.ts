/** `check`: whether the tasks of a module can go on with what is in a database. It reads, and does nothing else. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { all, isFinal } from "../core/Status.js"
import type { ListQuery } from "../store/Encoded.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import { Found, progress } from "./Checking.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"

export interface Options {
  readonly db: string
  readonly tasks: string
  readonly task: string | undefined
  /** also what has ended */
  readonly ended: boolean
  readonly whole: boolean
  readonly json: boolean
}

/** How many executions are counted at a time. */
const page = 1_000

const unfinished = all.filter((status) => !isFinal(status))

const count = Effect.fnUntraced(function* (store: Store, query: ListQuery) {
  for (let total = 0, after: string | undefined; ; ) {
    const rows: ReadonlyArray<ExecutionRow> = yield* store.list({
      ...query,
      order: "oldest",
      limit: page,
      ...(after === undefined ? {} : { after })
    })
    total += rows.length
    if (rows.length < page) return total
    after = rows[rows.length - 1]!.id
  }
})

/** How often a terminal is told how far it has come, in milliseconds. */
const often = 100

/** Clears the line in which a terminal is told that. */
const clear = "\r\u001b[K"

/** Checks what an engine has the tasks for, as its store has it. */
export const check = Effect.fnUntraced(function* ({ engine, store }: Control.Control, options: Options) {
  const device = yield* Screen.Screen
  const { columns } = device.paper
  const { ended, json, task, whole } = options
  const filter = { status: ended ? all : unfinished, ...(task === undefined ? {} : { task }) }
  const total = columns === undefined ? 0 : yield* count(store, filter)
  const found = new Found()
  let told = Number.NEGATIVE_INFINITY
  yield* Stream.runForEach(engine.check({ filter, whole }), (checked) =>
    Effect.gen(function* () {
      found.add(checked)
      if (json) yield* device.out(Screen.json(checked))
      if (columns === undefined) return
      const now = yield* Clock.currentTimeMillis
      if (now - told < often) return
      told = now
      yield* device.err(clear + progress(found.all, total, found.unfit, columns))
    })
  )
  if (columns !== undefined) yield* device.err(clear)
  if (!json) yield* Screen.print(device, found.page)
  if (found.unfit > 0) return yield* Complaint.ended(Complaint.codes.refused)
})

/** The same over a file. */
export const run = (options: Options) =>
  Effect.scoped(
    Effect.gen(function* () {
      const control = yield* Control.open(options.db, "read")
      yield* control.provide(options.tasks)
      yield* check(control, options)
    })
  ).pipe(Effect.mapError(Refusals.of))
