/**
 * Executions that ask somebody else: three questions each. Every token goes into a file as it is handed out; whoever reads
 * that answers. A question waits for as long as it takes, or asks again after a timeout, or races against a time.
 */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import * as Dice from "./Dice.js"

export const Answer = Schema.Struct({ say: Schema.String })
export const declined = "declined"
export const late = "late"

const questions = [0, 1, 2] as const
const kinds = ["asked", "timed", "raced"] as const
export type Kind = (typeof kinds)[number]

/** How the question of an execution waits. */
export const kindOf = (n: number, question: number): Kind => kinds[(n + question) % kinds.length]!

export const idOf = (n: number): string => `e${n}`
export const numberOf = (execution: string): number => Number(execution.slice(1))

/** A token that was handed out. */
export interface Asked {
  readonly execution: string
  readonly question: number
  readonly token: string
}

/** All that were handed out, in order; one cut by a kill is left out. */
export const read = (tokens: string): ReadonlyArray<Asked> =>
  fs.existsSync(tokens)
    ? fs
        .readFileSync(tokens, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => {
          const [execution = "", question, token = ""] = line.split(" ")
          return { execution, question: Number(question), token }
        })
    : []

const patient = Schedule.intersect(Schedule.spaced("30 millis"), Schedule.recurs(1_000))

/** The task, whose tokens go to the file `tokens`. */
export const make = (tokens: string) => {
  const file = fs.openSync(tokens, "a")
  const notify = (n: number, question: number) => (token: string) =>
    Effect.zipRight(
      Effect.sync(() => void fs.writeSync(file, `${idOf(n)} ${question} ${token}\n`)),
      Effect.sleep(Dice.between(n, `notify ${question}`, 0, 20))
    )
  const ask = (n: number, question: number) => {
    const name = `q${question}`
    const common = { success: Answer, error: Schema.Literal(declined), notify: notify(n, question), retry: patient }
    switch (kindOf(n, question)) {
      case "asked":
        return Phase.delegate(name, common)
      case "timed":
        return Phase.delegate(name, { ...common, timeout: "500 millis" })
      case "raced":
        return Phase.race([Phase.delegate(name, common), Phase.sleep(late, "300 millis")], { name: `race ${name}` })
    }
  }
  return Task.make("approval", {
    payload: { n: Schema.Number },
    success: Schema.Array(Schema.String),
    error: Schema.Literal(declined),
    *run({ n }) {
      const said: Array<string> = []
      for (const question of questions) {
        yield* Phase.sleep(`rest ${question}`, Dice.between(n, `rest ${question}`, 0, 40))
        const answer = yield* ask(n, question)
        said.push(answer === undefined ? late : answer.say)
      }
      return said
    }
  })
}
