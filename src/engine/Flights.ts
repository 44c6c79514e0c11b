/**
 * What is under way: every job on a fiber of its own, by the path that it is for. A call of a child that stands still keeps
 * its place without a fiber.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import { Parked, type Stop } from "./Children.js"
import type { Family } from "./Family.js"
import type { Fibers } from "./Fibers.js"
import { type Active, isCall, isUndoCall, type Job } from "./Job.js"
import type { Mailbox } from "./Mailbox.js"
import type { Signal } from "./Signal.js"
import type { Work } from "./Work.js"

/** A job while it is under way. */
export interface Flight {
  readonly job: Job
  /** interrupts it, and waits for its finalizers */
  readonly stop: Effect.Effect<Exit.Exit<unknown, unknown>>
  /** no fiber runs for it: it waits for a time, for somebody outside, or for a child that stands still */
  readonly still: boolean
  /** until when it rests at the longest, in milliseconds UTC */
  readonly due: number | undefined
  /** how its child was asked to stop: the job is over when it has */
  asked: Stop | undefined
}

/** The job ended because its child stands still. */
export const parkedBy = (exit: Exit.Exit<unknown, unknown>): Parked | undefined =>
  Exit.isFailure(exit) && exit.cause._tag === "Fail" && exit.cause.error instanceof Parked
    ? exit.cause.error
    : undefined

const interrupted: Exit.Exit<unknown, unknown> = Exit.interrupt(FiberId.none)
const stopped = Effect.succeed(interrupted)

/** What was interrupted, and how it ended. */
export interface Landed {
  readonly job: Job
  readonly exit: Exit.Exit<unknown, unknown>
}

const noneLanded: Effect.Effect<ReadonlyArray<Landed>> = Effect.succeed([])

export class Flights {
  private readonly all = new Map<string, Flight>()

  constructor(
    private readonly fibers: Fibers,
    private readonly signals: Mailbox<Signal>,
    private readonly family: Family
  ) {}

  get size(): number {
    return this.all.size
  }

  has(path: string): boolean {
    return this.all.has(path)
  }

  some(which: (job: Job) => boolean): boolean {
    for (const { job } of this.all.values()) if (which(job)) return true
    return false
  }

  /** What runs at a path, if that is an attempt. */
  workAt(path: string): Work | undefined {
    const job = this.all.get(path)?.job
    return job?._tag === "Attempt" ? job.work : undefined
  }

  /** No fiber runs for any of them. */
  get still(): boolean {
    for (const flight of this.all.values()) if (!flight.still) return false
    return true
  }

  /** When the first of those that rest is due, in milliseconds UTC. */
  get due(): number | undefined {
    let first: number | undefined
    for (const { due } of this.all.values()) if (due !== undefined && (first === undefined || due < first)) first = due
    return first
  }

  /** Starts a job; its end is a signal. What rests only takes its place. */
  launch(job: Job): void {
    if (job._tag === "Rest") {
      this.all.set(job.path, { job, stop: stopped, still: true, due: job.due, asked: undefined })
      return
    }
    const over = (exit: Exit.Exit<unknown, unknown>) => this.signals.offer({ _tag: "Ended", job, exit })
    const stop = job.phase === undefined ? this.run(job.effect, over) : this.fibers.attempt(job.effect, job.phase, over)
    this.all.set(job.path, { job, stop, still: false, due: undefined, asked: undefined })
  }

  private run(effect: Active["effect"], over: (exit: Exit.Exit<unknown, unknown>) => void) {
    const fiber = this.fibers.start<unknown, unknown>(effect)
    fiber.addObserver(over)
    return Effect.suspend(() => Fiber.interrupt(fiber))
  }

  /** A job ended; nothing if it was let go before. */
  land(job: Job): Flight | undefined {
    const flight = this.all.get(job.path)
    if (flight?.job !== job || flight.still) return undefined
    this.all.delete(job.path)
    return flight
  }

  /** What is due by `now` is looked at again: what rests at once, a call as if its child had moved. */
  rouse(now: number): void {
    for (const { due, job, still } of this.all.values()) {
      if (!still || due === undefined || due > now) continue
      if (job._tag === "Rest") this.all.delete(job.path)
      else this.signals.offer({ _tag: "Moved", job })
    }
  }

  /** What rests at a path does so no more: whether nothing is under way there now. */
  wakes(path: string): boolean {
    if (this.all.get(path)?.job._tag === "Rest") this.all.delete(path)
    return !this.all.has(path)
  }

  /** Whatever rests is looked at again: somebody has sent something. */
  rouseAll(): void {
    for (const { job } of this.all.values()) if (job._tag === "Rest") this.all.delete(job.path)
  }

  /** The calls of children that stand still. */
  get parked(): ReadonlyArray<string> {
    return [...this.all.values()].flatMap(({ job, still }) => (still && isCall(job) ? [job.path] : []))
  }

  /** Its child stands still: no fiber waits for it. A signal tells when the child moves. */
  rest(job: Active, { due, listen }: Parked): void {
    const stop = listen(() => this.signals.offer({ _tag: "Moved", job }))
    const end = Effect.as(Effect.sync(stop), interrupted)
    this.all.set(job.path, { job, stop: end, still: true, due, asked: undefined })
  }

  /** The child that a job rests for has moved: it goes on. */
  wake(job: Active): Effect.Effect<undefined> {
    const flight = this.all.get(job.path)
    return flight?.job !== job || !flight.still
      ? Effect.succeed(undefined)
      : Effect.map(flight.stop, () => this.launch(job) as undefined)
  }

  /** Has children stop: calls are over when they have. What is being reverted is only handed back. */
  stopChildren(how: Stop, which: (job: Job) => boolean): void {
    for (const flight of this.all.values()) {
      const { asked, job, still } = flight
      const stops = isCall(job) || (how === "suspend" && isUndoCall(job))
      if (!stops || still || asked === how || !which(job)) continue
      flight.asked = how
      this.fibers.start(this.family.halt(job.path, how))
    }
  }

  /** Interrupts these, and waits for their finalizers: how they ended, without a signal. */
  interrupt(which: (flight: Flight) => boolean): Effect.Effect<ReadonlyArray<Landed>> {
    const chosen: Array<Flight> = []
    for (const flight of this.all.values()) if (which(flight)) chosen.push(flight)
    for (const { job } of chosen) this.all.delete(job.path)
    if (chosen.length === 0) return noneLanded
    // Nobody has to be waited for: what rests runs on no fiber.
    if (chosen.every(({ stop }) => stop === stopped)) {
      return Effect.succeed(chosen.map(({ job }) => ({ job, exit: interrupted })))
    }
    return Effect.forEach(chosen, ({ job, stop }) => Effect.map(stop, (exit) => ({ job, exit })), {
      concurrency: "unbounded"
    })
  }

  /** Interrupts all, and waits for their finalizers. */
  get abandon(): Effect.Effect<void> {
    return Effect.suspend(() =>
      Effect.forEach([...this.all.values()], ({ stop }) => stop, { concurrency: "unbounded", discard: true })
    )
  }
}
