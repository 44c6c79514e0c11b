/** `doctor`: what is wrong with a database and with what it holds, and what to do about each. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Encoded } from "../store/Encoded.js"
import { fromEncoded } from "../store/Store.js"
import * as Complaint from "./Complaint.js"
import * as Examination from "./Examination.js"
import type { Finding, Place } from "./Findings.js"
import * as Findings from "./Findings.js"
import * as Screen from "./Screen.js"

export interface Options {
  readonly json: boolean
}

/** All that is found, in the order in which it is looked for: the place, the engine, the journals, what is stuck. */
const findings = Effect.fnUntraced(function* (encoded: Encoded, place: Place) {
  const store = fromEncoded(encoded)
  const now = yield* Clock.currentTimeMillis
  const found: ReadonlyArray<Finding> = [
    ...Findings.ofPlace(place),
    yield* Examination.journals(store),
    ...(yield* Examination.stuck(store, now, place.holder !== undefined))
  ]
  return found
})

export const run = Effect.fnUntraced(function* (encoded: Encoded, place: Place, { json }: Options) {
  const device = yield* Screen.Screen
  const found = yield* findings(encoded, place)
  if (json) yield* device.out(found.map(Screen.json).join(""))
  else yield* Screen.print(device, Findings.page(found))
  if (found.some(({ level }) => level === "bad")) return yield* Complaint.ended(Complaint.codes.store)
})
