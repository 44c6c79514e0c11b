/**
 * A loop in a task's body that never ends keeps the whole process from going on: no timer fires, no other execution moves,
 * and the engine's lock is held by a process that lives. Only another thread can see that.
 */
import { Worker } from "node:worker_threads"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Turn from "../engine/Turn.js"

export interface Options {
  /** how long the event loop may stand still. 10 seconds */
  readonly after?: Duration.DurationInput
  /**
   * `report`: it is said on stderr, with the execution and the stack. `kill`: then the process is killed, so that another
   * engine takes over. "report"
   */
  readonly then?: "report" | "kill"
}

/** What the thread that watches is given. */
export interface Watched {
  /** one 32-bit number that changes as long as the loop turns */
  readonly beats: SharedArrayBuffer
  /** in milliseconds */
  readonly after: number
  readonly then: "report" | "kill"
}

/** In milliseconds, what may be waited for: a 32-bit number holds 24 days. */
const millisOf = (after: Duration.DurationInput): number => {
  const millis = Option.match(Duration.decodeUnknown(after), { onNone: () => Number.NaN, onSome: Duration.toMillis })
  if (millis >= 1 && millis <= 0x7fff_ffff) return millis
  throw new TypeError(`the watchdog's \`after\` is a duration from 1 millisecond to 24 days, not ${String(after)}`)
}

/**
 * Watches over the thread that builds it, from another one, for as long as the layer is there. What it finds it writes to
 * stderr: which execution's code runs, and where; again each time that the loop has stood still for twice as long.
 *
 * With `then: "kill"` the process dies of it, as by `kill -9`: another engine takes over at once what ran beside it, and
 * an execution that has done so three times in a row (`EngineConfig.crashes`) is parked as Failed. Needs Node 20.11 for the
 * stack. Whoever halts the process in a debugger halts the loop too. Throws `TypeError` for an `after` that cannot be.
 *
 * @example
 * import * as Layer from "effect/Layer"
 * import { Sqlite } from "tidemark/sqlite"
 * import { Watchdog } from "tidemark/watchdog"
 *
 * const engine = Layer.merge(Sqlite.layer({ filename: "tidemark.db" }), Watchdog.layer({ after: "30 seconds", then: "kill" }))
 */
export const layer = ({ after = "10 seconds", then = "report" }: Options = {}): Layer.Layer<never> => {
  const millis = millisOf(after)
  const watching = Effect.acquireRelease(
    Effect.sync(() => {
      Reflect.set(globalThis, Symbol.for(Turn.symbol), Turn.turn)
      const watched: Watched = { beats: new SharedArrayBuffer(4), after: millis, then }
      const worker = new Worker(new URL("./watch.js", import.meta.url), { workerData: watched, name: "tidemark" })
      worker.unref()
      const view = new Int32Array(watched.beats)
      const beat = () => {
        Atomics.add(view, 0, 1)
        Atomics.notify(view, 0)
      }
      return { worker, heart: setInterval(beat, millis / 4).unref() }
    }),
    ({ heart, worker }) => {
      clearInterval(heart)
      return Effect.promise(() => worker.terminate())
    }
  )
  return Layer.scopedDiscard(Effect.flatMap(watching, ({ worker }) => Effect.forkScoped(endOf(worker))))
}

/** It never ends by itself: a thread that cannot watch does no other harm. */
const endOf = (worker: Worker): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.async<string>((resume) => void worker.once("error", (error) => resume(Effect.succeed(String(error))))),
    (error) => Effect.logWarning(`the watchdog watches no more: ${error}`)
  )
