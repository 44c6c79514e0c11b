/**
 * What an owner does unasked: takes over what a dead engine left, runs what was started elsewhere or handed back, and
 * carries out the orders in the inbox. Before it is the owner, it stands by.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Definition } from "../authoring/Definition.js"
import { OrderRefused, type StoreError } from "../core/Errors.js"
import * as History from "../core/History.js"
import { isActive, type Status } from "../core/Status.js"
import type { Due, Order, Store, TokenRow } from "../store/Store.js"
import type { Commands } from "./Commands.js"
import type { Config } from "./Config.js"
import type { Lane } from "./Lane.js"
import type { Live, Opened, Services } from "./Live.js"
import { Meeting } from "./Meeting.js"
import * as Orders from "./Orders.js"
import type { Ownership } from "./Ownership.js"
import type { Registered, Registry } from "./Registry.js"
import * as Replay from "./Replay.js"
import { Wakes } from "./Wakes.js"

/** In which an engine was at work: where there is none any more, it has died. */
const left: ReadonlyArray<Status> = ["Running", "Closing", "Reverting"]
const page = 500

export class Recovery {
  private ended = false
  private readonly queued = new Set<string>()
  private readonly answering = new Set<number>()
  private readonly wakes: Wakes
  /** the newest letter of which its execution was told */
  private delivered = 0

  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly live: Live,
    private readonly registry: Registry,
    private readonly ownership: Ownership,
    private readonly commands: Commands,
    private readonly scope: Scope.Scope,
    /** the places of executions that nobody waits for */
    private readonly places: Lane,
    private readonly now: () => number
  ) {
    this.wakes = new Wakes(store, config, now, (due) => this.rouse(due))
    live.onOver = (history) => this.over(history)
    ownership.onOwned = ownership.isPassive ? this.attend : this.stay
  }

  private get stay(): Effect.Effect<void> {
    return Effect.zipRight(
      Effect.suspend(() =>
        Effect.forEach(this.registry.all, (task) => this.background(this.recover(task)), { discard: true })
      ),
      Effect.zipRight(this.background(this.serve((order) => this.background(order))), this.background(this.wakes.serve))
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

  /** What was sent while it was let go, or what it tells its parent, may make something due. */
  private over({ parent, status }: History.History): void {
    if (status === "Waiting" || parent !== undefined) this.poke()
  }

  /** Somebody has sent an execution something. */
  arrived(id: string): Effect.Effect<void> {
    return Effect.sync(() => {
      this.tell(id)
      this.poke()
    })
  }

  private tell(id: string): void {
    this.live.runs.get(id)?.signals.offer({ _tag: "Letters" })
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

  /** Writes something for an execution: in one commit with the claim with which it goes on, where it can do so here at once. */
  meeting<A, E>({ execution: id, task }: Pick<TokenRow, "execution" | "task">, write: Effect.Effect<A, E>) {
    return Effect.suspend(() => {
      if (!this.mayGoOnNow(id, task)) return write
      const meeting = new Meeting()
      return this.rouse({ id, task }, meeting.arrive).pipe(Effect.zipRight(meeting.claim), Effect.zipRight(write))
    })
  }

  private mayGoOnNow(id: string, task: string): boolean {
    if (!this.ownership.isOwner || this.ended || this.queued.has(id) || this.live.runs.has(id)) return false
    return this.live.standby.first(id) !== undefined || (this.registry.get(task) !== undefined && this.places.hasRoom)
  }

  /** Has an execution that is due go on: with a caller that stands by; else with its task's layer; else by its parent. */
  private rouse({ id, task }: Pick<Due, "id" | "task">, meet?: () => void): Effect.Effect<void> {
    return Effect.suspend(() => {
      const attached = this.live.standby.first(id)
      if (attached !== undefined) return Effect.sync(() => attached.wake(meet))
      const registered = this.registry.get(task)
      if (registered !== undefined) return this.background(this.launch(registered, id, meet))
      return this.background(
        Effect.gen(this, function* () {
          const row = yield* this.store.get(id)
          const parent = row?.status === "Waiting" ? (yield* this.live.history(id)).parent : undefined
          if (parent !== undefined) yield* this.rouseBy(parent.execution, id)
        })
      )
    })
  }

  /** Has a parent take up its child: one that runs looks at it as if it had moved. */
  private rouseBy(parent: string, child: string): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      if (this.live.runs.has(parent)) return Effect.sync(() => this.live.listeners.notify(child))
      return Effect.flatMap(this.store.get(parent), (row) =>
        row?.status === "Waiting" ? this.rouse(row) : Effect.void
      )
    })
  }

  /** Nothing is taken up any more; then `last` runs. */
  readonly end: Effect.Effect<void> = Effect.suspend(() => {
    this.ended = true
    this.live.end()
    return this.live.suspendAll
  })

  /** Adds a task, and recovers its executions once this engine is the owner: at once, or when the present one ends. */
  register(definition: Definition, services: Services): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.registry.add(definition, services)
      if (this.ownership.isPassive) return Effect.void
      const task = { definition, services }
      const standby = Effect.retry(this.ownership.ensure, {
        while: (error) => !this.ended && (error._tag === "EngineBusy" || error.reason === "Busy"),
        schedule: Schedule.spaced(this.config.standby)
      })
      return this.background(Effect.zipRight(standby, this.recover(task)))
    })
  }

  /** Lets an execution run that is waiting in the store, if this engine has its task and is, or becomes, the owner. */
  wake(task: string, id: string): Effect.Effect<void> {
    const registered = this.registry.get(task)
    return registered === undefined || this.ended || this.ownership.isPassive
      ? Effect.void
      : this.background(Effect.zipRight(this.ownership.ensure, this.launch(registered, id)))
  }

  /** Runs beside everything else, for as long as the engine lives; what stops it is logged. */
  private background(work: Effect.Effect<void, { readonly message: string }>, scope = this.scope): Effect.Effect<void> {
    const logged = Effect.catchAll(work, (error) => Effect.logWarning(error.message))
    return Effect.asVoid(Effect.forkIn(Effect.interruptible(logged), scope))
  }

  private mayGoOn(history: History.History): boolean {
    return (isActive(history.status) || history.status === "Waiting") && !History.isEarly(history, this.now())
  }

  /** Takes up an execution of a registered task, once there is a place for it; its run leaves the place when it ends. */
  private launch({ definition, services }: Registered, id: string, meet?: () => void): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.ended || this.queued.has(id) || this.live.runs.has(id)) return Effect.void
      this.queued.add(id)
      const taken = Effect.flatMap(this.places.enter, (leave) =>
        Effect.flatMap(
          this.live.takeOver(
            id,
            services,
            (history) =>
              Effect.sync(() => ({ entries: [], definition: this.mayGoOn(history) ? definition : undefined })),
            { meet }
          ),
          ({ entered, opened, run }) => {
            if (entered) this.live.atEnd(run, leave)
            else leave()
            return opened
          }
        )
      )
      return Effect.ensuring(
        Effect.catchAll(taken, (error) => Effect.logWarning(String(error))),
        Effect.sync(() => this.queued.delete(id))
      )
    })
  }

  /** Everything of a task that is due or not finished, oldest first; and what was parked because other code was at hand. */
  private recover(task: Registered): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      this.poke()
      yield* this.each(task, left, (id) => this.background(this.launch(task, id)))
      this.poke()
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
        for (const row of rows) yield* visit(row.id)
        if (rows.length < page || this.ended) return
        after = rows[rows.length - 1]!.id
      }
    })
  }

  /** An execution that did not fit the code of another version goes on if it fits this one. */
  private reconsider(task: Registered, id: string): Effect.Effect<void> {
    const { definition, services } = task
    const misfits = (history: History.History) =>
      history.status === "Failed" &&
      history.failures.some((failure) => failure._tag === "Fault" && failure.reason === "HistoryMismatch")
    const decide = (history: History.History): Opened => {
      if (!misfits(history)) return { entries: [], definition: undefined }
      const { misfit } = Replay.fresh(definition, history)
      const act = { by: "engine", reason: "the code fits the journal again" }
      if (misfit === undefined) return { entries: [{ _tag: "Resumed", act }], definition }
      const known = JSON.stringify(history.failures[0]) === JSON.stringify(misfit)
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
        for (const order of yield* this.store.orders) yield* carryOut(this.obey(order))
        yield* this.deliver
        seen = version
      })
      const failed = (error: StoreError) =>
        Effect.zipRight(Effect.logWarning(error.message), Effect.sleep(this.config.inbox))
      while (!this.ended) yield* Effect.catchAll(look, failed)
    })
  }

  private obey(order: Order): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      if (this.answering.has(order.id)) return Effect.void
      this.answering.add(order.id)
      const command = Orders.commandOf(order.body)
      const done = Option.isNone(command)
        ? Effect.fail(
            new OrderRefused({ execution: order.execution, verb: order.verb, reason: "this engine does not know it" })
          )
        : this.commands.carryOut(order.execution, command.value, order.id)
      return Effect.catchAll(done, (error) => this.store.answer({ order: order.id, body: Orders.refusal(error) })).pipe(
        Effect.ensuring(Effect.sync(() => this.answering.delete(order.id)))
      )
    })
  }
}
