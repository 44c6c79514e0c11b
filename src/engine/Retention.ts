/** How long what has ended is kept: then it is purged, by whoever owns the store, some at a time. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import * as Limit from "../authoring/Limit.js"
import type { StoreError } from "../core/Errors.js"
import type { Store } from "../store/Store.js"
import type { Config } from "./Config.js"
import * as Queue from "./Queue.js"

/** How many go in one transaction. */
const batch = 100

const shortest = Duration.toMillis("1 minute")
const longest = Duration.toMillis("1 hour")

export class Retention {
  /** of tasks, by the highest version that this engine has seen the code of, in milliseconds; Infinity: for ever */
  private readonly tasks = new Map<string, Pick<Definition, "version" | "retention">>()
  private readonly general: number
  /** whether anything is not kept for ever */
  private isAny = false
  private readonly any = Effect.unsafeMakeLatch()

  constructor(
    private readonly store: Pick<Store, "purge" | "tasks">,
    { retention }: Pick<Config, "retention">,
    private readonly now: () => number
  ) {
    this.general = Limit.retention("retention of the engine", retention) ?? Infinity
    this.open(this.general)
  }

  /** Here is the code of a task. */
  learn({ name, retention, version }: Definition): void {
    if (version < (this.tasks.get(name)?.version ?? 0)) return
    this.tasks.set(name, { version, retention })
    this.open(retention)
  }

  private open(retention: number | undefined): void {
    if (retention === undefined || !Number.isFinite(retention)) return
    this.isAny = true
    this.any.unsafeOpen()
  }

  private of(task: string): number {
    return this.tasks.get(task)?.retention ?? this.general
  }

  /** Purges what has been ended for long enough. */
  readonly look: Effect.Effect<void, StoreError> = Effect.gen(this, function* () {
    for (const task of yield* this.store.tasks) {
      const retention = this.of(task)
      if (!Number.isFinite(retention)) continue
      const at = this.now()
      const purge = this.store.purge({ task, before: at - retention, limit: batch, at })
      while ((yield* purge).length > 0) yield* Queue.eventLoop
    }
  })

  /** The same, where there is anything that is not kept for ever. */
  get due(): Effect.Effect<void, StoreError> {
    return this.isAny ? this.look : Effect.void
  }

  /** A tenth of the shortest time that anything is kept, within limits. */
  private get pause(): number {
    const all = [this.general, ...[...this.tasks.values()].map(({ retention = Infinity }) => retention)]
    return Math.max(shortest, Math.min(longest, Math.min(...all) / 10))
  }

  /** Looks for as long as the engine lives. Not at once: the tasks of the engine may say otherwise than it does. */
  get serve(): Effect.Effect<void> {
    const look = Effect.catchAll(this.look, ({ message }) => Effect.logWarning(`nothing was purged: ${message}`))
    const round = Effect.zipRight(
      Effect.suspend(() => Effect.sleep(this.pause)),
      look
    )
    return Effect.zipRight(this.any.await, Effect.forever(round))
  }
}
