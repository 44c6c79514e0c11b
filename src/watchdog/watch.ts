/** The program of the thread that watches. It sleeps until a beat comes, or none has for too long. */
import * as fs from "node:fs"
import { type Debugger, Session } from "node:inspector"
import { workerData } from "node:worker_threads"
import * as Turn from "../engine/Turn.js"
import type { Watched } from "./Watchdog.js"

const { after, beats, then } = workerData as Watched
const view = new Int32Array(beats)

/** How long the thread may take to halt, in milliseconds: code that is not JavaScript does not. */
const patience = 1_000

const frames = 10

const say = (text: string): void => void fs.writeSync(2, `${text}\n`)

const place = (url: string, { functionName, location }: Debugger.CallFrame): string =>
  `    at ${functionName === "" ? "<anonymous>" : functionName} (${url}:${location.lineNumber + 1}:${(location.columnNumber ?? 0) + 1})`

/** What is found where the thread was halted. */
interface Found {
  readonly execution: string | undefined
  readonly stack: ReadonlyArray<string>
}

const nothing: Found = { execution: undefined, stack: [] }

/** Halts the main thread, looks, and lets it go on. */
const look = (found: (found: Found) => void): void => {
  if (typeof Session.prototype.connectToMainThread !== "function") return found(nothing)
  const session = new Session()
  const urls = new Map<string, string>()
  let isOver = false
  // It also keeps this thread alive meanwhile.
  const timer = setInterval(() => end(nothing), patience)
  const end = (what: Found): void => {
    if (isOver) return
    isOver = true
    clearInterval(timer)
    session.disconnect()
    found(what)
  }
  session.connectToMainThread()
  session.on("Debugger.scriptParsed", ({ params }) => void urls.set(params.scriptId, params.url))
  session.once("Debugger.paused", ({ params }) => {
    const stack = params.callFrames
      .slice(0, frames)
      .map((frame) => place(urls.get(frame.location.scriptId) ?? "", frame))
    const expression = `globalThis[Symbol.for(${JSON.stringify(Turn.symbol)})].execution`
    session.post("Runtime.evaluate", { expression, returnByValue: true }, (_, answer) => {
      const execution: unknown = answer?.result.value
      session.post("Debugger.resume", () =>
        end({ execution: typeof execution === "string" ? execution : undefined, stack })
      )
    })
  })
  session.post("Debugger.enable", () => {
    if (!isOver) session.post("Debugger.pause")
  })
}

/** Whether a beat comes in time. */
const isBeating = (millis: number): boolean => Atomics.wait(view, 0, Atomics.load(view, 0), millis) !== "timed-out"

const report = (stood: number, { execution, stack }: Found): void => {
  const whose = execution === undefined ? "" : `, in the code of execution ${execution}`
  const where = stack.length === 0 ? ": it runs no JavaScript" : ":"
  say([`tidemark: process ${process.pid} has stood still for ${stood / 1_000} s${whose}${where}`, ...stack].join("\n"))
  if (then !== "kill") return
  say(`tidemark: process ${process.pid} is killed, so that another engine takes over`)
  process.kill(process.pid, "SIGKILL")
}

/** Waits for the next beat; the longer none comes, the longer until it is said again. */
const watch = (stood: number, next: number): void => {
  while (isBeating(next)) {
    stood = 0
    next = after
  }
  look((found) => {
    report(stood + next, found)
    watch(stood + next, stood + next)
  })
}

watch(0, after)
