/**
 * Drives one generator: performs what its cursor is blocked at on fibers, records what happens, and lets the cursor go
 * on, until the generator ends, fails, or is asked to stop. Forward runs, clean-up and reverts are all driven here.
 */
import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Option from "effect/Option"
import type * as Phase from "../authoring/Phase.js"
import type { Act, Entry } from "../core/Entry.js"
import type { Fenced, StoreError } from "../core/Errors.js"
import { defectOf, type Failure } from "../core/Failure.js"
import type { PhaseRecord } from "../core/History.js"
import type { Codec, Instruction } from "../core/Instruction.js"
import type { Cursor, Placed, Step } from "../core/Interpreter.js"
import type { Json } from "../core/Json.js"
import * as Path from "../core/Path.js"
import { Attempts } from "./Attempts.js"
import type { Config } from "./Config.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import type { Mailbox } from "./Mailbox.js"
import * as Perform from "./Perform.js"
import type { Work } from "./Work.js"
import type { Taken, Writer } from "./Writer.js"

/** What a live execution can be asked while it runs. */
export type Ask =
  | { readonly _tag: "Pause"; readonly act: Act }
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

/** One thing under way for a phase. */
interface Job {
  readonly placed: Placed
  readonly work: Work
  readonly step: "attempt" | "delay" | "verify"
  readonly effect: Effect.Effect<unknown, unknown>
  /** what the effect may ask about itself */
  readonly phase: Phase.Running | undefined
}

/** How a drive ended: where the generator came to, or why it was left there. */
export type Ending =
  | Exclude<Step, { readonly _tag: "Blocked" }>
  /** paused or handed back; recorded */
  | { readonly _tag: "Stopped" }
  /** somebody asked for the execution to be closed; recorded, and nothing of it runs any more */
  | { readonly _tag: "Closing" }
  /** the engine cannot go on here */
  | { readonly _tag: "Fault"; readonly failure: Failure }

export type DriveError = StoreError | Fenced | Taken

export interface Options {
  readonly writer: Writer
  readonly config: Config
  readonly fibers: Fibers
  /** the codec of failures that have none of their own */
  readonly error: Codec
  /** the work of a phase or an undo, or the reason why there is none */
  readonly workOf: (placed: Placed) => Work | Failure
  readonly now: () => number
  readonly signals: Mailbox<Signal>
  /** answers a request, or says that it cannot be granted now */
  readonly grant: (driver: Driver, request: Request) => Effect.Effect<Ending | undefined, DriveError>
}

const isFailure = (begun: Job | Work | Failure | undefined): begun is Failure => begun !== undefined && "_tag" in begun

const nothing = Effect.succeed(undefined)

export class Driver {
  /** why nothing new starts any more */
  stopping: "pause" | "suspend" | undefined
  private readonly attempts = new Attempts()
  readonly inFlight = new Map<string, { readonly job: Job; readonly fiber: Fiber.RuntimeFiber<unknown, unknown> }>()
  /** phases of which `verify` said that they had not happened */
  private readonly absent = new Set<string>()

  constructor(private readonly options: Options) {}

  private get history() {
    return this.options.writer.history
  }

  private stage(entry: Entry): void {
    this.options.writer.stage(entry)
  }

  /** Drives `cursor` until its generator ends, or the execution is asked to stop. */
  drive(cursor: Cursor): Effect.Effect<Ending, DriveError> {
    const self = this
    const { signals } = this.options
    return Effect.gen(function* () {
      for (;;) {
        const step = cursor.advance(self.history)
        if (step._tag !== "Blocked") return step
        if (self.stopping !== undefined && self.inFlight.size === 0) return yield* self.stop
        if (self.stopping === undefined) {
          const begun = yield* self.beginAll(step.instructions)
          if (begun === "settled") continue
          if (begun !== undefined) return begun
        }
        const ending = yield* self.handle(yield* signals.take)
        if (ending !== undefined) return ending
      }
    })
  }

  /** Starts what is not under way yet: one commit, then the fibers. `settled` if the generator can go on already. */
  private beginAll(instructions: ReadonlyArray<Placed>): Effect.Effect<Ending | "settled" | undefined, DriveError> {
    const jobs: Array<Job> = []
    let settled = false
    for (const placed of instructions) {
      if (this.inFlight.has(placed.path)) continue
      const begun = this.begin(placed)
      if (isFailure(begun)) return Effect.succeed({ _tag: "Fault", failure: begun })
      if (begun === undefined) settled = true
      else jobs.push(begun)
    }
    if (jobs.length === 0) return Effect.succeed(settled ? "settled" : undefined)
    return Effect.map(this.options.writer.flush, () => {
      for (const job of jobs) this.launch(job)
      return settled ? "settled" : undefined
    })
  }

  /** Stages what it takes to go on with a phase; nothing to run if that settles it. */
  private begin(placed: Placed): Job | Failure | undefined {
    const record = this.history.phases.get(placed.path)
    if (record === undefined && placed.scope === Path.root) {
      const reached = this.limit(placed.path)
      if (reached !== undefined) return reached
    }
    const { instruction } = placed
    if (instruction._tag === "Checkpoint") return this.mark(placed, instruction)
    if (instruction._tag === "Fail") return this.giveUp(placed, instruction, record)
    const work = this.options.workOf(placed)
    if (isFailure(work)) return instruction._tag === "Undo" ? this.refuse(placed, work, record) : work
    if (record === undefined) {
      this.start(placed)
      return this.attempt(placed, work, 1, 0)
    }
    return record.state === "delayed" ? this.afterDelay(placed, work, record) : this.resolve(placed, work, record)
  }

  /** Why the body may not start another phase. Cleaning up and undoing are never kept from it. */
  private limit(path: string): Failure | undefined {
    const { maxJournal, maxPhases } = this.options.config
    if (this.history.phases.size >= maxPhases) {
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

  private start({ instruction, kind, name, path, scope }: Placed): void {
    this.stage({
      _tag: "PhaseStarted",
      path,
      name,
      kind,
      ...(scope === "" ? {} : { scope }),
      ...(instruction._tag === "Checkpoint" && instruction.commit ? { commit: true } : {}),
      ...(instruction._tag === "Undo" ? { undoes: instruction.undoes } : {})
    })
  }

  /** A checkpoint needs no effect: it begins and ends at once, and goes with the next commit. */
  private mark(placed: Placed, instruction: Extract<Instruction, { _tag: "Checkpoint" }>): Failure | undefined {
    const data = instruction.value.encode(instruction.data)
    if (Either.isLeft(data)) return Faults.unrecordable(placed.path, "its data", data.left)
    const large = Perform.tooLarge(data.right, this.options.config.maxValue)
    if (large !== undefined) return Faults.unrecordable(placed.path, "its data", large)
    this.start(placed)
    this.succeed(placed.path, data.right)
    return undefined
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
    const phase = Perform.running(this.options.writer.id, placed.path, generation, attempt)
    return { placed, work, step: "attempt", effect: Perform.attempt(work.run, work.timeout), phase }
  }

  private again(placed: Placed, work: Work, record: PhaseRecord): Job {
    const attempt = record.attempt + 1
    this.absent.delete(placed.path)
    this.stage({ _tag: "AttemptStarted", path: placed.path, attempt })
    return this.attempt(placed, work, attempt, record.generation)
  }

  private afterDelay(placed: Placed, work: Work, record: PhaseRecord): Job | Failure {
    const last = record.attempts[record.attempts.length - 1]
    const left = last === undefined ? 0 : last.at + last.delay - this.options.now()
    return left > 0
      ? { placed, work, step: "delay", effect: Effect.sleep(left), phase: undefined }
      : this.resolve(placed, work, record)
  }

  /** The next attempt; before that, what to do with a phase that may have happened. */
  private resolve(placed: Placed, work: Work, record: PhaseRecord): Job | Failure {
    if (!record.inDoubt || this.absent.has(placed.path)) return this.again(placed, work, record)
    if (work.verify !== undefined) {
      const phase = Perform.running(this.options.writer.id, placed.path, record.generation, record.attempt)
      return { placed, work, step: "verify", effect: Perform.attempt(work.verify, undefined), phase }
    }
    return work.inDoubt === "ask"
      ? Faults.outcomeUnknown(record, "it was started, and has no outcome")
      : this.again(placed, work, record)
  }

  private launch(job: Job): void {
    const fiber = this.options.fibers.start(job.effect, job.phase)
    this.inFlight.set(job.placed.path, { job, fiber })
    fiber.addObserver((exit) => {
      this.options.signals.offer({ _tag: "Ended", job, exit })
    })
  }

  private handle(signal: Signal): Effect.Effect<Ending | undefined, DriveError> {
    switch (signal._tag) {
      case "Asked":
        return this.options.grant(this, signal.request)
      case "GraceOver":
        return Effect.as(
          this.interrupt(() => true),
          undefined
        )
      case "Ended": {
        const { exit, job } = signal
        if (this.inFlight.get(job.placed.path)?.job !== job) return nothing
        this.inFlight.delete(job.placed.path)
        if (job.step === "attempt") return this.ended(job, exit)
        return job.step === "verify"
          ? Effect.succeed(this.verified(job, exit as Exit.Exit<Option.Option<unknown>>))
          : nothing
      }
    }
  }

  /** Records how an attempt ended, and whether another follows. */
  private ended(job: Job, exit: Exit.Exit<unknown, unknown>): Effect.Effect<undefined> {
    const {
      placed: { path },
      work
    } = job
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
    const { failure } = outcome
    const mayRetry = failure._tag === "Fail" || (failure._tag === "Timeout" && work.inDoubt === "rerun")
    const next =
      work.retry === undefined || !mayRetry
        ? nothing
        : this.attempts.next(work.retry, work.error, record, failure, this.options.now())
    const { attempt } = record
    const decided = Effect.map(next, (delay) => {
      if (delay === undefined) this.stage({ _tag: "PhaseFailed", path, attempt, failures: [failure] })
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

  private succeed(path: string, value: Json | undefined): void {
    this.stage({ _tag: "PhaseSucceeded", path, ...(value === undefined ? {} : { value }) })
  }

  private verified({ placed: { path }, work }: Job, exit: Exit.Exit<Option.Option<unknown>>): Ending | undefined {
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

  /** Starts nothing new: retry delays and questions end at once, attempts go on. */
  wind(stopping: "pause" | "suspend"): Effect.Effect<void> {
    this.stopping = stopping
    return this.interrupt((job) => job.step !== "attempt")
  }

  /** What was asked to pause is closed or reverted instead: that begins at once. */
  unwind(): void {
    if (this.stopping === "pause") this.stopping = undefined
  }

  /** Nothing that happens from here on can be recorded: interrupts what is under way, and waits for its finalizers. */
  get abandon(): Effect.Effect<void> {
    return Effect.suspend(() => Fiber.interruptAll([...this.inFlight.values()].map(({ fiber }) => fiber)))
  }

  /** Interrupts what is under way and waits for its finalizers; an attempt without an outcome is then in doubt. */
  interrupt(which: (job: Job) => boolean = () => true): Effect.Effect<void> {
    const chosen = [...this.inFlight.values()].filter(({ job }) => which(job))
    for (const { job } of chosen) this.inFlight.delete(job.placed.path)
    return Effect.forEach(
      chosen,
      ({ fiber, job }) =>
        Effect.flatMap(Fiber.interrupt(fiber), (exit) => {
          if (job.step !== "attempt") return nothing
          if (!Exit.isInterrupted(exit)) return this.ended(job, exit)
          const { path } = job.placed
          this.stage({ _tag: "PhaseInterrupted", path, attempt: this.history.phases.get(path)!.attempt })
          return nothing
        }),
      { discard: true }
    )
  }

  /** Nothing is under way any more: records the pause, or that the execution is handed back. */
  private get stop(): Effect.Effect<Ending, DriveError> {
    this.stage(this.stopping === "pause" ? { _tag: "Paused" } : { _tag: "Suspended" })
    return Effect.as(this.options.writer.flush, { _tag: "Stopped" })
  }
}
