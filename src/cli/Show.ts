/** `show`: one execution. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Store } from "../store/Store.js"
import * as Screen from "./Screen.js"
import * as Seen from "./Seen.js"
import * as Showing from "./Showing.js"
import * as Shown from "./Shown.js"

export interface Options {
  readonly id: string
  readonly all: boolean
  readonly json: boolean
  /** no engine runs */
  readonly alone?: boolean
}

export const run = Effect.fnUntraced(function* (store: Store, { all, alone, id, json }: Options) {
  const device = yield* Screen.Screen
  const now = yield* Clock.currentTimeMillis
  const seen = yield* Seen.naming(store, id)(Seen.one(store, id, now))
  if (json) return yield* device.out(Screen.json(Shown.make(seen)))
  yield* Screen.print(device, Showing.page(seen, Screen.viewer(device, now), { all, alone }))
})
