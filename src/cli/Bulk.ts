/** The same asked of all executions that a filter names: shown first, asked once, done one after the other. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Action } from "../core/Action.js"
import * as Search from "../engine/Search.js"
import type { Changing } from "./Arguments.js"
import * as Change from "./Change.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import * as Filter from "./Filter.js"
import * as Listing from "./Listing.js"
import * as Page from "./Page.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"

export interface Which {
  readonly where: ReadonlyArray<string>
  /** how many at most */
  readonly limit: number
}

/** One of them: what it is refused with is told, and keeps nobody from the next. */
const one = Effect.fnUntraced(function* (control: Control.Control, given: Changing, id: string, action: Action) {
  const { engine, store } = control
  const verb = Change.verbOf(action)
  const owner = yield* control.holder
  const done = yield* Effect.either(
    Effect.flatMap(engine.plan(id, action), (plan) => Change.carryOut(control, { ...given, json: true }, id, plan))
  )
  const problem = done._tag === "Left" ? done.left.message : null
  const outcome = problem === null ? "done" : "refused"
  const stands = yield* Change.standing(store, id)
  yield* Change.told({ verb, problem, outcome, engine: owner?.pid ?? null, ...stands }, given.json)
  return problem === null
})

export const act = Effect.fnUntraced(function* (
  control: Control.Control,
  given: Changing,
  { limit, where }: Which,
  action: Action
) {
  const device = yield* Screen.Screen
  const now = yield* Clock.currentTimeMillis
  const query = yield* Filter.parse(where, now)
  yield* Change.attainable(control, given, Change.isCodeless(action))
  // One more tells whether there are more.
  const rows = yield* Search.search(control.store, { ...query, order: "oldest", limit: limit + 1 })
  const chosen = yield* Effect.forEach(rows.slice(0, limit), ({ id }) => Change.standing(control.store, id))
  const more = rows.length > limit ? `; there are more than --limit ${limit}` : ""
  const head = `${Change.verbOf(action)}: ${chosen.length} execution${chosen.length === 1 ? "" : "s"}${more}`
  if (!given.json) {
    yield* Screen.print(device, [
      Page.line({ text: head, tone: "strong" }),
      ...(chosen.length === 0 ? [] : Listing.page(chosen, Screen.viewer(device, now)))
    ])
  }
  if (given.dryRun) {
    const told = { verb: Change.verbOf(action), problem: null, outcome: "planned", engine: null } as const
    return yield* given.json
      ? Effect.forEach(chosen, (row) => Change.told({ ...told, ...row }, true), { discard: true })
      : Effect.void
  }
  if (chosen.length === 0) return
  yield* Change.confirmed(given)
  const done = yield* Effect.forEach(chosen, ({ id }) => one(control, given, id, action))
  const refused = done.filter((isDone) => !isDone).length
  if (refused > 0) {
    return yield* Complaint.refused(`${refused} of ${chosen.length} were refused`, "each of them is told of above")
  }
})

/** The same over a file. */
export const run = (given: Changing, which: Which, action: Action) =>
  Effect.scoped(
    Effect.flatMap(Control.open(given.db, given.dryRun ? "read" : "write"), (control) =>
      act(control, given, which, action)
    )
  ).pipe(Effect.mapError(Refusals.of))
