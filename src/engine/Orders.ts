/**
 * What one process asks the engine of another: an order waits in the store's inbox until the owner carries it out, and
 * is answered in the transaction that records the act.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Action } from "../core/Action.js"
import {
  CheckpointRefused,
  ExecutionDiscarded,
  ExecutionNotFound,
  Fenced,
  HistoryMismatch,
  IllegalTransition,
  JournalCorrupt,
  OrderRefused,
  OwnedByParent,
  PhaseNotOpen,
  PlanOutdated,
  RequirementsMissing,
  StoreError,
  TaskNotRegistered
} from "../core/Errors.js"
import type { Json } from "../core/Json.js"
import type { Answer as Answered, Store } from "../store/Store.js"
import type { Config } from "./Config.js"

const Refusal = Schema.Union(
  ExecutionDiscarded,
  ExecutionNotFound,
  IllegalTransition,
  OwnedByParent,
  TaskNotRegistered,
  HistoryMismatch,
  PhaseNotOpen,
  CheckpointRefused,
  JournalCorrupt,
  PlanOutdated,
  RequirementsMissing,
  Fenced,
  StoreError,
  OrderRefused
)
type Refusal = typeof Refusal.Type

const Answer = Schema.Union(Schema.TaggedStruct("Accepted", {}), Schema.TaggedStruct("Refused", { error: Refusal }))

const decodeAnswer = Schema.decodeUnknownOption(Answer)
const decodeCommand = Schema.decodeUnknownOption(Action)
const encodeRefusal = Schema.encodeSync(Refusal)

/** The command in an order, if this version knows it. */
export const commandOf = (body: Json): Option.Option<Action> => decodeCommand(body)

/** The answer to an order that was carried out. */
export const accepted = (order: number): Answered => ({ order, body: { _tag: "Accepted" } })

/** The answer to an order that was not carried out. */
export const refusal = (error: Refusal): Json => ({ _tag: "Refused", error: encodeRefusal(error) as unknown as Json })

/** How often it is looked for an answer, in milliseconds. */
const often = 20

/**
 * Puts an order into the inbox and waits until the owner has accepted it, which records it, or refused. Now and then
 * `meanwhile`: the owner may have gone.
 */
export const send = Effect.fnUntraced(function* (
  store: Store,
  config: Config,
  execution: string,
  command: Action,
  at: number,
  meanwhile: (order: number) => Effect.Effect<void, StoreError>
) {
  const body = Schema.encodeSync(Action)(command) as Json
  const order = yield* store.order({ execution, verb: command._tag, body, at })
  const waiting = new OrderRefused({
    execution,
    verb: command._tag,
    reason: `no answer within ${Duration.format(config.answer)}; the order stays, and is carried out when an engine comes to it`
  })
  const rarely = Math.ceil(Duration.toMillis(config.standby) / often)
  let looked = 0
  const poll = Effect.gen(function* () {
    const answer = yield* store.takeAnswer(order)
    if (answer !== undefined) return answer
    if (++looked % rarely === 0) yield* meanwhile(order)
    return yield* waiting
  })
  const answer = yield* Effect.retry(poll, {
    while: (error) => error._tag === "OrderRefused",
    schedule: Schedule.spaced(often).pipe(Schedule.upTo(config.answer))
  })
  const decoded = decodeAnswer(answer)
  if (Option.isNone(decoded)) {
    return yield* new OrderRefused({
      execution,
      verb: command._tag,
      reason: "the answer is of another version",
      detail: answer
    })
  }
  if (decoded.value._tag === "Refused") return yield* decoded.value.error
})
