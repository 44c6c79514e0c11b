/**
 * Completes the same tokens as others do: `duelist.js DATABASE TOKENS REPLIES CLIENTS GO`. It prints "ready", and begins when
 * there is a file GO: every token is completed by CLIENTS fibers at once, each of which says something else.
 */
import * as fs from "node:fs"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"
import * as Approvals from "../Approvals.js"
import * as Replies from "../Replies.js"
import { runUntilSignal } from "../Signals.js"

const [, , filename = "", tokens = "", replies = "", clients, go = ""] = process.argv
const write = Replies.writer(replies)

const complete = (asked: Approvals.Asked, client: number) =>
  Effect.gen(function* () {
    const say = `${process.pid}-${client}`
    const at = yield* Clock.currentTimeMillis
    const told = yield* Effect.exit(TaskEngine.complete(asked.token, Exit.succeed({ say })))
    const error = Exit.isFailure(told) ? Option.getOrUndefined(Cause.failureOption(told.cause)) : undefined
    write({ ...asked, say, at, answer: Exit.isSuccess(told) ? "accepted" : (error?._tag ?? "defect") })
  })

const main = Effect.gen(function* () {
  const all = Approvals.read(tokens)
  yield* TaskEngine.list({ limit: 1 })
  process.stdout.write("ready\n")
  while (!fs.existsSync(go)) yield* Effect.sleep(1)
  const each = Array.from({ length: Number(clients) }, (_, client) => client)
  for (const asked of all) {
    yield* Effect.forEach(each, (client) => complete(asked, client), { concurrency: "unbounded", discard: true })
  }
})

runUntilSignal(Effect.provide(main, Sqlite.layer({ filename })))
