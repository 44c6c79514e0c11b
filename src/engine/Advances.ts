/** Runs executions that are due on the fiber of whoever asks for it, until they wait again: all that a passive engine does. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Advanced, ExecutionStatus } from "../authoring/ExecutionStatus.js"
import type { ReadError } from "../authoring/Reading.js"
import type { AdvanceError, Service } from "../authoring/TaskEngine.js"
import { type EngineBusy, type StoreError, TaskNotRegistered } from "../core/Errors.js"
import { isInLine } from "../core/History.js"
import { isActive, type Status } from "../core/Status.js"
import * as Thrown from "../core/Thrown.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import type { Config } from "./Config.js"
import type { Lanes } from "./Lanes.js"
import type { Live, Run } from "./Live.js"
import type { Ownership } from "./Ownership.js"
import type { Registry } from "./Registry.js"
import type { Retention } from "./Retention.js"
import type { Schedules } from "./Schedules.js"
import { least } from "./Waits.js"

/** In which an engine was at work: here there is none, so it has died. */
const left: ReadonlyArray<Status> = ["Running", "Closing", "Reverting"]
const page = 500

export class Advances {
  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly ownership: Ownership,
    private readonly schedules: Schedules,
    private readonly lanes: Lanes,
    private readonly retention: Retention,
    private readonly now: () => number,
    private readonly statusOf: (id: string) => Effect.Effect<ExecutionStatus, ReadError>
  ) {}

  readonly advance: Service["advance"] = (id) =>
    Effect.gen(this, function* () {
      // Who asks about what is not due takes no lock.
      if (yield* this.isDue(id)) yield* this.ownership.during(this.run(id))
      return yield* this.answer(id)
    })

  readonly advanceDue: Service["advanceDue"] = ({ limit = Number.POSITIVE_INFINITY } = {}) =>
    limit >= 1 && (limit === Number.POSITIVE_INFINITY || Number.isInteger(limit))
      ? this.ownership.during(this.runDue(limit))
      : Effect.die(new TypeError(`the limit of advanceDue must be a positive integer, not ${Thrown.text(limit)}`))

  /** After something was sent to it. Whoever else runs it, or has its code, does so in time. */
  readonly follow = (id: string): Effect.Effect<void> =>
    Effect.catchAll(this.advance(id), (error) =>
      error._tag === "EngineBusy" || error._tag === "TaskNotRegistered"
        ? Effect.void
        : Effect.logWarning(`execution ${id} was not advanced: ${error.message}`)
    ).pipe(Effect.asVoid)

  // --- one

  private find(id: string): Effect.Effect<ExecutionRow, ReadError> {
    return Effect.flatMap(this.store.get(id), (row) =>
      row === undefined ? this.store.absent(id) : Effect.succeed(row)
    )
  }

  private isReady({ id, status }: ExecutionRow): Effect.Effect<boolean, StoreError> {
    if (this.live.runs.has(id)) return Effect.succeed(true)
    if (status !== "Waiting" && status !== "Pending") return Effect.succeed(isActive(status))
    return Effect.map(this.store.due({ id, now: this.now(), lanes: this.lanes.known }), (due) => due.length > 0)
  }

  /** Whether it can go on, or a child that it waits for. */
  private isDue(id: string): Effect.Effect<boolean, ReadError> {
    return Effect.gen(this, function* () {
      const row = yield* this.find(id)
      if (yield* this.isReady(row)) return true
      for (const child of yield* this.childrenOf(row)) if (yield* this.isDue(child)) return true
      return false
    })
  }

  /** The children of this engine's tasks for which an execution waits; it wakes for others by itself. */
  private childrenOf({ id, status }: ExecutionRow): Effect.Effect<ReadonlyArray<string>, ReadError> {
    return Effect.gen(this, function* () {
      if (status !== "Waiting") return []
      const children: Array<string> = []
      for (const { child, state } of (yield* this.live.history(id)).open) {
        const row = child === undefined || state !== "waiting" ? undefined : yield* this.store.get(child)
        if (row !== undefined && this.registry.get(row.task, row.version) !== undefined) children.push(row.id)
      }
      return children
    })
  }

  /** Runs it, and what it waits for, until nothing of it is due: whether anything was. */
  private run(id: string): Effect.Effect<boolean, AdvanceError> {
    return Effect.gen(this, function* () {
      for (let ran = false; ; ran = true) {
        const row = yield* this.find(id)
        if (yield* this.isReady(row)) {
          yield* this.take(row)
          continue
        }
        let moved = false
        for (const child of yield* this.childrenOf(row)) moved = (yield* this.run(child)) || moved
        if (!moved) return ran
      }
    })
  }

  /** Runs it until it stands still, or waits for the run that it has. */
  private take({ id, task }: ExecutionRow): Effect.Effect<void, AdvanceError> {
    return Effect.gen(this, function* () {
      const present = this.live.runs.get(id)
      if (present !== undefined) return yield* this.finished(present)
      const { version } = yield* this.live.history(id)
      const registered = this.registry.get(task, version)
      if (registered === undefined) return yield* new TaskNotRegistered({ execution: id, task, version })
      const { definition, services } = registered
      yield* Effect.uninterruptibleMask((restore) =>
        Effect.gen(this, function* () {
          const { entered, opened, run } = yield* this.live.takeOver(id, services, ({ status }) =>
            Effect.succeed({
              entries: [],
              definition: isActive(status) || status === "Waiting" ? definition : undefined
            })
          )
          const over = restore(Effect.zipRight(opened, this.finished(run)))
          yield* entered ? Effect.onInterrupt(over, () => this.live.suspend(run)) : over
        })
      )
    }).pipe(Effect.catchTag("Taken", (taken) => Effect.die(taken)))
  }

  private finished(run: Run) {
    return Effect.flatMap(run.done.wait, (exit) => (Exit.isFailure(exit) ? Effect.failCause(exit.cause) : Effect.void))
  }

  private answer(id: string): Effect.Effect<Advanced, ReadError> {
    return Effect.gen(this, function* () {
      const { status, waits } = yield* this.statusOf(id)
      const until = yield* this.untilOf(yield* this.find(id))
      return { id, status, ...(until === undefined ? {} : { until }), waits }
    })
  }

  /** When it can go on by itself, or what it waits for. */
  private untilOf(row: ExecutionRow): Effect.Effect<number | undefined, ReadError> {
    return Effect.gen(this, function* () {
      if (row.status === "Pending") {
        const history = yield* this.live.history(row.id)
        return isInLine(history, this.now()) ? undefined : history.due
      }
      if (row.status !== "Waiting") return undefined
      let { until } = yield* this.live.history(row.id)
      for (const child of yield* this.childrenOf(row)) {
        until = least(until, yield* this.untilOf(yield* this.find(child)))
      }
      return until
    })
  }

  // --- all that are due

  private runDue(limit: number): Effect.Effect<ReadonlyArray<Advanced>, EngineBusy | StoreError> {
    return Effect.gen(this, function* () {
      yield* this.schedules.startDue
      yield* this.retention.due
      const done = new Set<string>()
      const answers: Array<Advanced> = []
      for (;;) {
        const found = (yield* this.due(done)).slice(0, limit - done.size)
        if (found.length === 0) return answers
        for (const id of found) done.add(id)
        const advanced = yield* Effect.forEach(found, (id) => this.advanceOne(id), {
          concurrency: this.config.concurrency
        })
        for (const one of advanced) if (one !== undefined) answers.push(one)
      }
    })
  }

  /** One that cannot be advanced is no reason to leave the others. */
  private advanceOne(id: string): Effect.Effect<Advanced | undefined> {
    return Effect.catchAll(Effect.zipRight(this.run(id), this.answer(id)), (error) =>
      Effect.as(Effect.logWarning(`execution ${id} was not advanced: ${error.message}`), undefined)
    )
  }

  /** Some of those that are due and not among these: what a dead engine left, then the oldest. */
  private due(done: ReadonlySet<string>): Effect.Effect<ReadonlyArray<string>, StoreError> {
    return Effect.gen(this, function* () {
      const tasks = [...new Set(this.registry.all.map(({ definition }) => definition.name))]
      const found: Array<string> = []
      const limit = page + done.size
      for (const task of tasks) {
        const rows = yield* this.store.list({ task, status: left, order: "oldest", limit })
        for (const { id } of rows) found.push(id)
      }
      for (const { id } of yield* this.store.due({ now: this.now(), tasks, limit, lanes: this.lanes.known }))
        found.push(id)
      return found.filter((id) => !done.has(id)).slice(0, page)
    })
  }
}
