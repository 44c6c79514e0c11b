/** The body of one execution, brought to where its journal ends: live, or to find what a revert needs of it. */
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import { Few } from "../core/Few.js"
import { bodyOf, type History, type PastBody, type RevertRecord, type Target } from "../core/History.js"
import { hasUndo, type Undoable } from "../core/Instruction.js"
import * as Interpreter from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import { wholeReversal } from "../core/Reversal.js"
import type { Step } from "../core/Step.js"
import type { Enters } from "../core/Tree.js"
import * as Bodies from "./Bodies.js"
import * as Faults from "./Faults.js"
import * as Glimpse from "./Glimpse.js"
import { ownRevert } from "./OwnRevert.js"
import { lenient } from "./Work.js"

/** A body at the furthest position that its records allow. */
export interface Replayed {
  readonly cursor: Interpreter.Cursor
  readonly step: Step
  /** why it does not fit its journal, if it does not */
  readonly misfit: Failure | undefined
}

/** A body that its journal comes to, and that the code no longer has, or cannot begin. */
interface Missing {
  readonly cursor: undefined
  readonly step: undefined
  readonly misfit: Failure
}

const missing = (misfit: Failure): Missing => ({ cursor: undefined, step: undefined, misfit })

/** How the bodies of a task are driven. */
interface Code {
  readonly definition: Definition
  readonly enter: Enters
}

/** How the live body begins; or why it cannot. */
type Begins = Either.Either<Bodies.Start, Failure>

/** Nothing of it begins before somebody advances it. */
const bodyBy = (code: Code, history: History, start: Begins): Interpreter.Cursor =>
  cursorOf(
    code,
    bodyOf(history),
    Either.getOrElse(start, () => () => undefined)
  )

const cursorOf = ({ definition, enter }: Code, scope: string, start: Bodies.Start, deep = false): Interpreter.Cursor =>
  Interpreter.make({ start, scope, error: lenient(definition.error), enter, deep, look: Glimpse.take })

const advanced = (definition: Definition, history: History, cursor: Interpreter.Cursor): Replayed => {
  const step = cursor.advance(history)
  const isStrange = step._tag === "Stranger" || step._tag === "Unenterable"
  return { cursor, step, misfit: isStrange ? undefined : Faults.ofStep(step, definition.version) }
}

/** A body as far as its records allow, with what is in groups that have returned. */
const throughout = (
  code: Code,
  history: History,
  scope: string,
  start: Bodies.Start,
  cursor = cursorOf(code, scope, start)
): Replayed => {
  const known = advanced(code.definition, history, cursor)
  return known.misfit !== undefined || !cursor.skipped
    ? known
    : advanced(code.definition, history, cursorOf(code, scope, start, true))
}

/** A fresh body of an execution that does not run, closed if that is; without a cursor if it cannot begin. */
export const fresh = (definition: Definition, history: History): Replayed | Missing => {
  const start = Bodies.currentOf(definition, history)
  if (Either.isLeft(start)) return missing(start.left)
  const code = { definition, enter: Bodies.entersOf(definition, Number.POSITIVE_INFINITY) }
  const cursor = cursorOf(code, bodyOf(history), start.right)
  if (history.closing !== undefined) cursor.close()
  return advanced(definition, history, cursor)
}

/** The same, with what is in groups that have returned. */
export const deep = (definition: Definition, history: History): Replayed | Missing => {
  const start = Bodies.currentOf(definition, history)
  if (Either.isLeft(start)) return missing(start.left)
  const code = { definition, enter: Bodies.entersOf(definition, Number.POSITIVE_INFINITY) }
  return throughout(code, history, bodyOf(history), start.right)
}

export class Replay {
  /** the live body */
  body: Interpreter.Cursor
  /** the phases that the body passed or stopped at, for undoing them; also those in groups that have returned */
  private known: Replayed | Missing | undefined
  /** the same of those before it, by scope */
  private past: Map<string, Replayed | Missing> | undefined
  /** the bodies before it, by scope */
  private left: ReadonlyMap<string, PastBody> | undefined
  private readonly code: Code

  constructor(
    private readonly definition: Definition,
    /** begins the live body */
    private start: Begins,
    private readonly history: History,
    /** the largest state of a stage */
    maxValue: number
  ) {
    this.code = { definition, enter: Bodies.entersOf(definition, maxValue) }
    this.body = bodyBy(this.code, history, start)
  }

  /** The history is in another body, or another one altogether. */
  begin(start: Begins): void {
    this.start = start
    this.past = undefined
    this.left = undefined
    this.renew()
  }

  /** What was passed is superseded: a fresh body goes on from what is left. */
  renew(): void {
    this.body = bodyBy(this.code, this.history, this.start)
    this.known = undefined
  }

  /** The body at the furthest position that its records allow. */
  get furthest(): Replayed | Missing {
    const { body, code, history, start } = this
    const known =
      this.known ??
      (Either.isLeft(start) ? missing(start.left) : throughout(code, history, bodyOf(history), start.right, body))
    this.known = known
    return known
  }

  /**
   * Why some body that a revert needs does not fit its journal, if one does not: all of them; or those in which it has
   * something to undo. Nor can it go back to one that cannot begin.
   */
  misfitOf({ completed, doubts, to }: Pick<RevertRecord, "completed" | "doubts" | "to">): Failure | undefined {
    const { history } = this
    const past = history.past ?? []
    const needed = new Set([...completed, ...doubts].map(({ path }) => Path.bodyOf(path)))
    const isNeeded = (scope: string): boolean => to === undefined || needed.has(scope)
    const live = isNeeded(bodyOf(history)) ? this.furthest.misfit : undefined
    if (live !== undefined) return live
    for (const body of past) {
      const misfit = isNeeded(body.scope) ? this.before(body).misfit : undefined
      if (misfit !== undefined) return misfit
    }
    return to === undefined ? undefined : this.misfitAt(to)
  }

  /** Why the body that is gone back to cannot begin. */
  private misfitAt({ body }: Target): Failure | undefined {
    const { definition, history } = this
    const past = history.past?.find(({ scope }) => scope === body)
    const start = past === undefined ? this.start : Bodies.startOf(definition, history.payload, past.stage)
    return Either.isLeft(start) ? start.left : undefined
  }

  private before(past: PastBody): Replayed | Missing {
    const { code, definition, history } = this
    const { events, scope, stage } = past
    const known = this.past?.get(scope)
    if (known !== undefined) return known
    const start = Bodies.startOf(definition, history.payload, stage)
    // As it was when it was left: nothing in it is open any more.
    const then: History = { ...history, status: "Running", events: [...events], left: undefined, open: new Few() }
    const found: Replayed | Missing = Either.isLeft(start)
      ? missing(start.left)
      : throughout(code, then, scope, start.right)
    this.past ??= new Map()
    this.past.set(scope, found)
    return found
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
    const undos = wholeReversal(history, (record) => matters.has(record))
    return Interpreter.undoing(undos, revertConcurrency, { scope, error })
  }

  /** Where the phase stands that is undone: going forward and cleaning up, that of the body as it is. */
  private undone(path: string): Pick<Replayed | Missing, "cursor" | "misfit"> {
    const { body, history } = this
    const reverting = history.status === "Reverting" && history.phases.get(path)?.forward === true
    if (!reverting) return { cursor: body, misfit: undefined }
    this.left ??= new Map((history.past ?? []).map((past) => [past.scope, past]))
    const past = this.left.get(Path.bodyOf(path))
    return past === undefined ? this.furthest : this.before(past)
  }

  /** The phase of the body at `path`, if it has anything to do with undoing. */
  runAt(path: string): Undoable | undefined {
    return this.undone(path).cursor?.runAt(path)
  }

  /** Whether the body comes to everything that its journal holds, as far as undoing the phase at `path` needs it. */
  fits(path: string): boolean {
    return this.undone(path).misfit === undefined
  }
}
