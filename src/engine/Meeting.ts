/**
 * Where a write for an execution that was let go meets the claim with which that goes on, so that both are one commit. The
 * claim is on disk before the body's code runs all the same: executions that kill their process are told by that.
 */
import * as Effect from "effect/Effect"

/** Turns of the scheduler after which the write goes alone: the claim may have to wait, or comes to nothing. */
const patience = 32

export class Meeting {
  private arrived = false

  /** The claim is written with the next commit. */
  readonly arrive = (): void => {
    this.arrived = true
  }

  /** Waits for the claim, but not long. */
  readonly claim: Effect.Effect<void> = Effect.suspend(() => this.wait(patience))

  private wait(turns: number): Effect.Effect<void> {
    return this.arrived || turns === 0 ? Effect.void : Effect.flatMap(Effect.yieldNow(), () => this.wait(turns - 1))
  }
}
