/**
 * Drives one generator: performs what its cursor is blocked at on fibers, records what happens, and lets the cursor go
 * on, until the generator ends, fails, or is asked to stop. Forward runs, clean-up and reverts are all driven here.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import { defectOf, type Failure } from "../core/Failure.js"
import type { Decision } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { Placed, Step } from "../core/Step.js"
import type { Parked } from "./Children.js"
import { Consequences } from "./Consequences.js"
import { type Family, isOpen, type Leaving } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import { type Flight, Flights, parkedBy } from "./Flights.js"
import { isAsked, isCall, type Job } from "./Job.js"
import type { Mailbox } from "./Mailbox.js"
import { Outcomes } from "./Outcomes.js"
import type { Request, Signal } from "./Signal.js"
import { isFailure, type Start, type StartOptions, Starts } from "./Starts.js"
import type { CommitError } from "./Writer.js"

type Blocked = Extract<Step, { readonly _tag: "Blocked" }>

/** How a drive ended: where the generator came to, or why it was left there. */
export type Ending =
  | Exclude<Step, Blocked>
  /** paused or handed back; recorded */
  | { readonly _tag: "Stopped" }
  /** somebody asked for the execution to be closed; recorded, and nothing of it runs any more */
  | { readonly _tag: "Closing" }
  /** the engine cannot go on here */
  | { readonly _tag: "Fault"; readonly failure: Failure }

export interface Options extends StartOptions {
  readonly fibers: Fibers
  readonly family: Family
  readonly signals: Mailbox<Signal>
  /** answers a request, or says that it cannot be granted now */
  readonly grant: (driver: Driver, request: Request) => Effect.Effect<Ending | undefined, CommitError>
}

const nothing = Effect.succeed(undefined)
const any = () => true

const faultOf = (failure: Failure | undefined): Ending | undefined => failure && { _tag: "Fault", failure }

export class Driver {
  /** why nothing new starts any more */
  stopping: "pause" | "suspend" | undefined
  private readonly outcomes: Outcomes
  private readonly starts: Starts
  private readonly flights: Flights
  private readonly consequences: Consequences
  /** how the drive ends once nothing is under way any more */
  private ending: Ending | undefined

  constructor(private readonly options: Options) {
    const { config, family, fibers, now, signals, writer } = options
    this.outcomes = new Outcomes(writer, config, now)
    this.starts = new Starts(options, this.outcomes)
    this.flights = new Flights(fibers, signals, family)
    this.consequences = new Consequences(writer, config, this.outcomes, this.flights, family, now)
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.flights.size === 0
  }

  /** Drives `cursor` until its generator ends, or the execution is asked to stop. Then nothing of it is under way. */
  drive(cursor: Cursor): Effect.Effect<Ending, CommitError> {
    const self = this
    const { signals } = this.options
    return Effect.gen(function* () {
      self.ending = undefined
      for (;;) {
        const gone = self.ending === undefined ? yield* self.goOn(cursor) : self.over
        if (gone === "again") continue
        if (gone !== undefined) return gone
        // What has ended is on disk while others go on.
        yield* self.options.writer.flush
        for (let signal = yield* signals.take; signal !== undefined; signal = signals.poll() as Signal) {
          const ending = yield* self.handle(signal)
          if (ending !== undefined) return ending
        }
      }
    })
  }

  /** How the drive ends, if nothing is under way any more. */
  private get over(): Ending | undefined {
    return this.idle ? this.ending : undefined
  }

  /** Goes as far as the generator does: how the drive ends, or that there is more to see; else something is under way. */
  private goOn(cursor: Cursor): Effect.Effect<Ending | "again" | undefined, CommitError> {
    return Effect.gen(this, function* () {
      const { options, stopping } = this
      const step = cursor.advance(options.writer.history)
      if (step._tag !== "Blocked") return yield* this.end(step)
      const { consequences } = step
      const mayStart = stopping === undefined
      if (step.narrowed && (yield* this.narrow(step))) return "again"
      if (consequences.length > 0 && (yield* this.consequences.follow(consequences, mayStart))) return "again"
      if (!mayStart && this.idle) return yield* this.stop
      if (mayStart && step.idle.length > 0) {
        const begun = yield* this.begin(step.idle)
        if (begun === "settled") return "again"
        if (begun !== undefined) return yield* this.end(begun)
      }
      return this.idle && step.idle.length === 0 && consequences.length === 0
        ? yield* Effect.dieMessage(`${options.writer.id} waits for nothing: its journal has no way on`)
        : undefined
    })
  }

  /** What still runs has no part in it any more. */
  private end(ending: Ending): Effect.Effect<Ending | undefined> {
    return Effect.map(this.withdraw(), () => {
      if (this.idle) return ending
      this.ending = ending
      return undefined
    })
  }

  /** What is under way, and is not wanted any more, is let go; what led to that is on disk before. Whether anything was. */
  private narrow({ consequences, instructions }: Blocked): Effect.Effect<boolean, CommitError> {
    const paths = new Set(instructions.map(({ path }) => path))
    for (const one of consequences) paths.add("placed" in one ? one.placed.path : one.path)
    const lost = ({ path }: Job) => !paths.has(path)
    if (!this.flights.some(lost)) return Effect.succeed(false)
    const before = this.flights.size
    const withdrawn = Effect.zipRight(this.options.writer.flush, this.withdraw(lost))
    return Effect.map(withdrawn, () => this.flights.size < before)
  }

  /**
   * Starts what of these is not under way yet: one commit, then the fibers; nothing of it, where the engine cannot go on
   * with one. `settled` if the generator can go on already. Where something fails at once, or wins a race, what comes after
   * it is not started: it may be over.
   */
  private begin(idle: ReadonlyArray<Placed>): Effect.Effect<Ending | "settled" | undefined, CommitError> {
    const { writer } = this.options
    const starts = new Map<string, Start>()
    let fresh = 0
    for (const placed of idle) {
      if (this.flights.has(placed.path)) continue
      const start = this.starts.of(placed, fresh)
      if (isFailure(start)) return Effect.succeed({ _tag: "Fault", failure: start })
      starts.set(placed.path, start)
      if (!writer.history.phases.has(placed.path)) fresh++
    }
    const jobs: Array<Job> = []
    for (const [path, start] of starts) {
      const job = start()
      if (job !== undefined) jobs.push(job)
      else if (this.isDecisive(path)) break
    }
    const settled = jobs.length < starts.size ? "settled" : undefined
    if (jobs.length === 0) return Effect.succeed(settled)
    return Effect.map(writer.flush, () => {
      for (const job of jobs) this.flights.launch(job)
      return settled
    })
  }

  private isDecisive(path: string): boolean {
    const { scope, state } = this.options.writer.history.phases.get(path)!
    return (
      state === "failed" || (state === "succeeded" && this.options.writer.history.phases.get(scope)?.kind === "race")
    )
  }

  // --- signals

  private handle(signal: Signal): Effect.Effect<Ending | undefined, CommitError> {
    switch (signal._tag) {
      case "Asked":
        return this.options.grant(this, signal.request)
      case "Moved":
        return this.flights.wake(signal.job)
      case "GraceOver":
        return Effect.as(this.interrupt(), undefined)
      case "Ended":
        return this.ended(signal.job, signal.exit)
    }
  }

  private ended(job: Job, exit: Exit.Exit<unknown, unknown>): Effect.Effect<Ending | undefined> {
    const flight = this.flights.land(job)
    if (flight === undefined) return nothing
    const parked = parkedBy(exit)
    if (parked !== undefined) return Effect.sync(() => this.rest(job, parked, flight))
    switch (job._tag) {
      case "Attempt":
        return this.outcomes.attempted(job, exit)
      case "Verify":
        return Effect.sync(() => faultOf(this.starts.verified(job, exit as Exit.Exit<Option.Option<unknown>>)))
      case "Decide":
        return Effect.sync(() => this.outcomes.decided(job, exit as Exit.Exit<Decision>))
      case "Leave":
        return Effect.sync(() => this.leftWith(exit))
      case "Delay":
        return nothing
    }
  }

  /** Its child stands still. It goes on when the child moves, unless it was to stop. */
  private rest(job: Job, parked: Parked, { asked }: Flight): undefined {
    const stops = asked !== undefined || this.stopping !== undefined || this.ending !== undefined
    if (stops) this.outcomes.interrupted(job.path)
    else this.flights.rest(job, parked)
  }

  /** A child that cannot be closed stops its parent. */
  private leftWith(exit: Exit.Exit<unknown, unknown>): Ending | undefined {
    if (Exit.isSuccess(exit) || Exit.isInterrupted(exit)) return undefined
    const { message } = defectOf(Cause.squash(exit.cause))
    return faultOf(Faults.child(this.options.writer.history.position, "ChildStopped", message))
  }

  // --- stopping

  /** Starts nothing new: retry delays and verifications end at once, attempts and strategies go on; children stop too. */
  wind(stopping: "pause" | "suspend"): Effect.Effect<void> {
    this.stopping = stopping
    this.flights.stopChildren(stopping, any)
    return this.interrupt(
      ({ job: { _tag }, still }) =>
        still || _tag === "Delay" || _tag === "Verify" || (_tag === "Leave" && stopping === "suspend")
    )
  }

  /** What was asked to pause is closed or reverted instead: that begins at once. */
  unwind(): void {
    if (this.stopping === "pause") this.stopping = undefined
  }

  /** Lets go of what may go on some day: interrupts it, has children pause, and waits for what has to be known. */
  withdraw(which: (job: Job) => boolean = any): Effect.Effect<void> {
    this.flights.stopChildren("pauseNow", which)
    return this.interrupt(({ job, still }) => which(job) && (still || !(isCall(job) || isAsked(job))))
  }

  /** Interrupts what is under way and waits for its finalizers; an attempt without an outcome is then in doubt. */
  interrupt(which: (flight: Flight) => boolean = any): Effect.Effect<void> {
    return Effect.flatMap(this.flights.interrupt(which), (landed) =>
      Effect.forEach(landed, ({ exit, job }) => this.interrupted(job, exit), { discard: true })
    )
  }

  private interrupted(job: Job, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined> {
    if (job._tag !== "Attempt") return nothing
    const unknown = Exit.isInterrupted(exit) || parkedBy(exit) !== undefined
    return unknown ? Effect.succeed(this.outcomes.interrupted(job.path)) : this.outcomes.attempted(job, exit)
  }

  /** Nothing that happens from here on can be recorded: interrupts what is under way, and waits for its finalizers. */
  get abandon(): Effect.Effect<void> {
    return this.flights.abandon
  }

  /** Stops children while nothing else is under way; an ending if that cannot be done, or something else comes first. */
  aside(leaving: Leaving): Effect.Effect<Ending | undefined, CommitError> {
    if (leaving === undefined) return nothing
    return Effect.gen(this, function* () {
      const { family, signals } = this.options
      this.flights.launch(family.leave(Path.root, leaving))
      while (!family.hasLeft(Path.root)) {
        if (this.stopping === "suspend" && this.idle) return yield* this.handBack
        const ending = yield* this.handle(yield* signals.take)
        if (ending !== undefined) return ending
      }
      return undefined
    })
  }

  /** Nothing is under way any more: records the pause, or that the execution is handed back. */
  private get stop(): Effect.Effect<Ending, CommitError> {
    if (this.stopping === "suspend") return this.handBack
    const { family } = this.options
    return Effect.flatMap(this.aside(family.stopAll("pause", isOpen)), (ending) =>
      ending === undefined ? this.stopped("Paused") : Effect.succeed(ending)
    )
  }

  private get handBack(): Effect.Effect<Ending, CommitError> {
    return this.stopped("Suspended")
  }

  private stopped(as: "Paused" | "Suspended"): Effect.Effect<Ending, CommitError> {
    const { writer } = this.options
    writer.stage({ _tag: as })
    return Effect.as(writer.flush, { _tag: "Stopped" })
  }
}
