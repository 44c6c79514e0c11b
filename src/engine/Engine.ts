/**
 * The engine: starts, attaches, recovers, and carries out what is asked, over any store. Passive parts decide and append;
 * live executions run in Live.ts.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Definition } from "../authoring/Definition.js"
import { type ExecuteOptions, type RequestError, type Service, TaskEngine } from "../authoring/TaskEngine.js"
import {
  EngineBusy,
  ExecutionConflict,
  ExecutionNotFound,
  type InvalidName,
  PayloadInvalid,
  RevertIncomplete
} from "../core/Errors.js"
import type * as History from "../core/History.js"
import * as Json from "../core/Json.js"
import * as Name from "../core/Name.js"
import { isActive, type Status } from "../core/Status.js"
import { type ExecutionRow, type Store, TaskStore } from "../store/Store.js"
import * as Acts from "./Acts.js"
import { Calls } from "./Calls.js"
import type { Call } from "./Children.js"
import { type Config, EngineConfig } from "./Config.js"
import type { DriveError } from "./Driver.js"
import { Fibers } from "./Fibers.js"
import { Lane } from "./Lane.js"
import { type Entered, type Finished, foldOf, Live, type LoadError, type Opening, type Run } from "./Live.js"
import * as Orders from "./Orders.js"
import { Ownership } from "./Ownership.js"
import * as Perform from "./Perform.js"
import { type ActError, Recovery } from "./Recovery.js"
import { type Registered, Registry } from "./Registry.js"
import * as View from "./View.js"
import { watch } from "./Watch.js"

/** There is nothing to take up: the execution stands still, as its history says. */
class Settled {
  readonly _tag = "Settled"
  constructor(readonly history: History.History) {}
}

const resumable = (status: Status): boolean => status === "Failed" || status === "Paused"

/** Whether a child that stands still goes on with its parent: that stopped it, or was resumed since it stopped. */
const goesOn = ({ parent, round }: Call, history: History.History): boolean => {
  const { status } = history
  if (status === "Paused" && history.pausedBy === parent.execution) return true
  return round > history.round && (resumable(status) || status === "RevertFailed")
}

/** How an execution is started or joined: by a caller, or as the child of another one. */
interface Joining extends ExecuteOptions {
  readonly call?: Call
}

/** What comes between an execution and whoever joins it. */
type JoinError = InvalidName | PayloadInvalid | ExecutionConflict | EngineBusy | LoadError | DriveError

/** An execution that stands still; `present` if whoever waited was there when it stopped. */
interface Standing {
  readonly id: string
  readonly history: History.History
  readonly present: boolean
}

interface Accepted {
  readonly id: string
  readonly payload: Json.Json
}

class Engine {
  constructor(
    readonly store: Store,
    readonly config: Config,
    readonly registry: Registry,
    readonly live: Live,
    readonly ownership: Ownership,
    readonly recovery: Recovery
  ) {}

  // --- starting and attaching

  /** The id and the recorded payload of a new execution. */
  private accept(definition: Definition, payload: unknown, given: string | undefined) {
    return Effect.gen(this, function* () {
      const json = definition.payload.encode(payload)
      const problem = Either.isLeft(json) ? json.left : Perform.tooLarge(json.right, this.config.maxValue)
      if (problem !== undefined) return yield* new PayloadInvalid({ task: definition.name, ...problem })
      const id = given ?? definition.idempotencyKey?.(payload) ?? (yield* this.config.newId)
      const invalid = Name.check("the execution id", id)
      if (invalid !== undefined) return yield* invalid
      return { id, payload: Either.getOrElse(json, () => undefined) ?? null }
    })
  }

  /** Whether the execution that has the id is the one that was meant. */
  private same(definition: Definition, { id, payload }: Accepted, history: History.History, call: Call | undefined) {
    if (history.task !== definition.name) {
      return new ExecutionConflict({
        execution: id,
        task: definition.name,
        reason: `it is one of task ${history.task}`
      })
    }
    const { parent } = history
    const stranger =
      call !== undefined && (parent?.execution !== call.parent.execution || parent.path !== call.parent.path)
    if (stranger) {
      const whose = parent === undefined ? "nobody's child" : `the child of ${parent.execution} at ${parent.path}`
      return new ExecutionConflict({ execution: id, task: definition.name, reason: `it is ${whose}` })
    }
    return Json.equal(history.payload, payload)
      ? Effect.void
      : new ExecutionConflict({ execution: id, task: definition.name, reason: "it has another payload" })
  }

  readonly execute: Service["execute"] = (definition, payload, options) =>
    Effect.flatMap(this.join(definition, payload, options), ({ history, id, present }) =>
      View.answerOf(definition, id, history, present)
    )

  /** Starts an execution or joins it, and waits until it stands still; a child also until it is handed back. */
  join(definition: Definition, payload: unknown, options: Joining): Effect.Effect<Standing, JoinError> {
    return Effect.gen(this, function* () {
      const accepted = yield* this.accept(definition, payload, options.id)
      yield* this.ownership.ensure
      if (this.live.runs.has(accepted.id)) return yield* this.attach(definition, accepted, options)
      const begun = this.live.begin(definition, accepted.id, accepted.payload, options.call)
      return yield* this.conclude(definition, accepted, options, yield* this.finished(definition, begun, options))
    })
  }

  /** Waits for a run. If the caller that began it is interrupted, the execution is handed back, or closed. */
  private finished<E>(definition: Definition, begun: Effect.Effect<Entered<E>>, options: Joining) {
    // What becomes of a child is its parent's to say.
    const detach = (run: Run) => Effect.zipRight(this.live.suspend(run), this.recovery.wake(definition.name, run.id))
    const abandon = (run: Run) =>
      options.call !== undefined
        ? Effect.void
        : options.onInterrupt === "close"
          ? Effect.orElse(this.request(run.id, { _tag: "close", reason: "its caller was interrupted" }), () =>
              detach(run)
            )
          : detach(run)
    return Effect.uninterruptibleMask((restore) =>
      Effect.flatMap(begun, ({ entered, opened, run }) => {
        const done = restore(Effect.zipRight(opened, Deferred.await(run.done)))
        return entered ? Effect.onInterrupt(done, () => abandon(run)) : done
      })
    )
  }

  /** What is known once a run is over; a run that was handed back is taken up again. */
  private conclude(
    definition: Definition,
    accepted: Accepted,
    options: Joining,
    finished: Finished
  ): Effect.Effect<Standing, JoinError> {
    if (Exit.isFailure(finished)) return Effect.failCause(finished.cause)
    const history = finished.value
    const { call } = options
    if (history === undefined || (isActive(history.status) && call === undefined)) {
      return this.attach(definition, accepted, options)
    }
    return Effect.as(this.same(definition, accepted, history, call), { id: accepted.id, history, present: true })
  }

  /** Joins an execution that exists: waits for it where it runs, takes it up where nobody runs it. */
  private attach(definition: Definition, accepted: Accepted, options: Joining): Effect.Effect<Standing, JoinError> {
    const { id } = accepted
    return Effect.gen(this, function* () {
      yield* this.ownership.ensure
      const running = this.live.runs.get(id)
      if (running !== undefined) {
        const known = yield* Effect.either(Effect.flatMap(this.live.load(id), foldOf))
        if (Either.isRight(known)) yield* this.same(definition, accepted, known.right, options.call)
        else if (known.left._tag !== "ExecutionNotFound") return yield* known.left
        return yield* this.conclude(definition, accepted, options, yield* Deferred.await(running.done))
      }
      const taken = this.live.takeOver(id, options.call?.services, this.joining(definition, accepted, options))
      const finished = yield* Effect.either(this.finished(definition, taken, options))
      if (Either.isRight(finished)) return yield* this.conclude(definition, accepted, options, finished.right)
      if (!(finished.left instanceof Settled)) return yield* Effect.fail(finished.left)
      return { id, history: finished.left.history, present: false }
    })
  }

  /** How a caller takes an execution up, if it is the one that was meant: as it stands, or resumed. */
  private joining(
    definition: Definition,
    accepted: Accepted,
    { call, resume }: Joining
  ): Opening<Settled | ExecutionConflict> {
    return (history) =>
      Effect.flatMap(this.same(definition, accepted, history, call), () => {
        const { status } = history
        if (isActive(status)) return Effect.succeed({ entries: [], definition })
        if (call !== undefined && goesOn(call, history)) {
          return Effect.succeed({ entries: [Acts.resumedWith(call, status)], definition })
        }
        return resume === true && resumable(status)
          ? Effect.succeed({ entries: [{ _tag: "Resumed", act: {} }], definition })
          : Effect.fail(new Settled(history))
      })
  }

  readonly start: Service["start"] = (definition, payload, options) =>
    Effect.gen(this, function* () {
      const { id, payload: json } = yield* this.accept(definition, payload, options.id)
      const at = yield* Clock.currentTimeMillis
      const row: ExecutionRow = {
        id,
        task: definition.name,
        version: definition.version,
        status: "Pending",
        epoch: 0,
        owner: null,
        createdAt: at,
        updatedAt: at
      }
      const made = yield* this.store.create(row, [
        { _tag: "Created", task: definition.name, version: definition.version, payload: json }
      ])
      if ("existing" in made) {
        const history = yield* Effect.flatMap(this.live.load(id), foldOf).pipe(
          Effect.catchTag("ExecutionNotFound", (error) => Effect.die(error))
        )
        yield* this.same(definition, { id, payload: json }, history, undefined)
      }
      yield* this.recovery.wake(definition.name, id)
      return id
    })

  readonly register: Service["register"] = (definition) =>
    Effect.flatMap(Fibers.here, (services) => this.recovery.register(definition, services))

  // --- requests

  /** Carries a command out here, or has the engine of the process that owns the store do it. */
  request(id: string, command: Orders.Command): Effect.Effect<void, RequestError> {
    return Effect.flatMap(Effect.either(this.ownership.ensure), (owned): Effect.Effect<void, RequestError> => {
      if (Either.isRight(owned)) return this.carryOut(id, command)
      if (!(owned.left instanceof EngineBusy)) return Effect.fail(owned.left)
      return Effect.flatMap(Clock.currentTimeMillis, (at) => Orders.send(this.store, this.config, id, command, at))
    })
  }

  /**
   * Carries out a command as the owner. Answers when what was asked is on disk. A child is its parent's to close and to
   * revert: others have to force it.
   */
  carryOut(id: string, command: Orders.Command, order?: number): Effect.Effect<void, ActError> {
    const owned = (command._tag === "close" || command._tag === "revert") && command.force !== true
    const refused = Effect.flatMap(Effect.flatMap(this.live.load(id), foldOf), (history) =>
      Acts.owned(id, command, history)
    )
    return owned
      ? Effect.zipRight(refused, this.doAs(id, command, undefined, order))
      : this.doAs(id, command, undefined, order)
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
      const registered = code ?? this.registry.get(row.task)
      const opening: Opening<Acts.Refusal> = (history) => Acts.decide(id, command, history, registered?.definition)
      const { entered, opened } = yield* this.live.takeOver(id, registered?.services, opening, order)
      yield* entered ? opened : this.doAs(id, command, code, order)
    }).pipe(Effect.catchTag("Taken", (taken) => Effect.die(taken)))
  }

  /** Whether a live execution took the command; not if its run was over first. */
  private askRun(run: Run, command: Orders.Command, order: number | undefined): Effect.Effect<boolean, ActError> {
    return Effect.gen(this, function* () {
      const act = {
        ...(command.by === undefined ? {} : { by: command.by }),
        ...(command.reason === undefined ? {} : { reason: command.reason })
      }
      const asked =
        command._tag === "pause"
          ? yield* this.live.ask(run, { _tag: "Pause", act, now: command.now ?? false }, order)
          : command._tag === "close"
            ? yield* this.live.ask(run, { _tag: "Close", act, revert: command.revert ?? false }, order)
            : undefined
      if (asked === "granted") return true
      if (asked === "gone") return false
      const changed = this.live.listen(run.id)
      const row = yield* Effect.onError(this.store.get(run.id), () => Effect.sync(changed.stop))
      if (row !== undefined && Acts.isUnderWay(command._tag, row.status)) {
        changed.stop()
        if (order !== undefined) yield* this.store.answer(Orders.accepted(order))
        return true
      }
      if (row !== undefined && isActive(row.status)) {
        changed.stop()
        return yield* Acts.illegal(run.id, command._tag, row.status)
      }
      yield* changed.wait(this.config.inbox)
      return false
    })
  }

  // --- reading

  readonly history: Service["history"] = (id) => Effect.map(this.live.load(id), ({ entries }) => entries)

  readonly status: Service["status"] = (id) =>
    Effect.map(Effect.flatMap(this.live.load(id), foldOf), (history) =>
      View.statusOf(id, history, this.registry.get(history.task) !== undefined)
    )

  /** Waits until nothing is left to do for the execution. */
  readonly settled: Service["settled"] = (id) =>
    Effect.gen(this, function* () {
      for (;;) {
        const run = this.live.runs.get(id)
        if (run !== undefined) yield* Deferred.await(run.done)
        const changed = this.live.listen(id)
        const row = yield* Effect.onError(this.store.get(id), () => Effect.sync(changed.stop))
        if (row !== undefined && isActive(row.status)) {
          yield* changed.wait(this.config.inbox)
          continue
        }
        changed.stop()
        return yield* row === undefined ? new ExecutionNotFound({ execution: id }) : this.status(id)
      }
    })

  /** Settled after a command; a revert that stopped is an error of whoever asked for it. */
  private after(id: string) {
    return Effect.flatMap(this.settled(id), (status) =>
      status.status === "RevertFailed"
        ? new RevertIncomplete({ execution: id, failures: status.failures, causes: [] })
        : Effect.succeed(status)
    )
  }

  get service(): Service {
    return {
      execute: this.execute,
      start: this.start,
      register: this.register,
      resume: (id, options = {}) => Effect.zipRight(this.request(id, { _tag: "resume", ...options }), this.status(id)),
      pause: (id, options = {}) => Effect.zipRight(this.request(id, { _tag: "pause", ...options }), this.settled(id)),
      close: (id, options = {}) => Effect.zipRight(this.request(id, { _tag: "close", ...options }), this.after(id)),
      revert: (id, options = {}) => Effect.zipRight(this.request(id, { _tag: "revert", ...options }), this.after(id)),
      skip: (id, phase, value, options = {}) =>
        Effect.zipRight(
          this.request(id, { _tag: "skip", phase, ...options, ...(value === undefined ? {} : { value }) }),
          this.status(id)
        ),
      complete: () => Effect.dieMessage("this engine takes no completions yet"),
      heartbeat: () => Effect.dieMessage("this engine takes no heartbeats yet"),
      signal: () => Effect.dieMessage("this engine takes no signals yet"),
      status: this.status,
      history: this.history,
      list: (query = {}) => this.store.list(query),
      watch: (id) => watch(this.store, this.live, this.config, id),
      settled: this.settled
    }
  }
}

/** An engine over the store at hand, for as long as the scope is open; then everything that runs is handed back. */
const make: Effect.Effect<Service, never, TaskStore | Scope.Scope> = Effect.gen(function* () {
  const store = yield* TaskStore
  const config = yield* EngineConfig
  const clock = yield* Effect.clock
  const owner = yield* config.newId
  const runs = yield* Scope.make()
  const owned = yield* Scope.make()
  const live = new Live(store, config, owner, clock, new Lane(1))
  const registry = new Registry()
  const ownership = new Ownership(store, owned, yield* Effect.makeSemaphore(1))
  const recovery = new Recovery(store, config, live, registry, ownership, runs, new Lane(config.concurrency))
  const engine = new Engine(store, config, registry, live, ownership, recovery)
  live.children = new Calls(live, store, {
    join: (call) =>
      engine.join(call.definition, call.payload, { id: call.id, call }).pipe(
        Effect.map(({ history }) => history),
        Effect.catchTag("Taken", (taken) => Effect.die(taken))
      ),
    carryOut: ({ id }, command, call) => engine.doAs(id, command, call)
  })
  recovery.carryOut = (id, command, order) => engine.carryOut(id, command, order)
  // The store is let go of last: until then no other engine runs what runs here.
  yield* Effect.addFinalizer(() =>
    Effect.timeoutOption(
      Effect.interruptible(recovery.end(live.suspendAll)),
      Duration.sum(config.grace, "1 second")
    ).pipe(
      Effect.zipRight(live.interruptAll),
      Effect.zipRight(Scope.close(runs, Exit.void)),
      Effect.zipRight(Scope.close(owned, Exit.void))
    )
  )
  return engine.service
})

/** The engine over whatever store there is. */
export const layer: Layer.Layer<TaskEngine, never, TaskStore> = Layer.scoped(TaskEngine, make)
