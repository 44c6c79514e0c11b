/** The attempts of what is tried again, a group or what comes after a checkpoint: what its strategy is asked, and decides. */
import type { Broken } from "./Node.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import type { Consequence, Failures, Placed } from "./Step.js"

/** Its strategy is to be asked about these failures of its present attempt. */
export const undecided = (placed: Placed, { attempt, group, startedAt: at }: PhaseRecord, failures: Failures) => {
  const { tries, value } = group!
  return {
    _tag: "Undecided",
    placed,
    failures,
    tries: [...tries, { attempt, value, failures, at }]
  } satisfies Consequence
}

/** How it failed for good, by what its strategy decided, or because it was let go; none: it is tried again. */
export const over = ({ group }: PhaseRecord, winding: boolean): Broken | undefined => {
  const { decision, tries } = group!
  const { failures } = tries[tries.length - 1]!
  if (decision!._tag === "RevertAll") return { _tag: "Broken", failures, follow: "revert" }
  return decision!._tag === "GiveUp" || winding ? { _tag: "Broken", failures, follow: "task" } : undefined
}

/** When its next attempt begins, in milliseconds UTC. */
export const due = ({ group }: PhaseRecord): number => {
  const decision = group!.decision!
  return decision._tag === "Again" ? decision.at + decision.delay : decision.at
}
