/**
 * Races around one token: completions against the end of its wait, within milliseconds of each other. What each completer
 * was told has to be what became of the phase: one winner, no wake-up lost, nothing stuck.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Answers from "../../src/engine/Answers.js"
import * as Engine from "../../src/engine/Engine.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded, TaskStore } from "../../src/store/Store.js"
import { TaskEngine } from "../../src/TaskEngine.js"
import * as Dice from "./Dice.js"
import { runner } from "./Seeds.js"
import { type Crash, World } from "./World.js"

// In a simulated process nothing may take real time.
await Answers.load()

const rivals = ["nothing", "suspension", "timeout", "pause", "close", "revert", "loss", "skip"] as const
type Rival = (typeof rivals)[number]

/** `foreign`: in a process that owns nothing. */
interface Completer {
  readonly offset: number
  readonly value: string
  readonly foreign: boolean
}

/** One race, as its seed says it. Times in milliseconds. */
export interface Race {
  readonly rival: Rival
  /** when the rival strikes, after the token was told */
  readonly at: number
  /** who completes it, when, compared with the rival, and with what */
  readonly completers: ReadonlyArray<Completer>
  /** how long `notify` takes */
  readonly notify: number
  /** how long waits are sat out */
  readonly awake: number
  /** whether what completed it can be undone */
  readonly undo: boolean
  readonly crashes: ReadonlyArray<Crash>
}

export const draw = (seed: number): Race => {
  const between = (name: string, low: number, high: number) => Dice.between(seed, name, low, high)
  const rival = rivals[between("rival", 0, rivals.length - 1)]!
  const notify = rival === "suspension" ? 20 : between("notify", 0, 3)
  const offset = (name: string) => between(name, -5, 5)
  const count = between("completers", 1, 3)
  return {
    rival,
    at: 20,
    notify,
    awake: between("awake", 0, 1) * 10_000,
    undo: between("undo", 0, 1) === 1,
    completers: Array.from({ length: count }, (_, index) => ({
      offset: offset(`offset ${index}`),
      value: Dice.chance(seed, `value ${index}`) < 0.7 ? "yes" : "no",
      foreign: Dice.chance(seed, `foreign ${index}`) < 0.5
    })),
    crashes: Array.from({ length: between("crashes", -1, 2) }, (_, index) => ({
      write: between(`crash ${index}`, 1, 14),
      after: Dice.chance(seed, `after ${index}`) < 0.5
    }))
  }
}

const id = "race"

/** What a completer was told: "accepted", or the tag of what it was refused with. */
interface Told {
  readonly value: string
  readonly answer: string
}

/** What there is to see of a race beside its world. */
interface Seen {
  readonly tokens: Array<string>
  /** by completer */
  readonly told: Map<number, Told>
  began: number
}

const taskOf = (world: World, { at, notify, rival, undo }: Race, seen: Seen) => {
  const notifies = (token: string) =>
    world.seen(() => {
      seen.tokens.push(token)
      if (seen.tokens.length === 1) seen.began = world.simulation.now
      return Effect.sleep(notify)
    })
  const undoes = (value: string) => Effect.sync(() => void world.outside.set("undone", value))
  const ask = Phase.delegate("ask", {
    success: Schema.String,
    error: Schema.String,
    notify: notifies,
    ...(undo ? { undo: undoes, undoUnknown: () => undoes("nothing") } : {}),
    ...((rival === "timeout" ? { timeout: at } : {}) as { timeout: number })
  })
  return Task.make("race", {
    success: Schema.String,
    error: Schema.String,
    *run() {
      const answer = Phase.group("answer", function* () {
        const found = yield* Phase.either(ask)
        return Either.isRight(found) ? found.right : "late"
      })
      const nap = Phase.group("nap", function* () {
        yield* Phase.sleep("rival", at)
        return "lost"
      })
      const found = rival === "loss" ? yield* Phase.race([answer, nap]) : yield* answer
      yield* Phase.make("after", world.does("after", "after"))
      return found
    }
  })
}

const path = (rival: Rival): string => (rival === "loss" ? "race/answer/ask" : "answer/ask")

const ended: ReadonlySet<string> = new Set(["Completed", "Closed", "Reverted"])

/** What the rival does: an operator, if it is one. Whether there is nothing more to do. */
const strike = (race: Race, engine: TaskEngine["Type"], until: (at: number) => Effect.Effect<void>) =>
  Effect.gen(function* () {
    const { at, rival } = race
    if (rival === "skip" || rival === "pause") yield* until(rival === "skip" ? at - 12 : at)
    if (rival === "skip" || rival === "pause") yield* Effect.exit(engine.pause(id))
    if (rival === "skip") {
      yield* until(at)
      yield* Effect.exit(engine.skip(id, path(rival), "skipped"))
    }
    if (rival === "close" || rival === "revert") {
      yield* until(at)
      yield* Effect.exit(engine.close(id, { revert: rival === "revert" }))
    }
    yield* until(at + 10)
  })

/** Completes the token, once, and notes what it is told. */
const complete = (seen: Seen, index: number, { value }: Completer, engine: TaskEngine["Type"]) =>
  Effect.gen(function* () {
    if (seen.told.has(index)) return
    const answer = yield* Effect.match(engine.complete(seen.tokens[0]!, Exit.succeed(value)), {
      onFailure: ({ _tag }) => _tag as string,
      onSuccess: () => "accepted"
    })
    seen.told.set(index, { value, answer })
  })

/** An engine of another process, that owns nothing. */
const foreignTo = (world: World) =>
  Effect.map(
    Layer.build(
      Engine.layer.pipe(Layer.provide(Layer.effect(TaskStore, Effect.map(MemoryStore.make(world.memory), fromEncoded))))
    ),
    (context) => Context.get(context, TaskEngine)
  )

/** Lets a race be run, in one process after the other, until its execution has ended. */
const live = (race: Race) => {
  const world = new World()
  const seen: Seen = { tokens: [], told: new Map(), began: 0 }
  const task = taskOf(world, race, seen)
  let made = 0
  const config = { crashes: 10, awake: race.awake, newToken: () => `token-${++made}-${"x".repeat(20)}` }
  const last: Completer = { offset: 60_000, value: "last", foreign: false }
  const program = Effect.scoped(
    Effect.gen(function* () {
      const engine = yield* TaskEngine
      const foreign = yield* foreignTo(world)
      yield* Effect.orDie(task.start({}, { id }))
      while (seen.tokens.length === 0) yield* Effect.sleep("1 millis")
      const until = (after: number) =>
        Effect.suspend(() => Effect.sleep(Math.max(0, seen.began + after - world.simulation.now)))
      const completers = [...race.completers, last].map((completer, index) =>
        Effect.zipRight(
          until(race.at + completer.offset),
          complete(seen, index, completer, completer.foreign ? foreign : engine)
        )
      )
      const operator = Effect.zipRight(strike(race, engine, until), tend(engine, world))
      yield* Effect.all([...completers, operator], { concurrency: "unbounded", discard: true })
    })
  )
  for (let index = 0; ; index++) {
    const life = world.process(program, { crash: race.crashes[index], tasks: [task], config })
    if (life._tag === "Died") continue
    if (life.exit._tag === "Failure") throw new Error(String(life.exit.cause))
    return { seen, world }
  }
}

/** Resumes what stands still until it has ended; the longest that this takes is the last completer. */
const tend = (engine: TaskEngine["Type"], world: World) =>
  Effect.gen(function* () {
    const end = world.simulation.now + 120_000
    while (world.simulation.now < end) {
      const { status } = yield* engine.status(id)
      if (ended.has(status)) return
      if (status === "Paused") yield* Effect.exit(engine.resume(id))
      yield* Effect.sleep("10 millis")
    }
  })

/** What is wrong with how a race has ended: nothing, as a rule. */
export const check = (seed: number): ReadonlyArray<string> => {
  const race = draw(seed)
  try {
    return problemsOf(race, live(race))
  } catch (thrown) {
    return [JSON.stringify(race), thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)]
  }
}

const problemsOf = (race: Race, { seen, world }: ReturnType<typeof live>): ReadonlyArray<string> => {
  const found = [...world.violations]
  const { result, status } = world.history(id)
  const told = [...seen.told.values()]
  const accepted = [...new Set(told.filter(({ answer }) => answer === "accepted").map(({ value }) => value))]
  const [value] = accepted
  const succeeded = world
    .entries(id)
    .flatMap(({ entry }) => (entry._tag === "PhaseSucceeded" && entry.path === path(race.rival) ? [entry] : []))
  const skipped = succeeded.some(({ act }) => act !== undefined)
  const hold = (is: boolean, problem: string) => void (is || found.push(problem))
  hold(ended.has(status), `it is stuck: ${status}`)
  hold(new Set(seen.tokens).size === 1, `its tokens were ${seen.tokens.join()}`)
  hold(seen.tokens.length <= 1 + world.died.length, `notify ran ${seen.tokens.length} times`)
  hold(accepted.length <= 1, `accepted were ${accepted.join()}`)
  hold(succeeded.length <= 1, "it happened twice")
  for (const { answer } of told) {
    if (answer === "AlreadyCompleted") hold(value !== undefined, "AlreadyCompleted, and nobody was accepted")
    else if (answer !== "accepted") hold(value === undefined, `${answer} beside an accepted ${value}`)
    if (answer === "TokenExpired") hold(result === "late" || status !== "Completed", `TokenExpired, and ${result}`)
    const refusals = ["accepted", "AlreadyCompleted", "TokenExpired", "TokenClosed"]
    hold(refusals.includes(answer), `a completer was told ${answer}`)
  }
  if (skipped) hold(value === undefined && result === "skipped", `skipped, accepted ${value}, ended ${result}`)
  else if (value === undefined) hold(succeeded.length === 0, "it happened, and nobody was accepted")
  else if (status === "Completed" && result !== "lost") {
    hold(result === value && succeeded[0]?.value === value, `accepted ${value}, and ended ${result}`)
  } else if (status !== "Closed") {
    const undone = world.outside.get("undone")
    hold(undone === (race.undo ? value : undefined), `accepted ${value}, left behind, and undone was ${undone}`)
  }
  return found.length === 0 ? found : [JSON.stringify(race), `told ${JSON.stringify(told)}`, ...found]
}

export const run = runner(check, "races")
