/**
 * A completion on its way to an execution that was let go. Where that can go on here at once, one commit holds the claim
 * with which it does, the completion, and what follows from it up to the start of the next phase. In any other case the
 * completion is written alone, as a letter: then the claim is on disk before the body's code runs, and tells an execution
 * that kills its process from others.
 */
import * as Effect from "effect/Effect"
import type { Completing, Letter } from "../store/Store.js"
import { Once } from "./Once.js"
import { nextTurn } from "./Queue.js"

/** Turns of the queue after which it goes alone: the claim may have to wait, or comes to nothing. */
const patience = 32

/** No letter of a store has this id. */
const unwritten = 0

export class Delivery {
  private state: "offered" | "carried" | "over" = "offered"
  private readonly recorded = new Once<boolean>()
  /** as the execution finds it */
  readonly letter: Letter

  /** `isPlain`: a value that takes no effect to record. */
  constructor(
    readonly completing: Completing,
    private readonly isPlain: boolean
  ) {
    const { at, body, hash } = completing
    this.letter = { id: unwritten, kind: "completion", key: hash, body, at }
  }

  /** Who claims the execution takes it along, if it is still to be had. */
  carry(): boolean {
    if (this.state !== "offered" || !this.isPlain) return false
    this.state = "carried"
    return true
  }

  /** A commit holds it, or whoever carried it has no use for it: then it is written alone. */
  readonly over = (recorded = false): void => {
    this.state = "over"
    this.recorded.tell(Effect.succeed(recorded))
  }

  /** Whether it is on disk with what follows from it. It is not waited for long until somebody carries it. */
  readonly isRecorded: Effect.Effect<boolean> = Effect.suspend(() => this.wait(patience))

  private wait(turns: number): Effect.Effect<boolean> {
    if (this.state !== "offered") return this.recorded.outlast
    if (turns > 0) return Effect.flatMap(nextTurn, () => this.wait(turns - 1))
    this.over()
    return Effect.succeed(false)
  }
}
