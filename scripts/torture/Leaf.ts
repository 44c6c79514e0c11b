/** A phase that was begun: what becomes of it, and whether there is something to undo. */
import type { Fact, Facts } from "./Facts.js"
import type { Line } from "./Line.js"
import type { Concurrent, PhaseStatement } from "./Program.js"

export type Does = PhaseStatement | Extract<Concurrent, { readonly _tag: "Checkpoint" | "Fail" }>

/** A phase that was begun. */
export interface Leaf {
  readonly path: string
  readonly does: Does | { readonly _tag: "Undo"; readonly of: Leaf }
  readonly line: Line
  readonly fact: Fact
  readonly winds: boolean
}

/** Whether there is something to do when it is undone: its `undo`, or in doubt its `undoUnknown`. */
export const hasUndo = ({ does, fact }: Leaf): boolean => fact.doubt || (does as PhaseStatement).undo

/** What becomes of an attempt that nobody interrupts. */
export const verdict = ({ does, fact }: Leaf, facts: Facts): "succeeds" | "retries" | "fails" | "dies" => {
  const failed = facts.failed.get(fact.path) ?? 0
  if (does._tag === "Undo")
    return hasUndo(does.of) && failed < (does.of.does as PhaseStatement).undoFails ? "fails" : "succeeds"
  if (does._tag !== "Phase") return does._tag === "Fail" ? "fails" : "succeeds"
  if (does.dies) return "dies"
  if (failed >= does.fails) return "succeeds"
  return fact.tries < does.retries ? "retries" : "fails"
}
