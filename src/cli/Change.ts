/** What an operator asks of one execution: it is said what will happen, asked, done, and said how it stands then. */

import * as os from "node:os"
import * as Effect from "effect/Effect"
import type { Service } from "../authoring/TaskEngine.js"
import type { Action, ActionOf } from "../core/Action.js"
import type { Plan } from "../core/Plan.js"
import { isActive, type Status } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import * as Acted from "./Acted.js"
import type { Changing } from "./Arguments.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import * as Follow from "./Follow.js"
import * as Listing from "./Listing.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import * as Planned from "./Planned.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"

/** The name of the user whose process this is. */
const user = (): string | undefined => {
  try {
    return os.userInfo().username
  } catch {
    return undefined
  }
}

/** Who asks, and why, as it is recorded. */
export const actOf = ({ by = user(), reason }: Changing) => ({
  ...(by === undefined ? {} : { by }),
  ...(reason === undefined ? {} : { reason })
})

/** As the command calls it. */
export const verbOf = ({ _tag }: Action): string => _tag.toLowerCase()

type Tag = Action["_tag"]
type Asked = Effect.Effect<unknown, Refusals.Refusal>

const ask: {
  readonly [T in Tag]: (engine: Service, id: string, action: Omit<ActionOf<T>, "_tag">) => Asked
} = {
  resume: (engine, id, options) => engine.resume(id, options),
  rerun: (engine, id, options) => engine.rerun(id, options),
  pause: (engine, id, { now: _, ...options }) => engine.pause(id, options),
  close: (engine, id, options) => engine.close(id, options),
  revert: (engine, id, { retry, ...options }) =>
    engine.revert(id, { ...options, ...(retry === true ? { then: "retry" } : {}) }),
  discard: (engine, id, options) => engine.discard(id, options),
  goTo: (engine, id, { checkpoint, ...options }) => engine.goTo(id, checkpoint, options),
  skip: (engine, id, { phase, value, ...options }) => engine.skip(id, phase, value, options)
}

/** What an engine without any task can do: it says so itself where it cannot. */
const codeless: ReadonlySet<Tag> = new Set(["pause", "close", "discard"])
export const isCodeless = ({ _tag }: Action): boolean => codeless.has(_tag)

/** Whether somebody is there who can do it: the engine that owns the file, or this one, with the tasks. */
export const attainable = Effect.fnUntraced(function* (
  { holder, name, provide }: Control.Control,
  { dryRun, tasks }: Pick<Changing, "dryRun" | "tasks">,
  isCodeless: boolean
) {
  const owner = yield* holder
  if (tasks !== undefined) yield* provide(tasks)
  if (dryRun) return owner
  if (owner?.state === "stopped") {
    return yield* Complaint.refused(
      `process ${owner.pid} owns ${name}, and is stopped`,
      `kill -CONT ${owner.pid} lets it go on; kill -9 ${owner.pid} ends it`
    )
  }
  if (owner === undefined && tasks === undefined && !isCodeless) {
    return yield* Complaint.refused(
      `no engine runs on ${name}, and this takes the tasks' code`,
      "--tasks MODULE says where that is, or start an engine: tidemark worker --tasks MODULE"
    )
  }
  return owner
})

/** Goes on if that is what they want. */
export const confirmed = Effect.fnUntraced(function* ({ yes }: Pick<Changing, "yes">) {
  const { ask } = yield* Screen.Screen
  if (yes) return
  if (ask === undefined) {
    return yield* Complaint.usage(
      "nobody is at a terminal to say yes",
      "--yes does it without asking, --dry-run says what would happen"
    )
  }
  if (!/^\s*y(es)?\s*$/i.test(yield* ask("Do that? [y/N] "))) return yield* Complaint.refused("nothing was done")
})

/** How an execution stands. */
export const standing = Effect.fnUntraced(function* (store: Store, id: string) {
  const row = yield* store.get(id)
  return row === undefined ? yield* store.absent(id) : Listing.listed(row, yield* store.tail(id, Listing.told))
})

/** Prints what came of it. */
export const told = Effect.fnUntraced(function* (acted: Acted.Acted, json: boolean) {
  const device = yield* Screen.Screen
  if (json) yield* device.out(Screen.json(acted))
  else yield* Screen.print(device, Acted.page(acted))
})

/** The same; that the execution failed is the exit code. */
export const tell = Effect.fnUntraced(function* (acted: Acted.Acted, json: boolean) {
  yield* told(acted, json)
  // What is forgotten is forgotten, however the execution stands.
  if (acted.verb === "discard") return
  if (acted.outcome === "done" && (acted.status === "Failed" || acted.status === "RevertFailed")) {
    return yield* Complaint.ended(Complaint.codes.failed)
  }
})

/** What it lacks that nobody who does it has: the engine that does it may have the task. */
const lacks = ({ missing }: Plan, owner: unknown): ReadonlyArray<string> =>
  missing.filter(({ needs }) => needs !== "task" || owner === undefined).map(({ message }) => message)

/** One that goes on meanwhile has moved before anybody can have confirmed a plan. */
const confirming = ({ hash, status }: Plan): { readonly plan?: string } => (isActive(status) ? {} : { plan: hash })

/** Does what was planned; if the execution has moved since, the new plan is shown. */
export const carryOut = Effect.fnUntraced(function* (
  { engine }: Control.Control,
  given: Changing,
  id: string,
  plan: Plan
) {
  const device = yield* Screen.Screen
  const { _tag, ...options } = { ...plan.action, ...actOf(given), ...confirming(plan) }
  const asked = (ask[_tag] as (engine: Service, id: string, options: object) => Asked)(engine, id, options)
  yield* Effect.tapError(asked, ({ _tag }) =>
    _tag === "PlanOutdated" && !given.json
      ? Effect.flatMap(engine.plan(id, plan.action), (now) => Screen.print(device, Planned.page(now, true)))
      : Effect.void
  )
})

/** Whether it is under way, and nobody does it: then to resume it is what the next engine would do. */
const isLeft = (action: Action, owner: unknown, { tasks }: Changing, status: Status): boolean =>
  action._tag === "resume" &&
  Object.keys(action).length === 1 &&
  owner === undefined &&
  tasks !== undefined &&
  isActive(status)

/** Has it go on here, where its engine has left it. */
const takeUp = Effect.fnUntraced(function* ({ engine, store }: Control.Control, given: Changing, id: string) {
  const device = yield* Screen.Screen
  const stood = yield* standing(store, id)
  const done = { verb: "resume", problem: null, engine: null }
  if (!given.json) {
    const line = Page.flow(2, { text: `resume ${id}`, tone: "strong" }, "  ", Marks.status(stood.status))
    yield* Screen.print(device, [line, Page.flow(4, "  no engine runs: it goes on here, where it was left")])
  }
  if (given.dryRun) return given.json ? yield* told({ ...done, outcome: "planned", ...stood }, true) : undefined
  yield* confirmed(given)
  yield* engine.advance(id)
  yield* tell({ ...done, outcome: "done", ...(yield* standing(store, id)) }, given.json)
})

export const act = Effect.fnUntraced(function* (control: Control.Control, given: Changing, id: string, action: Action) {
  const { engine, store } = control
  const device = yield* Screen.Screen
  const verb = verbOf(action)
  const { status } = yield* Seen.naming(store, id)(standing(store, id))
  const owner = yield* attainable(control, given, isCodeless(action))
  if (isLeft(action, owner, given, status)) return yield* takeUp(control, given, id)
  const plan = yield* engine.plan(id, action)
  if (given.dryRun)
    return yield* given.json
      ? device.out(Screen.json(plan))
      : Screen.print(device, Planned.page(plan, owner !== undefined))
  if (!given.json) yield* Screen.print(device, Planned.page(plan, owner !== undefined))
  const missing = lacks(plan, owner)
  if (missing.length === 0) yield* confirmed(given)
  const carried = carryOut(control, given, id, plan)
  if (given.follow === true) {
    return yield* Follow.acting(control, id, { here: owner === undefined, json: given.json }, carried)
  }
  yield* carried
  const stands = yield* standing(store, id)
  yield* tell({ verb, problem: null, outcome: "done", engine: owner?.pid ?? null, ...stands }, given.json)
})

/** The same over a file. */
export const run = (given: Changing, id: string, action: Action) =>
  Effect.scoped(
    Effect.flatMap(Control.open(given.db, given.dryRun ? "read" : "write"), (control) =>
      act(control, given, id, action)
    )
  ).pipe(Effect.mapError(Refusals.of))
