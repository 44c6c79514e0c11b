/** What anybody may send to an execution: the answer to a phase that waits for one, or a signal. It takes no engine. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { TokenNotFound } from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import { hashOf } from "../engine/Tokens.js"
import type { Changing } from "./Arguments.js"
import * as Change from "./Change.js"
import * as Control from "./Control.js"
import * as Page from "./Page.js"
import * as Refusals from "./Refusals.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"

/** Says what will be sent, asks, sends it, and says how the execution stands then. */
const send = Effect.fnUntraced(function* (
  control: Control.Control,
  given: Changing,
  { id, text, verb }: { readonly verb: string; readonly id: string; readonly text: string },
  sending: (advance: boolean) => Effect.Effect<void, Refusals.Refusal>
) {
  const { store } = control
  const device = yield* Screen.Screen
  const owner = yield* control.holder
  const here = owner === undefined && given.tasks !== undefined
  if (given.tasks !== undefined) yield* control.provide(given.tasks)
  if (!given.json) yield* Screen.print(device, [Page.flow(2, { text: verb, tone: "strong" }, ` ${text}`)])
  const told = { verb, problem: null, engine: null }
  if (given.dryRun) {
    const found = yield* Change.standing(store, id)
    return given.json ? yield* Change.tell({ ...told, outcome: "planned", ...found }, true) : undefined
  }
  yield* Change.confirmed(given)
  yield* sending(here)
  // What is only sent is done, however the execution stands.
  const tell = here ? Change.tell : Change.told
  yield* tell({ ...told, outcome: "done", ...(yield* Change.standing(store, id)) }, given.json)
})

const short = (value: Json | undefined): string => (value === undefined ? "nothing" : JSON.stringify(value))

const over = <A, E extends Refusals.Refusal, R>(
  { db, dryRun }: Changing,
  work: (control: Control.Control) => Effect.Effect<A, E, R>
) => Effect.scoped(Effect.flatMap(Control.open(db, dryRun ? "read" : "write"), work)).pipe(Effect.mapError(Refusals.of))

/** Answers the phase that handed out the token: with a value, or with the error that it fails with. */
export const complete = (given: Changing, token: string, exit: Exit.Exit<Json | void, Json>) =>
  over(given, (control) =>
    Effect.gen(function* () {
      const row = yield* control.store.token(hashOf(token))
      if (row === undefined) return yield* new TokenNotFound({})
      const { execution: id, path } = row
      const what = Exit.match(exit, {
        onSuccess: (value) => `succeeds with ${short(value as Json | undefined)}`,
        onFailure: (cause) => `fails with ${short(cause._tag === "Fail" ? cause.error : undefined)}`
      })
      const text = `${path} of ${id} ${what}`
      yield* send(control, given, { verb: "complete", id, text }, (advance) =>
        control.engine.complete(token, exit, { advance })
      )
    })
  )

/** Sends a signal. */
export const signal = (given: Changing, id: string, name: string, value: Json | undefined) =>
  over(given, (control) =>
    Effect.gen(function* () {
      yield* Seen.naming(control.store, id)(Seen.one(control.store, id, yield* Clock.currentTimeMillis))
      const text = `${name} to ${id}, with ${short(value)}`
      yield* send(control, given, { verb: "signal", id, text }, (advance) =>
        control.engine.signal(id, name, value, { advance })
      )
    })
  )
