/** Cursors over bodies whose phases need no effect: the journal says how they end. */
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import { plain } from "../../src/authoring/Recordable.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import type { Step } from "../../src/core/Step.js"

/** A phase that answers what its record says. */
export const one = (name: string) => Phase.make(name, Effect.succeed<unknown>(undefined) as Effect.Effect<string>)

export const cursorOf = (start: () => unknown, options: Partial<Interpreter.Options> = {}): Interpreter.Cursor =>
  Interpreter.make({ start, scope: Path.root, error: plain, ...options })

/** The paths where a step is blocked, else what it is. */
export const blockedAt = (step: Step): string =>
  step._tag === "Blocked" ? step.instructions.map(({ path }) => path).join(" ") : step._tag
