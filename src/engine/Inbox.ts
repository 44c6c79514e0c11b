/** The orders of other processes, each carried out once, and answered. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { OrderRefused, type StoreError } from "../core/Errors.js"
import type { Order, Store } from "../store/Store.js"
import type { Commands } from "./Commands.js"
import * as Orders from "./Orders.js"

export class Inbox {
  private readonly answering = new Set<number>()

  constructor(
    private readonly store: Store,
    private readonly commands: Commands
  ) {}

  /** What is there, to be carried out one by one or beside each other. */
  get open(): Effect.Effect<ReadonlyArray<Effect.Effect<void, StoreError>>, StoreError> {
    return Effect.map(this.store.orders, (orders) => orders.map((order) => this.obey(order)))
  }

  private obey(order: Order): Effect.Effect<void, StoreError> {
    return Effect.suspend(() => {
      if (this.answering.has(order.id)) return Effect.void
      this.answering.add(order.id)
      const command = Orders.commandOf(order.body)
      const done = Option.isNone(command)
        ? Effect.fail(
            new OrderRefused({ execution: order.execution, verb: order.verb, reason: "this engine does not know it" })
          )
        : this.commands.carryOut(order.execution, command.value, order.id)
      const answered = Effect.catchAll(done, (error) =>
        this.store.answer({ order: order.id, body: Orders.refusal(error) })
      )
      // Whoever looked before it was answered may come to it after that: once more, it could only be refused.
      return Effect.flatMap(this.store.orders, (open) =>
        open.some(({ id }) => id === order.id) ? answered : Effect.void
      ).pipe(Effect.ensuring(Effect.sync(() => this.answering.delete(order.id))))
    })
  }
}
