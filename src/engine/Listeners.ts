/** Who wants to hear of the commits that this engine makes, by execution. */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

/** `wait` ends at the next commit, or after `atMost`, for what other processes do is not heard. */
interface Listening {
  readonly stop: () => void
  readonly wait: (atMost: Duration.DurationInput) => Effect.Effect<void>
}

export class Listeners {
  private readonly listeners = new Map<string, Set<() => void>>()

  /** Calls back at every commit of this execution; answers how to stop that. */
  hear(id: string, listener: () => void): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.listeners.get(id) === listeners) this.listeners.delete(id)
    }
  }

  /** Notices the next commit of this execution: listen first, look, then wait if there was nothing. */
  listen(id: string): Listening {
    const heard = Deferred.unsafeMake<void>(FiberId.none)
    const stop = this.hear(id, () => Deferred.unsafeDone(heard, Effect.void))
    return {
      stop,
      wait: (atMost) => {
        const waiting = Effect.timeoutOption(Effect.interruptible(Deferred.await(heard)), atMost)
        return Effect.ensuring(Effect.asVoid(waiting), Effect.sync(stop))
      }
    }
  }

  notify(id: string): void {
    for (const listener of [...(this.listeners.get(id) ?? [])]) listener()
  }
}
