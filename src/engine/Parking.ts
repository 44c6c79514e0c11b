/** When a live execution that only waits is let go, and how: nothing runs for it until something is due. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Config } from "./Config.js"
import type { Deadlines } from "./Deadlines.js"
import type { Flights } from "./Flights.js"
import type { Mailbox } from "./Mailbox.js"
import type { Post } from "./Post.js"
import type { Signal } from "./Signal.js"
import { least } from "./Waits.js"
import type { CommitError, Writer } from "./Writer.js"

export interface ParkingOptions {
  readonly writer: Writer
  readonly config: Config
  readonly post: Post
  readonly signals: Mailbox<Signal>
  readonly deadlines: Deadlines
  readonly now: () => number
}

export class Parking {
  constructor(
    private readonly options: ParkingOptions,
    private readonly flights: Flights
  ) {}

  /** When something is to be done next, in milliseconds UTC. */
  get due(): number | undefined {
    return least(this.flights.due, this.options.deadlines.next)
  }

  /** Only waits are left, nobody has anything to say, and there is time until the next of them is over. */
  get isOpen(): boolean {
    const { config, now, signals, writer } = this.options
    if (writer.history.status !== "Running" || !this.flights.still || !signals.isEmpty) return false
    const { due } = this
    return due === undefined || due - now() > Duration.toMillis(config.awake)
  }

  /** Lets it go, until something is due or somebody sends it something; not if somebody already has. */
  get enter(): Effect.Effect<"again" | { readonly _tag: "Stopped" }, CommitError> {
    const { post, writer } = this.options
    if (!post.known) {
      return Effect.map(post.look, () => {
        this.flights.rouseAll()
        return "again"
      })
    }
    const { due } = this
    for (const path of this.flights.parked) {
      const record = writer.history.phases.get(path)!
      if (record.state === "running") writer.stage({ _tag: "PhaseWaiting", path, attempt: record.attempt })
    }
    writer.stage({ _tag: "Waiting", ...(due === undefined ? {} : { until: due }) })
    writer.rest({ wake: due ?? null, seen: post.seen })
    const gone = Effect.zipRight(
      writer.flush,
      this.flights.interrupt(() => true)
    )
    return Effect.as(gone, { _tag: "Stopped" })
  }
}
