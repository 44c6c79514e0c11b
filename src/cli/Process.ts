/** The process of the command: its streams and its signals. What else it needs is loaded here, so that it can be missing. */
import { createInterface } from "node:readline"
import * as Effect from "effect/Effect"
import * as Manifest from "./Manifest.js"
import * as Missing from "./Missing.js"
import type { Device } from "./Screen.js"

/** Waits where a reader is slow, so that nothing piles up. */
const write = (stream: NodeJS.WriteStream) => (text: string) =>
  Effect.async<void>((resume) => {
    if (text === "" || stream.write(text)) return resume(Effect.void)
    const drained = (): void => resume(Effect.void)
    stream.once("drain", drained)
    return Effect.sync(() => void stream.off("drain", drained))
  })

/** A question is no output: it goes where complaints go. The terminal's signals are the process's. */
const ask = (question: string): Effect.Effect<string> =>
  Effect.async((resume) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
    lines.question(question, (answer) => {
      lines.close()
      resume(Effect.succeed(answer))
    })
    lines.once("close", () => resume(Effect.succeed("")))
    return Effect.sync(() => lines.close())
  })

const device = (): Device => {
  const { stderr, stdin, stdout } = process
  const columns = stdout.isTTY ? stdout.columns || 80 : undefined
  const plain = (process.env.NO_COLOR ?? "") !== "" || process.env.TERM === "dumb"
  return {
    paper: { columns, colours: columns !== undefined && !plain },
    rows: stdout.isTTY ? stdout.rows || 24 : undefined,
    out: write(stdout),
    err: write(stderr),
    ask: stdin.isTTY && stderr.isTTY ? ask : undefined
  }
}

const signals = { SIGINT: 130, SIGTERM: 143 } as const

/** Ends the process once what it wrote is on its way. */
const exit = (code: number): void => {
  process.exitCode = code
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)))
}

export const main = async (): Promise<void> => {
  const start = await import("./Main.js").then(
    ({ start }) => start,
    (error: unknown) => {
      const missing = Missing.advice(error)
      if (missing === undefined) throw error
      process.stderr.write(`tidemark: ${missing}\n`)
    }
  )
  if (start === undefined) return exit(2)
  // What tasks print by themselves does not get between lines of JSON.
  if (process.argv.includes("--json")) console.log = console.error
  const { code, stop } = start(process.argv.slice(2), Manifest.read().version, device())
  let stopped = 0
  // A reader that went away (`| head`) has what it wanted.
  process.stdout.on("error", stop)
  process.stderr.on("error", () => undefined)
  for (const [signal, number] of Object.entries(signals)) {
    process.on(signal, () => {
      if (stopped !== 0) process.exit(number)
      stopped = number
      stop()
    })
  }
  exit((await code) ?? stopped)
}
