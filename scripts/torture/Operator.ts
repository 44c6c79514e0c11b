/** Plays a caller and an operator of one execution until nothing is left to do for it; the same after every restart. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { type ExecutionStatus, TaskEngine } from "tidemark"
import type { Crew } from "./Crew.js"
import { type Plan, planOf } from "./Crew.js"
import * as Dice from "./Dice.js"

/** A refusal because the execution has meanwhile moved is no matter: it is looked at again. */
const ask = <A, E extends { readonly _tag: string }, R>(request: Effect.Effect<A, E, R>) =>
  Effect.catchIf(
    request,
    ({ _tag }) => _tag === "IllegalTransition" || _tag === "RevertIncomplete" || _tag === "PhaseNotOpen",
    () => Effect.void
  )

const rounds = 4

/** What the operator does with an execution that stands still; nothing if it is to stay so. */
const decide = (plan: Plan, status: ExecutionStatus) => {
  const { failures, id } = status
  const reason = failures[0]?._tag === "Fault" ? failures[0].reason : undefined
  switch (status.status) {
    case "Paused":
      return TaskEngine.resume(id)
    case "RevertFailed":
      return reason === "OutcomeUnknown" ? TaskEngine.skip(id, failures[0]!.path) : TaskEngine.resume(id)
    case "Failed": {
      if (reason === "OutcomeUnknown") return TaskEngine.resume(id, { inDoubt: "rerun" })
      if (reason !== undefined) return reason === "Poisoned" ? TaskEngine.resume(id) : undefined
      if (plan.operator === "revert") return TaskEngine.revert(id)
      const attempts = status.phases.find(({ path }) => path === failures[0]?.path)?.attempt ?? 0
      return plan.operator === "resume" && attempts < rounds * 3 ? TaskEngine.resume(id) : undefined
    }
    case "Completed":
      return plan.operator === "revert" ? TaskEngine.revert(id) : undefined
    default:
      return undefined
  }
}

const interfere = (plan: Plan, seed: number, id: string) => {
  const later = Effect.delay(Dice.between(seed, `${id} operator comes`, 0, 120))
  switch (plan.operator) {
    case "close":
      return later(ask(TaskEngine.close(id)))
    case "close and revert":
      return later(ask(TaskEngine.close(id, { revert: true })))
    case "pause":
      return later(ask(TaskEngine.pause(id)))
    default:
      return Effect.void
  }
}

const answerOf = (exit: Exit.Exit<ReadonlyArray<string>, { readonly _tag: string }>): string =>
  Exit.isSuccess(exit) ? `ok ${exit.value.join(",")}` : exit.cause._tag === "Fail" ? exit.cause.error._tag : "defect"

/** Accepts the execution, has it run, and does with it what its plan says. Fails only where the store does. */
export const lead = (crew: Crew, seed: number, id: string) =>
  Effect.gen(function* () {
    const plan = planOf(seed, id)
    const note = (kind: "accepted" | "answered", text: string) =>
      crew.write({ execution: id, path: "-", attempt: 0, kind, note: text })
    yield* crew[plan.task].start({ execution: id }, { id })
    note("accepted", "")
    const caller =
      Dice.chance(seed, `${id} caller`) < 0.5
        ? Effect.map(Effect.exit(crew[plan.task].execute({ execution: id }, { id })), (exit) =>
            note("answered", answerOf(exit))
          )
        : Effect.void
    yield* Effect.all([caller, interfere(plan, seed, id)], { concurrency: 2 })
    for (;;) {
      const status = yield* TaskEngine.settled(id)
      const next = decide(plan, status)
      if (next === undefined) return note("answered", `status ${status.status}`)
      yield* ask(next)
    }
  })
