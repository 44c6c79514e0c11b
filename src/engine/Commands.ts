/** Carries out what is asked of executions: of those that run, of those that stand still, and of another process's. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Definition } from "../authoring/Definition.js"
import type { RequestError } from "../authoring/TaskEngine.js"
import { type EngineBusy, ExecutionNotFound, PhaseNotOpen, type StoreError } from "../core/Errors.js"
import { type History, isPartial } from "../core/History.js"
import { isActive } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import * as Acts from "./Acts.js"
import type { Opening } from "./Claims.js"
import type { Config } from "./Config.js"
import * as Discarding from "./Discarding.js"
import * as GoingBack from "./GoingBack.js"
import * as Journals from "./Journals.js"
import type { Live, Run } from "./Live.js"
import * as Orders from "./Orders.js"
import type { Ownership } from "./Ownership.js"
import type { Registered, Registry } from "./Registry.js"

/** What the owner can refuse. */
type ActError = Exclude<RequestError, EngineBusy>

/** What is its parent's to ask of a child. */
const mayEnd: ReadonlySet<string> = new Set(["close", "revert", "goTo", "discard"])

const toCheckpoint = (command: Orders.Command): boolean =>
  command._tag === "goTo" || (command._tag === "revert" && command.to !== undefined)

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
  request(id: string, command: Orders.Command): Effect.Effect<void, RequestError> {
    const { isPassive } = this.ownership
    const done = Effect.zipRight(this.carryOut(id, command), isPassive ? this.live.gone(id) : Effect.void)
    return Effect.catchTag(this.ownership.during(done), "EngineBusy", () =>
      Orders.send(this.store, this.config, id, command, this.now())
    )
  }

  /**
   * Carries out a command as the owner. Answers when what was asked is on disk. A child is its parent's to close and to
   * revert: others have to force it.
   */
  carryOut(id: string, command: Orders.Command, order?: number): Effect.Effect<void, ActError> {
    const owned = mayEnd.has(command._tag) && !("force" in command && command.force === true)
    const once = this.doAs(id, command, undefined, order)
    // Somebody may have completed the phase in this moment: then a second look says so.
    const done = command._tag === "skip" ? Effect.catchTag(once, "Fenced", () => once) : once
    return owned
      ? Effect.zipRight(
          Effect.flatMap(this.live.history(id), (history) => Acts.owned(id, command, history)),
          done
        )
      : done
  }

  /** The same; `code` is what a parent has of its child, and the child then runs with. */
  doAs(
    id: string,
    command: Orders.Command,
    code: Registered | undefined,
    order?: number
  ): Effect.Effect<void, ActError> {
    return Effect.gen(this, function* () {
      const run = this.live.runs.get(id)
      if (run !== undefined) {
        const asked = yield* this.askRun(run, command, order)
        return asked ? undefined : yield* this.doAs(id, command, code, order)
      }
      const row = yield* this.store.get(id)
      if (row === undefined) return yield* new ExecutionNotFound({ execution: id })
      const registered = code ?? this.live.standby.first(id) ?? this.registry.get(row.task)
      const decide: Opening<Acts.Refusal | StoreError> = (history) =>
        Effect.tap(this.decide(id, command, history, registered?.definition), ({ close = [] }) =>
          Effect.forEach(close, (token) => this.isOpen(id, token), { discard: true })
        )
      // A checkpoint may be in a stage that was left: then it is not one that is still to come.
      const opening: typeof decide = (history) =>
        isPartial(history) && toCheckpoint(command)
          ? Effect.flatMap(Journals.whole(this.store, id), decide)
          : decide(history)
      const { entered, opened } = yield* this.live.takeOver(id, registered?.services, opening, { order })
      yield* entered ? opened : this.doAs(id, command, code, order)
    }).pipe(Effect.catchTag("Taken", (taken) => Effect.die(taken)))
  }

  private decide(
    id: string,
    command: Orders.Command,
    history: History,
    definition: Definition | undefined
  ): Effect.Effect<Acts.Decision, Acts.Refusal | StoreError> {
    return command._tag === "discard"
      ? Discarding.decide(this.store, id, command, history, definition)
      : Acts.decide(id, command, history, definition)
  }

  /** Refuses to say how a phase ended where somebody has said so. */
  private isOpen(execution: string, token: string): Effect.Effect<void, PhaseNotOpen | StoreError> {
    return Effect.flatMap(this.store.token(token), (row) =>
      row?.ended === "completed"
        ? new PhaseNotOpen({ execution, phase: row.path, reason: "somebody has completed it: resume takes that up" })
        : Effect.void
    )
  }

  /** Whether a live execution took the command; not if its run was over first. */
  private askRun(run: Run, command: Orders.Command, order: number | undefined): Effect.Effect<boolean, ActError> {
    return Effect.gen(this, function* () {
      const act = Acts.actOf(command)
      if (command._tag === "close" && command.revert === true) {
        const gone = GoingBack.gone(run.id, yield* this.live.history(run.id))
        if (gone !== undefined) return yield* gone
      }
      const asked =
        command._tag === "pause"
          ? yield* this.live.ask(run, { _tag: "Pause", act, now: command.now ?? false }, order)
          : command._tag === "close"
            ? yield* this.live.ask(run, { _tag: "Close", act, revert: command.revert ?? false }, order)
            : undefined
      if (asked === "granted") return true
      if (asked === "gone") return false
      const look = Effect.gen(this, function* () {
        const row = yield* this.store.get(run.id)
        if (row !== undefined && Acts.joins(run.id, command, yield* this.live.history(run.id))) {
          if (order !== undefined) yield* this.store.answer(Orders.accepted(order))
          return Option.some(true)
        }
        if (row !== undefined && isActive(row.status)) return yield* Acts.illegal(run.id, command._tag, row.status)
        return this.live.runs.get(run.id) === run ? Option.none<boolean>() : Option.some(false)
      })
      return yield* this.live.listeners.until(run.id, look)
    })
  }
}
