/**
 * Drives one generator: performs what its cursor is blocked at on fibers, records what happens, and lets the cursor go
 * on, until the generator ends, fails, or is asked to stop. Forward runs, clean-up and reverts are all driven here.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import { Later } from "../authoring/Later.js"
import type { StoreError } from "../core/Errors.js"
import { defectOf, type Failure } from "../core/Failure.js"
import type { Decision } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { Placed, Step } from "../core/Step.js"
import { Alarm } from "./Alarm.js"
import type { Parked } from "./Children.js"
import { Consequences } from "./Consequences.js"
import type { Deadlines } from "./Deadlines.js"
import { type Family, isOpen, type Leaving } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import { type Flight, Flights, parkedBy } from "./Flights.js"
import { type Active, type Attempt, isAsked, isCall, type Job, type Settle, type Settled, type Start } from "./Job.js"
import type { Mailbox } from "./Mailbox.js"
import { Outcomes } from "./Outcomes.js"
import { TimedOut } from "./Perform.js"
import type { Post } from "./Post.js"
import type { Request, Signal } from "./Signal.js"
import { isFailure, type StartOptions, Starts } from "./Starts.js"
import type { Tokens } from "./Tokens.js"
import { least, Waits } from "./Waits.js"
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
  readonly post: Post
  readonly tokens: Tokens
  readonly deadlines: Deadlines
  /** answers a request, or says that it cannot be granted now */
  readonly grant: (driver: Driver, request: Request) => Effect.Effect<Ending | undefined, CommitError>
}

const nothing = Effect.succeed(undefined)
const any = () => true

/** It is not interrupted: it is over when its child has stopped, or when its author knows whether it happened. */
const isAwaited = (job: Job): boolean => isCall(job) || isAsked(job)

/** Its time was over. */
const isLate = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error instanceof TimedOut

const faultOf = (failure: Failure | undefined): Ending | undefined => failure && { _tag: "Fault", failure }

export class Driver {
  /** why nothing new starts any more */
  stopping: "pause" | "suspend" | undefined
  private readonly outcomes: Outcomes
  private readonly waits: Waits
  private readonly starts: Starts
  private readonly alarm: Alarm
  private readonly flights: Flights
  private readonly consequences: Consequences
  /** how the drive ends once nothing is under way any more */
  private ending: Ending | undefined

  constructor(private readonly options: Options) {
    const { config, family, fibers, now, post, signals, tokens, writer } = options
    this.outcomes = new Outcomes(writer, config, now)
    this.waits = new Waits(writer, this.outcomes, post, tokens, now)
    this.starts = new Starts(options, this.outcomes, tokens, this.waits)
    this.flights = new Flights(fibers, signals, family)
    this.alarm = new Alarm(fibers, signals, now)
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
        if (gone !== undefined) return self.gone(gone)
        // What has ended is on disk while others go on.
        yield* self.options.writer.flush
        if (self.mayRest) {
          const rested = yield* self.letGo
          if (rested === "again") continue
          return self.gone(rested)
        }
        self.alarm.set(self.due)
        for (let signal = yield* signals.take; signal !== undefined; signal = signals.poll() as Signal) {
          const ending = yield* self.handle(signal)
          if (ending !== undefined) return self.gone(ending)
        }
      }
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

  /** Goes as far as the generator does: how the drive ends, or that there is more to see; else something is under way. */
  private goOn(cursor: Cursor): Effect.Effect<Ending | "again" | undefined, CommitError> {
    return Effect.gen(this, function* () {
      const { options, stopping } = this
      const step = cursor.advance(options.writer.history)
      if (step._tag !== "Blocked") return yield* this.end(step)
      const late = this.options.deadlines.pass(this.options.now())
      if (late === "again") return late
      if (late !== undefined) return yield* this.end(late, isCall)
      const { consequences } = step
      const mayStart = stopping === undefined
      if (step.narrowed && (yield* this.narrow(step))) return "again"
      if (consequences.length > 0 && (yield* this.consequences.follow(consequences, mayStart))) return "again"
      if (!mayStart && this.idle) return yield* this.stop
      const { instructions } = step
      if (mayStart && instructions.length > 0) {
        const begun = yield* this.begin(instructions)
        if (begun === "settled") return "again"
        if (begun !== undefined) return yield* this.end(begun)
      }
      return this.idle && instructions.length === 0 && consequences.length === 0
        ? yield* Effect.dieMessage(`${options.writer.id} waits for nothing: its journal has no way on`)
        : undefined
    })
  }

  /** What still runs has no part in it any more. */
  private end(ending: Ending, awaits = isAwaited): Effect.Effect<Ending | undefined, CommitError> {
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

  /**
   * Starts what is not under way yet: one commit, then the fibers; nothing of it, where the engine cannot go on with one.
   * `settled` if the generator can go on already. Where something fails at once, or wins a race, what comes after it is not
   * started: it may be over.
   */
  private begin(instructions: ReadonlyArray<Placed>): Effect.Effect<Ending | "settled" | undefined, CommitError> {
    const { post, writer } = this.options
    const isNew = ({ path }: Placed) => !this.flights.has(path)
    const asks = (placed: Placed) => isNew(placed) && Waits.asks(placed, writer.history.phases.get(placed.path))
    return instructions.some(asks)
      ? Effect.flatMap(post.look, () => this.startAll(instructions.filter(isNew)))
      : this.startAll(instructions.filter(isNew))
  }

  private startAll(instructions: ReadonlyArray<Placed>): Effect.Effect<Ending | "settled" | undefined, CommitError> {
    const { writer } = this.options
    const starts = new Map<string, Start>()
    let fresh = 0
    for (const placed of instructions) {
      const start = this.starts.of(placed, fresh)
      if (isFailure(start)) return Effect.succeed({ _tag: "Fault", failure: start })
      starts.set(placed.path, start)
      if (!writer.history.phases.has(placed.path)) fresh++
    }
    const jobs: Array<Active> = []
    let begun = 0
    for (const [path, start] of starts) {
      const job = start()
      if (job === undefined) {
        if (this.isDecisive(path)) break
        continue
      }
      begun++
      // What only rests needs nothing on disk: it goes with the next commit.
      if (job._tag === "Rest") this.flights.launch(job)
      else jobs.push(job)
    }
    const settled = begun < starts.size ? "settled" : undefined
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
      case "Due":
        return Effect.sync(() => this.flights.rouse(this.options.now()) as undefined)
      case "Letters":
        return Effect.sync(() => this.heard())
      case "Token":
        return this.giveToken(signal.path, signal.reply)
      case "Ended":
        return this.ended(signal.job, signal.exit)
    }
  }

  private ended(job: Active, exit: Exit.Exit<unknown, unknown>): Effect.Effect<Ending | undefined, CommitError> {
    const flight = this.flights.land(job)
    if (flight === undefined) return nothing
    const parked = parkedBy(exit)
    if (parked !== undefined) return Effect.sync(() => this.rest(job, parked, flight))
    switch (job._tag) {
      case "Attempt":
        return this.attempted(job, exit)
      case "Settle":
        return this.settled(job, exit as Exit.Exit<Settled, StoreError>)
      case "Verify":
        return Effect.sync(() => faultOf(this.starts.verified(job, exit as Exit.Exit<Option.Option<unknown>>)))
      case "Decide":
        return Effect.sync(() => this.outcomes.decided(job, exit as Exit.Exit<Decision>))
      case "Leave":
        return Effect.sync(() => this.leftWith(exit))
    }
  }

  /** An attempt is over. One that has given out a token ends it, unless somebody has made use of it: then that counts. */
  private attempted(job: Attempt, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined, CommitError> {
    if (Exit.isSuccess(exit) && exit.value instanceof Later) return Effect.succeed(this.later(job, exit.value))
    const token = this.tokenOf(job)
    if (token === undefined) return this.outcomes.attempted(job, exit)
    const as = isLate(exit) ? "expired" : "closed"
    return Effect.flatMap(this.options.tokens.end(token, as), (ended) => {
      if (ended === "ended") return this.outcomes.attempted(job, exit)
      this.options.post.stale()
      return Effect.succeed(this.waits.begin(job, new Later(undefined, undefined)))
    })
  }

  private later(job: Attempt, later: Later): undefined {
    if (this.tokenOf(job) !== undefined) return this.waits.begin(job, later)
    const message = "it answered Phase.later and has asked for no Phase.token: nobody could complete it"
    this.outcomes.failed(job.path, [{ _tag: "Die", path: job.path, defect: { name: "LaterWithoutToken", message } }])
  }

  private tokenOf({ path, work }: Attempt): string | undefined {
    return work.token === undefined ? undefined : this.options.writer.history.phases.get(path)?.token
  }

  private settled(job: Settle, exit: Exit.Exit<Settled, StoreError>): Effect.Effect<undefined, CommitError> {
    if (Exit.isFailure(exit)) return Effect.failCause(exit.cause)
    const { exit: outcome, letter } = exit.value
    if (outcome === undefined) return nothing
    if (letter !== undefined) {
      const { post, tokens, writer } = this.options
      if (writer.history.phases.get(job.path)!.state !== "waiting") tokens.told(letter.key, undefined)
      post.take(letter)
    }
    return this.outcomes.attempted(job, outcome)
  }

  private giveToken(path: string, reply: Deferred.Deferred<string>): Effect.Effect<undefined, CommitError> {
    const { tokens, writer } = this.options
    const work = this.flights.workAt(path)
    if (work?.token === undefined) return nothing
    const hash = this.waits.tokenMade(path, work.token)
    return Effect.zipRight(writer.flush, Effect.as(Deferred.succeed(reply, tokens.handed(hash)), undefined))
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

  // --- resting

  /** When something is to be done next, in milliseconds UTC. */
  private get due(): number | undefined {
    return least(this.flights.due, this.options.deadlines.next)
  }

  /** Only waits are left, and there is time until the next of them is over. */
  private get mayRest(): boolean {
    const { config, now, signals, writer } = this.options
    if (writer.history.status !== "Running" || this.stopping !== undefined || this.ending !== undefined) return false
    if (!this.flights.still || !signals.isEmpty) return false
    const { due } = this
    return due === undefined || due - now() > Duration.toMillis(config.awake)
  }

  /** Lets the execution go until something is due, or somebody sends it something. */
  private get letGo(): Effect.Effect<Ending | "again", CommitError> {
    const { post, writer } = this.options
    if (!post.known)
      return Effect.as(
        Effect.map(post.look, () => this.flights.rouseAll()),
        "again" as const
      )
    const { due } = this
    for (const path of this.flights.parked) {
      const record = writer.history.phases.get(path)!
      if (record.state === "running") writer.stage({ _tag: "PhaseWaiting", path, attempt: record.attempt })
    }
    writer.stage({ _tag: "Waiting", ...(due === undefined ? {} : { until: due }) })
    writer.rest({ wake: due ?? null, seen: post.seen })
    return Effect.as(Effect.zipRight(writer.flush, this.flights.interrupt(any)), { _tag: "Stopped" as const })
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
      Effect.forEach(landed, ({ exit, job }) => this.interrupted(job, exit), { discard: true })
    )
  }

  private interrupted(job: Job, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined, CommitError> {
    if (job._tag === "Settle" && Exit.isSuccess(exit)) return this.settled(job, exit as Exit.Exit<Settled, StoreError>)
    if (job._tag !== "Attempt") return nothing
    const unknown = Exit.isInterrupted(exit) || parkedBy(exit) !== undefined
    return unknown ? Effect.succeed(this.outcomes.interrupted(job.path)) : this.attempted(job, exit)
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
