/** Sends one signal when the next thing is due. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import type { Fibers } from "./Fibers.js"
import type { Mailbox } from "./Mailbox.js"
import type { Signal } from "./Signal.js"

/** Node's timers overflow beyond 24 days: a longer sleep is taken in parts. */
const longest = 86_400_000

export class Alarm {
  private at: number | undefined
  private fiber: Fiber.RuntimeFiber<void> | undefined

  constructor(
    private readonly fibers: Fibers,
    private readonly signals: Mailbox<Signal>,
    private readonly now: () => number
  ) {}

  /** Goes off then, and no more at any other time. In milliseconds UTC; never, if there is nothing due. */
  set(at: number | undefined): void {
    if (at === this.at) return
    this.at = at
    this.fiber?.unsafeInterruptAsFork(FiberId.none)
    this.fiber = undefined
    if (at === undefined) return
    const left = Math.min(longest, Math.max(0, at - this.now()))
    const ring = Effect.sync(() => {
      this.at = undefined
      this.fiber = undefined
      this.signals.offer({ _tag: "Due" })
    })
    this.fiber = this.fibers.start(Effect.zipRight(Effect.sleep(left), ring))
  }
}
