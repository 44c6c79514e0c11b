/**
 * What it takes to go on with an instruction that has no outcome: its start, its next attempt, and what comes before that:
 * a delay, or the question whether it happened.
 */
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type * as Option from "effect/Option"
import type { Failure } from "../core/Failure.js"
import { type Codec, type Instruction, isComposite } from "../core/Instruction.js"
import type { Keep } from "../core/Keep.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import * as Spine from "../core/Spine.js"
import type { Placed } from "../core/Step.js"
import type { Config } from "./Config.js"
import * as Faults from "./Faults.js"
import { type Job, rest, type Start, type Verify } from "./Job.js"
import type { Outcomes } from "./Outcomes.js"
import * as Perform from "./Perform.js"
import * as Started from "./Started.js"
import type { Tokens } from "./Tokens.js"
import type { Waits } from "./Waits.js"
import type { Work } from "./Work.js"
import type { Writer } from "./Writer.js"

export interface StartOptions {
  readonly writer: Writer
  readonly config: Config
  /** the codec of failures that have none of their own */
  readonly error: Codec
  /** the work of a phase or an undo, or the reason why there is none */
  readonly workOf: (placed: Placed) => Work | Failure
  readonly now: () => number
  /** the checkpoints that the body may come to; none: any */
  readonly checkpoints: ReadonlySet<string> | undefined
  /** how much of its past it keeps */
  readonly keep: Keep
}

export const isFailure = (start: Start | ReadonlyArray<Start> | Work | Failure): start is Failure => "_tag" in start

export class Starts {
  /** phases of which `verify` said that they had not happened */
  private absent: Set<string> | undefined

  constructor(
    private readonly options: StartOptions,
    private readonly outcomes: Outcomes,
    private readonly tokens: Tokens,
    private readonly waits: Waits
  ) {}

  private get history() {
    return this.options.writer.history
  }

  /** What it takes to go on with these; or why that cannot be done with one of them. */
  all(idle: ReadonlyArray<Placed>): ReadonlyArray<Start> | Failure {
    const starts: Array<Start> = []
    let fresh = 0
    for (const placed of idle) {
      const start = this.of(placed, fresh)
      if (isFailure(start)) return start
      starts.push(start)
      if (!this.history.phases.has(placed.path)) fresh++
    }
    return starts
  }

  /** Beside so many new ones. */
  private of(placed: Placed, fresh: number): Start | Failure {
    const { instruction, path } = placed
    const record = this.history.phases.get(path)
    if (record === undefined && this.isForward(placed)) {
      const reached = this.limit(path, fresh)
      if (reached !== undefined) return reached
    }
    if (isComposite(instruction)) return () => this.start(placed)
    if (instruction._tag === "Checkpoint") return this.mark(placed, instruction)
    if (instruction._tag === "Changed") return () => this.change(placed)
    if (instruction._tag === "Fail") return () => this.giveUp(placed, instruction, record)
    if (instruction._tag === "Sleep") {
      return this.waits.sleep(placed, instruction, record, (until) => this.start(placed, { until }))
    }
    if (instruction._tag === "Signal") {
      return this.waits.signal(placed, instruction, record, (until) => this.await(placed, record, until))
    }
    const work = this.options.workOf(placed)
    if (isFailure(work)) return instruction._tag === "Undo" ? () => this.refuse(placed, work, record) : work
    if (record === undefined) return () => this.first(placed, work)
    if (record.state === "waiting") return this.goOn(placed, work, record)
    return record.state === "delayed" ? this.afterDelay(placed, work, record) : this.resolve(placed, work, record)
  }

  private isForward({ scope }: Placed): boolean {
    return Path.isBody(scope) || (this.history.phases.get(scope)?.forward ?? false)
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

  /** Begins to wait, for the first time or anew. */
  private await(placed: Placed, record: PhaseRecord | undefined, until: number | undefined): undefined {
    const limit = until === undefined ? {} : { until }
    if (record === undefined) return this.start(placed, limit)
    this.next(record)
    this.options.writer.stage({ _tag: "PhaseWaiting", path: placed.path, attempt: record.attempt, ...limit })
  }

  private start(placed: Placed, wait: Started.Wait = {}): undefined {
    const { id } = this.options.writer
    this.options.writer.stage(Started.of(id, this.history, placed, wait))
  }

  // --- what has no effect

  /** A checkpoint begins and ends at once, and goes with the next commit. */
  private mark(placed: Placed, instruction: Extract<Instruction, { _tag: "Checkpoint" }>): Start | Failure {
    const { checkpoints } = this.options
    if (this.isForward(placed) && checkpoints?.has(placed.name) === false) return Faults.undeclared(placed)
    const data = instruction.value.encode(instruction.data)
    if (Either.isLeft(data)) return Faults.unrecordable(placed.path, "its data", data.left)
    const large = Perform.tooLarge(data.right, this.options.config.maxValue)
    if (large !== undefined) return Faults.unrecordable(placed.path, "its data", large)
    return () => {
      this.start(placed)
      this.outcomes.succeeded(placed.path, data.right)
      if (Path.isBody(placed.scope)) this.options.writer.keep(instruction.keep ?? this.options.keep)
      return this.stopAt(placed, instruction)
    }
  }

  /** The first code that comes here has this change; that goes with the next commit. */
  private change(placed: Placed): undefined {
    this.start(placed)
    this.outcomes.succeeded(placed.path, true)
  }

  /** The execution pauses at a checkpoint of its body that says so, or at the one that somebody wants it to come to. */
  private stopAt(placed: Placed, { pause }: Extract<Instruction, { _tag: "Checkpoint" }>): undefined {
    const { history } = this
    if (history.status !== "Running" || !this.isForward(placed)) return
    if (!pause && !Spine.isGoal(history, placed)) return
    this.options.writer.stage({ _tag: "PauseRequested", act: {}, at: placed.path })
  }

  private giveUp(
    placed: Placed,
    instruction: Extract<Instruction, { _tag: "Fail" }>,
    record: PhaseRecord | undefined
  ): undefined {
    const { path } = placed
    const { config, error } = this.options
    if (record === undefined) this.start(placed)
    else this.next(record)
    return this.outcomes.failed(path, [Perform.failureOf(instruction.error, error, path, config.maxValue)])
  }

  /** An undo that cannot be done is recorded as one that failed, so that an operator can skip it. */
  private refuse(placed: Placed, failure: Failure, record: PhaseRecord | undefined): undefined {
    const { path } = placed
    if (record === undefined) this.start(placed)
    return this.outcomes.failed(path, [{ ...failure, path }])
  }

  // --- attempts

  private first(placed: Placed, work: Work): Job {
    this.start(placed, this.token(placed))
    return this.attempt(placed, work, this.history.phases.get(placed.path)!)
  }

  private again(placed: Placed, work: Work, record: PhaseRecord): Job {
    this.absent?.delete(placed.path)
    this.next(record, record.token === undefined ? this.token(placed) : {})
    return this.attempt(placed, work, record)
  }

  private next({ attempt, path }: PhaseRecord, token: { readonly token?: string } = {}): void {
    this.options.writer.stage({ _tag: "AttemptStarted", path, attempt: attempt + 1, ...token })
  }

  /** A delegate has a token before it begins. */
  private token({ instruction, path }: Placed): { readonly token?: string } {
    return instruction._tag === "Run" && instruction.delegate ? { token: this.waits.tokenFor(path, instruction) } : {}
  }

  /** What waits: for who completes it; or a call, for its child. */
  private goOn(placed: Placed, work: Work, record: PhaseRecord): Start | Failure {
    if (record.token !== undefined) return this.waits.completion(placed, work, record)
    return () => {
      this.options.writer.stage({ _tag: "AttemptStarted", path: placed.path, attempt: record.attempt })
      return this.attempt(placed, work, record)
    }
  }

  private attempt(placed: Placed, work: Work, record: PhaseRecord): Job {
    const effect = Perform.attempt(work.run, work.timeout)
    return { _tag: "Attempt", path: placed.path, work, effect, phase: this.running(placed, record, this.tokens) }
  }

  private running(
    { instruction, path }: Placed,
    { attempt, generation }: PhaseRecord,
    tokens?: Tokens
  ): Perform.Running {
    const { id } = this.options.writer
    if (instruction._tag !== "Undo") return new Perform.Running(id, path, attempt, path, generation, tokens)
    const { undoes } = instruction
    const undone = this.history.phases.get(undoes)?.generation ?? 0
    return new Perform.Running(id, path, attempt, Path.undo("revert", undoes), undone, undefined)
  }

  private afterDelay(placed: Placed, work: Work, record: PhaseRecord): Start | Failure {
    const last = record.attempts[record.attempts.length - 1]
    const left = last === undefined ? 0 : last.at + last.delay - this.options.now()
    return left > 0 ? () => rest(placed.path, this.options.now() + left) : this.resolve(placed, work, record)
  }

  /** The next attempt; before that, what to do with a phase that may have happened, or that somebody has completed. */
  private resolve(placed: Placed, work: Work, record: PhaseRecord): Start | Failure {
    const completed = this.waits.beforeWaiting(placed, work, record)
    if (completed !== undefined) return completed
    const again = () => this.again(placed, work, record)
    if (!record.inDoubt || this.absent?.has(placed.path)) return again
    const { inDoubt, verify } = work
    if (verify !== undefined) return () => this.verify(placed, work, verify, record)
    return inDoubt === "ask" ? Faults.outcomeUnknown(record, "it was started, and has no outcome") : again
  }

  private verify(placed: Placed, work: Work, verify: NonNullable<Work["verify"]>, record: PhaseRecord): Job {
    const effect = Perform.attempt(verify, undefined)
    return { _tag: "Verify", path: placed.path, work, effect, phase: this.running(placed, record) }
  }

  /** `verify` has answered: the phase happened, or may be tried again. The failure is why neither is known. */
  verified({ path, work }: Verify, exit: Exit.Exit<Option.Option<unknown>, unknown>): Failure | undefined {
    if (Exit.isFailure(exit)) {
      const record = this.history.phases.get(path)!
      return Faults.outcomeUnknown(record, `verify failed with ${Perform.describe(exit.cause)}`)
    }
    if (exit.value._tag === "None") {
      this.absent ??= new Set()
      this.absent.add(path)
      return undefined
    }
    const value = work.value.encode(exit.value.value)
    if (Either.isLeft(value)) return Faults.unrecordable(path, "what verify answers", value.left)
    return this.outcomes.succeeded(path, value.right)
  }
}
