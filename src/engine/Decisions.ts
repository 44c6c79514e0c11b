/**
 * What an action comes to for an execution that does not run: one decision, for whoever carries it out and whoever plans
 * it. It reads, and changes nothing.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import { type Action, essence } from "../core/Action.js"
import { PhaseNotOpen, PlanOutdated, type StoreError } from "../core/Errors.js"
import { type History, isPartial } from "../core/History.js"
import type { Json } from "../core/Json.js"
import { sha256 } from "../core/Sha256.js"
import type { Store } from "../store/Store.js"
import * as Acts from "./Acts.js"
import type * as Decision from "./Decision.js"
import * as Discarding from "./Discarding.js"
import * as Journals from "./Journals.js"

export type Refusal = Decision.Refusal | PlanOutdated | StoreError

/** What a plan stands on: the action, and the journal as it is; of a pause, which stops wherever it is heard, the status alone. */
export const hashOf = (execution: string, action: Action, history: History): string => {
  const { createdAt, entries, status } = history
  const standing = action._tag === "pause" ? status : String(entries)
  return sha256(JSON.stringify([execution, createdAt, standing, essence(action)])).slice(0, 16)
}

/** Whether an action is still the one that was planned, if it was. */
export const isCurrent = (execution: string, action: Action, history: History): boolean =>
  action.plan === undefined || action.plan === hashOf(execution, action, history)

export const current = (execution: string, action: Action, history: History): Effect.Effect<void, PlanOutdated> =>
  isCurrent(execution, action, history)
    ? Effect.void
    : new PlanOutdated({ execution, verb: action._tag, plan: hashOf(execution, action, history) })

const toCheckpoint = (action: Action): boolean =>
  action._tag === "goTo" || (action._tag === "revert" && action.to !== undefined)

/** All that is needed to decide: a checkpoint may be in a stage that was left, and then is not one that is still to come. */
const read = (store: Store, execution: string, action: Action, history: History) =>
  isPartial(history) && toCheckpoint(action) ? Journals.whole(store, execution) : Effect.succeed(history)

/** Refuses to say how a phase ended where somebody has said so. */
const isOpen = (store: Store, execution: string, token: string): Effect.Effect<void, PhaseNotOpen | StoreError> =>
  Effect.flatMap(store.token(token), (row) =>
    row?.ended === "completed"
      ? new PhaseNotOpen({ execution, phase: row.path, reason: "somebody has completed it: resume takes that up" })
      : Effect.void
  )

/**
 * The letters that go with signals that are skipped: one that does not fit would stop the next phase that asks for it. One
 * that fits is what was waited for.
 */
const spoilt = (
  store: Store,
  execution: string,
  signals: NonNullable<Decision.Decision["signals"]>
): Effect.Effect<ReadonlyArray<number>, PhaseNotOpen | StoreError> =>
  Effect.flatMap(store.letters(execution), (letters) => {
    const take: Array<number> = []
    for (const [phase, { name, value }] of signals) {
      const oldest = letters.find(({ id, key, kind }) => kind === "signal" && key === name && !take.includes(id))
      if (oldest === undefined) continue
      const { value: sent } = oldest.body as { readonly value?: Json }
      if (Either.isRight(value.decode(sent))) {
        return new PhaseNotOpen({ execution, phase, reason: "somebody has sent it: resume takes that up" })
      }
      take.push(oldest.id)
    }
    return Effect.succeed(take)
  })

/** Decides on what is recorded, with the code of its task, if there is any. */
export const about =
  (store: Store, execution: string, action: Action, definition: Definition | undefined) =>
  (history: History): Effect.Effect<Decision.Decision, Refusal> =>
    Effect.gen(function* () {
      yield* current(execution, action, history)
      if (action._tag === "discard") return yield* Discarding.decide(store, execution, action, history, definition)
      const known = yield* read(store, execution, action, history)
      // What would still fit may be in a stage that was left.
      const decision = yield* Effect.catchTag(
        Acts.decide(execution, action, known, definition),
        "HistoryMismatch",
        (misfit) =>
          isPartial(known)
            ? Effect.flatMap(Journals.whole(store, execution), (all) => Acts.decide(execution, action, all, definition))
            : Effect.fail(misfit)
      )
      for (const token of decision.close ?? []) yield* isOpen(store, execution, token)
      return decision.signals === undefined
        ? decision
        : { ...decision, take: yield* spoilt(store, execution, decision.signals) }
    })
