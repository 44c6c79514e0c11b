/**
 * One live execution, from wherever its history stands to where it parks or ends: runs its body, closes it, reverts it.
 * The life itself is in the history: every round of the loop looks at the status that the entries led to.
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Completed, Definition } from "../authoring/Definition.js"
import * as Phase from "../authoring/Phase.js"
import type { Failure } from "../core/Failure.js"
import type { PhaseRecord } from "../core/History.js"
import * as History from "../core/History.js"
import { type Run, undoable } from "../core/Instruction.js"
import type { Cursor, Placed, Step } from "../core/Interpreter.js"
import * as Interpreter from "../core/Interpreter.js"
import type { Json } from "../core/Json.js"
import * as Path from "../core/Path.js"
import type { Config } from "./Config.js"
import { type DriveError, Driver, type Ending, type Request, type Signal } from "./Driver.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import type { Mailbox } from "./Mailbox.js"
import * as Orders from "./Orders.js"
import * as Perform from "./Perform.js"
import * as Work from "./Work.js"
import type { Writer } from "./Writer.js"

type Failures = readonly [Failure, ...ReadonlyArray<Failure>]

/** A body at its furthest position: what a revert needs of it. */
interface Body {
  readonly cursor: Cursor
  /** the phase at which it stopped, before it was closed */
  readonly at: Placed | undefined
  /** why it does not fit its journal, if it does not */
  readonly misfit: Failure | undefined
}

export class Runner {
  readonly signals: Mailbox<Signal>
  private readonly driver: Driver
  private readonly body: Cursor
  /** the phases that the body passed or stopped at, for undoing them */
  private known: Body | undefined

  constructor(
    readonly definition: Definition,
    private readonly writer: Writer,
    private readonly config: Config,
    payload: unknown,
    clock: Clock.Clock,
    fibers: Fibers,
    signals: Mailbox<Signal>
  ) {
    this.signals = signals
    this.driver = new Driver({
      writer,
      config,
      fibers,
      error: definition.error,
      workOf: (placed) => this.workOf(placed),
      now: () => clock.unsafeCurrentTimeMillis(),
      signals,
      grant: (driver, request) => this.grant(driver, request)
    })
    this.body = Interpreter.make({ start: () => definition.run(payload), scope: Path.root, error: definition.error })
    if (writer.history.pauseRequested && writer.history.status === "Running") this.driver.stopping = "pause"
  }

  private get history() {
    return this.writer.history
  }

  /** Goes on until the execution is parked, handed back, or ended; all that happened is on disk then. */
  get run(): Effect.Effect<History.History, DriveError> {
    const self = this
    return Effect.gen(function* () {
      for (;;) {
        const stopped = yield* self.step
        if (!stopped) continue
        yield* self.writer.flush
        return self.history
      }
    })
  }

  /** Nothing is under way. */
  get idle(): boolean {
    return this.driver.inFlight.size === 0
  }

  /** Interrupts whatever is under way, for nothing of it can be recorded any more. */
  get abandon(): Effect.Effect<void> {
    return this.driver.abandon
  }

  /** Whether the run is over. */
  private get step(): Effect.Effect<boolean, DriveError> {
    switch (this.history.status) {
      case "Running":
        return this.forward
      case "Closing":
        return this.closing
      case "Reverting":
        return this.reverting
      default:
        return Effect.succeed(true)
    }
  }

  // --- forward

  private get forward(): Effect.Effect<boolean, DriveError> {
    return Effect.map(this.driver.drive(this.body), (ending) => {
      switch (ending._tag) {
        case "Done":
          this.complete(ending.value)
          return false
        case "Stuck":
          this.fail(ending.failures as Failures)
          return false
        case "Threw":
          this.fail([{ _tag: "TaskDefect", path: this.history.position, defect: ending.defect }])
          return false
        case "Closing":
        case "Stopped":
          return ending._tag === "Stopped"
        default:
          this.park([this.faultOf(ending)])
          return false
      }
    })
  }

  private complete(value: unknown): void {
    const encoded = this.definition.success.encode(value)
    const refused = (problem: { readonly at: string; readonly reason: string }) =>
      this.park([Faults.unrecordable(this.history.position, "what the task returned", problem)])
    if (Either.isLeft(encoded)) return refused(encoded.left)
    const large = Perform.tooLarge(encoded.right, this.config.maxValue)
    if (large !== undefined) return refused(large)
    this.writer.stage({ _tag: "Completed", ...(encoded.right === undefined ? {} : { value: encoded.right }) })
  }

  /** An unhandled failure follows the task's strategy; what the engine itself cannot do never reverts anything. */
  private fail(failures: Failures): void {
    const fault = failures.some((failure) => failure._tag === "Fault")
    if (fault || this.definition.onFailure === "halt") return this.park(failures)
    this.driver.unwind()
    this.writer.stage({ _tag: "RevertStarted", n: this.history.reverts.length + 1, failures, act: {} })
  }

  private park(failures: Failures): void {
    this.writer.stage({ _tag: "Failed", failures })
  }

  private faultOf(ending: Ending): Failure {
    if (ending._tag === "Fault") return ending.failure
    return (
      Faults.ofStep(ending as Step, this.definition.version) ?? {
        _tag: "TaskDefect",
        path: this.history.position,
        defect: { name: "Error", message: `unexpected ${ending._tag}` }
      }
    )
  }

  // --- closing

  /** The body at the furthest position that its records allow. */
  private get furthest(): Body {
    if (this.known !== undefined) return this.known
    const step = this.body.advance(this.history)
    const misfit = Faults.ofStep(step, this.definition.version)
    this.known = {
      cursor: this.body,
      at: this.body.at,
      misfit: step._tag === "Stranger" ? undefined : misfit
    }
    return this.known
  }

  private get closing(): Effect.Effect<boolean, DriveError> {
    const { misfit } = this.furthest
    if (misfit !== undefined) {
      this.park([misfit])
      return Effect.succeed(false)
    }
    return Effect.map(this.cleanUp, (ending) => {
      if (ending === "stopped") return true
      if (ending !== undefined) {
        this.park([ending])
        return false
      }
      this.writer.stage({ _tag: "Closed" })
      const closing = this.history.closing
      if (closing?.revert === true) {
        this.writer.stage({ _tag: "RevertStarted", n: this.history.reverts.length + 1, failures: [], act: closing.act })
      }
      return false
    })
  }

  /** Returns the generator and runs what its `finally` blocks yield; the failure is why that cannot be done. */
  private get cleanUp(): Effect.Effect<Failure | "stopped" | undefined, DriveError> {
    this.body.close()
    return Effect.map(this.driver.drive(this.body), (ending) => {
      switch (ending._tag) {
        case "Stopped":
          return "stopped"
        case "Closed":
          this.writer.stage({ _tag: "CleanedUp", ...(ending.error === undefined ? {} : { error: ending.error }) })
          return undefined
        case "Unclosable": {
          const message = `the generator was abandoned: after return() it yielded ${ending.yields} phases and went on`
          this.writer.stage({ _tag: "CleanedUp", error: { name: "GeneratorUnclosable", message } })
          return undefined
        }
        default:
          return this.faultOf(ending)
      }
    })
  }

  // --- reverting

  private get reverting(): Effect.Effect<boolean, DriveError> {
    const { misfit } = this.furthest
    if (misfit !== undefined && !this.definition.customRevert) {
      this.writer.stage({ _tag: "RevertFailed", failures: [misfit] })
      return Effect.succeed(false)
    }
    if (this.history.cleanedUp === undefined) {
      if (misfit === undefined) return Effect.flatMap(this.cleanUp, (ending) => this.afterCleanUp(ending))
      this.writer.stage({ _tag: "CleanedUp", skipped: "the code no longer fits the journal" })
    }
    return this.undoAll
  }

  private afterCleanUp(ending: Failure | "stopped" | undefined): Effect.Effect<boolean, DriveError> {
    if (ending === undefined) return this.undoAll
    if (ending !== "stopped") this.writer.stage({ _tag: "RevertFailed", failures: [ending] })
    return Effect.succeed(ending === "stopped")
  }

  private get undoAll(): Effect.Effect<boolean, DriveError> {
    const revert = History.revertOf(this.history)!
    const cursor = Interpreter.make({
      start: () => this.reversal(revert),
      scope: Path.revert(revert.n),
      error: this.definition.error
    })
    return Effect.map(this.driver.drive(cursor), (ending) => {
      switch (ending._tag) {
        case "Stopped":
          return true
        case "Done":
          this.writer.stage({ _tag: "Reverted" })
          return false
        case "Stuck":
          this.writer.stage({ _tag: "RevertFailed", failures: ending.failures as Failures })
          return false
        case "Threw":
          this.writer.stage({
            _tag: "RevertFailed",
            failures: [{ _tag: "TaskDefect", path: Path.revert(revert.n), defect: ending.defect }]
          })
          return false
        default:
          this.writer.stage({ _tag: "RevertFailed", failures: [this.faultOf(ending)] })
          return false
      }
    })
  }

  /**
   * What a revert does: undoes what happened and decides what is in doubt, newest first. The author's own revert gets
   * only what happened, so that what is in doubt is decided before it.
   */
  private *reversal(revert: History.RevertRecord): Generator<unknown, void, never> {
    const { customRevert } = this.definition
    const values = new Map<PhaseRecord, Json | undefined>()
    for (const record of revert.completed) if (this.needsUndo(record)) values.set(record, record.value)
    for (const record of [...this.doubts()].reverse()) {
      const found: unknown = customRevert ? yield* Phase.undo(record.name, record.path) : { happened: undefined }
      if (found !== undefined && found !== null) values.set(record, (found as Work.Happened).happened)
    }
    const newest = [...(this.history.scopes.get(Path.root) ?? [])].reverse().filter((record) => values.has(record))
    const completed = newest.map((record) => this.completed(record, values.get(record)))
    const payload = this.definition.payload.decode(this.history.payload)
    const context = {
      payload: Either.isRight(payload) ? payload.right : this.history.payload,
      failures: revert.failures
    }
    yield* this.definition.revert(completed, context) as Iterable<unknown, void>
  }

  /** The phases in doubt that matter: to the author's own revert all of them, otherwise those that can be undone. */
  private doubts(): ReadonlyArray<PhaseRecord> {
    const doubts = History.inDoubt(this.history)
    return this.definition.customRevert ? doubts : doubts.filter(({ path }) => this.instructionOf(path) !== undefined)
  }

  private needsUndo(record: PhaseRecord): boolean {
    return this.definition.customRevert || this.instructionOf(record.path)?.undo !== undefined
  }

  private completed(record: PhaseRecord, value: Json | undefined): Completed<unknown> {
    return { name: record.name, path: record.path, value, undo: Phase.undo(record.name, record.path) }
  }

  /** The phase of the body at `path`, if it has anything to do with undoing. */
  private instructionOf(path: string): Run | undefined {
    const { at, cursor } = this.furthest
    const passed = cursor.passed.get(path)
    if (passed !== undefined) return passed
    return at !== undefined && at.path === path && undoable(at.instruction) ? at.instruction : undefined
  }

  private workOf(placed: Placed): Work.Work | Failure {
    const { instruction } = placed
    if (instruction._tag === "Run") return Work.ofRun(instruction, this.definition.error)
    if (instruction._tag !== "Undo") throw new Error(`${instruction._tag} is not performed`)
    return Work.ofUndo({
      execution: this.writer.id,
      record: this.history.phases.get(instruction.undoes)!,
      instruction: this.instructionOf(instruction.undoes),
      fits: this.furthest.misfit === undefined,
      error: this.definition.error,
      customRevert: this.definition.customRevert
    })
  }

  // --- requests

  /** Grants what is asked of a live execution, where its status allows it. */
  private grant(driver: Driver, request: Request): Effect.Effect<Ending | undefined, DriveError> {
    const { ask } = request
    const { status } = this.history
    if (ask._tag === "Suspend") return Effect.zipRight(this.reply(request, true), this.suspend(driver))
    if (ask._tag === "Close" && status === "Closing") return this.commit(request)
    if (status !== "Running") return this.reply(request, false)
    if (ask._tag === "Pause") {
      this.writer.stage({ _tag: "PauseRequested", act: ask.act })
      return Effect.zipRight(this.commit(request), Effect.as(driver.wind("pause"), undefined))
    }
    driver.unwind()
    this.writer.stage({ _tag: "Closing", position: this.history.position, revert: ask.revert, act: ask.act })
    return Effect.zipRight(this.commit(request), Effect.as(driver.interrupt(), { _tag: "Closing" as const }))
  }

  /** Nothing new starts; what runs gets its grace. */
  private suspend(driver: Driver): Effect.Effect<undefined> {
    const over = Effect.sync(() => {
      this.signals.offer({ _tag: "GraceOver" })
    })
    return Effect.as(
      Effect.zipRight(driver.wind("suspend"), Effect.fork(Effect.delay(over, this.config.grace))),
      undefined
    )
  }

  private commit(request: Request): Effect.Effect<undefined, DriveError> {
    if (request.order !== undefined) this.writer.answer(Orders.accepted(request.order))
    return Effect.zipRight(this.writer.flush, this.reply(request, true))
  }

  private reply(request: Request, granted: boolean): Effect.Effect<undefined> {
    return Effect.as(Deferred.succeed(request.reply, granted), undefined)
  }
}
