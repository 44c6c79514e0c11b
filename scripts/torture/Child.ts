/** A process of ours: its lines of output as they come, signals, and its end. */
import { type ChildProcess, spawn } from "node:child_process"
import { createInterface } from "node:readline"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"

/** How a process ended: by itself with `code`, or by `signal`. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface Child {
  readonly pid: number
  /** what it has printed so far, on both streams */
  readonly lines: ReadonlyArray<string>
  /** the first line that fits, past or to come; none if the process ends or the time is over first */
  readonly line: (
    fits: (line: string) => boolean,
    atMost: Duration.DurationInput
  ) => Effect.Effect<Option.Option<string>>
  readonly kill: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** waits for its end */
  readonly ended: Effect.Effect<Ended>
}

/** Tells those who wait for a line about each. */
class Output {
  readonly lines: Array<string> = []
  private readonly listeners = new Set<() => void>()

  add(line: string): void {
    this.lines.push(line)
    this.changed()
  }

  changed(): void {
    for (const listener of this.listeners) listener()
  }

  find(fits: (line: string) => boolean, over: () => boolean): Effect.Effect<Option.Option<string>> {
    return Effect.async((resume) => {
      const listener = () => {
        const found = this.lines.find(fits)
        if (found === undefined && !over()) return
        this.listeners.delete(listener)
        resume(Effect.succeed(Option.fromNullable(found)))
      }
      this.listeners.add(listener)
      listener()
      return Effect.sync(() => this.listeners.delete(listener))
    })
  }
}

const follow = (process: ChildProcess, output: Output, ended: Deferred.Deferred<Ended>): (() => boolean) => {
  let over = false
  for (const stream of [process.stdout, process.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on("line", (line) => output.add(line))
  }
  process.once("close", (code, signal) => {
    over = true
    Deferred.unsafeDone(ended, Effect.succeed({ code, signal }))
    output.changed()
  })
  return () => over
}

/** Starts `command`; it is killed when the scope closes, if it is still there. */
export const start = (command: string, args: ReadonlyArray<string>): Effect.Effect<Child, never, Scope.Scope> =>
  Effect.gen(function* () {
    const ended = yield* Deferred.make<Ended>()
    const output = new Output()
    const process = yield* Effect.acquireRelease(
      Effect.sync(() => spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] })),
      (running) =>
        Effect.suspend(() => {
          if (running.exitCode === null && running.signalCode === null) running.kill("SIGKILL")
          return Deferred.await(ended)
        })
    )
    const over = follow(process, output, ended)
    process.once("error", (error) => {
      output.add(`cannot start ${command}: ${error.message}`)
      Deferred.unsafeDone(ended, Effect.succeed({ code: 127, signal: null }))
    })
    return {
      pid: process.pid ?? 0,
      lines: output.lines,
      line: (fits, atMost) =>
        Effect.map(Effect.timeoutOption(output.find(fits, over), atMost), (found) => Option.flatten(found)),
      kill: (signal) => Effect.sync(() => void process.kill(signal)),
      ended: Deferred.await(ended)
    }
  })

/** Starts one of the compiled programs. */
export const program = (file: string, ...args: ReadonlyArray<string | number>) =>
  start(process.execPath, [file, ...args.map(String)])
