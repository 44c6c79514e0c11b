/**
 * Two processes of four clients each complete the same tokens at once, with no engine running: one of the eight is
 * accepted, the others are told so. And who guesses tokens learns nothing.
 */
import { randomBytes } from "node:crypto"
import * as fs from "node:fs"
import * as path from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TaskEngine, TaskStore } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "./Approvals.js"
import * as Completions from "./Completions.js"
import { type Part, report, type Setting } from "./Part.js"
import * as Replies from "./Replies.js"

const clients = 4
const guesses = 10_000

/** The first question of every third has no time limit and no rival: nobody else ends its wait. */
const step = 3

/** Starts so many executions, and has an engine run until each has asked its first question; it is killed then. */
const ask = (setting: Setting, world: Completions.World) =>
  Effect.scoped(
    Effect.gen(function* () {
      const starter = yield* Completions.program(setting, "starter", world.database, world.executions, 0, step)
      yield* starter.ended
      yield* Completions.approver(setting, world)
      while (Approvals.read(Completions.tokensOf(world)).length < world.executions) yield* Effect.sleep(50)
    })
  )

const duel = (setting: Setting, world: Completions.World) =>
  Effect.scoped(
    Effect.gen(function* () {
      const go = `${world.database}.go`
      const files = [Completions.tokensOf(world), Completions.repliesOf(world)]
      const start = Completions.program(setting, "duelist", world.database, ...files, clients, go)
      const duelists = [yield* start, yield* start]
      for (const { line } of duelists) yield* line((text) => text === "ready", "30 seconds")
      fs.writeFileSync(go, "")
      const problems: Array<string> = []
      for (const { ended, lines } of duelists) {
        const { code } = yield* ended
        if (code !== 0) problems.push(`a process ended with ${code}: ${lines.slice(-3).join(" | ")}`)
      }
      return problems
    })
  )

/** One of each token's completions is accepted, and that one is among the execution's letters, alone. */
const winners = (world: Completions.World) =>
  Effect.gen(function* () {
    const problems: Array<string> = []
    const store = yield* TaskStore
    const replies = Replies.read(Completions.repliesOf(world))
    for (const { execution, token } of Approvals.read(Completions.tokensOf(world))) {
      const told = replies.filter((reply) => reply.token === token)
      const won = told.filter(({ answer }) => answer === "accepted").map(({ say }) => say)
      const lost = told.filter(({ answer }) => answer === "AlreadyCompleted")
      if (won.length !== 1 || lost.length !== 2 * clients - 1) {
        problems.push(`${execution}: ${told.map(({ answer }) => answer).join(", ")}`)
      }
      const kept = (yield* store.letters(execution)).map(
        ({ body }) => (body as { value?: { say?: string } }).value?.say
      )
      if (kept.length !== 1 || kept[0] !== won[0]) problems.push(`${execution}: ${won} was accepted, ${kept} is kept`)
    }
    return problems
  })

const guess = Effect.gen(function* () {
  const answers = new Set<string>()
  for (let n = 0; n < guesses; n++) {
    const token = randomBytes(24).toString("base64url")
    // Of the right form, cut short, or with something else.
    const given = n % 10 === 0 ? token.slice(0, n % 32) : n % 10 === 1 ? `${token}\n` : token
    const exit = yield* Effect.exit(TaskEngine.complete(given, Exit.succeed({ say: "a guess" })))
    answers.add(Exit.isSuccess(exit) ? "accepted" : JSON.stringify(exit.cause))
  }
  return answers.size === 1 && !answers.has("accepted") ? [] : [`guesses were answered ${[...answers].join(", ")}`]
})

export const part: Part = {
  name: "duels",
  about:
    "eight clients of two processes complete the same tokens: one winner each; 10,000 guesses: all the same answer",
  share: 3,
  run: Effect.fn("duels")(function* (setting: Setting) {
    const database = path.join(setting.folder, "duels.db")
    const world = { seed: setting.seed, database, executions: setting.amount ?? 1_000 }
    yield* ask(setting, world)
    const problems = [...(yield* duel(setting, world))]
    const judged = Effect.zipWith(winners(world), guess, (won, guessed) => [...won, ...guessed])
    problems.push(...(yield* Effect.orDie(Effect.provide(judged, Sqlite.layer({ filename: database })))))
    const tokens = Approvals.read(Completions.tokensOf(world)).length
    return report({ tokens, completions: Replies.read(Completions.repliesOf(world)).length, guesses }, problems)
  })
}
