/** The bodies of a task that an execution goes through: `run`, and the stages that it enters. */
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import type { History, StageRecord } from "../core/History.js"
import * as Path from "../core/Path.js"
import * as Stages from "../core/Stages.js"
import type { Enters } from "../core/Tree.js"
import * as Faults from "./Faults.js"
import * as Perform from "./Perform.js"

/** Makes a fresh generator. */
export type Start = () => unknown

/** How a body begins, from what is recorded of its stage, or from the payload; or why it cannot. */
export const startOf = (
  definition: Definition,
  payload: History["payload"],
  stage: Pick<StageRecord, "name" | "n" | "state"> | undefined
): Either.Either<Start, Failure> => {
  if (stage === undefined) {
    const decoded = definition.payload.decode(payload)
    return Either.mapBoth(decoded, {
      onLeft: (problem) => Faults.undecodable("", "the payload", problem),
      onRight: (value) => () => definition.run(value)
    })
  }
  const scope = Path.stage(stage.name, stage.n)
  const known = definition.stages.get(stage.name)
  if (known === undefined) return Either.left(Faults.unregistered(scope, stage.name))
  return Either.mapBoth(known.state.decode(stage.state), {
    onLeft: (problem) => Faults.undecodable(scope, `the state of stage ${stage.name}`, problem),
    onRight: (state) => () => known.run(state)
  })
}

/** How an execution goes on. */
export const currentOf = (definition: Definition, history: History): Either.Either<Start, Failure> => {
  const { carried, payload, stage } = history
  return startOf(definition, payload, carried === undefined ? stage : Stages.carriedInto(history, carried))
}

/** What a task says to the entering of a stage, whose state may take so many characters. */
export const entersOf =
  ({ stages }: Definition, maxValue: number): Enters =>
  ({ name, stage, state }) => {
    const known = stages.get(name)
    if (known === undefined || known.stage !== stage) return Either.left("unregistered")
    return Either.filterOrLeft(
      known.state.encode(state),
      (json) => Perform.tooLarge(json, maxValue) === undefined,
      (json) => Perform.tooLarge(json, maxValue)!
    )
  }
