/** What an operator asks of one execution: it is said what will happen, asked, done, and said how it stands then. */

import * as os from "node:os"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Service } from "../authoring/TaskEngine.js"
import type { Action } from "../core/Action.js"
import { ExecutionNotFound } from "../core/Errors.js"
import type { Store } from "../store/Store.js"
import * as Acted from "./Acted.js"
import * as Advice from "./Advice.js"
import type { Changing } from "./Arguments.js"
import * as Complaint from "./Complaint.js"
import * as Control from "./Control.js"
import * as Listing from "./Listing.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
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
const verbOf = ({ _tag }: Action): string => _tag.toLowerCase()

type Tag = Action["_tag"]
type Asked = Effect.Effect<unknown, Refusals.Refusal>

const ask: {
  readonly [T in Tag]: (engine: Service, id: string, command: Omit<Extract<Action, { _tag: T }>, "_tag">) => Asked
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

/** Whether somebody is there who can do it: the engine that owns the file, or this one, with the tasks. */
export const attainable = Effect.fnUntraced(function* (
  { holder, name, provide }: Control.Control,
  { dryRun, tasks }: Pick<Changing, "dryRun" | "tasks">,
  isCodeless: boolean
) {
  const owner = yield* holder
  if (tasks !== undefined && (owner === undefined || dryRun)) yield* provide(tasks)
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
  return row === undefined
    ? yield* new ExecutionNotFound({ execution: id })
    : Listing.listed(row, yield* store.tail(id, Listing.told))
})

/** Prints what came of it; that an execution failed is the exit code. */
export const tell = Effect.fnUntraced(function* (acted: Acted.Acted, json: boolean) {
  const device = yield* Screen.Screen
  if (json) yield* device.out(Screen.json(acted))
  else yield* Screen.print(device, Acted.page(acted))
  if (acted.outcome === "done" && (acted.status === "Failed" || acted.status === "RevertFailed")) {
    return yield* Complaint.ended(Complaint.codes.failed)
  }
})

const proposal = (command: Action, { status: { position, status } }: Seen.Seen, id: string): Page.Page => [
  Page.flow(
    2,
    { text: `${verbOf(command)} ${id}`, tone: "strong" },
    ": it is ",
    Marks.status(status),
    `${position === "" ? "" : ` at ${position}`}; ${Advice.acts[command._tag]}`
  )
]

export const act = Effect.fnUntraced(function* (
  control: Control.Control,
  given: Changing,
  id: string,
  command: Action
) {
  const { engine, store } = control
  const device = yield* Screen.Screen
  const verb = verbOf(command)
  const now = yield* Clock.currentTimeMillis
  const seen = yield* Seen.naming(store, id)(Seen.one(store, id, now))
  const owner = yield* attainable(control, given, codeless.has(command._tag))
  if (!given.json) yield* Screen.print(device, proposal(command, seen, id))
  const told = { verb, problem: null }
  if (given.dryRun) {
    const found = yield* standing(store, id)
    return given.json ? yield* tell({ ...told, outcome: "planned", engine: null, ...found }, true) : undefined
  }
  yield* confirmed(given)
  const { _tag, ...options } = { ...command, ...actOf(given) }
  yield* (ask[_tag] as (engine: Service, id: string, options: object) => Asked)(engine, id, options)
  yield* tell({ ...told, outcome: "done", engine: owner?.pid ?? null, ...(yield* standing(store, id)) }, given.json)
})

/** The same over a file. */
export const run = (given: Changing, id: string, command: Action) =>
  Effect.scoped(
    Effect.flatMap(Control.open(given.db, given.dryRun ? "read" : "write"), (control) =>
      act(control, given, id, command)
    )
  ).pipe(Effect.mapError(Refusals.of))
