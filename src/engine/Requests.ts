/** Grants what is asked of a live execution, where its status allows it. */
import * as Effect from "effect/Effect"
import type { Config } from "./Config.js"
import type { Driver, Ending } from "./Driver.js"
import type { Mailbox } from "./Mailbox.js"
import * as Orders from "./Orders.js"
import type { Request, Signal } from "./Signal.js"
import type { CommitError, Writer } from "./Writer.js"

const granted = (request: Request, is: boolean): Effect.Effect<undefined> =>
  Effect.sync(() => void request.reply.tell(Effect.succeed(is)))

export class Requests {
  constructor(
    private readonly writer: Writer,
    private readonly config: Config,
    private readonly signals: Mailbox<Signal>
  ) {}

  grant(driver: Driver, request: Request): Effect.Effect<Ending | undefined, CommitError> {
    const { writer } = this
    const { ask } = request
    const { position, status } = writer.history
    if (ask._tag === "Suspend") return Effect.zipRight(granted(request, true), this.suspend(driver))
    if (!ask.isCurrent(writer.history)) return granted(request, false)
    if (ask._tag === "Close" && status === "Closing") return this.commit(request)
    if (status !== "Running") return granted(request, false)
    if (ask._tag === "Pause") {
      writer.stage({ _tag: "PauseRequested", act: ask.act })
      return Effect.zipRight(this.commit(request), Effect.as(this.pause(driver, ask.now), undefined))
    }
    driver.unwind()
    writer.stage({ _tag: "Closing", position, revert: ask.revert, act: ask.act })
    return Effect.zipRight(this.commit(request), Effect.as(driver.interrupt(), { _tag: "Closing" as const }))
  }

  /** Nothing new starts; what runs ends, or is interrupted. */
  private pause(driver: Driver, now: boolean): Effect.Effect<void, CommitError> {
    return now ? Effect.zipRight(driver.wind("pause"), driver.withdraw()) : driver.wind("pause")
  }

  /** Nothing new starts; what runs gets its grace. */
  private suspend(driver: Driver): Effect.Effect<undefined, CommitError> {
    const over = Effect.sync(() => {
      this.signals.offer({ _tag: "GraceOver" })
    })
    const grace = Effect.fork(Effect.delay(over, this.config.grace))
    return Effect.as(Effect.zipRight(driver.wind("suspend"), grace), undefined)
  }

  private commit(request: Request): Effect.Effect<undefined, CommitError> {
    if (request.order !== undefined) this.writer.answer(Orders.accepted(request.order))
    return Effect.zipRight(this.writer.flush, granted(request, true))
  }
}
