/** Cursors over bodies whose phases need no effect: the journal says how they end. */
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import { plain } from "../../src/authoring/Recordable.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"

/** A phase that answers what its record says. */
export const one = (name: string) => Phase.make(name, Effect.succeed<unknown>(undefined) as Effect.Effect<string>)

export const cursorOf = (start: () => unknown, scope = Path.root): Interpreter.Cursor =>
  Interpreter.make({ start, scope, error: plain })

/** The path where a step is blocked, else what it is. */
export const blockedAt = (step: Interpreter.Step): string =>
  step._tag === "Blocked" ? step.instructions[0].path : step._tag
