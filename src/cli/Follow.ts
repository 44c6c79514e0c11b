/** An execution followed until it stands still: a live list of its phases on a terminal, otherwise what happens to it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Recorded } from "../core/Entry.js"
import { EngineBusy } from "../core/Errors.js"
import { isSettled, type PhaseRecord } from "../core/PhaseRecord.js"
import * as Replay from "../engine/Replay.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import type { Complaint } from "./Complaint.js"
import type { Control } from "./Control.js"
import * as History from "./History.js"
import * as Marks from "./Marks.js"
import * as Page from "./Page.js"
import type { Refusal } from "./Refusals.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"
import type { Span } from "./Text.js"
import * as Times from "./Times.js"

const wide = 20

/** How much of something is done, as far as that is known. */
const bar = (done: number, all: number): string => {
  const full = all <= 0 ? wide : Math.min(wide, Math.floor((wide * done) / all))
  return `${"█".repeat(full)}${"░".repeat(wide - full)}`
}

/** How many branches there are at a path: the code tells, and is asked once for each. */
class Counts {
  private readonly known = new Map<string, number | undefined>()

  constructor(private readonly definition: Definition | undefined) {}

  of({ history }: Seen.Seen, { generation, path }: PhaseRecord): number | undefined {
    const key = `${generation} ${path}`
    if (this.definition !== undefined && !this.known.has(key)) {
      const placed = Replay.fresh(this.definition, history).cursor?.standing(path)
      const instruction = placed?.instruction
      this.known.set(key, instruction?._tag === "Fork" ? instruction.branches.length : undefined)
    }
    return this.known.get(key)
  }
}

/** What is to be seen of a phase beside its name and its time. */
const barOf = (seen: Seen.Seen, record: PhaseRecord, counts: Counts): string => {
  const { kind, path } = record
  const told = seen.status.waits.find((wait) => wait.path === path)?.progress
  if (told !== undefined) {
    const far = told.progress === undefined ? "" : `${bar(told.progress, 1)} ${Math.round(told.progress * 100)} %`
    return [far, told.text].filter((part) => part !== undefined && part !== "").join("  ")
  }
  if (isSettled(record) || (kind !== "forEach" && kind !== "all" && kind !== "graph")) return ""
  const all = counts.of(seen, record)
  if (all === undefined) return ""
  let done = 0
  for (const { scope, state } of seen.history.phases.values()) if (scope === path && state === "succeeded") done++
  return `${bar(done, all)} ${done}/${all}`
}

/** How it stands now, in at most so many lines. */
const page = (seen: Seen.Seen, counts: Counts, now: number, rows: number): Page.Page => {
  const { id, phases, status, task, times } = seen.status
  const shown = phases.slice(-Math.max(1, rows - 3))
  const cells = shown.map(({ path, state }): ReadonlyArray<Span | string> => {
    const record = seen.history.phases.get(path)!
    const took = (record.endedAt ?? now) - record.startedAt
    return [Marks.phase(state), path, Marks.state(state), Times.span(took), barOf(seen, record, counts)]
  })
  const columns = [
    { title: "" },
    { title: "", least: 12 },
    { title: "" },
    { title: "", end: true },
    { title: "", least: 5 }
  ]
  const left = phases.length - shown.length
  return [
    Page.line(
      { text: id, tone: "strong" },
      `  ${task}  `,
      Marks.status(status),
      `  ${Times.span((times.ended ?? now) - (times.started ?? times.created))}${left > 0 ? `  after ${left} other phases` : ""}`
    ),
    Page.table(2, columns, cells)
  ]
}

interface Showing {
  readonly definition: Definition | undefined
  readonly json: boolean
  readonly after?: Recorded | undefined
  readonly isMoving?: () => boolean
  /** who keeps this command from having it go on */
  readonly busy?: () => EngineBusy | undefined
}

/** Milliseconds in which an engine begins what it has the code and a place for. */
const patience = 2_000

/** Why one that is left alone by the engine that owns it may not begin. */
const idleness = (
  { busy }: Showing,
  { id, status, task }: Pick<ExecutionRow, "id" | "status" | "task">
): Page.Page[number] | undefined => {
  const owner = busy?.()
  if (owner === undefined || status !== "Pending") return undefined
  const why = `it may have no task ${task}, or no free place`
  return Page.flow(2, {
    text: `process ${owner.pid} owns ${owner.store} and has not begun ${id}: ${why}`,
    tone: "warn"
  })
}

/** Says so once. */
const doubt = Effect.fnUntraced(function* ({ store }: Control, id: string, showing: Showing) {
  const device = yield* Screen.Screen
  yield* Effect.sleep(patience)
  const row = yield* store.get(id)
  const idle = row && idleness(showing, row)
  if (idle !== undefined) yield* device.err(Page.render([idle], device.paper))
  return yield* Effect.never
})

/** Shows it until it stands still: what was shown before is written over. */
const live = Effect.fnUntraced(function* ({ store }: Control, id: string, showing: Showing) {
  const { definition, isMoving } = showing
  const device = yield* Screen.Screen
  const counts = new Counts(definition)
  for (let before = 0; ; ) {
    const now = yield* Clock.currentTimeMillis
    const moving = isMoving?.() === true
    const seen = yield* Seen.one(store, id, now)
    const idle = now - seen.status.times.created < patience ? undefined : idleness(showing, seen.status)
    const shown = page(seen, counts, now, (device.rows ?? 24) - (idle === undefined ? 0 : 1))
    const lines = Page.lines(idle === undefined ? shown : [...shown, idle], device.paper)
    const back = before === 0 ? "" : `\u001b[${before}A\u001b[J`
    yield* device.out(`${back}${lines.join("\n")}\n`)
    before = lines.length
    if (!moving && History.standsStill(seen.status.status)) return yield* History.ended(id, seen.status.status, false)
    const took = (yield* Clock.currentTimeMillis) - now
    yield* Effect.sleep(Math.max(200, 5 * took))
  }
})

/** Has it go on whenever it can, as long as no other engine does that. */
const move = (
  { engine, store }: Control,
  id: string,
  owned: (by: EngineBusy | undefined) => void = () => {}
): Effect.Effect<never, Refusal> =>
  Effect.forever(
    Effect.gen(function* () {
      const version = yield* store.changed(undefined, 0)
      const found = yield* Effect.catchTag(engine.advance(id), "EngineBusy", Effect.succeed)
      const busy = found instanceof EngineBusy
      owned(busy ? found : undefined)
      const until = busy ? undefined : found.until
      const now = yield* Clock.currentTimeMillis
      // One that waits is due by its time, or when somebody has sent it something.
      const pause = until === undefined ? 500 : Math.min(500, Math.max(0, until - now))
      yield* Effect.raceFirst(Effect.sleep(pause), store.changed(version, "100 millis"))
    })
  )

/** Ends when it stands still: with code 1 unless it is Completed. */
const shown = Effect.fnUntraced(function* (control: Control, id: string, showing: Showing) {
  const { paper } = yield* Screen.Screen
  if (paper.columns !== undefined && !showing.json) return yield* live(control, id, showing)
  // What is written here is no change that the store would tell of.
  const store: Store = { ...control.store, changed: (_, every) => Effect.as(Effect.sleep(every), 0) }
  yield* Effect.raceFirst(History.watch(store, { ...showing, id }), doubt(control, id, showing))
})

/** The same of one that begins; with its `definition`, it goes on here meanwhile. */
export const run = (control: Control, id: string, showing: Pick<Showing, "definition" | "json">) =>
  Effect.suspend(() => {
    if (showing.definition === undefined) return shown(control, id, showing)
    let owner: EngineBusy | undefined
    const moving = move(control, id, (by) => {
      owner = by
    })
    return Effect.raceFirst(shown(control, id, { ...showing, busy: () => owner }), moving)
  })

/** What comes of an act, from there on; `here`: no other engine has it go on. */
export const acting = <E extends Refusal | Complaint, R>(
  control: Control,
  id: string,
  { here, json }: { readonly here: boolean; readonly json: boolean },
  act: Effect.Effect<void, E, R>
): Effect.Effect<void, E | Refusal | Effect.Effect.Error<ReturnType<typeof shown>>, R | Screen.Screen> =>
  Effect.gen(function* () {
    const [after] = yield* control.store.tail(id, 1)
    let isMoving = true
    const done = Effect.sync(() => {
      isMoving = false
    })
    const showing = shown(control, id, { definition: undefined, json, after, isMoving: () => isMoving })
    const acted = act.pipe(Effect.zipRight(done), Effect.zipRight(here ? move(control, id) : Effect.never))
    yield* Effect.raceFirst(showing, acted)
  })
