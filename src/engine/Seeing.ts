/** What a phase sees of its execution: the payload, the stage, and what was recorded before it began. */
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Context } from "../core/Context.js"
import { PhaseNotOpen } from "../core/Errors.js"
import type { History } from "../core/History.js"
import type { Json } from "../core/Json.js"
import { isComposite, isSettled, type PhaseRecord } from "../core/PhaseRecord.js"
import * as Replay from "./Replay.js"
import { unknown } from "./Stranded.js"

const valued = <K extends string>(key: K, value: Json | undefined) =>
  (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: Json }

/** The JSON Schema of what it answers, as far as the code stands at it. */
const answersOf = (definition: Definition, history: History, path: string): Json | undefined => {
  const { cursor } = Replay.fresh(definition, history)
  const instruction = cursor?.standing(path)?.instruction
  return instruction?._tag === "Run" || instruction?._tag === "Child" ? instruction.value.schema() : undefined
}

const phaseOf = (
  history: History,
  record: PhaseRecord,
  definition: Definition | undefined
): NonNullable<Context["phase"]> => {
  const { attempt, attempts, failures, inDoubt, kind, name, path } = record
  const answers = definition === undefined ? undefined : answersOf(definition, history, path)
  const input = valued("input", history.inputs?.get(path))
  return { path, name, kind, attempt, inDoubt, failures, attempts, ...input, ...valued("answers", answers) }
}

/** What had an outcome when it began, or has by now if it never did; in the order in which that came. */
const before = (history: History, phase: PhaseRecord | undefined): ReadonlyArray<PhaseRecord> =>
  [...history.phases.values()]
    .filter((record) => record.forward && isSettled(record) && record.kind !== "changed")
    .filter((record) => record !== phase && (phase === undefined || record.settled < phase.begun))
    .sort((a, b) => a.settled - b.settled)

/** What the phase at `path` sees; without one, that where the execution stands. */
export const contextOf = (
  execution: string,
  history: History,
  path: string | undefined,
  definition: Definition | undefined
): Either.Either<Context, PhaseNotOpen> => {
  const { given, payload, stage, status, task } = history
  const at = path ?? history.failures[0]?.path ?? history.position
  const phase = history.phases.get(at)
  if (phase === undefined && path !== undefined) {
    return Either.left(new PhaseNotOpen({ execution, phase: path, reason: unknown(history, path), asked: "show" }))
  }
  const known = before(history, phase)
  return Either.right({
    execution,
    task,
    status,
    ...(phase === undefined ? {} : { phase: phaseOf(history, phase, definition) }),
    payload,
    ...valued("created", given),
    ...(stage === undefined ? {} : { stage: { name: stage.name, n: stage.n, ...valued("state", stage.state) } }),
    results: known
      .filter((record) => record.kind !== "checkpoint" && (record.kind === "group" || !isComposite(record)))
      .map(({ failures, name, path, state, value }) =>
        state === "failed" ? { path, name, failures } : { path, name, ...valued("value", value) }
      ),
    checkpoints: known
      .filter(({ kind }) => kind === "checkpoint")
      .map(({ name, path, value }) => ({ path, name, ...valued("data", value) }))
  })
}
