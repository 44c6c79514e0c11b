/**
 * Drives one generator: performs what its cursor is blocked at on fibers, records what happens, and lets the cursor go
 * on, until the generator ends, fails, or is asked to stop. Forward runs, clean-up and reverts are all driven here.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type { StoreError } from "../core/Errors.js"
import { defectOf, type Failure } from "../core/Failure.js"
import type { Decision } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { Step } from "../core/Step.js"
import { Alarm } from "./Alarm.js"
import type { Parked } from "./Children.js"
import { Consequences } from "./Consequences.js"
import { type Family, isOpen, type Leaving } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import { type Flight, Flights, parkedBy } from "./Flights.js"
import { type Active, isAsked, isCall, type Job, type Settled } from "./Job.js"
import { Launches } from "./Launches.js"
import type { Once } from "./Once.js"
import { type AtOnce, effectOf, Outcomes } from "./Outcomes.js"
import { Parking, type ParkingOptions } from "./Parking.js"
import type { Request, Signal } from "./Signal.js"
import { type StartOptions, Starts } from "./Starts.js"
import type { Tokens } from "./Tokens.js"
import { turn } from "./Turn.js"
import { Waits } from "./Waits.js"
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

export interface Options extends StartOptions, ParkingOptions {
  readonly fibers: Fibers
  readonly family: Family
  readonly tokens: Tokens
  /** answers a request, or says that it cannot be granted now */
  readonly grant: (driver: Driver, request: Request) => Effect.Effect<Ending | undefined, CommitError>
}

const nothing = Effect.succeed(undefined)

const any = () => true

/** It is not interrupted: it is over when its child has stopped, or when its author knows whether it happened. */
const isAwaited = (job: Job): boolean => isCall(job) || isAsked(job)

const faultOf = (failure: Failure | undefined): Ending | undefined => failure && { _tag: "Fault", failure }

export class Driver {
  /** why nothing new starts any more */
  stopping: "pause" | "suspend" | undefined
  private readonly outcomes: Outcomes
  private readonly waits: Waits
  private readonly starts: Starts
  private readonly alarm: Alarm
  private readonly flights: Flights
  private readonly launches: Launches<Ending>
  private readonly parking: Parking
  private readonly consequences: Consequences
  /** how the drive ends once nothing is under way any more */
  private ending: Ending | undefined

  constructor(private readonly options: Options) {
    const { config, family, fibers, now, post, signals, tokens, writer } = options
    this.outcomes = new Outcomes(writer, config, now)
    this.waits = new Waits(writer, this.outcomes, post, tokens, now)
    this.starts = new Starts(options, this.outcomes, tokens, this.waits)
    this.flights = new Flights(fibers, signals, family)
    this.launches = new Launches(options, this.starts, this.flights, (failure) => this.end({ _tag: "Fault", failure }))
    this.parking = new Parking(options, this.flights)
    this.alarm = new Alarm(fibers, signals, now)
    this.consequences = new Consequences(writer, config, this.outcomes, this.flights, family, now)
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.flights.size === 0
  }

  /** Drives `cursor` until its generator ends, or the execution is asked to stop. Then nothing of it is under way. */
  drive(cursor: Cursor): Effect.Effect<Ending, CommitError> {
    return Effect.gen(() => this.driving(cursor))
  }

  private *driving(cursor: Cursor) {
    const { signals, writer } = this.options
    this.ending = undefined
    for (;;) {
      const next = this.ending === undefined ? this.goOn(cursor) : this.over
      const gone = Effect.isEffect(next) ? yield* next : next
      if (gone === "again") continue
      if (gone !== undefined) return this.gone(gone)
      if (this.mayRest) {
        const rested = yield* this.parking.enter
        if (rested === "again") continue
        return this.gone(rested)
      }
      // What has ended is on disk while others go on.
      if (!writer.isClean) yield* writer.flushing()
      this.alarm.set(this.parking.due)
      let signal = signals.poll() ?? (yield* signals.next)
      for (; signal !== undefined; signal = signals.poll() as Signal) {
        const handled = this.handle(signal)
        const ending = Effect.isEffect(handled) ? yield* handled : handled
        if (ending !== undefined) return this.gone(ending)
      }
    }
  }

  /** Between two bodies, where nothing is under way: hears what is asked. An ending, if what comes next does not begin. */
  get turn(): Effect.Effect<Ending | undefined, CommitError> {
    return Effect.gen(this, function* () {
      this.outcomes.forget()
      const { deadlines, now, signals } = this.options
      for (let signal = signals.poll(); signal !== undefined; signal = signals.poll()) {
        const ending = yield* effectOf(this.handle(signal))
        if (ending !== undefined) return ending
      }
      if (this.stopping !== undefined) return yield* this.stop
      const late = deadlines.pass(now())
      return late === "again" ? undefined : late
    })
  }

  private gone(ending: Ending): Ending {
    this.alarm.set(undefined)
    return ending
  }

  /** How the drive ends, if nothing is under way any more. */
  private get over(): Ending | undefined {
    return this.idle ? this.ending : undefined
  }

  private get mayRest(): boolean {
    return this.stopping === undefined && this.ending === undefined && this.parking.isOpen
  }

  /** Goes as far as the generator does: how the drive ends, or that there is more to see; else something is under way. */
  private goOn(cursor: Cursor): AtOnce<Ending | "again" | undefined> {
    const { deadlines, now, writer } = this.options
    const { status, stopsAt } = writer.history
    if (stopsAt !== undefined && status === "Running") {
      if (this.stopping === undefined) return Effect.as(this.wind("pause"), "again")
      // It has reached a checkpoint: nothing goes on, not even to its end.
      return this.idle ? this.stop : undefined
    }
    turn.execution = writer.id
    const step = cursor.advance(writer.history)
    turn.execution = undefined
    if (step._tag !== "Blocked") return this.end(step)
    const { next } = deadlines
    if (next !== undefined && next <= now()) return this.expire(step)
    return step.narrowed || step.consequences.length > 0 ? this.settle(step) : this.start(step)
  }

  /** The time of something is over: what was sent before counts. */
  private expire(step: Blocked): Effect.Effect<Ending | "again" | undefined, CommitError> {
    return Effect.gen(this, function* () {
      const sent = yield* this.waits.sent(step.instructions)
      if (sent.length > 0)
        return yield* effectOf(this.launches.all(sent.filter(({ path }) => this.flights.wakes(path))))
      const late = this.options.deadlines.pass(this.options.now())
      if (late === "again") return late
      return late === undefined ? yield* this.settle(step) : yield* effectOf(this.end(late, isCall))
    })
  }

  /** Lets go of what is not wanted, and records what follows; then starts what may start. */
  private settle(step: Blocked): Effect.Effect<Ending | "again" | undefined, CommitError> {
    return Effect.gen(this, function* () {
      const { consequences } = step
      if (step.narrowed && (yield* this.narrow(step))) return "again"
      const mayStart = this.stopping === undefined
      if (consequences.length > 0 && (yield* this.consequences.follow(consequences, mayStart))) return "again"
      return yield* effectOf(this.start(step))
    })
  }

  private start({ consequences, idle }: Blocked): AtOnce<Ending | "again" | undefined> {
    if (this.stopping !== undefined) return this.idle ? this.stop : undefined
    if (idle.length > 0) return this.launches.fresh(idle)
    return this.idle && consequences.length === 0
      ? Effect.dieMessage(`${this.options.writer.id} waits for nothing: its journal has no way on`)
      : undefined
  }

  /** What still runs has no part in it any more. */
  private end(ending: Ending, awaits = isAwaited): AtOnce<Ending | undefined> {
    if (this.idle) return ending
    return Effect.map(this.withdraw(any, awaits), () => {
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

  // --- signals

  private handle(signal: Signal): AtOnce<Ending | undefined> {
    switch (signal._tag) {
      case "Asked":
        return this.options.grant(this, signal.request)
      case "Moved":
        return this.flights.wake(signal.job)
      case "GraceOver":
        return Effect.as(this.interrupt(), undefined)
      case "Due":
        return this.flights.rouse(this.options.now()) as undefined
      case "Letters":
        return this.heard()
      case "Token":
        return this.giveToken(signal.path, signal.reply)
      case "Ended":
        return this.ended(signal.job, signal.exit)
    }
  }

  private ended(job: Active, exit: Exit.Exit<unknown, unknown>): AtOnce<Ending | undefined> {
    const flight = this.flights.land(job)
    if (flight === undefined) return undefined
    const parked = parkedBy(exit)
    if (parked !== undefined) return this.rest(job, parked, flight)
    switch (job._tag) {
      case "Attempt":
        return this.waits.attempted(job, exit)
      case "Settle":
        return this.waits.settled(job, exit as Exit.Exit<Settled, StoreError>)
      case "Verify":
        return faultOf(this.starts.verified(job, exit as Exit.Exit<Option.Option<unknown>>))
      case "Decide":
        return this.outcomes.decided(job, exit as Exit.Exit<Decision>)
      case "Leave":
        return this.leftWith(exit)
    }
  }

  private giveToken(path: string, reply: Once<string>): Effect.Effect<undefined, CommitError> {
    const work = this.flights.workAt(path)
    if (work?.token === undefined) return nothing
    return Effect.map(this.waits.hand(path, work.token), (token) => void reply.tell(Effect.succeed(token)))
  }

  /** Somebody has sent something: whoever waits for it looks again. */
  private heard(): undefined {
    this.options.post.stale()
    this.flights.rouseAll()
  }

  /** Its child stands still. It goes on when the child moves, unless it was to stop. */
  private rest(job: Active, parked: Parked, { asked }: Flight): undefined {
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
  wind(stopping: "pause" | "suspend"): Effect.Effect<void, CommitError> {
    this.stopping = stopping
    this.flights.stopChildren(stopping, any)
    return this.interrupt(
      ({ job: { _tag }, still }) => still || _tag === "Verify" || (_tag === "Leave" && stopping === "suspend")
    )
  }

  /** What was asked to pause is closed or reverted instead: that begins at once. */
  unwind(): void {
    if (this.stopping === "pause") this.stopping = undefined
  }

  /** Lets go of what may go on some day: interrupts it, has children pause, and waits for what has to be known. */
  withdraw(which: (job: Job) => boolean = any, awaits = isAwaited): Effect.Effect<void, CommitError> {
    this.flights.stopChildren("pauseNow", which)
    return this.interrupt(({ job, still }) => which(job) && (still || !awaits(job)))
  }

  /** Interrupts what is under way and waits for its finalizers; an attempt without an outcome is then in doubt. */
  interrupt(which: (flight: Flight) => boolean = any): Effect.Effect<void, CommitError> {
    return Effect.flatMap(this.flights.interrupt(which), (landed) =>
      landed.length === 0
        ? Effect.void
        : Effect.forEach(landed, ({ exit, job }) => this.interrupted(job, exit), { discard: true })
    )
  }

  private interrupted(job: Job, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined, CommitError> {
    if (job._tag === "Settle" && Exit.isSuccess(exit)) {
      return effectOf(this.waits.settled(job, exit as Exit.Exit<Settled, StoreError>))
    }
    if (job._tag !== "Attempt") return nothing
    const unknown = Exit.isInterrupted(exit) || parkedBy(exit) !== undefined
    return unknown ? Effect.succeed(this.outcomes.interrupted(job.path)) : effectOf(this.waits.attempted(job, exit))
  }

  /** Nothing that happens from here on can be recorded: interrupts what is under way, and waits for its finalizers. */
  get abandon(): Effect.Effect<void> {
    this.alarm.set(undefined)
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
        const ending = yield* effectOf(this.handle(yield* signals.take))
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
