/**
 * Drives one generator: performs what its cursor is blocked at on fibers, records what happens, and lets the cursor go
 * on, until the generator ends, fails, or is asked to stop. Forward runs, clean-up and reverts are all driven here.
 */
import * as Cause from "effect/Cause"
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type * as Option from "effect/Option"
import type * as Phase from "../authoring/Phase.js"
import type { Act, Entry } from "../core/Entry.js"
import type { Fenced, StoreError } from "../core/Errors.js"
import { defectOf, type Failure } from "../core/Failure.js"
import { type Codec, type Decision, type Group, type Instruction, isComposite } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import type { Json } from "../core/Json.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import type { Consequence, Failures, Placed, Step } from "../core/Step.js"
import { Attempts } from "./Attempts.js"
import { idOf, Parked, type Stop } from "./Children.js"
import type { Config } from "./Config.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import type { Mailbox } from "./Mailbox.js"
import * as Perform from "./Perform.js"
import type { Work } from "./Work.js"
import type { Taken, Writer } from "./Writer.js"

/** What a live execution can be asked while it runs. */
export type Ask =
  /** `now`: what runs is interrupted */
  | { readonly _tag: "Pause"; readonly act: Act; readonly now: boolean }
  | { readonly _tag: "Close"; readonly act: Act; readonly revert: boolean }
  | { readonly _tag: "Suspend" }

/** `reply` is done once what was asked is on disk; with `false` if the run ended first, or its status does not allow it. */
export interface Request {
  readonly ask: Ask
  /** the order of another process that this answers */
  readonly order: number | undefined
  readonly reply: Deferred.Deferred<boolean>
}

export type Signal =
  | { readonly _tag: "Ended"; readonly job: Job; readonly exit: Exit.Exit<unknown, unknown> }
  | { readonly _tag: "Asked"; readonly request: Request }
  | { readonly _tag: "GraceOver" }
  /** the child of this job, that stood still, has moved */
  | { readonly _tag: "Moved"; readonly job: Job }

/** One thing under way, for a phase or for what is made of phases. */
interface Job {
  readonly path: string
  /** none for what has no outcome of its own */
  readonly work: Work | undefined
  /** `decide`: a strategy is asked; `leave`: children are stopped */
  readonly step: "attempt" | "delay" | "verify" | "decide" | "leave"
  readonly effect: Effect.Effect<unknown, unknown>
  /** what the effect may ask about itself */
  readonly phase: Phase.Running | undefined
  /** what a strategy is asked about */
  readonly failures?: Failures
}

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

export type DriveError = StoreError | Fenced | Taken

/** A job while it is under way. */
interface Flight {
  readonly job: Job
  /** interrupts it, and waits for its finalizers */
  readonly stop: Effect.Effect<Exit.Exit<unknown, unknown>>
  /** it waits for a child that stands still */
  readonly still: boolean
  /** how its child was asked to stop: the job is over when it has */
  asked: Stop | undefined
}

/** Something to do that has no entry of its own: stopping children. Nothing if there are none. */
export type Leaving = Effect.Effect<void, { readonly message: string }> | undefined

export interface Options {
  readonly writer: Writer
  readonly config: Config
  readonly fibers: Fibers
  /** the codec of failures that have none of their own */
  readonly error: Codec
  /** the work of a phase or an undo, or the reason why there is none */
  readonly workOf: (placed: Placed) => Work | Failure
  /** has the child that the phase at a path called stop */
  readonly stopChild: (path: string, how: Stop) => Effect.Effect<void>
  /** closes the children in something that failed, and whose failure is a value */
  readonly closeIn: (scope: string) => Leaving
  /** has the children of phases without an outcome pause */
  readonly pauseAll: () => Leaving
  readonly now: () => number
  readonly signals: Mailbox<Signal>
  /** answers a request, or says that it cannot be granted now */
  readonly grant: (driver: Driver, request: Request) => Effect.Effect<Ending | undefined, DriveError>
}

/** Stages what it takes to go on with a phase; nothing to run if that settles it. */
type Begin = () => Job | undefined

const isFailure = (begun: Begin | Work | Failure): begun is Failure => "_tag" in begun

const isCall = ({ step, work }: Job): boolean => step === "attempt" && work?.calls === "run"

/** Its author wants to know whether it happened: only a close interrupts it. */
const isAsked = ({ step, work }: Job): boolean => step === "attempt" && work?.inDoubt === "ask"

/** The job ended because its child stands still. */
const parkedBy = (exit: Exit.Exit<unknown, unknown>): Parked | undefined =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error instanceof Parked
    ? exit.cause.error
    : undefined

const nothing = Effect.succeed(undefined)
const recorded = Effect.succeed(true)
const waiting = Effect.succeed(false)

export class Driver {
  /** why nothing new starts any more */
  stopping: "pause" | "suspend" | undefined
  private readonly attempts = new Attempts()
  readonly inFlight = new Map<string, Flight>()
  /** phases of which `verify` said that they had not happened */
  private readonly absent = new Set<string>()
  /** the scopes whose children are closed */
  private readonly left = new Set<string>()
  /** how the drive ends once nothing is under way any more */
  private ending: Ending | undefined

  constructor(private readonly options: Options) {}

  private get history() {
    return this.options.writer.history
  }

  private stage(entry: Entry): void {
    this.options.writer.stage(entry)
  }

  /** Drives `cursor` until its generator ends, or the execution is asked to stop. Then nothing of it is under way. */
  drive(cursor: Cursor): Effect.Effect<Ending, DriveError> {
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
    return this.inFlight.size === 0 ? this.ending : undefined
  }

  /** Goes as far as the generator does: how the drive ends, or that there is more to see; else something is under way. */
  private goOn(cursor: Cursor): Effect.Effect<Ending | "again" | undefined, DriveError> {
    return Effect.gen(this, function* () {
      const step = cursor.advance(this.history)
      if (step._tag !== "Blocked") return yield* this.end(step)
      if (step.narrowed && (yield* this.narrow(step))) return "again"
      if (step.consequences.length > 0 && (yield* this.follow(step.consequences))) return "again"
      if (this.stopping !== undefined && this.inFlight.size === 0) return yield* this.stop
      if (this.stopping === undefined && step.instructions.length > 0) {
        const begun = yield* this.beginAll(step.instructions)
        if (begun === "settled") return "again"
        if (begun !== undefined) return yield* this.end(begun)
      }
      return this.inFlight.size === 0 && step.instructions.length === 0 && step.consequences.length === 0
        ? yield* Effect.dieMessage(`${this.options.writer.id} waits for nothing: its journal has no way on`)
        : undefined
    })
  }

  /** What still runs has no part in it any more. */
  private end(ending: Ending): Effect.Effect<Ending | undefined> {
    return Effect.map(this.withdraw(), () => {
      if (this.inFlight.size === 0) return ending
      this.ending = ending
      return undefined
    })
  }

  /** What is under way, and is not wanted any more, is let go; what led to that is on disk before. Whether anything was. */
  private narrow({ consequences, instructions }: Blocked): Effect.Effect<boolean, DriveError> {
    const paths = new Set(instructions.map(({ path }) => path))
    for (const one of consequences) paths.add("placed" in one ? one.placed.path : one.path)
    const lost = (job: Job) => !paths.has(job.path)
    const before = this.inFlight.size
    if (![...this.inFlight.values()].some(({ job }) => lost(job))) return Effect.succeed(false)
    const withdrawn = Effect.zipRight(this.options.writer.flush, this.withdraw(lost))
    return Effect.map(withdrawn, () => this.inFlight.size < before)
  }

  /** Records what follows from what is recorded. Whether it recorded anything. */
  private follow(consequences: ReadonlyArray<Consequence>): Effect.Effect<boolean, DriveError> {
    const followed = Effect.forEach(consequences, (consequence) => this.followOne(consequence))
    return Effect.map(followed, (staged) => staged.includes(true))
  }

  private followOne(consequence: Consequence): Effect.Effect<boolean, DriveError> {
    switch (consequence._tag) {
      case "Succeeded": {
        const large = Perform.tooLarge(consequence.value, this.options.config.maxValue)
        if (large === undefined) this.succeed(consequence.path, consequence.value)
        else this.failed(consequence.path, [Faults.unrecordable(consequence.path, "its result", large)])
        return recorded
      }
      case "Failed":
        if (this.isLeaving(consequence.path)) return waiting
        this.failed(consequence.path, consequence.failures)
        return recorded
      case "Undecided":
        return this.inFlight.has(consequence.placed.path) ? waiting : this.decide(consequence)
      case "Undone":
        return this.stopping === undefined ? Effect.sync(() => this.rewind(consequence)) : waiting
    }
  }

  /** Before a failure is a value, the children that it leaves behind are closed: whether that is not over. */
  private isLeaving(path: string): boolean {
    if (this.left.has(path) || this.inFlight.has(path)) return this.inFlight.has(path)
    const closing = this.options.closeIn(path)
    if (closing === undefined) return false
    if (this.stopping === undefined) this.leave(path, closing)
    return true
  }

  private leave(path: string, leaving: NonNullable<Leaving>): void {
    const effect = Effect.tap(leaving, () => Effect.sync(() => this.left.add(path)))
    this.launch({ path, work: undefined, step: "leave", effect, phase: undefined })
  }

  private failed(path: string, failures: Failures): void {
    this.stage({ _tag: "PhaseFailed", path, attempt: this.history.phases.get(path)!.attempt, failures })
  }

  /** Asks the strategy of a group what follows its failure, once that is on disk. */
  private decide(undecided: Extract<Consequence, { _tag: "Undecided" }>): Effect.Effect<boolean, DriveError> {
    const { failures, placed, tries } = undecided
    const { strategy } = placed.instruction as Group
    const last = { ...tries[tries.length - 1]!, at: this.options.now() }
    const effect = Effect.suspend(() => strategy!.next([...tries.slice(0, -1), last])) as Effect.Effect<Decision>
    return Effect.map(this.options.writer.flush, () => {
      this.launch({ path: placed.path, work: undefined, step: "decide", effect, phase: undefined, failures })
      return false
    })
  }

  /** Records what a strategy decided. One that dies gives up. */
  private decided(path: string, failures: Failures, exit: Exit.Exit<Decision>): void {
    const { attempt } = this.history.phases.get(path)!
    if (Exit.isFailure(exit)) {
      const defect: Failure = { _tag: "Die", path, defect: defectOf(Cause.squash(exit.cause)) }
      this.stage({ _tag: "Decided", path, attempt, failures: [...failures, defect], decision: "giveUp" })
      return
    }
    const decision = exit.value
    this.stage({
      _tag: "Decided",
      path,
      attempt,
      failures,
      decision: decision._tag === "Again" ? "again" : decision._tag === "GiveUp" ? "giveUp" : "revertAll",
      ...(decision._tag === "Again" && decision.value !== undefined ? { value: decision.value } : {}),
      ...(decision._tag === "Again" && decision.delay > 0 ? { delay: decision.delay } : {})
    })
  }

  /** Lets a group begin anew, now or when it is due. */
  private rewind({ due, error, placed }: Extract<Consequence, { _tag: "Undone" }>): boolean {
    const left = due - this.options.now()
    if (left <= 0) {
      this.stage({ _tag: "Rewound", to: placed.path, ...(error === undefined ? {} : { error }) })
      return true
    }
    if (!this.inFlight.has(placed.path)) {
      this.launch({ path: placed.path, work: undefined, step: "delay", effect: Effect.sleep(left), phase: undefined })
    }
    return false
  }

  /**
   * Starts what is not under way yet: one commit, then the fibers; nothing of it, where the engine cannot go on with one.
   * `settled` if the generator can go on already. Where something fails at once, or wins a race, what comes after it is not
   * started: it may be over.
   */
  private beginAll(instructions: ReadonlyArray<Placed>): Effect.Effect<Ending | "settled" | undefined, DriveError> {
    const begins = new Map<string, Begin>()
    let fresh = 0
    for (const placed of instructions) {
      if (this.inFlight.has(placed.path)) continue
      const begin = this.begin(placed, fresh)
      if (isFailure(begin)) return Effect.succeed({ _tag: "Fault", failure: begin })
      begins.set(placed.path, begin)
      if (!this.history.phases.has(placed.path)) fresh++
    }
    const jobs: Array<Job> = []
    for (const [path, begin] of begins) {
      const job = begin()
      if (job !== undefined) jobs.push(job)
      else if (this.isDecisive(path)) break
    }
    const settled = jobs.length < begins.size ? "settled" : undefined
    if (jobs.length === 0) return Effect.succeed(settled)
    return Effect.map(this.options.writer.flush, () => {
      for (const job of jobs) this.launch(job)
      return settled
    })
  }

  private isDecisive(path: string): boolean {
    const { scope, state } = this.history.phases.get(path)!
    return state === "failed" || (state === "succeeded" && this.history.phases.get(scope)?.kind === "race")
  }

  /** What it takes to go on with a phase, beside so many new ones; or why that cannot be done. */
  private begin(placed: Placed, fresh: number): Begin | Failure {
    const { instruction, path } = placed
    const record = this.history.phases.get(path)
    if (record === undefined && this.isForward(placed)) {
      const reached = this.limit(path, fresh)
      if (reached !== undefined) return reached
    }
    if (isComposite(instruction)) return () => this.start(placed)
    if (instruction._tag === "Checkpoint") return this.mark(placed, instruction)
    if (instruction._tag === "Fail") return () => this.giveUp(placed, instruction, record)
    const work = this.options.workOf(placed)
    if (isFailure(work)) return instruction._tag === "Undo" ? () => this.refuse(placed, work, record) : work
    if (record === undefined) return () => this.first(placed, work)
    return record.state === "delayed" ? this.afterDelay(placed, work, record) : this.resolve(placed, work, record)
  }

  private first(placed: Placed, work: Work): Job {
    this.start(placed)
    return this.attempt(placed, work, 1, this.history.phases.get(placed.path)!.generation)
  }

  private isForward({ scope }: Placed): boolean {
    return scope === Path.root || (this.history.phases.get(scope)?.forward ?? false)
  }

  /** Why the body may not start another phase. Cleaning up and undoing are never kept from it. */
  private limit(path: string, fresh: number): Failure | undefined {
    const { maxJournal, maxPhases } = this.options.config
    if (this.history.phases.size + fresh >= maxPhases) {
      return Faults.limitReached(path, `the execution would have more than ${maxPhases} phases`, maxPhases)
    }
    const { size } = this.options.writer
    return size < maxJournal ? undefined : Faults.limitReached(path, `the journal takes ${size} characters`, maxJournal)
  }

  /** An undo that cannot be done is recorded as one that failed, so that an operator can skip it. */
  private refuse(placed: Placed, failure: Failure, record: PhaseRecord | undefined): undefined {
    const { path } = placed
    if (record === undefined) this.start(placed)
    const attempt = this.history.phases.get(path)!.attempt
    this.stage({ _tag: "PhaseFailed", path, attempt, failures: [{ ...failure, path }] })
  }

  private start({ capture, instruction, key, kind, name, needs, path, scope }: Placed): undefined {
    const generation = this.history.generations?.get(path) ?? 0
    const { id } = this.options.writer
    const value = instruction._tag === "Group" ? instruction.strategy?.first : undefined
    this.stage({
      _tag: "PhaseStarted",
      path,
      name,
      kind,
      ...(scope === "" ? {} : { scope }),
      ...(generation === 0 ? {} : { generation }),
      ...(capture === "none" || kind === "either" || kind === "exit" ? {} : { capture }),
      ...(key === undefined ? {} : { key }),
      ...(needs === undefined ? {} : { needs }),
      ...(value === undefined ? {} : { value }),
      ...(instruction._tag === "Checkpoint" && instruction.commit ? { commit: true } : {}),
      ...(instruction._tag === "Undo" ? { undoes: instruction.undoes } : {}),
      ...(instruction._tag === "Child" ? { child: idOf(id, path, generation, instruction.id) } : {})
    })
  }

  /** A checkpoint needs no effect: it begins and ends at once, and goes with the next commit. */
  private mark(placed: Placed, instruction: Extract<Instruction, { _tag: "Checkpoint" }>): Begin | Failure {
    const data = instruction.value.encode(instruction.data)
    if (Either.isLeft(data)) return Faults.unrecordable(placed.path, "its data", data.left)
    const large = Perform.tooLarge(data.right, this.options.config.maxValue)
    if (large !== undefined) return Faults.unrecordable(placed.path, "its data", large)
    return () => {
      this.start(placed)
      return this.succeed(placed.path, data.right)
    }
  }

  private giveUp(
    placed: Placed,
    instruction: Extract<Instruction, { _tag: "Fail" }>,
    record: PhaseRecord | undefined
  ): undefined {
    const { path } = placed
    if (record === undefined) this.start(placed)
    else this.stage({ _tag: "AttemptStarted", path, attempt: record.attempt + 1 })
    const attempt = this.history.phases.get(path)!.attempt
    this.stage({
      _tag: "PhaseFailed",
      path,
      attempt,
      failures: [Perform.failureOf(instruction.error, this.options.error, path, this.options.config.maxValue)]
    })
  }

  private attempt(placed: Placed, work: Work, attempt: number, generation: number): Job {
    const phase = this.running(placed, generation, attempt)
    return { path: placed.path, work, step: "attempt", effect: Perform.attempt(work.run, work.timeout), phase }
  }

  private running({ instruction, path }: Placed, generation: number, attempt: number): Perform.Running {
    const { id } = this.options.writer
    if (instruction._tag !== "Undo") return new Perform.Running(id, path, attempt, path, generation)
    const { undoes } = instruction
    const undone = this.history.phases.get(undoes)?.generation ?? 0
    return new Perform.Running(id, path, attempt, Path.undo("revert", undoes), undone)
  }

  private again(placed: Placed, work: Work, record: PhaseRecord): Job {
    const attempt = record.attempt + 1
    this.absent.delete(placed.path)
    this.stage({ _tag: "AttemptStarted", path: placed.path, attempt })
    return this.attempt(placed, work, attempt, record.generation)
  }

  private afterDelay(placed: Placed, work: Work, record: PhaseRecord): Begin | Failure {
    const last = record.attempts[record.attempts.length - 1]
    const left = last === undefined ? 0 : last.at + last.delay - this.options.now()
    return left > 0
      ? () => ({ path: placed.path, work, step: "delay", effect: Effect.sleep(left), phase: undefined })
      : this.resolve(placed, work, record)
  }

  /** The next attempt; before that, what to do with a phase that may have happened. */
  private resolve(placed: Placed, work: Work, record: PhaseRecord): Begin | Failure {
    const again = () => this.again(placed, work, record)
    if (!record.inDoubt || this.absent.has(placed.path)) return again
    const { inDoubt, verify } = work
    if (verify !== undefined) {
      const phase = this.running(placed, record.generation, record.attempt)
      return () => ({ path: placed.path, work, step: "verify", effect: Perform.attempt(verify, undefined), phase })
    }
    return inDoubt === "ask" ? Faults.outcomeUnknown(record, "it was started, and has no outcome") : again
  }

  private launch(job: Job): void {
    const fiber = this.options.fibers.start(job.effect, job.phase)
    this.inFlight.set(job.path, { job, stop: Fiber.interrupt(fiber), still: false, asked: undefined })
    fiber.addObserver((exit) => {
      this.options.signals.offer({ _tag: "Ended", job, exit })
    })
  }

  /** Its child stands still: no fiber waits for it. It goes on when the child moves, unless it was to stop. */
  private rest(job: Job, { listen }: Parked, asked: Stop | undefined): void {
    if (asked !== undefined || this.stopping !== undefined || this.ending !== undefined) return this.doubt(job)
    const stop = listen(() => this.options.signals.offer({ _tag: "Moved", job }))
    const stopped = Effect.as(Effect.sync(stop), Exit.interrupt(FiberId.none))
    this.inFlight.set(job.path, { job, stop: stopped, still: true, asked })
  }

  private doubt({ path }: Job): void {
    this.stage({ _tag: "PhaseInterrupted", path, attempt: this.history.phases.get(path)!.attempt })
  }

  private handle(signal: Signal): Effect.Effect<Ending | undefined, DriveError> {
    switch (signal._tag) {
      case "Asked":
        return this.options.grant(this, signal.request)
      case "Moved": {
        const flight = this.inFlight.get(signal.job.path)
        if (flight?.job !== signal.job || !flight.still) return nothing
        return Effect.map(flight.stop, () => this.launch(signal.job) as undefined)
      }
      case "GraceOver":
        return Effect.as(
          this.interrupt(() => true),
          undefined
        )
      case "Ended": {
        const { exit, job } = signal
        const flight = this.inFlight.get(job.path)
        if (flight?.job !== job || flight.still) return nothing
        this.inFlight.delete(job.path)
        const { failures, path, step, work } = job
        const parked = parkedBy(exit)
        if (parked !== undefined) return Effect.sync(() => this.rest(job, parked, flight.asked) as undefined)
        if (step === "leave") return Effect.sync(() => this.leftWith(exit))
        if (failures !== undefined) this.decided(path, failures, exit as Exit.Exit<Decision>)
        if (work === undefined) return nothing
        if (step === "attempt") return this.ended(path, work, exit)
        return step === "verify"
          ? Effect.map(nothing, () => this.verified(path, work, exit as Exit.Exit<Option.Option<unknown>>))
          : nothing
      }
    }
  }

  /** A child that cannot be closed stops its parent. */
  private leftWith(exit: Exit.Exit<unknown, unknown>): Ending | undefined {
    if (Exit.isSuccess(exit) || Exit.isInterrupted(exit)) return undefined
    const { message } = defectOf(Cause.squash(exit.cause))
    return { _tag: "Fault", failure: Faults.child(this.history.position, "ChildStopped", message) }
  }

  /** Records how an attempt ended, and whether another follows. */
  private ended(path: string, work: Work, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined> {
    const { maxValue } = this.options.config
    const outcome = Perform.outcomeOf(exit, { value: work.value, error: work.error, maxValue }, path)
    if (outcome._tag === "Succeeded") {
      this.succeed(path, outcome.value)
      const size = Perform.sizeOf(outcome.value)
      return size <= maxValue / 10
        ? nothing
        : Effect.as(
            Effect.logWarning(
              `phase ${path} of ${this.options.writer.id} records ${size} characters: keep large values elsewhere`
            ),
            undefined
          )
    }
    const record = this.history.phases.get(path)!
    const [failure] = outcome.failures
    const mayRetry = failure._tag === "Fail" || (failure._tag === "Timeout" && work.inDoubt === "rerun")
    const next =
      work.retry === undefined || !mayRetry
        ? nothing
        : this.attempts.next(work.retry, work.error, record, failure, this.options.now())
    const { attempt } = record
    const decided = Effect.map(next, (delay) => {
      if (delay === undefined) this.stage({ _tag: "PhaseFailed", path, attempt, failures: outcome.failures })
      else this.stage({ _tag: "AttemptFailed", path, attempt, failure, delay })
      return undefined
    })
    return Effect.catchAllDefect(decided, (defect) => {
      this.stage({
        _tag: "PhaseFailed",
        path,
        attempt,
        failures: [{ _tag: "Die", path, defect: defectOf(defect) }, failure]
      })
      return nothing
    })
  }

  private succeed(path: string, value: Json | undefined): undefined {
    this.stage({ _tag: "PhaseSucceeded", path, ...(value === undefined ? {} : { value }) })
  }

  private verified(path: string, work: Work, exit: Exit.Exit<Option.Option<unknown>>): Ending | undefined {
    const record = this.history.phases.get(path)!
    const fault = (failure: Failure): Ending => ({ _tag: "Fault", failure })
    if (Exit.isFailure(exit)) {
      return fault(Faults.outcomeUnknown(record, `verify failed with ${Perform.describe(exit.cause)}`))
    }
    if (exit.value._tag === "None") {
      this.absent.add(path)
      return undefined
    }
    const value = work.value.encode(exit.value.value)
    if (Either.isLeft(value)) return fault(Faults.unrecordable(path, "what verify answers", value.left))
    this.succeed(path, value.right)
    return undefined
  }

  /** Starts nothing new: retry delays and verifications end at once, attempts and strategies go on; children stop too. */
  wind(stopping: "pause" | "suspend"): Effect.Effect<void> {
    this.stopping = stopping
    this.stopChildren(stopping)
    return this.interrupt(
      ({ job: { step }, still }) =>
        still || step === "delay" || step === "verify" || (step === "leave" && stopping === "suspend")
    )
  }

  /** Lets go of what may go on some day: interrupts it, has children pause, and waits for what has to be known. */
  withdraw(which: (job: Job) => boolean = () => true): Effect.Effect<void> {
    this.stopChildren("pauseNow", which)
    return this.interrupt(({ job, still }) => which(job) && (still || !(isCall(job) || isAsked(job))))
  }

  /** Their phases are let go of when they have stopped; what is being reverted is only handed back. */
  private stopChildren(how: Stop, which: (job: Job) => boolean = () => true): void {
    for (const flight of this.inFlight.values()) {
      const { asked, job, still } = flight
      const stops = isCall(job) || (how === "suspend" && job.work?.calls === "undo" && job.step === "attempt")
      if (!stops || still || asked === how || !which(job)) continue
      flight.asked = how
      this.options.fibers.start(this.options.stopChild(job.path, how), undefined)
    }
  }

  /** Stops children while nothing else is under way; an ending if that cannot be done, or something else comes first. */
  aside(leaving: Leaving): Effect.Effect<Ending | undefined, DriveError> {
    if (leaving === undefined) return nothing
    const self = this
    return Effect.gen(function* () {
      const path = Path.root
      self.left.delete(path)
      self.leave(path, leaving)
      while (!self.left.has(path)) {
        if (self.stopping === "suspend" && self.inFlight.size === 0) return yield* self.handBack
        const ending = yield* self.handle(yield* self.options.signals.take)
        if (ending !== undefined) return ending
      }
      return undefined
    })
  }

  /** What was asked to pause is closed or reverted instead: that begins at once. */
  unwind(): void {
    if (this.stopping === "pause") this.stopping = undefined
  }

  /** Nothing that happens from here on can be recorded: interrupts what is under way, and waits for its finalizers. */
  get abandon(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach([...this.inFlight.values()], ({ stop }) => stop, { concurrency: "unbounded", discard: true })
    )
  }

  /** Interrupts what is under way and waits for its finalizers; an attempt without an outcome is then in doubt. */
  interrupt(which: (flight: Flight) => boolean = () => true): Effect.Effect<void> {
    const chosen = [...this.inFlight.values()].filter(which)
    for (const { job } of chosen) this.inFlight.delete(job.path)
    const ended = Effect.forEach(chosen, ({ stop }) => stop, { concurrency: "unbounded" })
    return Effect.flatMap(ended, (exits) =>
      Effect.forEach(
        chosen,
        ({ job }, index) => {
          const exit = exits[index]!
          if (job.step !== "attempt" || job.work === undefined) return nothing
          if (!Exit.isInterrupted(exit) && parkedBy(exit) === undefined) return this.ended(job.path, job.work, exit)
          this.doubt(job)
          return nothing
        },
        { discard: true }
      )
    )
  }

  /** Nothing is under way any more: records the pause, or that the execution is handed back. */
  private get stop(): Effect.Effect<Ending, DriveError> {
    if (this.stopping === "suspend") return this.handBack
    return Effect.flatMap(this.aside(this.options.pauseAll()), (ending) => {
      if (ending !== undefined) return Effect.succeed(ending)
      this.stage({ _tag: "Paused" })
      return Effect.as(this.options.writer.flush, { _tag: "Stopped" as const })
    })
  }

  private get handBack(): Effect.Effect<Ending, DriveError> {
    this.stage({ _tag: "Suspended" })
    return Effect.as(this.options.writer.flush, { _tag: "Stopped" })
  }
}
