/** Phases that tell what they do, and tasks of them. */
import * as Effect from "effect/Effect"
import { Phase } from "../../src/index.js"
import type { logbook } from "./engines.js"

export type Log = ReturnType<typeof logbook>

export const never = Effect.never as Effect.Effect<void>

/** Says its name, and that it is undone. */
export const undoable = (log: Log, name: string) =>
  Phase.make(name, Effect.as(log.note(name), name), { undo: (value) => log.note(`undo ${value}`) })

/** Says its name once the gate is open, that it is undone, and that it was interrupted. */
export const gated = (log: Log, name: string, gate: Effect.Effect<unknown>) =>
  Phase.make(
    name,
    Effect.as(
      Effect.onInterrupt(Effect.zipRight(gate, log.note(name)), () => log.note(`${name} let go`)),
      name
    ),
    { undo: (value) => log.note(`undo ${value}`), undoUnknown: () => log.note(`undo ${name}?`) }
  )

/** Says its name, and fails with it. */
export const failing = (log: Log, name: string) => Phase.make(name, Effect.zipRight(log.note(name), Effect.fail(name)))
