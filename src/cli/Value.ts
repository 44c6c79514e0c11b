/** A value that somebody gives on the command line: JSON, or the name of a file that holds it. */
import * as fs from "node:fs"
import * as Effect from "effect/Effect"
import type { Json } from "../core/Json.js"
import * as Complaint from "./Complaint.js"

const firstLine = (thrown: unknown): string => String((thrown as Error).message).split("\n")[0]!

/** Reads `@FILE`, or takes the text as it is; `option` is what it was given with. */
export const parse = (option: string, text: string): Effect.Effect<Json, Complaint.Complaint> =>
  Effect.gen(function* () {
    const file = text.startsWith("@") ? text.slice(1) : undefined
    const json =
      file === undefined
        ? text
        : yield* Effect.try({
            try: () => fs.readFileSync(file, "utf8"),
            catch: (thrown) =>
              Complaint.usage(`${option}: ${file} cannot be read: ${firstLine(thrown)}`, "@FILE is a file of JSON")
          })
    return yield* Effect.try({
      try: () => JSON.parse(json) as Json,
      catch: (thrown) =>
        Complaint.usage(
          `${option} is no JSON: ${firstLine(thrown)}`,
          `a text is in quotes of its own: ${option} '"text"'`
        )
    })
  })

/** The same, where nothing need be given. */
export const optional = (
  option: string,
  text: string | undefined
): Effect.Effect<Json | undefined, Complaint.Complaint> =>
  text === undefined ? Effect.succeed(undefined) : parse(option, text)

/** `NAME=JSON`, where a name may hold what parts it from the value. */
export const named = (
  option: string,
  text: string
): Effect.Effect<readonly [name: string, value: Json], Complaint.Complaint> =>
  Effect.gen(function* () {
    for (let at = text.indexOf("="); at > 0; at = text.indexOf("=", at + 1)) {
      const found = yield* Effect.either(parse(option, text.slice(at + 1)))
      if (found._tag === "Right") return [text.slice(0, at), found.right] as const
    }
    return yield* Complaint.usage(
      `${option}: ${text} is no name with a value`,
      `${option} NAME=JSON; a text is in quotes of its own: ${option} 'name="text"'`
    )
  })
