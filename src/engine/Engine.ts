/** The engine over any store: its parts put together, as the service that callers have. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Keep from "../authoring/Keep.js"
import type { ReadError } from "../authoring/Reading.js"
import type { SendOptions } from "../authoring/Sending.js"
import { type Service, TaskEngine } from "../authoring/TaskEngine.js"
import type { Action } from "../core/Action.js"
import type { Entry } from "../core/Entry.js"
import { actIn } from "../core/Entry.js"
import { RevertIncomplete } from "../core/Errors.js"
import * as History from "../core/History.js"
import * as Path from "../core/Path.js"
import * as Spine from "../core/Spine.js"
import { isActive } from "../core/Status.js"
import { type ExecutionRow, type Store, TaskStore } from "../store/Store.js"
import { Advances } from "./Advances.js"
import { Arrivals } from "./Arrivals.js"
import { Calls } from "./Calls.js"
import * as Check from "./Check.js"
import { Commands } from "./Commands.js"
import { Completions } from "./Completions.js"
import { EngineConfig } from "./Config.js"
import { Fibers } from "./Fibers.js"
import * as GoingBack from "./GoingBack.js"
import { Joins } from "./Joins.js"
import * as Journals from "./Journals.js"
import { Lanes } from "./Lanes.js"
import { Live } from "./Live.js"
import { Ownership } from "./Ownership.js"
import { Places } from "./Places.js"
import { Plans } from "./Plans.js"
import { Quarantine } from "./Quarantine.js"
import { Recovery } from "./Recovery.js"
import { Registry } from "./Registry.js"
import { Retention } from "./Retention.js"
import { Schedules } from "./Schedules.js"
import * as Search from "./Search.js"
import * as Seeing from "./Seeing.js"
import * as Steady from "./Steady.js"
import * as View from "./View.js"
import { watch } from "./Watch.js"

/** The entry with which what can be gone to was reached. */
const isStartOf = ({ mark, path }: History.Target, entry: Entry): boolean =>
  mark === undefined
    ? entry._tag === "StageEntered" && Path.stage(entry.stage, entry.n) === path
    : entry._tag === "PhaseStarted" && entry.path === path

class Engine {
  constructor(
    private readonly store: Store,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly recovery: Recovery,
    private readonly joins: Joins,
    private readonly commands: Commands,
    private readonly completions: Completions,
    private readonly advances: Advances,
    private readonly schedules: Schedules,
    private readonly lanes: Lanes,
    private readonly arrivals: Arrivals,
    private readonly plans: Plans,
    readonly status: Service["status"],
    private readonly now: () => number
  ) {}

  readonly execute: Service["execute"] = (definition, payload, options) =>
    Effect.flatMap(this.joins.join(definition, payload, options), ({ history, id, present }) =>
      View.answerOf(definition, id, history, present, this.now())
    )

  readonly register: Service["register"] = (definition) =>
    Effect.flatMap(Fibers.here, (services) => this.recovery.register(definition, services))

  // --- reading

  readonly history: Service["history"] = (id, { acts, from } = {}) =>
    Effect.gen(this, function* () {
      const { entries: all } = yield* this.live.journal(id)
      const entries = acts === true ? all.filter(({ entry }) => actIn(entry) !== undefined) : all
      if (from === undefined) return entries
      const found = Spine.find(yield* Journals.whole(this.store, id), from)
      if (Either.isLeft(found)) return yield* GoingBack.refuse(id, from, found.left.reason, found.left.message)
      const start = all.findLast(({ entry }) => isStartOf(found.right, entry))
      return entries.filter(({ seq }) => start === undefined || seq >= start.seq)
    })

  readonly contextOf: Service["contextOf"] = (id, phase) =>
    Effect.flatMap(this.live.history(id), (history) =>
      Seeing.contextOf(id, history, phase, this.registry.get(history.task, history.version)?.definition)
    )

  /** Whether an execution is to go on by itself: with the code of this engine, or when its child has ended. */
  private goesOn({ id, status }: ExecutionRow): Effect.Effect<boolean, ReadError> {
    const due = Effect.map(
      Effect.suspend(() => this.store.due({ id, now: this.now(), lanes: this.lanes.known })),
      ({ length }) => length > 0
    )
    if (status === "Pending") return due
    if (status !== "Waiting") return Effect.succeed(isActive(status))
    return Effect.gen(this, function* () {
      const { open, task, version } = yield* this.live.history(id)
      const has = this.registry.get(task, version) !== undefined || this.live.standby.first(id) !== undefined
      if (has && (yield* due)) return true
      for (const { child, state } of open) {
        const row = child === undefined || state !== "waiting" ? undefined : yield* this.store.get(child)
        if (row !== undefined && (yield* this.goesOn(row))) return true
      }
      return false
    })
  }

  /** Waits until nothing is left to do for the execution. */
  readonly settled: Service["settled"] = (id) =>
    Effect.gen(this, function* () {
      const look = Effect.gen(this, function* () {
        const run = this.live.runs.get(id)
        if (run !== undefined) yield* run.done.wait
        const row = yield* this.store.get(id)
        if (row === undefined || !(yield* this.goesOn(row))) return Option.some(row)
        return Option.none<ExecutionRow>()
      })
      const row = yield* this.live.listeners.until(id, look)
      return yield* row === undefined ? this.store.absent(id) : this.status(id)
    })

  // --- commands

  private request<A, E>(id: string, command: Action, then: Effect.Effect<A, E>) {
    return Effect.zipRight(this.commands.request(id, command), then)
  }

  /** Settled after a command; a revert that stopped is an error of whoever asked for it. */
  private after(id: string) {
    return Effect.flatMap(this.settled(id), (status) =>
      status.status === "RevertFailed"
        ? new RevertIncomplete({ execution: id, failures: status.failures, causes: [] })
        : Effect.succeed(status)
    )
  }

  private readonly revert: Service["revert"] = (id, { then, ...options } = {}) => {
    if (then === undefined) return this.request(id, { _tag: "revert", ...options }, this.after(id))
    if (options.to === undefined || then !== "retry") {
      return Effect.dieMessage('then of a revert is "retry", and takes `to`, the checkpoint to go back to')
    }
    const back = Effect.zipRight(this.arrivals.back(id), this.status(id))
    return this.request(id, { _tag: "revert", ...options, retry: true }, back)
  }

  private readonly goTo: Service["goTo"] = (id, checkpoint, options = {}) => {
    const there = Effect.zipRight(this.arrivals.at(id, checkpoint), this.status(id))
    return this.request(id, { _tag: "goTo", checkpoint, ...options }, there)
  }

  // --- sending

  readonly complete: Service["complete"] = (token, exit, options) =>
    Effect.flatMap(this.completions.complete(token, exit), (execution) => this.follow(execution, options))

  readonly signal: Service["signal"] = (id, name, value, options) =>
    Effect.zipRight(this.completions.signal(id, name, value), this.follow(id, options))

  private follow(id: string, { advance }: SendOptions = {}): Effect.Effect<void> {
    return advance === true ? this.advances.follow(id) : Effect.void
  }

  get service(): Service {
    return {
      execute: this.execute,
      start: this.joins.start,
      schedule: this.schedules.add,
      register: this.register,
      resume: (id, options = {}) => this.request(id, { _tag: "resume", ...options }, this.status(id)),
      rerun: (id, options = {}) => this.request(id, { _tag: "rerun", ...options }, this.status(id)),
      pause: (id, options = {}) => this.request(id, { _tag: "pause", ...options }, this.settled(id)),
      close: (id, options = {}) => this.request(id, { _tag: "close", ...options }, this.after(id)),
      revert: this.revert,
      goTo: this.goTo,
      discard: (id, { before, ...options }) =>
        this.request(id, { _tag: "discard", before, ...options }, this.status(id)),
      skip: (id, phase, value, options = {}) => {
        const given = value === undefined ? {} : { value }
        return this.request(id, { _tag: "skip", phase, ...options, ...given }, this.status(id))
      },
      plan: this.plans.plan,
      contextOf: this.contextOf,
      complete: this.complete,
      heartbeat: (token, progress) => this.completions.heartbeat(token, progress),
      signal: this.signal,
      advance: this.advances.advance,
      advanceDue: this.advances.advanceDue,
      status: this.status,
      history: this.history,
      list: (query) => Effect.suspend(() => Search.search(this.store, Search.queryOf(query))),
      watch: (id) => watch(this.store, this.live, id),
      settled: this.settled,
      check: (options) =>
        Check.stream(this.store, ({ task, version }) => this.registry.get(task, version)?.definition, options)
    }
  }
}

/** An engine over the store at hand, for as long as the scope is open; then everything that runs is handed back. */
const make: Effect.Effect<Service, never, TaskStore | Scope.Scope> = Effect.gen(function* () {
  const store = yield* TaskStore
  const config = yield* EngineConfig
  const clock = Steady.from(yield* Effect.clock)
  const now = () => clock.unsafeCurrentTimeMillis()
  const owner = yield* config.newId
  const runs = yield* Scope.make()
  const owned = yield* Scope.make()
  const lanes = new Lanes(store)
  const live = new Live(store, config, owner, clock, new Quarantine(1), lanes)
  const registry = new Registry()
  const ownership = new Ownership(store, config, owned, yield* Effect.makeSemaphore(1), now)
  const commands = new Commands(store, config, registry, live, ownership, now)
  const places = new Places(config)
  Keep.make("keep of the engine", config.keep)
  const retention = new Retention(store, config, now)
  const recovery = new Recovery(store, config, live, registry, ownership, commands, runs, places, lanes, retention, now)
  const joins = new Joins(store, config, registry, live, ownership, recovery, commands, lanes, retention, now)
  const completions = new Completions(store, config, registry, live, recovery, now)
  live.children = new Calls(live, store, registry, joins, commands, recovery)
  // The store is let go of last: until then no other engine runs what runs here.
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(Effect.interruptible(recovery.end), Duration.sum(config.grace, "1 second")).pipe(
      Effect.zipRight(live.interruptAll),
      Effect.zipRight(Scope.close(runs, Exit.void)),
      Effect.zipRight(Scope.close(owned, Exit.void))
    )
  )
  const status: Service["status"] = (id) =>
    Effect.gen(function* () {
      const history = yield* live.history(id)
      const told = yield* completions.told(history)
      const holders = History.isInLine(history, now()) ? yield* lanes.holders(history) : undefined
      return View.statusOf(id, history, registry.get(history.task, history.version) !== undefined, told, holders)
    })
  const schedules = new Schedules(store, config, joins.start, now)
  const advances = new Advances(store, config, registry, live, ownership, schedules, lanes, retention, now, status)
  return new Engine(
    store,
    registry,
    live,
    recovery,
    joins,
    commands,
    completions,
    advances,
    schedules,
    lanes,
    new Arrivals(store, live, ownership),
    new Plans(store, registry, live, lanes, now),
    status,
    now
  ).service
})

/** The engine over whatever store there is. */
export const layer: Layer.Layer<TaskEngine, never, TaskStore> = Layer.scoped(TaskEngine, make)
