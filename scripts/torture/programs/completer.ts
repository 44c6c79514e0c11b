/**
 * Somebody who answers, without the code of what asks: `completer.js DATABASE TOKENS REPLIES SEED LIVES`. It answers what is
 * asked last, and each question by its newest token: declines, lets some pass, says some things twice or late. It kills
 * itself right after the answer that its LIVESth completion is accepted (0: never). It goes on until it is killed.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "../Approvals.js"
import * as Dice from "../Dice.js"
import * as Replies from "../Replies.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", tokens = "", replies = "", seedText, livesText] = process.argv
const seed = Number(seedText)
const write = Replies.writer(replies)
let lives = Number(livesText)

const tell = (asked: Approvals.Asked, say: string) =>
  Effect.gen(function* () {
    const at = yield* Clock.currentTimeMillis
    write({ ...asked, say, at, answer: undefined })
    const exit = say === Approvals.declined ? Exit.fail(say) : Exit.succeed({ say })
    const told = yield* Effect.exit(TaskEngine.complete(asked.token, exit))
    const error = Exit.isFailure(told) ? Option.getOrUndefined(Cause.failureOption(told.cause)) : undefined
    const reply = { ...asked, say, at, answer: Exit.isSuccess(told) ? "accepted" : (error?._tag ?? "defect") }
    write(reply)
    if (reply.answer === "accepted" && --lives === 0) process.kill(process.pid, "SIGKILL")
    return reply
  })

/** What is said to a question, one after the other. */
const sayings = ({ execution, question, token }: Approvals.Asked): ReadonlyArray<string> => {
  const chance = Dice.chance(seed, token)
  const kind = Approvals.kindOf(Approvals.numberOf(execution), question)
  if (chance < 0.25 && kind !== "asked") return []
  const say = chance > 0.85 ? Approvals.declined : `${execution}-${question}-${token.slice(0, 8)}`
  if (chance < 0.4) return [say, say]
  return chance < 0.55 ? [say, `${say}-or-not`] : [say]
}

/** The newest token of each question, the newest first: those before it have ended. */
const newest = (all: ReadonlyArray<Approvals.Asked>): ReadonlyArray<Approvals.Asked> => {
  const last = new Map<string, Approvals.Asked>()
  for (const asked of all.toReversed()) {
    const question = `${asked.execution} ${asked.question}`
    if (!last.has(question)) last.set(question, asked)
  }
  return [...last.values()]
}

const main = Effect.gen(function* () {
  process.stdout.write("up\n")
  const told = new Map<string, number>()
  // There is no more to be said about a token that has expired.
  const note = ({ answer, token }: Replies.Reply) =>
    void told.set(token, answer === "TokenExpired" ? Infinity : (told.get(token) ?? 0) + 1)
  const next = (asked: Approvals.Asked) => sayings(asked)[told.get(asked.token) ?? 0]
  for (const reply of Replies.read(replies)) {
    if (reply.answer !== undefined && !reply.say.startsWith("late-")) note(reply)
  }
  for (let turn = 0; ; turn++) {
    const all = Approvals.read(tokens)
    const asked = newest(all).find((one) => next(one) !== undefined)
    if (asked === undefined) yield* Effect.sleep(20)
    else note(yield* tell(asked, next(asked)!))
    const old = all[Dice.between(seed, `late ${turn}`, 0, all.length - 1)]
    if (old !== undefined && turn % 5 === 4) yield* tell(old, `late-${turn}`)
  }
})

runUntilSignal(Effect.provide(main, Sqlite.layer({ filename })))
