/** Whether code can go on with a journal, by replay alone: no effect runs, nothing is written. */
import * as Either from "effect/Either"
import type { Checked } from "../authoring/Checked.js"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import type { Instruction } from "../core/Instruction.js"
import type { Json } from "../core/Json.js"
import * as Spine from "../core/Spine.js"
import type { Step } from "../core/Step.js"
import type { Letter } from "../store/Store.js"
import * as Bodies from "./Bodies.js"
import * as Completion from "./Completion.js"
import * as Faults from "./Faults.js"
import * as GoingBack from "./GoingBack.js"
import { deep, fresh, Replay } from "./Replay.js"

/** What is known of one execution beside its row. */
export type Verdict = Omit<Checked, "execution" | "task" | "version" | "status">

/** What does not fit, and where. */
type Misfit = Omit<Verdict, "reverts" | "latest" | "earliest">

const ofFailure = (failure: Failure): Misfit => {
  const { path } = failure
  if (failure._tag !== "Fault") return { verdict: "differs", path, why: `it fails at once with ${failure._tag}` }
  const { detail, message, reason } = failure
  if (reason !== "ValueNotDecodable") return { verdict: "differs", path, why: message }
  const { at } = detail as { readonly at: string }
  return { verdict: "undecodable", path, at, why: message }
}

const ofStep = (step: Step, version: number): Misfit | undefined => {
  if (step._tag !== "Mismatch") {
    const failure = Faults.ofStep(step, version)
    return failure && ofFailure(failure)
  }
  const { cause, found, recorded } = step
  return { verdict: "differs", path: recorded.path, recorded, found, cause, why: Faults.told(step) }
}

/** What keeps the code from going on, if anything does. */
const misfitOf = (definition: Definition, history: History.History): Misfit | undefined => {
  const { misfit, step } = fresh(definition, history)
  if (step === undefined) return ofFailure(misfit)
  return ofStep(step, definition.version) ?? resultOf(definition, history) ?? reversalOf(definition, history)
}

const resultOf = ({ success }: Definition, { result, status }: History.History): Misfit | undefined => {
  const decoded = status === "Completed" ? success.decode(result) : undefined
  return decoded !== undefined && Either.isLeft(decoded)
    ? ofFailure(Faults.undecodable("", "the result", decoded.left))
    : undefined
}

/** The same of an author's own revert that has begun. */
const reversalOf = (definition: Definition, history: History.History): Misfit | undefined => {
  const { status } = history
  const revert = History.revertOf(history)
  if (!definition.customRevert || revert === undefined) return undefined
  if (status !== "Reverting" && status !== "RevertFailed") return undefined
  const replay = replayOf(definition, history)
  return ofStep(replay.reversal(revert, `revert#${revert.n}`).advance(history), definition.version)
}

const replayOf = (definition: Definition, history: History.History): Replay =>
  new Replay(definition, Bodies.currentOf(definition, history), history, Number.POSITIVE_INFINITY)

// --- reverting

/** Whether everything that it did is found again, so that it can be undone. */
const reverts = (definition: Definition, history: History.History, misfit: Misfit | undefined): Checked["reverts"] => {
  // By names and values alone, whatever the body is by now.
  if (definition.customRevert) return misfit?.path?.startsWith("revert#") === true ? "no" : "yes"
  if (misfit !== undefined) return "no"
  if (History.isPartial(history)) return "unknown"
  const all = { ...Spine.undone(history, undefined), to: undefined }
  return replayOf(definition, history).misfitOf(all) === undefined ? "yes" : "no"
}

// --- going back

/** What somebody can go back to, oldest first. */
const reachable = (history: History.History): ReadonlyArray<History.Target> =>
  Spine.targets(history).filter((mark) => {
    const target = GoingBack.targetOf("", mark.path, history)
    return Either.isRight(target) && target.right.path === mark.path
  })

/** From which checkpoints it would go on, once somebody has gone back there: what is before one that does fits, too. */
const marksOf = (definition: Definition, history: History.History): Pick<Verdict, "latest" | "earliest"> => {
  const marks = reachable(history)
  let fitting = 0
  for (let unfitting = marks.length + 1; unfitting - fitting > 1; ) {
    const middle = (fitting + unfitting) >> 1
    if (misfitOf(definition, GoingBack.gone(history, marks[middle - 1]!)) === undefined) fitting = middle
    else unfitting = middle
  }
  const [first, last] = [marks[0], marks[fitting - 1]]
  if (first === undefined || last === undefined) return {}
  const told = ({ name, path }: History.Target) => ({ name, path })
  return { latest: told(last), earliest: told(first) }
}

/** The changes whose old branches it needs. */
const unchangedIn = (definition: Definition, history: History.History): Pick<Verdict, "unchanged"> => {
  const unchanged = deep(definition, history).cursor?.unchanged
  return unchanged === undefined || unchanged.size === 0 ? {} : { unchanged: [...unchanged].sort() }
}

/** What becomes of an execution under this code. Throws `BrokenHistory`, for entries that no engine can have written. */
export const of = (definition: Definition, history: History.History): Verdict => {
  const misfit = misfitOf(definition, history)
  const rest = { ...unchangedIn(definition, history), reverts: reverts(definition, history, misfit) }
  if (misfit === undefined) return { verdict: "fits", ...rest }
  return { ...misfit, ...marksOf(definition, history), ...rest }
}

/** A call that has not ended: of which execution, and of which task by this code. */
export interface Call {
  readonly path: string
  readonly child: string
  readonly task: string
}

/** The calls for whose children it waits, as this code has them. */
export const calls = (definition: Definition, history: History.History): ReadonlyArray<Call> => {
  const open = [...history.open].filter(({ child }) => child !== undefined)
  const cursor = open.length === 0 ? undefined : fresh(definition, history).cursor
  return open.flatMap(({ child = "", path }) => {
    const instruction = cursor?.standing(path)?.instruction
    return instruction?._tag === "Child" ? [{ path, child, task: (instruction.definition as Definition).name }] : []
  })
}

// --- what was sent to it

/** Whether it waits for something that somebody may have sent. */
export const waits = ({ open }: History.History): boolean =>
  [...open].some(({ kind, token }) => kind === "signal" || token !== undefined)

/** What was sent, and nobody has taken up, that does not decode any more. */
export const ofLetters = (
  definition: Definition,
  history: History.History,
  letters: ReadonlyArray<Letter>
): Misfit | undefined => {
  const cursor = letters.length === 0 ? undefined : fresh(definition, history).cursor
  for (const { path, token } of cursor === undefined ? [] : history.open) {
    const instruction = cursor?.standing(path)?.instruction
    const fault = instruction === undefined ? undefined : faultOf(instruction, path, token, letters)
    if (fault !== undefined) return ofFailure(fault)
  }
  return undefined
}

const faultOf = (
  instruction: Instruction,
  path: string,
  token: string | undefined,
  letters: ReadonlyArray<Letter>
): Failure | undefined => {
  if (instruction._tag === "Signal") {
    const letter = letters.find(({ key, kind }) => kind === "signal" && key === instruction.name)
    const { value } = (letter?.body ?? {}) as { readonly value?: Json }
    const decoded = letter && instruction.value.decode(value)
    return decoded && Either.isLeft(decoded)
      ? Faults.undecodable(path, `the signal ${instruction.name}`, decoded.left)
      : undefined
  }
  if (instruction._tag !== "Run") return undefined
  const letter = letters.find(({ key, kind }) => kind === "completion" && key === token)
  const decoded = letter && Completion.decode(letter.body, instruction)
  return decoded && Either.isLeft(decoded) ? Faults.undecodable(path, "the completion", decoded.left) : undefined
}

/** It waits for a child of another task than the code calls. */
export const ofCall = ({ child, path, task }: Call, recorded: string): Misfit => ({
  verdict: "differs",
  path,
  recorded: { path, kind: "child", name: recorded },
  found: { path, kind: "child", name: task },
  cause: "kind",
  why: `it waits for ${child}, an execution of task ${recorded}; the code calls task ${task} there`
})
