/** Wakes the executions that were let go, when their time has come or somebody has sent them something. */
import * as Effect from "effect/Effect"
import type { StoreError } from "../core/Errors.js"
import type { Due, Store } from "../store/Store.js"
import type { Lanes } from "./Lanes.js"
import { Once } from "./Once.js"
import { Trouble } from "./Trouble.js"

/** A longer sleep is taken in parts: Node's timers overflow beyond 24 days. */
const longest = 86_400_000
const page = 500
/** How often the store is asked anew while there are some that have no place. */
const respite = 100

export class Wakes {
  /** when the next of those that nobody has sent anything is due, as far as this engine knows, in milliseconds UTC */
  private next = Number.POSITIVE_INFINITY
  private poked = new Once<void>()
  /** those that are due and have no place yet, in their order */
  private backlog: ReadonlyArray<Due> = []
  /** the last one that the store has told of, if there may be more */
  private last: Due | undefined
  /** there may be some that come before these */
  private stale = true
  private asked = Number.NEGATIVE_INFINITY
  private error: StoreError | undefined
  private readonly trouble = new Trouble()
  /** some were woken: whether they can be taken up will be told */
  private woke = false

  constructor(
    private readonly store: Pick<Store, "due" | "nextWake">,
    private readonly lanes: Pick<Lanes, "known">,
    private readonly now: () => number,
    /** has an execution go on, if this engine has its code; or says that there is no place for it */
    private readonly wake: (due: Due) => Effect.Effect<boolean, StoreError>,
    /** whether any of them could be woken now */
    private readonly hasRoom: () => boolean
  ) {}

  /** An execution was let go until then at the longest, and nobody has sent it anything. */
  rests(until: number | undefined): void {
    if (until !== undefined && until < this.next) this.poke()
  }

  /** Something may be due now. */
  poke(): void {
    this.stale = true
    this.tell()
  }

  /** There is a place. */
  freed(): void {
    if (!this.isEmpty || this.stale) this.tell()
  }

  /** What was woken could not be taken up: it is due as before. */
  failed(error: StoreError): void {
    this.error = error
    this.poke()
  }

  /** What was woken was taken up: what is to be said about that, if the store was in trouble. */
  get succeeded(): Effect.Effect<void> | undefined {
    return this.trouble.isOver ? undefined : this.trouble.over
  }

  /** Nobody is known to wait for a place. */
  get isEmpty(): boolean {
    return this.backlog.length === 0 && this.last === undefined
  }

  private tell(): void {
    this.poked.tell(Effect.void)
  }

  /** Wakes what is due, then waits for the next; for ever. A store in trouble is asked again. */
  get serve(): Effect.Effect<never> {
    const failed = (error: StoreError) =>
      Effect.suspend(() => {
        this.stale = true
        return this.trouble.failed(error)
      })
    return Effect.forever(Effect.catchAll(this.round, failed))
  }

  private get round(): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      this.poked = new Once<void>()
      const { error } = this
      this.error = undefined
      if (error !== undefined) return yield* error
      // What is let go while the store is asked may not be in its answer.
      this.next = Number.POSITIVE_INFINITY
      const now = this.now()
      yield* this.wakeAll(now)
      this.next = (yield* this.store.nextWake(now)) ?? Number.POSITIVE_INFINITY
      if (!this.woke) yield* this.trouble.over
      this.woke = false
      const left = Math.max(1, Math.min(longest, this.next - this.now(), this.stale ? respite : longest))
      const timeIsOver = Effect.map(Effect.sleep(left), () => {
        this.stale = true
      })
      yield* Effect.raceFirst(Effect.interruptible(this.poked.wait), Effect.interruptible(timeIsOver))
    })
  }

  /** As many as there is room for, the first ones first; not more are asked for than that takes. */
  private wakeAll(now: number): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      if (this.stale && (this.isEmpty || now - this.asked >= respite)) {
        this.stale = false
        this.asked = now
        this.backlog = []
        yield* this.ask(now, undefined)
      }
      for (yield* this.offer; this.last !== undefined && this.hasRoom(); yield* this.offer) {
        yield* this.ask(now, this.last)
      }
    })
  }

  private ask(now: number, after: Due | undefined): Effect.Effect<void, StoreError> {
    const query = { now, limit: page, lanes: this.lanes.known, ...(after === undefined ? {} : { after }) }
    return Effect.map(this.store.due(query), (due) => {
      this.backlog = [...this.backlog, ...due]
      this.last = due.length < page ? undefined : due[due.length - 1]
    })
  }

  private get offer(): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      const { backlog } = this
      const left: Array<Due> = []
      for (const [index, one] of backlog.entries()) {
        if (!this.hasRoom()) {
          left.push(...backlog.slice(index))
          break
        }
        if (yield* this.wake(one)) this.woke = true
        else left.push(one)
      }
      this.backlog = left
    })
  }
}
