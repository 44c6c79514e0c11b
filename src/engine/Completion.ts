/** How somebody outside says that a phase has ended: what is kept of it, and what it means to the phase. */
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import { plain } from "../authoring/Recordable.js"
import { defectOf } from "../core/Failure.js"
import type { Codec } from "../core/Instruction.js"
import * as Json from "../core/Json.js"
import { sha256 } from "../core/Sha256.js"

export type Outcome =
  | { readonly _tag: "Success"; readonly value?: Json.Json }
  | { readonly _tag: "Failure"; readonly error: Json.Json }
  | { readonly _tag: "Die"; readonly name: string; readonly message: string }

type Told = Either.Either<Outcome, Json.Problem>

const json = (value: unknown, of: (json: Json.Json | undefined) => Outcome): Told => Either.map(plain.encode(value), of)

/** What is kept of an exit whose values are plain JSON. Nobody can complete a phase by being interrupted. */
export const encode = (exit: Exit.Exit<unknown, unknown>): Told => {
  if (!Exit.isExit(exit)) return Either.left({ at: "$", reason: "it is no Exit: give Exit.succeed or Exit.fail" })
  if (Exit.isSuccess(exit)) {
    return json(exit.value, (value) => (value === undefined ? { _tag: "Success" } : { _tag: "Success", value }))
  }
  const failure = Cause.failureOption(exit.cause)
  if (Option.isSome(failure)) return json(failure.value, (error) => ({ _tag: "Failure", error: error ?? null }))
  const defect = Cause.dieOption(exit.cause)
  if (Option.isSome(defect)) {
    const { message, name } = defectOf(defect.value)
    return Either.right({ _tag: "Die", name, message })
  }
  return Either.left({ at: "$", reason: "an interruption is no outcome: complete it with a value or a failure" })
}

/** The same for the same outcome, whatever the order of its keys. */
export const hashOf = (outcome: Outcome): string => sha256(Json.canonical(outcome as unknown as Json.Json))

interface Codecs {
  readonly value: Codec
  readonly rejection: Codec
}

/** What the code of a phase makes of a completion, or why it does not fit. */
export const decode = (
  body: Json.Json,
  { rejection, value }: Codecs
): Either.Either<Exit.Exit<unknown, unknown>, Json.Problem> => {
  const outcome = body as unknown as Outcome
  switch (outcome._tag) {
    case "Success":
      return Either.map(value.decode(outcome.value), Exit.succeed)
    case "Failure":
      return Either.map(rejection.decode(outcome.error), Exit.fail)
    case "Die":
      return Either.right(Exit.die(Object.assign(new Error(outcome.message), { name: outcome.name })))
  }
}
