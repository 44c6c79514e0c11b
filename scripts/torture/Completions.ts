/**
 * Answers survive: somebody completes tokens and is killed right after one was accepted, the engine is killed at any moment or
 * told to end, and both. In the end what was accepted is recorded, once; every other answer was true; nothing waits on.
 */
import * as path from "node:path"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Approvals from "./Approvals.js"
import * as Child from "./Child.js"
import * as Dice from "./Dice.js"
import * as Journals from "./Journals.js"
import { hasTime, type Part, report, type Setting } from "./Part.js"
import * as Replies from "./Replies.js"

/** What programs/approver.ts gives its phases, and what ending may take besides, in milliseconds. */
const longestEnd = 1_000 + 3_000

export interface Tally {
  /** of engines */
  kills: number
  /** engines told to end */
  ends: number
  /** completers killed right after a completion was accepted */
  silenced: number
  worlds: number
  accepted: number
  refused: number
  asked: number
  readonly problems: Array<string>
}

export const tally = (): Tally => ({
  kills: 0,
  ends: 0,
  silenced: 0,
  worlds: 0,
  accepted: 0,
  refused: 0,
  asked: 0,
  problems: []
})

/** The files and the seed of one database. */
export interface World {
  readonly seed: number
  readonly database: string
  readonly executions: number
}

export const tokensOf = ({ database }: World): string => `${database}.tokens`
export const repliesOf = ({ database }: World): string => `${database}.replies`

export const program = (setting: Setting, name: string, ...args: ReadonlyArray<string | number>) =>
  Child.program(path.join(setting.programs, `${name}.js`), ...args)

export const approver = (setting: Setting, world: World) =>
  program(setting, "approver", world.database, tokensOf(world), world.executions)

export const completer = (setting: Setting, world: World, lives: number) =>
  program(setting, "completer", world.database, tokensOf(world), repliesOf(world), world.seed, lives)

/** Answers until enough have been killed; then the next one does, for as long as the scope is open. */
const answerers = (setting: Setting, world: World, found: Tally, target: number) =>
  Effect.gen(function* () {
    for (let life = 0; ; life++) {
      const lives = found.silenced < target ? Dice.between(world.seed, `lives ${life}`, 1, 3) : 0
      const { code, signal } = yield* Effect.scoped(
        Effect.flatMap(completer(setting, world, lives), ({ ended }) => ended)
      )
      if (signal === "SIGKILL") found.silenced++
      else found.problems.push(`${world.database}: a completer ended with ${code ?? signal}`)
    }
  })

/** One engine, killed after a while or told to end; whether it came to its end before that. */
const engineLife = (setting: Setting, world: World, life: number, found: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const orderly = Dice.chance(world.seed, `orderly ${life}`) < 0.3
      const before = orderly ? yield* Effect.orDie(Journals.read(world.database)) : undefined
      const child = yield* approver(setting, world)
      const complain = (text: string) => void found.problems.push(`${world.database}, engine ${life}: ${text}`)
      yield* child.line((line) => line === "up", "30 seconds")
      yield* Effect.sleep(Dice.between(world.seed, `engine ${life}`, 0, 700))
      const began = yield* Clock.currentTimeMillis
      yield* child.kill(orderly ? "SIGTERM" : "SIGKILL")
      const { code, signal } = yield* child.ended
      const took = (yield* Clock.currentTimeMillis) - began
      if (child.lines.includes("all ended")) return true
      if (!orderly) found.kills++
      else {
        found.ends++
        if (code !== 143) complain(`SIGTERM ended it with ${code ?? signal}: ${child.lines.slice(-2).join(" | ")}`)
        if (took > longestEnd) complain(`SIGTERM ended it after ${took} ms`)
        for (const [id, { status }] of yield* Effect.orDie(Journals.read(world.database))) {
          // One that it has not taken is still the dead engine's before it.
          const took = status.epoch !== before?.get(id)?.status.epoch
          if (took && status.owner !== undefined)
            complain(`${id} was not handed back: ${status.status} at ${status.position}`)
        }
      }
      return false
    })
  )

/** The last engine ends by itself, for as long as it takes while one more ends now and then. */
export const lastLife = (setting: Setting, world: World, found: Tally) =>
  Effect.scoped(
    Effect.gen(function* () {
      const child = yield* approver(setting, world)
      let end: Option.Option<Child.Ended> = Option.none()
      for (let known = -1; Option.isNone(end) && child.lines.length > known; ) {
        known = child.lines.length
        end = yield* Effect.timeoutOption(child.ended, "90 seconds")
      }
      const said = child.lines.filter((line) => line !== "up" && !line.endsWith(" ended")).slice(-3)
      if (Option.isNone(end)) found.problems.push(`${world.database}: none more ended in 90 s: ${said.join(" | ")}`)
      else if (end.value.code !== 0) found.problems.push(`${world.database}: the last engine: ${said.join(" | ")}`)
    })
  )

/** Holds what was said against the journals. */
export const account = (world: World, found: Tally) =>
  Effect.gen(function* () {
    const journals = yield* Journals.read(world.database)
    const replies = Replies.read(repliesOf(world))
    if (journals.size !== world.executions) found.problems.push(`${world.database}: ${journals.size} executions`)
    for (const problem of Replies.problemsOf(journals, replies)) found.problems.push(`${world.database}: ${problem}`)
    found.asked += Approvals.read(tokensOf(world)).length
    for (const { answer } of replies) {
      if (answer === "accepted") found.accepted++
      else if (answer !== undefined) found.refused++
    }
    found.worlds++
  }).pipe(
    Effect.catchAllCause((cause) => Effect.sync(() => void found.problems.push(`${world.database}: ${String(cause)}`)))
  )

const endure = (setting: Setting, world: World, found: Tally, target: number) =>
  Effect.scoped(
    Effect.gen(function* () {
      const started = yield* Effect.scoped(
        Effect.flatMap(program(setting, "starter", world.database, world.executions, 0), ({ ended }) => ended)
      )
      if (started.code !== 0) found.problems.push(`${world.database}: the starter ended with ${started.code}`)
      const answering = yield* Effect.forkScoped(answerers(setting, world, found, target))
      for (let life = 0; life < 20 && found.silenced < target && (yield* hasTime(setting)); life++) {
        if (yield* engineLife(setting, world, life, found)) break
      }
      yield* lastLife(setting, world, found)
      yield* Fiber.interrupt(answering)
    })
  )

export const part: Part = {
  name: "completions",
  about:
    "completers killed right after an accepted answer, engines killed or ended: what was accepted is recorded, once",
  share: 12,
  run: Effect.fn("completions")(function* (setting: Setting) {
    const found = tally()
    const target = setting.amount ?? 500
    for (let number = 0; found.silenced < target && found.problems.length < 10; number++) {
      if (number > 0 && !(yield* hasTime(setting))) break
      const name = `completions${number}`
      const database = path.join(setting.folder, `${name}.db`)
      const world = { seed: Dice.derive(setting.seed, name), database, executions: target < 50 ? 12 : 40 }
      yield* endure(setting, world, found, target)
      yield* account(world, found)
      yield* setting.say(
        `${found.silenced} silenced, ${found.kills} engines killed, ${found.accepted} accepted, ${found.problems.length} problems`
      )
    }
    const { problems, ...figures } = found
    return report(figures, problems)
  })
}
