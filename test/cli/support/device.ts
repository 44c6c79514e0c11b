import * as Effect from "effect/Effect"
import { type Device, Screen } from "../../../src/cli/Screen.js"

/** A screen that keeps what it is given. */
export const device = (columns?: number, colours = false, answer?: string | Effect.Effect<string>) => {
  const kept = { out: "", err: "" }
  const add = (where: keyof typeof kept) => (text: string) =>
    Effect.sync(() => {
      kept[where] += text
    })
  const made: Device = {
    paper: { columns, colours },
    rows: columns === undefined ? undefined : 24,
    out: add("out"),
    err: add("err"),
    ask:
      answer === undefined
        ? undefined
        : (question) =>
            Effect.zipRight(add("err")(`${question}\n`), typeof answer === "string" ? Effect.succeed(answer) : answer)
  }
  return { kept, made }
}

/** What an effect prints. */
export const printed = <A, E>(effect: Effect.Effect<A, E, Screen>, columns?: number, colours = false) => {
  const { kept, made } = device(columns, colours)
  return Effect.as(Effect.provideService(effect, Screen, made), kept).pipe(Effect.map(({ out }) => out))
}
