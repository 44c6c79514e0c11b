/** Who had an execution go to a checkpoint waits here until it stands there, or elsewhere. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ReadError } from "../authoring/Reading.js"
import { CheckpointNotReached, RevertIncomplete } from "../core/Errors.js"
import * as Spine from "../core/Spine.js"
import { isActive, type Status } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import type { Live } from "./Live.js"
import type { Ownership } from "./Ownership.js"

export class Arrivals {
  constructor(
    private readonly store: Pick<Store, "get" | "absent">,
    private readonly live: Live,
    private readonly ownership: Ownership
  ) {}

  /** It goes on by itself; with a passive engine, only what runs does. */
  private isOnItsWay(status: Status): boolean {
    const isLetGo = status === "Waiting" || status === "Pending"
    return isLetGo ? !this.ownership.isPassive : isActive(status)
  }

  private until(id: string, isOver: (status: Status) => boolean): Effect.Effect<Status, ReadError> {
    const look = Effect.flatMap(this.store.get(id), (row) =>
      row === undefined
        ? this.store.absent(id)
        : Effect.succeed(isOver(row.status) ? Option.some(row.status) : Option.none<Status>())
    )
    return this.live.listeners.until(id, look)
  }

  /** Until it stands at the checkpoint. */
  at(id: string, checkpoint: string): Effect.Effect<void, ReadError | CheckpointNotReached | RevertIncomplete> {
    return Effect.gen(this, function* () {
      yield* this.until(id, (status) => !this.isOnItsWay(status))
      const history = yield* this.live.history(id)
      const { failures, status } = history
      if (Spine.standsAt(history, checkpoint)) return
      return yield* status === "RevertFailed"
        ? new RevertIncomplete({ execution: id, failures, causes: [] })
        : new CheckpointNotReached({ execution: id, checkpoint, status })
    })
  }

  /** Until it goes back no more. */
  back(id: string): Effect.Effect<void, ReadError | RevertIncomplete> {
    return Effect.gen(this, function* () {
      const status = yield* this.until(id, (status) => status !== "Reverting")
      if (status !== "RevertFailed") return
      const { failures } = yield* this.live.history(id)
      return yield* new RevertIncomplete({ execution: id, failures, causes: [] })
    })
  }
}
