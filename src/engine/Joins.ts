/** How an execution is started or joined: by a caller, or as the child of another one, that then waits for it. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Definition } from "../authoring/Definition.js"
import * as Instant from "../authoring/Instant.js"
import * as Lane from "../authoring/Lane.js"
import * as Tags from "../authoring/Tags.js"
import type { ExecuteOptions, Service } from "../authoring/TaskEngine.js"
import {
  type CheckpointRefused,
  type EngineBusy,
  ExecutionConflict,
  InvalidName,
  PayloadInvalid,
  type StoreError,
  TaskNotRegistered
} from "../core/Errors.js"
import { type History, isEarly, isQueued } from "../core/History.js"
import * as Json from "../core/Json.js"
import * as Name from "../core/Name.js"
import { isActive, type Status } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import * as Acts from "./Acts.js"
import { Births, type Expected } from "./Births.js"
import { type Call, isParent } from "./Children.js"
import type { LoadError, Opened, Opening } from "./Claims.js"
import type { Commands } from "./Commands.js"
import type { Config } from "./Config.js"
import type { Delivery } from "./Delivery.js"
import { Fibers } from "./Fibers.js"
import * as GoingBack from "./GoingBack.js"
import { type Lanes, nameOf } from "./Lanes.js"
import type { Entered, Finished, Live, Run, Services } from "./Live.js"
import type { Ownership } from "./Ownership.js"
import * as Perform from "./Perform.js"
import type { Recovery } from "./Recovery.js"
import type { Registry } from "./Registry.js"
import type { Retention } from "./Retention.js"
import type { Moved } from "./Standby.js"
import type { CommitError } from "./Writer.js"

/** There is nothing to take up: the execution stands still, as its history says. */
class Settled {
  readonly _tag = "Settled"
  constructor(readonly history: History) {}
}

/** It goes by another version of the task, and would be taken up. */
class OtherVersion {
  readonly _tag = "OtherVersion"
  constructor(readonly version: number) {}
}

const resumable = (status: Status): boolean => status === "Failed" || status === "Paused"

/** Whether a child that stands still goes on with its parent: that stopped it, or was resumed since it stopped. */
const goesOn = ({ parent, round }: Call, history: History): boolean => {
  const { status } = history
  if (status === "Paused" && history.pausedBy === parent.execution) return true
  return round > history.round && (resumable(status) || status === "RevertFailed")
}

/** How an execution is started or joined: by a caller, or as the child of another one. */
interface Joining extends ExecuteOptions {
  readonly call?: Call
  /** it was let go, and is to go on */
  readonly woken?: boolean
  /** there is a place for it in its lane */
  readonly isNext?: boolean
  /** called when the claim is about to be committed */
  readonly delivery?: Delivery | undefined
}

/** What comes between an execution and whoever joins it. */
type JoinError =
  | InvalidName
  | CheckpointRefused
  | PayloadInvalid
  | ExecutionConflict
  | TaskNotRegistered
  | EngineBusy
  | LoadError
  | CommitError

/** An execution that stands still; `present` if whoever waited was there when it stopped. */
interface Standing {
  readonly id: string
  readonly history: History
  readonly present: boolean
}

/** It is to be looked at again. */
const again: Moved = { woken: false, delivery: undefined }

/** Somebody who starts an execution, or joins it. */
interface Visit extends Omit<Joining, "id" | "tags">, Expected {
  readonly call?: Call
  /** what another version of the task runs with */
  readonly services?: Services
}

/** Whether it is to be taken up, also if others than standing by decide that. */
interface Found extends Moved {
  readonly isNext?: boolean
}

/** Why the execution that has the id, and was called by `parent`, is not the child that was meant, if it is not. */
const strangerTo = ({ call, definition, id }: Visit, parent: Run["parent"]): ExecutionConflict | undefined => {
  if (call === undefined || isParent(call.parent, parent)) return undefined
  const whose = parent === undefined ? "nobody's child" : `the child of ${parent.execution} at ${parent.path}`
  return new ExecutionConflict({ execution: id, task: definition.name, reason: `it is ${whose}` })
}

/** Whether the execution that has the id is the one that was meant. */
const same = (visit: Visit, history: History): Effect.Effect<void, ExecutionConflict> => {
  const { definition, id, payload } = visit
  const conflict = (reason: string) => new ExecutionConflict({ execution: id, task: definition.name, reason })
  if (history.task !== definition.name) return conflict(`it is one of task ${history.task}`)
  const stranger = strangerTo(visit, history.parent)
  if (stranger !== undefined) return stranger
  const { given = history.payload } = history
  const isSame = Json.equal(given, payload) || Json.equal(history.payload, payload)
  return isSame ? Effect.void : conflict("it has another payload")
}

const goal = ({ stopAt }: { readonly stopAt?: string }) => (stopAt === undefined ? {} : { stopAt })

/** How a visitor takes an execution up, if it is the one that was meant: as it stands, or resumed. */
const takingUp =
  (visit: Visit, now: () => number): Opening<Settled | OtherVersion | ExecutionConflict> =>
  (history) =>
    Effect.flatMap(same(visit, history), (): Effect.Effect<Opened, Settled | OtherVersion> => {
      const { call, definition, isNext, resume, woken } = visit
      const waits = isQueued(history) && isNext !== true && (woken !== true || call !== undefined)
      if (waits || isEarly(history, now())) return Effect.fail(new Settled(history))
      const { status } = history
      const goesUp = isActive(status) || status === "Waiting" || (call !== undefined && goesOn(call, history))
      if (history.version !== definition.version && (goesUp || (resume === true && resumable(status)))) {
        return Effect.fail(new OtherVersion(history.version))
      }
      if (isActive(status) || (status === "Waiting" && woken === true))
        return Effect.succeed({ entries: [], definition })
      if (call !== undefined && goesOn(call, history)) {
        return Effect.succeed({ entries: [Acts.resumedWith(call, status)], definition })
      }
      return resume === true && resumable(status)
        ? Effect.succeed({ entries: [{ _tag: "Resumed", act: {}, ...goal(visit) }], definition })
        : Effect.fail(new Settled(history))
    })

export class Joins {
  private readonly births: Births

  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly ownership: Ownership,
    private readonly recovery: Recovery,
    private readonly commands: Commands,
    private readonly lanes: Lanes,
    private readonly retention: Retention,
    private readonly now: () => number
  ) {
    this.births = new Births(store, live, now)
  }

  /** It goes on by itself. */
  private isUnsettled(status: Status): boolean {
    return isActive(status) || (status === "Waiting" && !this.ownership.isPassive)
  }

  private *accept(definition: Definition, payload: unknown, options: Joining) {
    const json = definition.payload.encode(payload)
    const problem = Either.isLeft(json) ? json.left : Perform.tooLarge(json.right, this.config.maxValue)
    if (problem !== undefined) return yield* new PayloadInvalid({ task: definition.name, ...problem })
    const id = options.id ?? definition.idempotencyKey?.(payload) ?? (yield* this.config.newId)
    const invalid = Name.check("the execution id", id)
    if (invalid !== undefined) return yield* invalid
    const { stopAt } = options
    const undeclared = stopAt === undefined ? undefined : GoingBack.undeclared(id, stopAt, definition)
    if (undeclared !== undefined) return yield* undeclared
    const lane = definition.lane === undefined ? undefined : Lane.keyOf(definition.name, definition.lane, payload)
    if (lane instanceof InvalidName) return yield* lane
    const tags = Tags.make(options.tags, definition.tags?.(payload))
    if (tags instanceof InvalidName) return yield* tags
    this.lanes.learn(definition)
    this.retention.learn(definition)
    const encoded = Either.getOrElse(json, () => undefined) ?? null
    const visit: Visit = { ...options, definition, id, payload: encoded, key: lane?.key, tags }
    return visit
  }

  /** Starts an execution or joins it, and waits until it stands still; a child also until it is handed back. */
  readonly join: (definition: Definition, payload: unknown, options: Joining) => Effect.Effect<Standing, JoinError> =
    Effect.fnUntraced(function* (this: Joins, definition, payload, options) {
      const visit = yield* this.accept(definition, payload, options)
      // A child runs where its parent does, as long as that.
      return yield* visit.call === undefined ? this.ownership.during(this.enter(visit)) : this.enter(visit)
    })

  private readonly enter = Effect.fnUntraced(function* (this: Joins, visit: Visit) {
    if (this.live.runs.has(visit.id) || (yield* this.births.standsInLine(visit))) return yield* this.attach(visit)
    const begun = this.live.begin(visit.definition, visit.id, visit.payload, {
      ...visit.call,
      stopAt: visit.stopAt,
      tags: visit.tags
    })
    const found = yield* this.conclude(visit, yield* this.finished(visit, begun))
    return "history" in found ? found : yield* this.attach(visit)
  })

  /** Waits for a run. If the caller that began it is interrupted, the execution is handed back, or closed. */
  private finished<E>({ call, definition, onInterrupt }: Visit, begun: Effect.Effect<Entered<E>>) {
    // What becomes of a child is its parent's to say.
    const detach = (run: Run) => Effect.zipRight(this.live.suspend(run), this.recovery.wake(definition, run.id))
    const abandon = (run: Run) => {
      if (call !== undefined) return Effect.void
      return onInterrupt === "close" ? Effect.orElse(this.closeAbandoned(run.id), () => detach(run)) : detach(run)
    }
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(begun, ({ entered, opened, run }) => {
        if (!entered) return restore(run.done.wait)
        const done = restore(opened === Effect.void ? run.done.outlast : Effect.zipRight(opened, run.done.outlast))
        return Effect.onInterrupt(done, () => abandon(run))
      })
    )
  }

  /** What is known once a run is over; one that was handed back, or let go, is looked at again. */
  private conclude(visit: Visit, finished: Finished): Effect.Effect<Standing | Found, JoinError> {
    if (Exit.isFailure(finished)) return Effect.failCause(finished.cause)
    const history = finished.value
    if (history === undefined || (this.isUnsettled(history.status) && visit.call === undefined)) {
      return Effect.succeed(again)
    }
    return Effect.as(same(visit, history), { id: visit.id, history, present: true })
  }

  /** Joins an execution that exists, until it stands still. */
  private readonly attach = Effect.fnUntraced(function* (this: Joins, visit: Visit) {
    for (let moved: Found = { ...again, woken: this.isOrphan(visit) }; ; ) {
      const running = this.live.runs.get(visit.id)
      const next = running === undefined ? this.takeUp({ ...visit, ...moved }) : this.attend(visit, running)
      // Who was woken and is gone has not taken it up: somebody else may.
      const found: Standing | Found = yield* Effect.onInterrupt(next, () => Effect.sync(() => this.recovery.poke()))
      if ("history" in found) return found
      moved = found
    }
  })

  /** A child whose code nobody here has but its parent: that wakes it. */
  private isOrphan({ call, definition }: Visit): boolean {
    return call !== undefined && this.registry.get(definition.name, definition.version) === undefined
  }

  /** Waits for it where it runs. */
  private readonly attend = Effect.fnUntraced(function* (this: Joins, visit: Visit, { done, parent }: Run) {
    const known = yield* Effect.either(this.live.history(visit.id))
    if (Either.isRight(known)) yield* same(visit, known.right)
    else if (known.left._tag !== "ExecutionNotFound") return yield* known.left
    else {
      const stranger = strangerTo(visit, parent)
      if (stranger !== undefined) return yield* stranger
    }
    return yield* this.conclude(visit, yield* done.wait)
  })

  /** Takes it up where nobody runs it; one that was let go is waited for. */
  private readonly takeUp: (visit: Visit) => Effect.Effect<Standing | Found, JoinError> = Effect.fnUntraced(function* (
    this: Joins,
    visit
  ) {
    const { call, delivery, id } = visit
    // No run begins for this: its end would have others who stand by look again, and so for ever.
    const mayStandBy = call === undefined && visit.woken !== true && !this.ownership.isPassive
    if (mayStandBy && (yield* this.rests(id))) {
      const known = yield* Effect.either(this.live.history(id))
      if (Either.isRight(known) && this.isLetGo(known.right)) {
        yield* same(visit, known.right)
        return yield* this.standBy(yield* this.inVersion(visit, known.right.version), known.right)
      }
    }
    const services = visit.services ?? call?.services
    const taken = this.live.takeOver(id, services, takingUp(visit, this.now), { delivery })
    const finished = yield* Effect.either(this.finished(visit, taken))
    if (Either.isRight(finished)) return yield* this.conclude(visit, finished.right)
    if (finished.left instanceof OtherVersion) {
      return yield* this.takeUp(yield* this.inVersion(visit, finished.left.version))
    }
    if (!(finished.left instanceof Settled)) return yield* Effect.fail(finished.left)
    const { history } = finished.left
    const standing = { id, history, present: false }
    const { status } = history
    if (status !== "Waiting" && status !== "Pending") return standing
    if (call !== undefined && !(isQueued(history) && this.isOrphan(visit))) return standing
    if (call === undefined && !this.ownership.isPassive) {
      return yield* this.standBy(yield* this.inVersion(visit, history.version), history)
    }
    const due = yield* this.store.due({ id, now: this.now(), lanes: this.lanes.known })
    return due.length > 0 ? { ...again, woken: true, isNext: true } : standing
  })

  /** The visitor with the code that the execution goes by. */
  private inVersion(visit: Visit, version: number): Effect.Effect<Visit, TaskNotRegistered> {
    const { name, version: own } = visit.definition
    if (own === version) return Effect.succeed(visit)
    const code = this.registry.get(name, version)
    return code === undefined
      ? new TaskNotRegistered({ execution: visit.id, task: name, version })
      : Effect.succeed({ ...visit, ...code })
  }

  /** It waits: for something in it, for its time, or for a place. */
  private isLetGo(history: History): boolean {
    return history.status === "Waiting" || isEarly(history, this.now()) || isQueued(history)
  }

  /** Nobody runs it; it was let go, or has not begun. */
  private rests(id: string): Effect.Effect<boolean, StoreError> {
    return Effect.map(
      this.store.get(id),
      (row) => (row?.status === "Waiting" || row?.status === "Pending") && !this.live.runs.has(id)
    )
  }

  /** Waits until an execution that was let go is to go on, or has gone on elsewhere. */
  private standBy(visit: Visit, history: History): Effect.Effect<Moved, StoreError> {
    const { definition, id, onInterrupt } = visit
    return Effect.flatMap(visit.services === undefined ? Fibers.here : Effect.succeed(visit.services), (services) => {
      const lane = isQueued(history) ? nameOf(history.task, history.lane!) : undefined
      const { leave, moved } = this.live.standby.enter(id, definition, services, lane)
      // It may have moved before anybody stood by.
      const woken = Effect.flatMap(this.rests(id), (waits) => {
        if (!waits) return Effect.succeed(again)
        this.recovery.poke()
        return moved
      })
      const abandon = Effect.suspend(() => {
        const lends = this.live.standby.first(id)?.services === services
        return onInterrupt === "close" && lends ? Effect.ignore(this.closeAbandoned(id)) : Effect.void
      })
      return Effect.ensuring(
        Effect.onInterrupt(woken, () => abandon),
        Effect.sync(leave)
      )
    })
  }

  private closeAbandoned(id: string) {
    return this.commands.request(id, { _tag: "close", reason: "its caller was interrupted" })
  }

  /** Writes an execution for whoever owns the store to run. */
  readonly start: Service["start"] = (definition, payload, options) =>
    Effect.gen(() => this.starting(definition, payload, options))

  private *starting(...[definition, payload, options]: Parameters<Service["start"]>) {
    const { at, priority, ...wanted } = options
    const visit = yield* this.accept(definition, payload, wanted)
    const { id } = visit
    const due = at === undefined ? undefined : Instant.toMillis("the start", at)
    const mayBegin =
      due === undefined && visit.key === undefined && visit.stopAt === undefined && visit.tags.length === 0
    if (mayBegin && (yield* this.recovery.begin(definition, id, visit.payload))) return id
    const made = yield* this.births.write(visit, { due }, priority)
    if ("existing" in made) {
      const history = yield* Effect.catchTag(this.live.history(id), "ExecutionNotFound", (error) => Effect.die(error))
      yield* same(visit, history)
    }
    if (due === undefined || due <= this.now()) {
      yield* this.recovery.wake(definition, id, visit.key !== undefined)
    } else this.recovery.poke()
    return id
  }
}
