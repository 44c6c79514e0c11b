/** What waits: for a time, for a signal, or for somebody outside who completes a phase. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { type AnyLater, Later } from "../authoring/Later.js"
import type { StoreError } from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import { type Run, remoteOf, type Signal, type Sleep } from "../core/Instruction.js"
import type { Json, Problem } from "../core/Json.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import type { Placed } from "../core/Step.js"
import type { Letter } from "../store/Store.js"
import * as Completion from "./Completion.js"
import * as Faults from "./Faults.js"
import { type Attempt, rest, type Settle, type Settled, type Start } from "./Job.js"
import type { AtOnce, Outcomes } from "./Outcomes.js"
import * as Perform from "./Perform.js"
import type { Post } from "./Post.js"
import type { Tokens } from "./Tokens.js"
import type { Work } from "./Work.js"
import type { CommitError, Writer } from "./Writer.js"

const again: Settled = { exit: undefined, letter: undefined }

export class Waits {
  /** when those who complete phases were heard of last, by path */
  private heard: Map<string, number> | undefined

  constructor(
    private readonly writer: Writer,
    private readonly outcomes: Outcomes,
    private readonly post: Post,
    private readonly tokens: Tokens,
    private readonly now: () => number
  ) {}

  private recordOf(path: string): PhaseRecord {
    return this.writer.history.phases.get(path)!
  }

  /** Whether going on with this takes a look at what was sent. */
  static asks({ instruction }: Placed, record: PhaseRecord | undefined): boolean {
    return instruction._tag === "Signal" || record?.token !== undefined
  }

  // --- a time

  sleep({ path }: Placed, instruction: Sleep, record: PhaseRecord | undefined, start: (until: number) => void): Start {
    return () => {
      const now = this.now()
      const until = record?.until ?? instruction.until(now)
      if (record === undefined) start(until)
      return until <= now ? this.outcomes.succeeded(path, undefined) : rest(path, until)
    }
  }

  // --- a signal

  /** `start` begins to wait, until then at the longest. */
  signal(
    { path }: Placed,
    { name, timeout, value }: Signal,
    record: PhaseRecord | undefined,
    start: (until: number | undefined) => void
  ): Start | Failure {
    const waits = record?.state === "waiting"
    const until = waits || timeout === undefined ? record?.until : this.now() + timeout
    const letter = this.post.signalOf(name)
    const sent = (letter?.body as { readonly value?: Json } | undefined)?.value
    const misfit = letter === undefined ? undefined : problemOf(value.decode(sent))
    if (misfit !== undefined) {
      // It has come to it: somebody may say what was meant.
      if (!waits) start(until)
      return Faults.unfitting(path, name, misfit)
    }
    return () => {
      if (!waits) start(until)
      if (letter !== undefined) {
        // Another branch that asks for the same may have taken it in the same moment: then the next one is looked at.
        if (!this.post.has(letter)) return rest(path, this.now())
        this.post.take(letter)
        return this.outcomes.succeeded(path, sent)
      }
      if (until === undefined || until > this.now()) return rest(path, until)
      return this.outcomes.failed(path, [Perform.timedOut(path, timeout)])
    }
  }

  // --- somebody outside

  /** A token for a phase: its hash. */
  tokenFor(path: string, instruction: Run): string {
    return this.tokens.make(path, remoteOf(instruction) as unknown as Json)
  }

  /** The token of a phase that runs and asks for it; made, and on disk, if it is the first time. */
  hand(path: string, instruction: Run): Effect.Effect<string, CommitError> {
    const known = this.recordOf(path).token
    const hash = known !== undefined && this.tokens.has(known) ? known : this.tokenFor(path, instruction)
    if (hash !== known) this.writer.stage({ _tag: "TokenMade", path, token: hash })
    return Effect.map(this.writer.flush, () => this.tokens.handed(hash))
  }

  /** An attempt is over. One that has given out a token ends it, unless somebody has made use of it: then that counts. */
  attempted(job: Attempt, exit: Exit.Exit<unknown, unknown>): AtOnce<undefined> {
    const token = job.work.token === undefined ? undefined : this.recordOf(job.path).token
    if (Exit.isSuccess(exit) && exit.value instanceof Later) {
      return token === undefined ? this.outcomes.failed(job.path, [endless(job.path)]) : this.begin(job, exit.value)
    }
    if (token === undefined) return this.outcomes.attempted(job, exit)
    return Effect.flatMap(this.tokens.end(token, Exit.isFailure(exit) ? "expired" : "closed"), (ended) => {
      if (ended !== "ended") {
        this.post.stale()
        return Effect.succeed(this.begin(job, new Later(undefined, undefined)))
      }
      const done = this.outcomes.attempted(job, exit)
      return done ?? Effect.succeed(done)
    })
  }

  /** A phase has done its own part, or comes to a token of which somebody has made use already. */
  private begin({ path, work }: Attempt, { heartbeat, timeout }: AnyLater): undefined {
    const { attempt, since, token } = this.recordOf(path)
    const until = least(
      timeout === undefined ? undefined : this.now() + timeout,
      work.timeout === undefined ? undefined : since + work.timeout
    )
    this.writer.stage({
      _tag: "PhaseWaiting",
      path,
      attempt,
      ...(until === undefined ? {} : { until }),
      ...(heartbeat === undefined ? {} : { silence: heartbeat })
    })
    this.heard?.delete(path)
    if (token !== undefined) this.tokens.told(token, until)
  }

  /** A phase that waits to be completed: with what came; or ended, if its time is over; or at rest. */
  completion({ path }: Placed, work: Work, record: PhaseRecord): Start | Failure {
    const token = record.token!
    const letter = this.post.completionOf(token)
    if (letter !== undefined) return this.completed(path, work, letter)
    const now = this.now()
    const silent = record.silence === undefined ? undefined : this.lastOf(record) + record.silence
    const due = least(record.until, silent)
    if (due === undefined || due > now) return () => rest(path, due)
    const isLate = record.until !== undefined && record.until <= now
    return () => this.settle(path, work, this.expire(record, work, token, isLate ? undefined : now - record.silence!))
  }

  /** Somebody was faster than a phase that ended without an outcome of its own: what was answered counts. */
  beforeWaiting({ path }: Placed, work: Work, { token }: PhaseRecord): Start | Failure | undefined {
    const letter = token === undefined ? undefined : this.post.completionOf(token)
    return letter === undefined ? undefined : this.completed(path, work, letter)
  }

  /** What of these has been completed by now, and nobody has taken up: that counts, whenever its time was over. */
  sent(instructions: ReadonlyArray<Placed>): Effect.Effect<ReadonlyArray<Placed>, StoreError> {
    const tokenOf = ({ path }: Placed) => {
      const record = this.writer.history.phases.get(path)
      return record?.state === "waiting" ? record.token : undefined
    }
    const waits = instructions.filter((placed) => tokenOf(placed) !== undefined)
    if (waits.length === 0) return Effect.succeed([])
    return Effect.map(this.post.look, () =>
      waits.filter((placed) => this.post.completionOf(tokenOf(placed)!) !== undefined)
    )
  }

  /** How a phase that waited has ended was found out. */
  settled(job: Settle, exit: Exit.Exit<Settled, StoreError>): AtOnce<undefined> {
    if (Exit.isFailure(exit)) return Effect.failCause(exit.cause)
    const { exit: outcome, letter } = exit.value
    if (outcome === undefined) return undefined
    if (letter !== undefined) {
      if (this.recordOf(job.path).state !== "waiting") this.tokens.told(letter.key, undefined)
      this.post.take(letter)
    }
    return this.outcomes.attempted(job, outcome)
  }

  private lastOf({ path, since }: PhaseRecord): number {
    return Math.max(since, this.heard?.get(path) ?? 0)
  }

  private completed(path: string, work: Work, letter: Letter): Start | Failure {
    const exit = Completion.decode(letter.body, work.token!)
    if (Either.isLeft(exit)) return Faults.undecodable(path, "the completion", exit.left)
    const settled: Settled = { exit: exit.right, letter }
    const isPlain = Exit.isSuccess(exit.right) && !this.outcomes.isLarge(letter.body)
    const settle = this.settle(path, work, Effect.succeed(settled))
    return isPlain ? () => void this.settled(settle, Exit.succeed(settled)) : () => settle
  }

  private settle(path: string, work: Work, effect: Effect.Effect<Settled, StoreError>): Settle {
    return { _tag: "Settle", path, work, effect, phase: undefined }
  }

  /** Its time is over, unless somebody has completed it, or was heard of. */
  private expire(
    { path, silence, since, until }: PhaseRecord,
    work: Work,
    token: string,
    quietSince: number | undefined
  ): Effect.Effect<Settled, StoreError> {
    return Effect.gen(this, function* () {
      const ended = yield* this.tokens.end(token, "expired", quietSince)
      if (ended === "ended") {
        const limit = work.token?.delegate === true ? work.timeout : undefined
        const after = until === undefined || quietSince !== undefined ? silence : (limit ?? Math.max(0, until - since))
        return { exit: Exit.fail(new Perform.TimedOut(after)), letter: undefined }
      }
      if (ended === "completed") this.post.stale()
      else {
        this.heard ??= new Map()
        this.heard.set(path, (yield* this.tokens.heard(token)) ?? since)
      }
      return again
    })
  }
}

const endless = (path: string): Failure => ({
  _tag: "Die",
  path,
  defect: {
    name: "LaterWithoutToken",
    message: "it answered Phase.later and has asked for no Phase.token: nobody could complete it"
  }
})

const problemOf = (decoded: Either.Either<unknown, Problem>): Problem | undefined =>
  Either.isLeft(decoded) ? decoded.left : undefined

/** The earlier of two instants, of which either may be missing. */
export const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)
