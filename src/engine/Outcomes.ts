/** Records how phases end, and what attempts and strategies come to. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { defectOf, type Failure } from "../core/Failure.js"
import type { Decision } from "../core/Instruction.js"
import type { Json } from "../core/Json.js"
import type { Failures } from "../core/Step.js"
import { Attempts } from "./Attempts.js"
import type { Config } from "./Config.js"
import type { Attempt, Decide, Settle } from "./Job.js"
import * as Perform from "./Perform.js"
import type { CommitError, Writer } from "./Writer.js"

/** An answer at once, or an effect that comes to it: most phases take none, and an effect costs more than what it does. */
export type AtOnce<A> = A | Effect.Effect<A, CommitError>

export const effectOf = <A>(atOnce: AtOnce<A>): Effect.Effect<A, CommitError> =>
  Effect.isEffect(atOnce) ? (atOnce as Effect.Effect<A, CommitError>) : Effect.succeed(atOnce as A)

const decisions = { Again: "again", Pause: "pause", GiveUp: "giveUp", RevertAll: "revertAll" } as const

export class Outcomes {
  private readonly attempts = new Attempts()

  constructor(
    private readonly writer: Writer,
    private readonly config: Config,
    private readonly now: () => number
  ) {}

  /** What was left for a stage has no outcome any more. */
  forget(): void {
    this.attempts.forget()
  }

  private recordOf(path: string) {
    return this.writer.history.phases.get(path)!
  }

  succeeded(path: string, value: Json | undefined): undefined {
    this.writer.stage({ _tag: "PhaseSucceeded", path, ...(value === undefined ? {} : { value }) })
  }

  failed(path: string, failures: Failures): undefined {
    this.writer.stage({ _tag: "PhaseFailed", path, attempt: this.recordOf(path).attempt, failures })
  }

  /** An attempt without an outcome: it is in doubt. */
  interrupted(path: string): undefined {
    this.writer.stage({ _tag: "PhaseInterrupted", path, attempt: this.recordOf(path).attempt })
  }

  /** How an attempt ended, and whether another follows. */
  attempted({ path, work }: Attempt | Settle, exit: Exit.Exit<unknown, unknown>): AtOnce<undefined> {
    const { maxValue } = this.config
    const outcome = Perform.outcomeOf(exit, { value: work.value, error: work.error, maxValue }, path)
    if (outcome._tag === "Succeeded") {
      this.succeeded(path, outcome.value)
      return this.isLarge(outcome.value) ? this.warn(path, Perform.sizeOf(outcome.value)) : undefined
    }
    const { failures } = outcome
    const [failure] = failures
    const mayRetry = failure._tag === "Fail" || (failure._tag === "Timeout" && work.inDoubt === "rerun")
    if (work.retry === undefined || !mayRetry) return this.failed(path, failures)
    const record = this.recordOf(path)
    const decided = Effect.map(
      this.attempts.next(work.retry, work.error, record, failure, this.now()),
      (delay): undefined => {
        if (delay === undefined) return this.failed(path, failures)
        this.writer.stage({ _tag: "AttemptFailed", path, attempt: record.attempt, failure, delay })
      }
    )
    return Effect.catchAllDefect(decided, (defect) =>
      Effect.succeed(this.failed(path, [{ _tag: "Die", path, defect: defectOf(defect) }, failure]))
    )
  }

  /** Its author is told that it should be kept elsewhere. */
  isLarge(value: Json | undefined): boolean {
    return Perform.sizeOf(value) > this.config.maxValue / 10
  }

  private warn(path: string, size: number): Effect.Effect<undefined> {
    const { id } = this.writer
    const warning = `phase ${path} of ${id} records ${size} characters: keep large values elsewhere`
    return Effect.as(Effect.logWarning(warning), undefined)
  }

  /** What a strategy decided. One that dies gives up. */
  decided({ failures, path }: Decide, exit: Exit.Exit<Decision>): undefined {
    const { attempt } = this.recordOf(path)
    if (Exit.isFailure(exit)) {
      const defect: Failure = { _tag: "Die", path, defect: defectOf(Cause.squash(exit.cause)) }
      this.writer.stage({ _tag: "Decided", path, attempt, failures: [...failures, defect], decision: "giveUp" })
      return
    }
    const decision = exit.value
    const again = decision._tag === "Again" ? decision : undefined
    this.writer.stage({
      _tag: "Decided",
      path,
      attempt,
      failures,
      decision: decisions[decision._tag],
      ...(again?.value === undefined ? {} : { value: again.value }),
      ...(again === undefined || again.delay <= 0 ? {} : { delay: again.delay })
    })
  }
}
