/**
 * What those who complete tokens say and are told, kept apart from the store: a line before each completion, and one with
 * its answer. Held against the journals: what was accepted is recorded, once, and nothing else is.
 */
import { createHash } from "node:crypto"
import * as fs from "node:fs"
import * as Approvals from "./Approvals.js"
import type { Journal } from "./Journals.js"

export interface Reply extends Approvals.Asked {
  readonly say: string
  /** when it was said, in milliseconds UTC */
  readonly at: number
  /** "accepted", or the tag of the error; nothing before it is known */
  readonly answer: string | undefined
}

/** A function that appends replies to this file. */
export const writer = (filename: string) => {
  const file = fs.openSync(filename, "a")
  return ({ answer = "", at, execution, question, say, token }: Reply): void =>
    void fs.writeSync(file, `${[execution, question, token, say, at, answer].join(" ")}\n`)
}

/** All of them, in order; one cut by a kill is left out. */
export const read = (filename: string): ReadonlyArray<Reply> =>
  fs.existsSync(filename)
    ? fs
        .readFileSync(filename, "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => {
          const [execution = "", question, token = "", say = "", at, answer = ""] = line.split(" ")
          const known = answer === "" ? undefined : answer
          return { execution, question: Number(question), token, say, at: Number(at), answer: known }
        })
    : []

/** What became of the attempt that a token was of. */
interface Outcome {
  readonly execution: string
  readonly path: string
  /** what completed it, as it was said */
  said?: string
  timedOut?: boolean
  /** when it was taken back, for its race was lost, in milliseconds UTC */
  left?: number
}

const hashOf = (token: string): string => createHash("sha256").update(token).digest("hex")

/** The attempts of all tokens, by hash; and what is wrong with the journals alone. */
const outcomesOf = (journals: ReadonlyMap<string, Journal>) => {
  const outcomes = new Map<string, Outcome>()
  const problems: Array<string> = []
  for (const [execution, { entries, status }] of journals) {
    const open = new Map<string, Outcome>()
    const succeeded = new Set<string>()
    const undos = new Map<string, string>()
    for (const { at, entry } of entries) {
      if (entry._tag === "PhaseStarted" && entry.undoes !== undefined) undos.set(entry.path, entry.undoes)
      if ((entry._tag === "PhaseStarted" || entry._tag === "AttemptStarted") && entry.token !== undefined) {
        const outcome = { execution, path: entry.path }
        outcomes.set(entry.token, outcome)
        open.set(entry.path, outcome)
      }
      if (entry._tag === "PhaseSucceeded") {
        if (succeeded.has(entry.path)) problems.push(`${execution}: ${entry.path} succeeded twice`)
        succeeded.add(entry.path)
        const outcome = open.get(entry.path)
        if (outcome !== undefined) outcome.said = (entry.value as { readonly say: string }).say
        open.delete(entry.path)
        const undone = open.get(undos.get(entry.path) ?? "")
        if (undone !== undefined) undone.left = at
      }
      if (entry._tag === "AttemptFailed") {
        const outcome = open.get(entry.path)!
        if (entry.failure._tag === "Fail") outcome.said = Approvals.declined
        else if (entry.failure._tag === "Timeout") outcome.timedOut = true
        else problems.push(`${execution}: ${entry.path} failed with ${JSON.stringify(entry.failure)}`)
        open.delete(entry.path)
      }
    }
    if (status.status !== "Completed") problems.push(`${execution} is ${status.status} at ${status.position}`)
    problems.push(...wrongResult(execution, status.result, outcomes))
  }
  return { outcomes, problems }
}

const wrongResult = (
  execution: string,
  result: unknown,
  outcomes: ReadonlyMap<string, Outcome>
): ReadonlyArray<string> => {
  const said = new Set([Approvals.late])
  for (const outcome of outcomes.values()) if (outcome.execution === execution) said.add(outcome.said ?? "")
  if (!Array.isArray(result) || result.length !== 3) return [`${execution} has the result ${JSON.stringify(result)}`]
  return result.every((one) => said.has(one)) ? [] : [`${execution} has the result ${result}, which nobody said`]
}

/** What an answer says that is not so. */
const untruth = ({ answer, at, say }: Reply, { left, said, timedOut }: Outcome): string | undefined => {
  switch (answer) {
    case undefined:
      return undefined
    case "accepted": {
      if (said === say) return undefined
      // What comes before a lost token is closed is undone as what happened.
      if (said === undefined && left !== undefined && at <= left + 50) return undefined
      return said === undefined ? "it is not recorded" : `${said} is recorded`
    }
    case "AlreadyCompleted":
      if (said === undefined) return left === undefined ? "nothing is recorded" : undefined
      return said === say ? "it was this" : undefined
    case "TokenExpired":
      return timedOut === true ? undefined : "it did not time out"
    case "TokenClosed":
      return said === undefined && timedOut !== true ? undefined : "it ended otherwise"
    default:
      return "nobody should be told that"
  }
}

/** When each value was first said of its token and not refused: said again it is answered as done, whatever became of it. */
const firsts = (replies: ReadonlyArray<Reply>): ReadonlyMap<string, number> => {
  const refused = new Set(
    replies.flatMap((reply) =>
      reply.answer === undefined || reply.answer === "accepted" ? [] : [`${wordsOf(reply)} ${reply.at}`]
    )
  )
  const first = new Map<string, number>()
  for (const reply of replies) {
    const words = wordsOf(reply)
    if (!first.has(words) && !refused.has(`${words} ${reply.at}`)) first.set(words, reply.at)
  }
  return first
}

const wordsOf = ({ say, token }: Reply): string => `${hashOf(token)} ${say}`

/** What is wrong, once all has ended. */
export const problemsOf = (
  journals: ReadonlyMap<string, Journal>,
  replies: ReadonlyArray<Reply>
): ReadonlyArray<string> => {
  const { outcomes, problems } = outcomesOf(journals)
  const spoken = new Set(replies.map(wordsOf))
  const first = firsts(replies)
  for (const reply of replies) {
    const { answer, at, execution, question, say, token } = reply
    const outcome = outcomes.get(hashOf(token))
    const since = first.get(wordsOf(reply)) ?? at
    const what = outcome === undefined ? "its token is in no journal" : untruth({ ...reply, at: since }, outcome)
    if (what !== undefined)
      problems.push(`${execution} question ${question}: ${say} was answered with ${answer}; ${what}`)
  }
  for (const [hash, { execution, path, said }] of outcomes) {
    if (said !== undefined && !spoken.has(`${hash} ${said}`)) {
      problems.push(`${execution}: ${path} ended with ${said}, which nobody said`)
    }
  }
  return problems
}
