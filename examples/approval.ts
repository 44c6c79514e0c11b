/**
 * A document that somebody approves: its owner is asked, and reminded once the deadline has passed; then the boss is asked,
 * who may take as long as it takes. Nobody's process has to live meanwhile. Three of them share one file:
 *
 *     npm run build
 *     node dist/examples/approval.js approvals.db start contract.pdf 30     # starts it, with a deadline of 30 seconds, and exits
 *     node dist/examples/approval.js approvals.db work                      # runs whatever is there, until Ctrl-C
 *     node dist/examples/approval.js approvals.db complete TOKEN yes ann    # answers by the token of a mail that `work` has printed
 *
 * Kill the worker at any time, also with -9, and start it again: it goes on, and a mail that may not have gone is sent again,
 * with the same token. An answer that comes while no worker lives is kept.
 */
import { realpathSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Phase, Task, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

export const Answer = Schema.Struct({ ok: Schema.Boolean, by: Schema.String })

/** Mail, as far as this example needs any. */
const mail = (to: string, text: string) => Console.log(`mail to the ${to}: ${text}`)

/** Somebody who is asked by mail. What they answer has a schema; that they may not answer in time is part of its type. */
const ask = (who: string, document: string) => ({
  success: Answer,
  notify: (token: string) => mail(who, `may ${document} be published? Answer with ${token}`)
})

export const approval = Task.make("approval", {
  payload: { document: Schema.String, deadline: Schema.DurationFromMillis },
  success: Answer,
  *run({ deadline, document }) {
    const owner = Phase.delegate("ask the owner", { ...ask("owner", document), timeout: deadline })
    const early = yield* Phase.either(owner)
    if (Either.isLeft(early)) yield* Phase.make("remind", mail("owner", `${document} goes to the boss now`))
    const boss = Phase.delegate("ask the boss", ask("boss", document))
    const { by, ok } = Either.isRight(early) ? early.right : yield* boss
    yield* Phase.make("announce", mail("author", `${document} is ${ok ? "approved" : "declined"} by ${by}`))
    return { by, ok }
  }
})

const start = (document: string, seconds: string) =>
  Effect.flatMap(approval.start({ document, deadline: Duration.seconds(Number(seconds)) }, { id: document }), (id) =>
    Console.log(`${id} is started`)
  )

const work = Effect.zipRight(Console.log("working"), Layer.launch(approval.layer))

const complete = (token: string, answer: string, by: string) =>
  Effect.zipRight(
    TaskEngine.complete(token, Exit.succeed({ ok: answer === "yes", by })),
    Console.log(`${by}'s answer is kept`)
  )

const main = (verb: string | undefined, args: ReadonlyArray<string>): Effect.Effect<void, Error, TaskEngine> => {
  const [first = "", second = "", third = ""] = args
  if (verb === "start") return start(first, second)
  if (verb === "work") return work
  if (verb === "complete") return complete(first, second, third)
  return Console.error("usage: approval.js DATABASE start DOCUMENT SECONDS | work | complete TOKEN yes|no NAME")
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [filename = "", verb, ...args] = process.argv.slice(2)
  const said = Effect.tapError(main(verb, args), ({ message }) => Console.error(message))
  NodeRuntime.runMain(Effect.provide(said, Sqlite.layer({ filename })), { disableErrorReporting: true })
}
