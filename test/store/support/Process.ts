import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import * as path from "node:path"
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"

/** A child process that speaks JSON lines. */
export interface Running {
  readonly process: ChildProcess
  /** the next line it says; fails if it ends before */
  readonly line: Effect.Effect<any>
  /** how it ended: its exit code or the signal, and what it wrote to stderr */
  readonly end: Effect.Effect<{ readonly code: number | string | null; readonly stderr: string }>
}

/** Starts a program of support/programs, compiled into this folder; it is killed when the scope closes. */
export const start = (compiled: string, program: string, args: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Running => {
      const file = path.join(compiled, "test/store/support/programs", `${program}.js`)
      const child = spawn(process.execPath, [file, ...args], { stdio: ["ignore", "pipe", "pipe"] })
      const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]()
      let stderr = ""
      child.stderr!.on("data", (text) => (stderr += text))
      const ended = once(child, "close")
      return {
        process: child,
        line: Effect.promise(async () => {
          const next = await lines.next()
          if (next.done) throw new Error(`it ended: ${stderr}`)
          return JSON.parse(next.value)
        }),
        end: Effect.promise(async () => {
          const [code, signal] = await ended
          return { code: signal ?? code, stderr }
        })
      }
    }),
    (running) => Effect.sync(() => running.process.kill("SIGKILL"))
  )
