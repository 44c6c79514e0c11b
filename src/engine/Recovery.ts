/**
 * What an owner does unasked: takes over what a dead engine left, runs what was started elsewhere or handed back, and
 * carries out the orders in the inbox. Before it is the owner, it stands by.
 */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Definition } from "../authoring/Definition.js"
import type { StoreError } from "../core/Errors.js"
import type * as History from "../core/History.js"
import type { Json } from "../core/Json.js"
import type { Status } from "../core/Status.js"
import type { Completing, Due, Store, TokenRow } from "../store/Store.js"
import type { Opened } from "./Claims.js"
import type { Commands } from "./Commands.js"
import type { Config } from "./Config.js"
import { Delivery } from "./Delivery.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import { Inbox } from "./Inbox.js"
import type { Lanes } from "./Lanes.js"
import type { Live } from "./Live.js"
import type { Ownership } from "./Ownership.js"
import type { Places } from "./Places.js"
import type { Registered, Registry } from "./Registry.js"
import * as Replay from "./Replay.js"
import type { Retention } from "./Retention.js"
import { Trouble } from "./Trouble.js"
import { Uptakes } from "./Uptakes.js"
import { Versions } from "./Versions.js"
import { Wakes } from "./Wakes.js"

/** In which an engine was at work: where there is none any more, it has died. */
const left: ReadonlyArray<Status> = ["Running", "Closing", "Reverting"]
const page = 500

const notBegun = Effect.succeed(false)

export class Recovery {
  private ended = false
  /** those that were due, or were sent something, while they still ran */
  private readonly overtaken = new Set<string>()
  private readonly trouble = new Trouble()
  private readonly wakes: Wakes
  private readonly uptakes: Uptakes
  private readonly inbox: Inbox
  private readonly versions: Versions
  /** the newest letter of which its execution was told */
  private delivered = 0

  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly live: Live,
    private readonly registry: Registry,
    private readonly ownership: Ownership,
    commands: Commands,
    private readonly scope: Scope.Scope,
    /** the places of executions that nobody waits for */
    private readonly places: Places,
    private readonly lanes: Lanes,
    private readonly retention: Retention,
    now: () => number
  ) {
    this.inbox = new Inbox(store, commands)
    this.versions = new Versions(store, registry)
    const hasRoom = () => !places.isFull || !live.standby.isEmpty
    this.wakes = new Wakes(store, lanes, now, (due) => this.rouse(due, Effect.succeed(due.parent)), hasRoom)
    const background = (work: Effect.Effect<void>) => this.background(work)
    this.uptakes = new Uptakes(live, places, this.versions, this.wakes, now, background)
    places.onFree = () => this.wakes.freed()
    live.onOver = (id, history) => this.over(id, history)
    ownership.onOwned = ownership.isPassive ? this.attend : this.stay
  }

  private get stay(): Effect.Effect<void> {
    return Effect.zipRight(
      Effect.suspend(() =>
        Effect.forEach(this.registry.all, (task) => this.background(this.recover(task)), { discard: true })
      ),
      this.background(this.serve((order) => this.background(order))).pipe(
        Effect.zipRight(this.background(this.wakes.serve)),
        Effect.zipRight(this.background(this.retention.serve))
      )
    )
  }

  /** A passive engine carries out orders while it is asked something; what then still runs is handed back. */
  private get attend(): Effect.Effect<void, never, Scope.Scope> {
    return Effect.gen(this, function* () {
      yield* Effect.addFinalizer(() => this.live.suspendAll)
      const scope = yield* Effect.scope
      yield* this.background(
        this.serve((order) => this.background(order, scope)),
        scope
      )
    })
  }

  // --- what was let go

  /** Something may be due. */
  poke(): void {
    this.wakes.poke()
  }

  /** What was sent while it was let go, what it tells its parent, or the place that it leaves, may make something due. */
  private over(id: string, history: History.History | undefined): void {
    const overtaken = this.overtaken.delete(id)
    if (overtaken || history?.parent !== undefined || history?.lane !== undefined) this.poke()
    else if (history?.status === "Waiting") this.wakes.rests(history.until)
  }

  /** Somebody has sent an execution something. */
  arrived(id: string): Effect.Effect<void> {
    return Effect.sync(() => {
      this.tell(id)
      this.poke()
    })
  }

  private tell(id: string): void {
    const run = this.live.runs.get(id)
    if (run === undefined) return
    // It may have looked for the last time.
    this.overtaken.add(id)
    run.signals.offer({ _tag: "Letters" })
  }

  /** Another process may have sent something: to executions that run here, or rest. Each is told of a letter once. */
  private get deliver(): Effect.Effect<void, StoreError> {
    return Effect.map(this.store.addressed, (addressed) => {
      const before = this.delivered
      for (const { id, last } of addressed) {
        if (last > before) this.tell(id)
        this.delivered = Math.max(this.delivered, last)
      }
      this.poke()
    })
  }

  /** Has an execution go on with a completion, where it can do so here at once: whether that is on disk. */
  goOnWith({ execution: id, task }: Pick<TokenRow, "execution" | "task">, completing: Completing, isPlain: boolean) {
    return Effect.suspend(() => {
      if (!this.ownership.isOwner || this.ended || this.live.runs.has(id)) return notBegun
      const delivery = new Delivery(completing, isPlain && !this.ownership.isWary)
      const attached = this.live.standby.first(id)
      if (attached !== undefined) {
        attached.wake(delivery)
        return delivery.isRecorded
      }
      const code = this.versions.atHand(id, task)
      const leave = typeof code === "object" ? this.places.take(task) : undefined
      if (typeof code !== "object" || leave === undefined) return notBegun
      this.uptakes.begin(code, id, leave, delivery)
      return delivery.isRecorded
    })
  }

  /**
   * Has an execution that is due go on: with a caller that stands by; else with its task's layer, where there is a place;
   * else by its parent. Whether that could be done, or there is no place for it.
   */
  private rouse(
    due: Pick<Due, "id" | "task" | "lane">,
    parent: Effect.Effect<string | undefined>
  ): Effect.Effect<boolean, StoreError> {
    const { id, task } = due
    return Effect.suspend(() => {
      if (this.live.runs.has(id)) this.overtaken.add(id)
      if (this.ended || this.live.runs.has(id)) return Effect.succeed(true)
      const attached = this.live.standby.first(id)
      if (attached === undefined) {
        return Effect.flatMap(this.versions.codeOf(id, task), (code) =>
          code === undefined ? Effect.flatMap(parent, (parent) => this.rouseOthers(due, parent)) : this.admit(code, id)
        )
      }
      attached.wake(undefined)
      return Effect.succeed(true)
    })
  }

  /** By its parent; or, where nobody here can run the first one in line, the first who stands by there goes ahead. */
  private rouseOthers(
    { id, lane }: Pick<Due, "id" | "lane">,
    parent: string | undefined
  ): Effect.Effect<boolean, StoreError> {
    return Effect.gen(this, function* () {
      if (parent === undefined) {
        if (lane !== undefined) this.live.standby.inLane(lane)?.wake(undefined)
        return true
      }
      if (lane === undefined && (yield* this.store.get(id))?.status !== "Waiting") return true
      // One that runs looks at its child as if that had moved.
      if (this.live.runs.has(parent)) this.live.listeners.notify(id)
      const waiting = yield* this.store.get(parent)
      return waiting?.status === "Waiting" ? yield* this.rouse(waiting, this.parentOf(parent)) : true
    })
  }

  private parentOf(id: string): Effect.Effect<string | undefined> {
    return Effect.match(this.live.history(id), {
      onFailure: () => undefined,
      onSuccess: ({ parent }) => parent?.execution
    })
  }

  /** Takes an execution up, if there is a place for it. */
  private admit(task: Registered, id: string): Effect.Effect<boolean> {
    return Effect.suspend(() => {
      const leave = this.places.take(task.definition.name)
      if (leave === undefined) return Effect.succeed(false)
      this.uptakes.begin(task, id, leave)
      return Effect.succeed(true)
    })
  }

  /** Nothing is taken up any more, and what runs is handed back. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.ended = true
    this.live.end()
    return this.live.suspendAll
  })

  /** Adds a task, and recovers its executions once this engine is the owner: at once, or when the present one ends. */
  register(definition: Definition, services: Fibers): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.registry.add(definition, services)
      this.lanes.learn(definition)
      this.retention.learn(definition)
      if (this.ownership.isPassive) return Effect.void
      const task = { definition, services }
      const standby = Effect.retry(this.ownership.ensure, {
        while: (error) => !this.ended && (error._tag === "EngineBusy" || error.reason === "Busy"),
        schedule: Schedule.spaced(this.config.standby)
      })
      return this.background(Effect.zipRight(standby, this.recover(task)))
    })
  }

  /**
   * Starts an execution that nobody waits for, where it would go on anyway: if this engine has its code and is the owner,
   * or becomes it, and there is a place for which nobody waits. Whether that is on disk; if not, all is as before.
   */
  begin(definition: Definition, id: string, payload: Json): Effect.Effect<boolean> {
    const registered = this.registry.get(definition.name, definition.version)
    if (registered?.definition !== definition || this.ended || this.ownership.isPassive) return notBegun
    const enters = () =>
      this.ended || !this.wakes.isEmpty || this.live.runs.has(id) ? undefined : this.places.take(definition.name)
    const begun = this.live.launch(definition, id, payload, registered.services, enters)
    if (this.ownership.isOwner) return begun
    return Effect.matchEffect(this.ownership.ensure, { onFailure: () => notBegun, onSuccess: () => begun })
  }

  /** Lets an execution run that is waiting in the store, if this engine has its task and is, or becomes, the owner. */
  wake({ name, version }: Definition, id: string, isQueued = false): Effect.Effect<void> {
    const registered = this.registry.get(name, version)
    if (registered === undefined || this.ended || this.ownership.isPassive) return Effect.void
    const admitted = Effect.suspend(() => {
      if (this.live.runs.has(id)) return Effect.void
      // Those who were there before go first.
      const now = this.wakes.isEmpty && !isQueued ? this.admit(registered, id) : Effect.succeed(false)
      return Effect.map(now, (admitted) => {
        if (!admitted) this.poke()
      })
    })
    return this.background(Effect.zipRight(this.ownership.ensure, admitted))
  }

  /** Runs beside everything else, for as long as the engine lives; what stops it is logged. */
  private background(work: Effect.Effect<void, { readonly message: string }>, scope = this.scope): Effect.Effect<void> {
    const logged = Effect.catchAll(work, (error) => Effect.logWarning(error.message))
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(logged), scope))
  }

  /**
   * Takes up what of a task a dead engine left, oldest first, and looks again at what was parked because other code was at
   * hand; what is due is woken as ever.
   */
  private recover(task: Registered): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      this.poke()
      // One after another as there are places: no fiber stands in line for each.
      yield* this.each(task, left, (id) =>
        Effect.map(this.places.enter(task.definition.name), (leave) => this.uptakes.begin(task, id, leave))
      )
      yield* this.each(task, ["Failed"], (id) => this.reconsider(task, id))
    })
  }

  private each(task: Registered, status: ReadonlyArray<Status>, visit: (id: string) => Effect.Effect<void>) {
    return Effect.gen(this, function* () {
      let after: string | undefined
      for (;;) {
        const rows = yield* this.store.list({
          task: task.definition.name,
          status,
          order: "oldest",
          limit: page,
          ...(after === undefined ? {} : { after })
        })
        for (const row of rows) if (this.versions.mayBeFor(task, row)) yield* visit(row.id)
        if (rows.length < page || this.ended) return
        after = rows[rows.length - 1]!.id
      }
    })
  }

  /** An execution that did not fit other code goes on if it fits this one. */
  private reconsider(task: Registered, id: string): Effect.Effect<void> {
    const { definition, services } = task
    const misfits = (history: History.History) =>
      history.status === "Failed" && history.failures.some((failure) => Faults.isOfCode(history, failure))
    const decide = (history: History.History): Opened => {
      if (!this.versions.isFor(definition, id, history) || !misfits(history))
        return { entries: [], definition: undefined }
      const { misfit } = Replay.fresh(definition, history)
      const act = { by: "engine", reason: "the code fits the journal again" }
      if (misfit === undefined) return { entries: [{ _tag: "Resumed", act }], definition }
      const known = Faults.isSame(history.failures[0], misfit)
      return { entries: known ? [] : [{ _tag: "Failed", failures: [misfit] }], definition: undefined }
    }
    return this.live
      .takeOver(id, services, (history) => Effect.sync(() => decide(history)))
      .pipe(
        Effect.flatMap(({ opened }) => opened),
        Effect.catchAll((error) => Effect.logWarning(String(error)))
      )
  }

  // --- the inbox

  /** Looks for orders and letters, and has what is due looked for: at once, and whenever another has written. */
  private serve(carryOut: (order: Effect.Effect<void, StoreError>) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      let seen: number | undefined
      const look = Effect.gen(this, function* () {
        const version = yield* this.store.changed(seen, this.config.inbox)
        for (const order of yield* this.inbox.open) yield* carryOut(order)
        yield* this.deliver
        yield* this.trouble.over
        seen = version
      })
      while (!this.ended) yield* Effect.catchAll(look, (error) => this.trouble.failed(error))
    })
  }
}
