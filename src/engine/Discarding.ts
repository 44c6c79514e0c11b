/** What somebody has an execution forget, that does not run. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import { type ActionOf, actOf } from "../core/Action.js"
import * as Discards from "../core/Discards.js"
import { type CheckpointRefused, type IllegalTransition, type StoreError, TaskNotRegistered } from "../core/Errors.js"
import { bodyOf, type History } from "../core/History.js"
import * as Spine from "../core/Spine.js"
import { allows } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import { type Decision, illegal } from "./Decision.js"
import * as GoingBack from "./GoingBack.js"
import * as Keeping from "./Keeping.js"

type Refusal = CheckpointRefused | IllegalTransition | TaskNotRegistered

/** The checkpoint of the present body that somebody means, or else a stage: by its name, `name#3`, or `@name#3`. */
const cutOf = Effect.fnUntraced(function* (store: Store, id: string, before: string, history: History) {
  const found = Spine.find(history, before)
  const mark = Either.isRight(found) ? found.right.mark : undefined
  if (mark !== undefined) {
    if (mark.scope === bodyOf(history)) return Discards.beforeCheckpoint(mark)
    return yield* GoingBack.refuse(
      id,
      before,
      "notOnSpine",
      "it is in a group, and what is around it is not over there"
    )
  }
  const stage = yield* Keeping.named(store, id, history, before)
  if (stage !== undefined) return stage
  const { message, reason } = Either.isLeft(found)
    ? found.left
    : ({ message: "what was before it is discarded", reason: "discarded" } as const)
  return yield* GoingBack.refuse(id, before, reason, message)
})

/** Waiting, it goes on, and waits again. */
export const decide = Effect.fnUntraced(function* (
  store: Store,
  id: string,
  { before, ...act }: ActionOf<"discard">,
  history: History,
  definition: Definition | undefined
): Effect.fn.Return<Decision, Refusal | StoreError> {
  const { status, task } = history
  if (!allows(status, "discard")) return yield* illegal(id, "discard", status)
  if (!Discards.mayForget(history)) {
    const why = "it is being closed, or undone for another attempt"
    return yield* GoingBack.refuse(id, before, history.closing === undefined ? "reverting" : "closing", why)
  }
  const cut = yield* cutOf(store, id, before, history)
  if (Discards.isDone(history, cut)) return { entries: [], definition: undefined }
  const runs = status === "Waiting"
  if (runs && definition === undefined) return yield* new TaskNotRegistered({ execution: id, task })
  return { entries: [], definition: runs ? definition : undefined, discard: { cut, act: actOf(act) } }
})
