/** Carries out what is asked of executions: of those that run, of those that stand still, and of another process's. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { RequestError } from "../authoring/Acting.js"
import { type Action, actOf } from "../core/Action.js"
import type { EngineBusy, StoreError } from "../core/Errors.js"
import type { History } from "../core/History.js"
import { allows, isActive } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import * as Acts from "./Acts.js"
import * as CarryOver from "./CarryOver.js"
import type { Config } from "./Config.js"
import { illegal } from "./Decision.js"
import * as Decisions from "./Decisions.js"
import * as GoingBack from "./GoingBack.js"
import type { Live, Run } from "./Live.js"
import * as Orders from "./Orders.js"
import type { Ownership } from "./Ownership.js"
import type { Registered, Registry } from "./Registry.js"

/** What the owner can refuse. */
type ActError = Exclude<RequestError, EngineBusy>

export class Commands {
  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly ownership: Ownership,
    private readonly now: () => number
  ) {}

  /** Carries a command out here, or has the engine of the process that owns the store do it. */
  request(id: string, command: Action): Effect.Effect<void, RequestError> {
    const { isPassive } = this.ownership
    const done = Effect.zipRight(this.carryOut(id, command), isPassive ? this.live.gone(id) : Effect.void)
    return Effect.catchTag(this.ownership.during(done), "EngineBusy", () =>
      Orders.send(this.store, this.config, id, command, this.now(), (order) =>
        isPassive ? this.left(id, command, order) : Effect.void
      )
    )
  }

  /** Carries its own order out, if whoever owned the store has gone without an answer. */
  private left(id: string, command: Action, order: number): Effect.Effect<void, StoreError> {
    const done = Effect.catchAll(this.carryOut(id, command, order), (error) =>
      this.store.answer({ order, body: Orders.refusal(error) })
    )
    const open = Effect.map(this.store.orders, (orders) => orders.some((one) => one.id === order))
    const own = Effect.zipRight(
      Effect.flatMap(open, (isOpen) => (isOpen ? done : Effect.void)),
      this.live.gone(id)
    )
    return Effect.catchTag(this.ownership.during(own), "EngineBusy", () => Effect.void)
  }

  /**
   * Carries out a command as the owner. Answers when what was asked is on disk. A child is its parent's to close and to
   * revert: others have to force it.
   */
  carryOut(id: string, command: Action, order?: number): Effect.Effect<void, ActError> {
    const once = this.doAs(id, command, undefined, order)
    // Somebody may have completed the phase in this moment: then a second look says so.
    const done = command._tag === "skip" ? Effect.catchTag(once, "Fenced", () => once) : once
    return Acts.isItsParents(command)
      ? Effect.zipRight(
          Effect.flatMap(this.live.history(id), (history) => Acts.owned(id, command, history)),
          done
        )
      : done
  }

  /** The same; `code` is what a parent has of its child, and the child then runs with. */
  doAs(id: string, command: Action, code: Registered | undefined, order?: number): Effect.Effect<void, ActError> {
    return Effect.gen(this, function* () {
      const run = this.live.runs.get(id)
      if (run !== undefined) {
        const asked = yield* this.askRun(run, command, order)
        return asked ? undefined : yield* this.doAs(id, command, code, order)
      }
      const row = yield* this.store.get(id)
      if (row === undefined) return yield* this.store.absent(id)
      const lent = code ?? this.live.standby.first(id)
      const history = yield* this.live.history(id)
      const isLent = lent?.definition.version === history.version && !CarryOver.isCarried(command)
      const registered = isLent ? lent : CarryOver.codeFor(this.registry, command, history)
      const opening = Decisions.about(this.store, id, command, registered?.definition)
      const { entered, opened } = yield* this.live.takeOver(id, registered?.services, opening, { order })
      yield* entered ? opened : this.doAs(id, command, code, order)
    }).pipe(Effect.catchTag("Taken", (taken) => Effect.die(taken)))
  }

  /** Whether a live execution took the command; not if its run was over first. */
  private askRun(run: Run, command: Action, order: number | undefined): Effect.Effect<boolean, ActError> {
    return Effect.gen(this, function* () {
      const act = actOf(command)
      if (command._tag === "close" && command.revert === true) {
        const forgotten = GoingBack.forgotten(run.id, yield* this.live.history(run.id))
        if (forgotten !== undefined) return yield* forgotten
      }
      const isCurrent = (history: History) => Decisions.isCurrent(run.id, command, history)
      const asked =
        command._tag === "pause"
          ? yield* this.live.ask(run, { _tag: "Pause", act, isCurrent, now: command.now ?? false }, order)
          : command._tag === "close"
            ? yield* this.live.ask(run, { _tag: "Close", act, isCurrent, revert: command.revert ?? false }, order)
            : undefined
      if (asked === "granted") return true
      if (asked === "gone") return false
      const look = Effect.gen(this, function* () {
        const row = yield* this.store.get(run.id)
        const known = row === undefined ? undefined : yield* this.live.history(run.id)
        if (known !== undefined) yield* Decisions.current(run.id, command, known)
        if (known !== undefined && Acts.joins(run.id, command, known)) {
          if (order !== undefined) yield* this.store.answer(Orders.accepted(order))
          return Option.some(true)
        }
        // What has moved since it was planned is on its way to the store.
        const moves = asked === "refused" && known !== undefined && allows(known.status, command._tag)
        if (row !== undefined && isActive(row.status) && !moves) {
          return yield* illegal(run.id, command._tag, row.status)
        }
        return this.live.runs.get(run.id) === run ? Option.none<boolean>() : Option.some(false)
      })
      return yield* this.live.listeners.until(run.id, look)
    })
  }
}
