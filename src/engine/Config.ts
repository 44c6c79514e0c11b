/** The engine's knobs: one service, every one with a default. */
import { randomFillSync, randomUUID } from "node:crypto"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Keep } from "../authoring/Keep.js"

export interface Config {
  /**
   * `active`: stays awake, and advances what is due by itself. `passive`: advances what it is asked to, on the caller's
   * fiber, and owns the store only meanwhile; for serverless functions, cron, and tests. Active
   */
  readonly mode: "active" | "passive"
  /** how long phases in flight get to finish when the engine stops; then they are interrupted, and in doubt. 30 seconds */
  readonly grace: Duration.DurationInput
  /** after how many crashes in a row without any progress an execution is parked as Failed. 3 */
  readonly crashes: number
  /** how many recovered and detached executions run at once. 100 */
  readonly concurrency: number
  /** of some tasks: how many of theirs at most. None */
  readonly tasks: Readonly<Record<string, number>>
  /** the largest recorded value, in characters of JSON. 10 MiB; a tenth of it is logged as a warning */
  readonly maxValue: number
  /** how many phases one execution may record. 50,000; a fifth of it is logged as a warning */
  readonly maxPhases: number
  /** how large one journal may grow, in characters of JSON. 50 MiB */
  readonly maxJournal: number
  /** how much of its past an execution keeps, if neither its task nor its checkpoint says so. "all" */
  readonly keep: Keep
  /** for how long executions of tasks that say nothing of it are kept once they have ended; none: for ever */
  readonly retention: Duration.DurationInput | undefined
  /** an execution that only waits is let go if the nearest of its waits is further away. 10 seconds */
  readonly awake: Duration.DurationInput
  /** how often the owner looks for what other processes ask. 100 milliseconds */
  readonly inbox: Duration.DurationInput
  /** how often an engine that waits for another's end tries to take over. 250 milliseconds */
  readonly standby: Duration.DurationInput
  /** how long a request to another process's engine waits for its answer. 30 seconds */
  readonly answer: Duration.DurationInput
  /** a fresh execution id: a UUID that begins with its time */
  readonly newId: Effect.Effect<string>
  /** a fresh token: URL-safe text of at least 128 random bits */
  readonly newToken: () => string
}

const tokenBytes = 24

/** Random bytes for some tokens: to ask for them one by one takes four times as long. */
const random = Buffer.alloc(tokenBytes * 128)
let used = random.length

/** A command takes it as it is: it does not begin like an option. */
const newToken = (): string => {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  const token = random.toString("base64url", used, used + tokenBytes)
  // Whoever has it keeps it; it is not kept here.
  random.fill(0, used, used + tokenBytes)
  used += tokenBytes
  return token.startsWith("-") ? newToken() : token
}

/**
 * A random UUID that begins with its time (version 7 of RFC 9562): those that are made one after the other are beside each
 * other in an index, and a commit of many writes few of its pages.
 */
const idAt = (at: number): string => {
  const time = at.toString(16).padStart(12, "0").slice(-12)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`
}

/** Provide another value to change a knob: `Layer.succeed(EngineConfig, { ...EngineConfig.defaults, grace: "5 seconds" })`. */
export class EngineConfig extends Context.Reference<EngineConfig>()("tidemark/EngineConfig", {
  defaultValue: (): Config => EngineConfig.defaults
}) {
  static readonly defaults: Config = {
    mode: "active",
    grace: Duration.seconds(30),
    crashes: 3,
    concurrency: 100,
    tasks: {},
    maxValue: 10 * 1024 * 1024,
    maxPhases: 50_000,
    maxJournal: 50 * 1024 * 1024,
    keep: "all",
    retention: undefined,
    awake: Duration.seconds(10),
    inbox: Duration.millis(100),
    standby: Duration.millis(250),
    answer: Duration.seconds(30),
    newId: Effect.clockWith((clock) => Effect.succeed(idAt(clock.unsafeCurrentTimeMillis()))),
    newToken
  }
}
