/** The body of one execution, brought to where its journal ends: live, or to find what a revert needs of it. */
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import type { History, RevertRecord } from "../core/History.js"
import { hasUndo, type Undoable } from "../core/Instruction.js"
import * as Interpreter from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import { reversal } from "../core/Reversal.js"
import * as Faults from "./Faults.js"
import { ownRevert } from "./OwnRevert.js"
import { lenient } from "./Work.js"

/** A body at the furthest position that its records allow. */
export interface Replayed {
  readonly cursor: Interpreter.Cursor
  /** why it does not fit its journal, if it does not */
  readonly misfit: Failure | undefined
}

const cursorOf = (definition: Definition, payload: unknown, deep: boolean): Interpreter.Cursor =>
  Interpreter.make({
    start: () => definition.run(payload),
    scope: Path.root,
    error: lenient(definition.error),
    deep
  })

const advanced = (definition: Definition, history: History, cursor: Interpreter.Cursor): Replayed => {
  const step = cursor.advance(history)
  return { cursor, misfit: step._tag === "Stranger" ? undefined : Faults.ofStep(step, definition.version) }
}

/** A fresh body of an execution that does not run, closed if that is; without a cursor if its payload cannot be read. */
export const fresh = (
  definition: Definition,
  history: History
): Replayed | { readonly cursor: undefined; readonly misfit: Failure } => {
  const payload = definition.payload.decode(history.payload)
  if (Either.isLeft(payload)) {
    return { cursor: undefined, misfit: Faults.undecodable("", "the payload", payload.left) }
  }
  const cursor = cursorOf(definition, payload.right, false)
  if (history.closing !== undefined) cursor.close()
  return advanced(definition, history, cursor)
}

export class Replay {
  /** the live body */
  body: Interpreter.Cursor
  /** the phases that the body passed or stopped at, for undoing them; also those in groups that have returned */
  private known: Replayed | undefined

  constructor(
    private readonly definition: Definition,
    private readonly payload: unknown,
    private readonly history: History
  ) {
    this.body = cursorOf(definition, payload, false)
  }

  /** What was passed is superseded: a fresh body goes on from what is left. */
  renew(): void {
    this.body = cursorOf(this.definition, this.payload, false)
    this.known = undefined
  }

  /** The body at the furthest position that its records allow. */
  get furthest(): Replayed {
    this.known ??= this.know()
    return this.known
  }

  private know(): Replayed {
    const { body, definition, history } = this
    const known = advanced(definition, history, body)
    return known.misfit !== undefined || !body.skipped
      ? known
      : advanced(definition, history, cursorOf(definition, this.payload, true))
  }

  /** What a revert does: the author's own generator; or the undo of everything that has one, or is in doubt. */
  reversal(revert: RevertRecord, scope: string): Interpreter.Cursor {
    const { definition, history } = this
    const { customRevert, error, revertConcurrency } = definition
    if (customRevert) return Interpreter.make({ start: () => ownRevert(definition, history, revert), scope, error })
    const matters = new Set<PhaseRecord>()
    for (const record of revert.completed) {
      const instruction = this.runAt(record.path)
      if (instruction !== undefined && hasUndo(instruction)) matters.add(record)
    }
    for (const record of revert.doubts) if (this.runAt(record.path) !== undefined) matters.add(record)
    const undos = reversal(history, Path.root, (record) => matters.has(record))
    return Interpreter.undoing(undos, revertConcurrency, { scope, error })
  }

  /** Where the phase stands that is undone: going forward and cleaning up, that of the body as it is. */
  private undone(path: string): Replayed {
    const { body, history } = this
    const reverting = history.status === "Reverting" && history.phases.get(path)?.forward === true
    return reverting ? this.furthest : { cursor: body, misfit: undefined }
  }

  /** The phase of the body at `path`, if it has anything to do with undoing. */
  runAt(path: string): Undoable | undefined {
    return this.undone(path).cursor.runAt(path)
  }

  /** Whether the body comes to everything that its journal holds, as far as undoing the phase at `path` needs it. */
  fits(path: string): boolean {
    return this.undone(path).misfit === undefined
  }
}
