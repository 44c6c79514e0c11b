/** Runs, stops and reverts children by what the engine can do anyway. */

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Action } from "../core/Action.js"
import { ExecutionConflict, ExecutionReverted, PayloadInvalid, RevertIncomplete } from "../core/Errors.js"
import { type Failure, render } from "../core/Failure.js"
import * as History from "../core/History.js"
import * as Sentence from "../core/Sentence.js"
import { isActive, type Status } from "../core/Status.js"
import type { Failures } from "../core/Step.js"
import type { Store } from "../store/Store.js"
import { type Call, type Called, type Children, isParent, Parked, type Stop } from "./Children.js"
import type { LoadError } from "./Claims.js"
import type { Commands } from "./Commands.js"
import * as Faults from "./Faults.js"
import type { Joins } from "./Joins.js"
import type { Live } from "./Live.js"
import { Refused } from "./Perform.js"
import type { Recovery } from "./Recovery.js"
import type { Registry } from "./Registry.js"

type Told = { readonly _tag: string; readonly message: string }

export class Calls implements Children {
  constructor(
    private readonly live: Live,
    private readonly store: Store,
    private readonly registry: Registry,
    private readonly joins: Joins,
    private readonly commands: Commands,
    private readonly recovery: Pick<Recovery, "poke">
  ) {}

  run(call: Call): Effect.Effect<unknown, unknown> {
    return Effect.suspend(() => {
      this.live.stepAside(call.parent.execution, false)
      const { definition, id, payload } = call
      const joined = this.joins.join(definition, payload, { id, call }).pipe(
        Effect.catchTag("Taken", (taken) => Effect.die(taken)),
        Effect.catchAll((error) => this.refused(call, error))
      )
      this.live.joined.add(id)
      const left = Effect.sync(() => this.live.joined.delete(id))
      return Effect.flatMap(Effect.ensuring(handedBack(joined), left), ({ history }) => this.answer(call, history))
    })
  }

  /** There is no such child: not if its id is that of somebody who waits for it. */
  private refused(call: Call, error: Told): Effect.Effect<never, Refused> {
    if (!(error instanceof ExecutionConflict)) return Effect.fail(new Refused([refusalOf(call, error)]))
    return Effect.flatMap(this.lineage(call.parent.execution), (lineage) => {
      const circle = [...lineage.slice(lineage.indexOf(call.id)), call.id]
      const reason = lineage.includes(call.id) ? `it would wait for itself: ${circle.join(" -> ")}` : error.reason
      return Effect.fail(new Refused([conflictOf(call, reason)]))
    })
  }

  /** Who called whom down to this execution, as far as that can be read. */
  private lineage(id: string, below: ReadonlyArray<string> = []): Effect.Effect<ReadonlyArray<string>> {
    const line = [id, ...below]
    return Effect.matchEffect(this.live.history(id), {
      onFailure: () => Effect.succeed(line),
      onSuccess: ({ parent }) => (parent === undefined ? Effect.succeed(line) : this.lineage(parent.execution, line))
    })
  }

  /** What a child that does not run comes to. */
  private answer(call: Call, history: History.History): Effect.Effect<unknown, Refused | Parked> {
    const { id, parent } = call
    const stopped = (message: string) => new Refused([Faults.child(parent.path, "ChildStopped", message)])
    switch (history.status) {
      case "Completed": {
        const value = call.definition.success.decode(history.result)
        return Either.isRight(value)
          ? Effect.succeed(value.right)
          : Effect.fail(new Refused([Faults.undecodable(parent.path, `the result of ${id}`, value.left)]))
      }
      case "Failed":
        return Effect.fail(new Refused(failuresOf(call, history.failures)))
      case "Reverted": {
        const failures = History.revertOf(history)?.failures ?? []
        return failures.length > 0
          ? Effect.fail(new Refused(failuresOf(call, failures)))
          : Effect.fail(stopped(new ExecutionReverted({ execution: id, failures }).message))
      }
      case "RevertFailed":
        return Effect.fail(stopped(incomplete(id, history).message))
      case "Closed": {
        const reason = history.closing?.act.reason
        return Effect.fail(stopped(`execution ${id} was closed${reason === undefined ? "" : `: ${reason}`}`))
      }
      default:
        return Effect.fail(this.parked(call, history))
    }
  }

  /** Until the child goes on. Its parent has nothing to do with it meanwhile, unless nobody else here has its code. */
  private parked(call: Call, history: History.History): Parked {
    const { status, task, until, version } = history
    const isQueued = History.isQueued(history)
    const listen = (moved: () => void) => {
      this.live.stepAside(call.parent.execution, true)
      const stop = this.live.listeners.hear(call.id, moved)
      // It may have moved before anybody listened, or a place may have become free for it.
      const look = Effect.map(Effect.either(this.store.get(call.id)), (row) => {
        if (Either.isLeft(row) || row.right?.status !== status) moved()
        else if (isQueued) this.recovery.poke()
      })
      call.services.start(look)
      return stop
    }
    return status === "Waiting" && this.registry.get(task, version) === undefined
      ? new Parked(listen, until)
      : new Parked(listen)
  }

  stop(called: Called, how: Stop, call?: Call): Effect.Effect<void, Told> {
    return Effect.gen(this, function* () {
      this.live.stepAside(called.parent.execution, false)
      for (;;) {
        const run = this.live.runs.get(called.id)
        const status = yield* this.statusOf(called)
        if (status === undefined || isStopped(how, status)) return
        if (how === "suspend") return yield* run === undefined ? Effect.void : this.live.suspend(run)
        const command = commandFor(how, status, called.parent.execution)
        if (command === undefined && run === undefined) return
        if (command !== undefined) yield* this.carryOut(called, command, call)
        yield* this.live.gone(called.id)
      }
    })
  }

  undo(call: Call): Effect.Effect<void, unknown> {
    const { execution } = call.parent
    const reverted = Effect.gen(this, function* () {
      this.live.stepAside(execution, false)
      for (let asked = false; ; asked = true) {
        const status = yield* this.statusOf(call)
        if (status === undefined || status === "Reverted") return
        if (status === "Closed" && (yield* this.neverStarted(call))) return
        if (status === "RevertFailed" && asked) {
          return yield* Effect.flatMap(this.own(call), (history) => incomplete(call.id, history!))
        }
        yield* this.carryOut(call, undoing(status, execution), call)
        yield* this.live.gone(call.id)
      }
    })
    return handedBack(reverted)
  }

  /** What was asked may not be possible any more: whoever asks looks again. */
  private carryOut(called: Called, command: Action, call: Call | undefined): Effect.Effect<void, Told> {
    return Effect.catchIf(
      this.commands.doAs(called.id, command, call),
      ({ _tag }) => _tag === "IllegalTransition",
      () => Effect.yieldNow()
    )
  }

  /** What is recorded of a child; nothing if there is none, or it is not this parent's. */
  private own({ id, parent }: Called): Effect.Effect<History.History | undefined, LoadError> {
    const history = Effect.map(this.live.history(id), (history) =>
      isParent(parent, history.parent) ? history : undefined
    )
    return Effect.catchTag(history, "ExecutionNotFound", () => Effect.succeed(undefined))
  }

  private statusOf(called: Called): Effect.Effect<Status | undefined, LoadError> {
    return Effect.map(this.own(called), (history) => {
      if (history !== undefined) return history.status
      const begins = this.live.runs.get(called.id)
      return isParent(called.parent, begins?.parent) ? "Pending" : undefined
    })
  }

  private neverStarted(called: Called): Effect.Effect<boolean, LoadError> {
    return Effect.map(this.own(called), (history) => history?.startedAt === undefined)
  }
}

/** An engine that ends runs nothing any more: another one goes on, and the phase is never called back here. */
const handedBack = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<A, E | Parked> =>
  Effect.catchAllCause(
    effect,
    (cause): Effect.Effect<never, E | Parked> =>
      Cause.isInterruptedOnly(cause) ? Effect.fail(new Parked(() => () => {})) : Effect.failCause(cause)
  )

const incomplete = (execution: string, { failures }: History.History): RevertIncomplete =>
  new RevertIncomplete({ execution, failures, causes: [] })

/** There is nothing left to stop. */
const isStopped = (how: Stop, status: Status): boolean =>
  how === "close"
    ? !isActive(status) && status !== "Paused" && status !== "Failed" && status !== "Waiting"
    : !isActive(status) && (how === "suspend" || status !== "Waiting")

/** What stops a child in this status; nothing if it comes to its end by itself. */
const commandFor = (how: "pause" | "pauseNow" | "close", status: Status, by: string): Action | undefined => {
  if (how === "close") {
    return status === "Reverting" ? { _tag: "revert" } : { _tag: "close", by, reason: "its parent is closed" }
  }
  if (status === "Reverting" || status === "Closing") return undefined
  return { _tag: "pause", by, reason: "its parent does not go on", ...(how === "pauseNow" ? { now: true } : {}) }
}

/** What reverts a child in this status. */
const undoing = (status: Status, by: string): Action => {
  const act = { by, reason: "its parent undoes it" }
  return (isActive(status) && status !== "Reverting") || status === "Waiting"
    ? { _tag: "close", revert: true, ...act }
    : { _tag: "revert", ...act }
}

/** Why there is no child, as the failure of its phase. */
const refusalOf = ({ id, parent }: Call, error: Told): Failure => {
  if (error instanceof PayloadInvalid) return Faults.unrecordable(parent.path, `the payload of ${id}`, error)
  return Faults.child(parent.path, "ChildStopped", `${id}: ${error.message}`)
}

const conflictOf = ({ id, parent }: Call, reason: string): Failure =>
  Faults.child(parent.path, "ChildConflict", `${id} cannot be its child: ${Sentence.open(reason)}. Give it another id.`)

/** A child's failures, as those of its phase. What is its engine's fault stops its parent too. */
const failuresOf = (call: Call, failures: ReadonlyArray<Failure>): Failures =>
  failures.map((failure) => failureOf(call, failure)) as unknown as Failures

const failureOf = (call: Call, failure: Failure): Failure => {
  const { id, parent } = call
  const { path } = parent
  switch (failure._tag) {
    case "Fail":
      return { _tag: "Fail", path, error: recoded(call, failure.error) }
    case "Timeout":
      return { _tag: "Die", path, defect: { name: "TimeoutException", message: `${id} ${render(failure)}` } }
    case "Fault":
      return Faults.child(path, "ChildStopped", `${id} stopped: ${render(failure)}`, {
        execution: id,
        reason: failure.reason,
        path: failure.path
      })
    default:
      return { _tag: "Die", path, defect: failure.defect }
  }
}

/** An error of the child in the terms of its parent, where it is to be one of the parent's own. */
const recoded = ({ definition, error }: Call, json: Extract<Failure, { _tag: "Fail" }>["error"]) => {
  if (error === undefined) return json
  const encoded = Either.flatMap(definition.error.decode(json), error.encode)
  return Either.getOrElse(encoded, () => json) ?? json
}
