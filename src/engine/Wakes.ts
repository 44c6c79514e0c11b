/** Wakes the executions that were let go, when their time has come or somebody has sent them something. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { StoreError } from "../core/Errors.js"
import type { Due, Store } from "../store/Store.js"
import type { Config } from "./Config.js"

/** A longer sleep is taken in parts: Node's timers overflow beyond 24 days. */
const longest = 86_400_000
const page = 500

export class Wakes {
  private poked = Deferred.unsafeMake<void>(FiberId.none)

  constructor(
    private readonly store: Pick<Store, "due" | "nextWake">,
    private readonly config: Pick<Config, "inbox">,
    private readonly now: () => number,
    /** has an execution go on, if this engine has its code */
    private readonly wake: (due: Due) => Effect.Effect<void>
  ) {}

  /** Something may be due now. */
  poke(): void {
    Deferred.unsafeDone(this.poked, Effect.void)
  }

  /** Wakes what is due, then waits for the next; for ever. A store in trouble is asked again. */
  get serve(): Effect.Effect<never> {
    return Effect.forever(
      Effect.catchAll(this.round, (error) =>
        Effect.zipRight(Effect.logWarning(error.message), Effect.sleep(this.config.inbox))
      )
    )
  }

  private get round(): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      this.poked = Deferred.unsafeMake<void>(FiberId.none)
      const now = this.now()
      yield* this.wakeAll(now)
      const next = (yield* this.store.nextWake(now)) ?? Number.POSITIVE_INFINITY
      const left = Math.max(1, Math.min(longest, next - this.now()))
      yield* Effect.raceFirst(
        Effect.interruptible(Deferred.await(this.poked)),
        Effect.interruptible(Effect.sleep(left))
      )
    })
  }

  private wakeAll(now: number): Effect.Effect<void, StoreError> {
    return Effect.gen(this, function* () {
      let after: Due | undefined
      for (;;) {
        const due = yield* this.store.due({ now, limit: page, ...(after === undefined ? {} : { after }) })
        for (const one of due) yield* this.wake(one)
        if (due.length < page) return
        after = due[due.length - 1]
      }
    })
  }
}
