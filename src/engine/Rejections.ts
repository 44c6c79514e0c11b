/**
 * Promises that a phase left behind. Node ends a process in which one is rejected and nobody handles it, and with it every
 * execution that runs there. Whoever would rather go on says so with this layer: it is for the whole process.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { TaskEngine } from "../authoring/TaskEngine.js"
import { defectOf } from "../core/Failure.js"

/** How many executions a line names. */
const named = 10

/**
 * While it is open, a rejection that nobody handles is logged with the executions that run, one of which left it, and the
 * process lives. Node does not tell which: a fiber has no asynchronous context of its own.
 */
export const layer: Layer.Layer<never, never, TaskEngine> = Layer.scopedDiscard(
  Effect.gen(function* () {
    const engine = yield* TaskEngine
    const run = Runtime.runFork(yield* Effect.runtime<never>())
    const report = (reason: unknown) => {
      const { message, name } = defectOf(reason)
      const rejection = `a promise that nobody handles was rejected: ${name}: ${message}`
      const log = Effect.flatMap(engine.list({ status: ["Running", "Closing", "Reverting"], limit: named }), (rows) =>
        Effect.logError(
          `${rejection}; left by one of: ${rows.map(({ id }) => id).join(", ") || "no execution that runs now"}`
        )
      )
      run(Effect.catchAll(log, () => Effect.logError(rejection)))
    }
    yield* Effect.acquireRelease(
      Effect.sync(() => process.on("unhandledRejection", report)),
      () => Effect.sync(() => process.off("unhandledRejection", report))
    )
  })
)
