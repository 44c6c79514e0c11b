/** How a process of ours ends: by itself, on the first signal in an orderly way, on the second at once. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"

/** What a person reads of an expected error: no trace. */
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

const codes = { SIGINT: 130, SIGTERM: 143 } as const

/**
 * Runs `effect` as the whole process. The exit code is 0, or 1 if it failed; 130 or 143 after a signal, once everything
 * that was acquired is released.
 */
export const runUntilSignal = (effect: Effect.Effect<unknown, unknown>): void => {
  let code: number | undefined
  const fiber = Effect.runFork(effect)
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (code !== undefined) process.exit(codes[signal])
      code = codes[signal]
      Effect.runFork(Fiber.interruptFork(fiber))
    })
  }
  fiber.addObserver((exit) => {
    if (code === undefined && Exit.isFailure(exit)) {
      const { cause } = exit
      const known = cause._tag === "Fail" ? messageOf(cause.error) : Cause.pretty(cause)
      process.stderr.write(`${known}\n`)
    }
    process.exitCode = code ?? (Exit.isSuccess(exit) ? 0 : 1)
  })
}
