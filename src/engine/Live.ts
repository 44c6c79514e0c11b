/**
 * The executions that run in this engine: begins and takes over runs, passes requests on to them, and hands them back.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import type { Json } from "../core/Json.js"
import type { Head, Journal, Store } from "../store/Store.js"
import { createdOf } from "./Birth.js"
import * as Bodies from "./Bodies.js"
import type { Children } from "./Children.js"
import { type Claimed, type Claiming, Claims, type LoadError, type Opening, park } from "./Claims.js"
import type { Config } from "./Config.js"
import * as Faults from "./Faults.js"
import { Fibers } from "./Fibers.js"
import * as GoingBack from "./GoingBack.js"
import { Handouts } from "./Handouts.js"
import * as Journals from "./Journals.js"
import type { Lanes } from "./Lanes.js"
import { Listeners } from "./Listeners.js"
import { Mailbox } from "./Mailbox.js"
import { Once } from "./Once.js"
import type { Quarantine } from "./Quarantine.js"
import { Runner } from "./Runner.js"
import type { Ask, Signal } from "./Signal.js"
import { Standby } from "./Standby.js"
import type { Now } from "./Steady.js"
import { type CommitError, type Unborn, Writer } from "./Writer.js"

/**
 * How a run ended: with what is known then, all of it on disk; with what stopped it, nothing of it acknowledged; or with
 * nothing, for it never came to run: whoever waited for it looks again.
 */
export type Finished = Exit.Exit<History.History | undefined, CommitError | LoadError>

export interface Run {
  readonly id: string
  readonly signals: Mailbox<Signal>
  /** done if it is handed back before it began */
  readonly left: Once<void>
  fiber?: Fiber.RuntimeFiber<History.History | undefined, CommitError>
  /** what drives it, once it is claimed */
  runner?: Runner
  /** the phase that called it, if it began as a child */
  readonly parent: Caller["parent"]
  /** leave the quarantine */
  readonly leaving: Array<() => void>
  /** called when it is over: see `atEnd` */
  readonly ends: Array<() => void>
  readonly done: Once<Finished>
}

/** What recovered and detached work runs with; none: what the calling fiber has. */
export type Services = Fibers | undefined

/** The phase that calls a child, its round, and what the child runs with. */
export interface Caller {
  readonly parent?: { readonly execution: string; readonly path: string }
  readonly round?: number
  readonly services?: Fibers
  readonly stopAt?: string | undefined
  readonly tags?: ReadonlyArray<string>
}

/** The run that has an id now. `entered` if it is the one that was asked for: then `opened` tells when it is on disk. */
export interface Entered<E = never> {
  readonly run: Run
  readonly entered: boolean
  readonly opened: Effect.Effect<void, E>
}

/** What a run goes by, which may have to be read and claimed first; nothing if there is nothing to run. */
type Prepare = (run: Run) => Effect.Effect<Claimed | undefined, unknown>

const interrupted = Exit.interrupt(FiberId.none)
const isThere = Effect.succeed(true)
const isNotThere = Effect.succeed(false)

/** What never began, for somebody else was first, leaves nothing to tell: whoever waits looks again. */
const withoutTaken = (exit: Exit.Exit<History.History | undefined, CommitError>): Finished =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error._tag === "Taken"
    ? Exit.succeed(undefined)
    : (exit as Finished)

export class Live {
  readonly runs = new Map<string, Run>()
  readonly listeners: Listeners
  /** what runs call */
  children!: Children
  /** the children for which their parents wait on a fiber */
  readonly joined = new Set<string>()
  readonly standby: Standby
  /** the tokens that runs have given out */
  readonly handouts = new Handouts()
  /** an execution is over here, with what is known then */
  onOver: (id: string, history: History.History | undefined) => void = () => {}
  private ended = false
  private readonly claims: Claims

  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly owner: string,
    private readonly clock: Now,
    quarantine: Quarantine,
    lanes: Lanes
  ) {
    this.listeners = new Listeners(store, config.inbox)
    this.standby = new Standby(this.listeners)
    const writerOf: ConstructorParameters<typeof Claims>[5] = ({ id, leaving }, history, head) =>
      this.writer(id, history, head, leaving)
    this.claims = new Claims(store, config, owner, quarantine, lanes, writerOf)
  }

  /** Starts an execution that is in no store yet, or answers the run that has its id. */
  begin(definition: Definition, id: string, payload: Json, caller: Caller = {}): Effect.Effect<Entered> {
    return this.enter(id, caller, this.birth(definition, id, payload, caller))
  }

  private birth(definition: Definition, id: string, payload: Json, caller: Caller): Prepare {
    return () =>
      Effect.sync(() => {
        const { parent, round, stopAt, tags = [] } = caller
        const writer = this.writer(id, History.empty(), { id, owner: this.owner })
        writer.stage(createdOf(definition, payload, { parent, round, stopAt, tags }))
        writer.stage({ _tag: "Claimed", owner: this.owner, crashed: false })
        return { writer, definition }
      })
  }

  /**
   * Starts an execution for which nobody waits, if it `enters` a place, which it leaves at its end: whether it is on disk,
   * once that is known.
   */
  launch(
    definition: Definition,
    id: string,
    payload: Json,
    services: Fibers,
    enters: () => (() => void) | undefined
  ): Effect.Effect<boolean> {
    return Effect.async<boolean>((resume) => {
      const leave = enters()
      if (leave === undefined) return resume(isNotThere)
      let run: Run | undefined
      let heard = false
      const stop = this.listeners.hear(id, () => {
        stop()
        heard = true
        if (run !== undefined) resume(this.isThere(run))
      })
      const begun = this.enterOn(services, id, undefined, this.birth(definition, id, payload, {}))
      if (begun?.entered !== true) {
        stop()
        leave()
        return resume(begun === undefined ? Effect.interrupt : isNotThere)
      }
      run = begun.run
      this.atEnd(run, leave)
      if (heard) resume(this.isThere(run))
    })
  }

  /** Whether anything of it is on disk, once it has made a commit or is over. */
  private isThere(run: Run): Effect.Effect<boolean> {
    return this.runs.get(run.id) === run
      ? isThere
      : Effect.map(run.done.wait, (exit) => Exit.isSuccess(exit) && exit.value !== undefined)
  }

  /**
   * Takes an execution over for what `opening` decides: the claim and what it adds are on disk before anything runs. An
   * execution that runs here already is answered as it is.
   */
  takeOver<E>(
    id: string,
    services: Services,
    opening: Opening<E>,
    claiming: Claiming = {}
  ): Effect.Effect<Entered<E | LoadError | CommitError>> {
    return Effect.flatMap(
      services === undefined ? Fibers.here : Effect.succeed(services),
      (fibers): Effect.Effect<Entered<E | LoadError | CommitError>> => {
        const opened = new Once<void, E | LoadError | CommitError>()
        const entered = this.takeOverOn(fibers, id, opening, claiming, (exit) => opened.tell(exit))
        if (entered === undefined) return Effect.interrupt
        return Effect.succeed(entered.entered ? { ...entered, opened: opened.wait } : entered)
      }
    )
  }

  /** The same at once, nothing where the engine ends. `told` hears, more than once maybe, that it is on disk or will not be. */
  takeOverOn<E>(
    fibers: Fibers,
    id: string,
    opening: Opening<E>,
    claiming: Claiming,
    told: (exit: Exit.Exit<void, E | LoadError | CommitError>) => void
  ): Entered | undefined {
    const entered = this.enterOn(fibers, id, undefined, (run) => {
      run.ends.push(() => told(interrupted))
      return Effect.matchCauseEffect(this.claims.take(run, opening, claiming), {
        onFailure: (cause) => {
          told(Exit.failCause(cause))
          return Effect.failCause(cause)
        },
        onSuccess: (claimed) => {
          told(Exit.void)
          return Effect.succeed(claimed)
        }
      })
    })
    const { delivery } = claiming
    if (entered !== undefined && delivery !== undefined) this.atEnd(entered.run, delivery.over)
    return entered
  }

  /** The whole journal of an execution. */
  journal(id: string): Effect.Effect<Journal, LoadError> {
    return this.claims.journal(id)
  }

  /** What is recorded of an execution. */
  history(id: string): Effect.Effect<History.History, LoadError> {
    return this.claims.history(id)
  }

  private writer(id: string, history: History.History, head: Head | Unborn, leaving: Run["leaving"] = []): Writer {
    const committed = () => {
      if (history.crashes === 0) for (const leave of leaving) leave()
      this.listeners.notify(id)
    }
    const claim = "epoch" in head ? this.owner : undefined
    const isMissed = () => !this.joined.has(id)
    return new Writer(this.store, this.clock, id, history, head, claim, committed, isMissed, this.handouts)
  }

  /** Begins a run, that is over before the engine is; or answers the one that has this id: there is never a second one. */
  private enter(id: string, { parent, services }: Caller, prepare: Prepare): Effect.Effect<Entered> {
    return Effect.flatMap(
      services === undefined ? Fibers.here : Effect.succeed(services),
      (fibers): Effect.Effect<Entered> => {
        const entered = this.enterOn(fibers, id, parent, prepare)
        return entered === undefined ? Effect.interrupt : Effect.succeed(entered)
      }
    )
  }

  /** The same at once; nothing where the engine ends. */
  private enterOn(fibers: Fibers, id: string, parent: Run["parent"], prepare: Prepare): Entered | undefined {
    if (this.ended) return undefined
    const present = this.runs.get(id)
    if (present !== undefined) return { run: present, entered: false, opened: Effect.void }
    const left = new Once<void>()
    const done = new Once<Finished>()
    const run: Run = { id, parent, signals: new Mailbox<Signal>(), left, leaving: [], ends: [], done }
    this.runs.set(id, run)
    const life = Effect.matchEffect(prepare(run), {
      onFailure: () => Effect.succeed(undefined),
      onSuccess: (prepared) => (prepared === undefined ? Effect.succeed(undefined) : this.live(prepared, run, fibers))
    })
    run.fiber = fibers.start(life)
    run.fiber.addObserver((exit) => {
      const over = () => this.over(run, exit)
      if (run.runner === undefined || run.runner.idle) over()
      else fibers.start(Effect.andThen(run.runner.abandon, Effect.sync(over)))
    })
    return { run, entered: true, opened: Effect.void }
  }

  private over(run: Run, exit: Exit.Exit<History.History | undefined, CommitError>): void {
    this.runs.delete(run.id)
    for (const leave of [...run.leaving, ...run.ends]) leave()
    this.listeners.notify(run.id)
    this.onOver(run.id, Exit.isSuccess(exit) ? exit.value : undefined)
    run.done.tell(Effect.succeed(withoutTaken(exit)))
  }

  private live({ definition, writer }: Claimed, run: Run, fibers: Fibers): Effect.Effect<History.History, CommitError> {
    const { history } = writer
    if (definition === undefined) return Effect.succeed(history)
    const start = Bodies.currentOf(definition, history)
    // What goes back elsewhere needs no body to begin here.
    const goesElsewhere = history.status === "Reverting" && History.revertOf(history)?.to !== undefined
    if (Either.isLeft(start) && !goesElsewhere) {
      return this.parkBefore(definition, writer, start.left)
    }
    run.runner = new Runner(
      definition,
      writer,
      this.config,
      start,
      this.clock,
      fibers,
      run.signals,
      this.children,
      this.store
    )
    return run.runner.run
  }

  /** Its body cannot begin with this code: says from where it could go on. */
  private parkBefore(
    definition: Definition,
    writer: Writer,
    fault: Failure
  ): Effect.Effect<History.History, CommitError> {
    return Effect.flatMap(Journals.whole(this.store, writer.id), (whole) => {
      park(writer, Faults.withWay(fault, GoingBack.nearest(definition, whole)?.path))
      return Effect.as(writer.flush, writer.history)
    })
  }

  /** Whoever waits for another execution keeps nobody from running alone; one that does nothing else takes no place. */
  stepAside(id: string, still: boolean): void {
    const run = this.runs.get(id)
    if (run !== undefined) for (const leave of still ? [...run.leaving, ...run.ends] : run.leaving) leave()
  }

  /** Calls `leave` when the run is over; at once, if it is. */
  atEnd(run: Run, leave: () => void): void {
    if (this.runs.get(run.id) === run) run.ends.push(leave)
    else leave()
  }

  /** Asks a run for something: whether it was granted, or the run was over before it saw the request. */
  ask(run: Run, ask: Ask, order?: number): Effect.Effect<"granted" | "refused" | "gone"> {
    return Effect.gen(function* () {
      const reply = new Once<boolean>()
      run.signals.offer({ _tag: "Asked", request: { ask, order, reply } })
      // Whoever asks may be uninterruptible: the loser must be interruptible all the same.
      yield* Effect.raceFirst(Effect.interruptible(reply.wait), Effect.interruptible(run.done.wait))
      if (!reply.isTold) return "gone"
      return (yield* reply.wait) ? "granted" : "refused"
    })
  }

  /** Hands an execution back, and waits until it is. */
  suspend(run: Run): Effect.Effect<void> {
    return Effect.sync(() => run.left.tell(Effect.void)).pipe(
      Effect.zipRight(this.ask(run, { _tag: "Suspend" })),
      Effect.zipRight(Effect.asVoid(run.done.wait))
    )
  }

  /** Hands everything back. */
  get suspendAll(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const suspended = Effect.forEach([...this.runs.values()], (run) => this.suspend(run), {
        concurrency: "unbounded",
        discard: true
      })
      return this.ended ? Effect.zipRight(this.standby.end, suspended) : suspended
    })
  }

  /** Begins nothing any more: the engine ends. */
  end(): void {
    this.ended = true
  }

  /** Until it does not run here. */
  gone(id: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const run = this.runs.get(id)
      return run === undefined ? Effect.void : Effect.asVoid(run.done.wait)
    })
  }

  /** Nothing that still runs can be recorded any more: waits until its finalizers have run. */
  get interruptAll(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach(
        [...this.runs.values()],
        (run) => Effect.zipRight(run.fiber === undefined ? Effect.void : Fiber.interrupt(run.fiber), run.done.wait),
        { concurrency: "unbounded", discard: true }
      )
    )
  }
}
