/**
 * Group commit. Writes that wait for a commit travel together: all that came in while a commit was under way, and all
 * that the fibers which can run right now put in, go into the next one. A lone write waits for nobody.
 *
 * There is no fiber for it: the first that comes commits for all, then the oldest that still waits goes on.
 */
import type * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** How writes are told apart and committed. */
export interface Options<W, A, E> {
  /** two writes of one key are never in the same commit, and keep their order */
  readonly key: (write: W) => string | undefined
  /** how much of a commit a write fills */
  readonly weight: (write: W) => number
  /** what a commit holds; a heavier write has one to itself */
  readonly capacity: number
  /** commits one write */
  readonly one: (write: W) => Effect.Effect<A, E>
  /** commits all of them, or each on its own: what became of each, in order */
  readonly many: (writes: ReadonlyArray<W>) => Effect.Effect<ReadonlyArray<Exit.Exit<A, E>>>
  /** what a write meets once the scope has closed */
  readonly closed: () => E
}

interface Job<W, A, E> {
  readonly write: W
  /** wakes the fiber that waits: with its answer, or to commit for all */
  readonly resume: (effect: Effect.Effect<A, E>) => void
}

/** Turns without a new write after which a commit of several begins: fibers may need some to get to their next write. */
const quietTurns = 2

/** Turns after which it begins however busy the fibers are. */
const maxTurns = 64

class Committer<W, A, E> {
  private jobs: Array<Job<W, A, E>> = []
  private committing = false
  private closing = false
  private over: (() => void) | undefined
  /** whether the last commit was of one write: then the next one waits no longer than others need to say that they are there */
  private alone = true

  constructor(private readonly options: Options<W, A, E>) {}

  submit(write: W): Effect.Effect<A, E> {
    return Effect.async<A, E>((resume) => {
      if (this.closing) return resume(Effect.fail(this.options.closed()))
      const job: Job<W, A, E> = { write, resume }
      this.jobs.push(job)
      if (this.committing) return
      this.committing = true
      resume(this.lead(job))
    })
  }

  /** Ends when all that was submitted is committed; nothing more is taken. */
  readonly close: Effect.Effect<void> = Effect.async<void>((resume) => {
    this.closing = true
    if (this.committing) this.over = () => resume(Effect.void)
    else resume(Effect.void)
  })

  /** Commits for all, beginning with `job`, the oldest. */
  private lead(job: Job<W, A, E>): Effect.Effect<A, E> {
    return Effect.flatMap(this.alone ? Effect.yieldNow() : this.gathered, () => {
      const jobs = this.take()
      this.alone = jobs.length === 1
      if (jobs.length === 1) return Effect.matchCauseEffect(this.options.one(job.write), this.handingOn)
      return Effect.flatMap(Effect.exit(this.options.many(jobs.map(({ write }) => write))), (exits) => {
        const of = (index: number): Exit.Exit<A, E> =>
          Exit.isSuccess(exits) ? exits.value[index]! : Exit.failCause(exits.cause)
        for (let index = 1; index < jobs.length; index++) jobs[index]!.resume(of(index))
        this.handOn()
        return of(0)
      })
    })
  }

  private readonly handingOn = {
    onFailure: (cause: Cause.Cause<E>): Effect.Effect<A, E> => {
      this.handOn()
      return Effect.failCause(cause)
    },
    onSuccess: (answer: A): Effect.Effect<A, E> => {
      this.handOn()
      return Effect.succeed(answer)
    }
  }

  private handOn(): void {
    const next = this.jobs[0]
    if (next !== undefined) return next.resume(this.lead(next))
    this.committing = false
    this.over?.()
  }

  /** Lets the fibers that can run put in their writes. In turns of the event loop's own: a fiber's cost ten times more. */
  private readonly gathered: Effect.Effect<void> = Effect.async<void>((resume) => {
    let quiet = 0
    let turns = 0
    let before = this.jobs.length
    const turn = (): void => {
      quiet = this.jobs.length === before ? quiet + 1 : 0
      before = this.jobs.length
      if (quiet === quietTurns || ++turns === maxTurns) resume(Effect.void)
      else queueMicrotask(turn)
    }
    queueMicrotask(turn)
  })

  /** The oldest writes that fit into one commit. */
  private take(): ReadonlyArray<Job<W, A, E>> {
    const all = this.jobs
    if (all.length === 1) {
      this.jobs = []
      return all
    }
    const { capacity, key, weight } = this.options
    const taken: Array<Job<W, A, E>> = []
    const keys = new Set<string>()
    let room = capacity
    this.jobs = all.filter((job) => {
      const own = key(job.write)
      const size = weight(job.write)
      const goes = (taken.length === 0 || room >= size) && !(own !== undefined && keys.has(own))
      if (own !== undefined) keys.add(own)
      if (!goes) return true
      taken.push(job)
      room -= size
      return false
    })
    return taken
  }
}

/**
 * A function that commits a write together with the others. It is not interrupted half-way: an interruption waits until
 * the write is committed or refused. What waits when the scope closes is still committed.
 */
export const make = <W, A, E>(options: Options<W, A, E>) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => new Committer(options)),
      (committer) => committer.close
    ),
    (committer) => (write: W) => Effect.uninterruptible(committer.submit(write))
  )
