/**
 * One live execution, from wherever its history stands to where it parks or ends: runs its body, closes it, reverts it.
 * The life itself is in the history: every round of the loop looks at the status that the entries led to.
 */
import type * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import { hasUndo, type Undoable } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Interpreter from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import { reversal } from "../core/Reversal.js"
import type { Failures, Placed, Step } from "../core/Step.js"
import type { Children } from "./Children.js"
import type { Config } from "./Config.js"
import { Driver, type Ending } from "./Driver.js"
import { Family, isOpen } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import type { Mailbox } from "./Mailbox.js"
import * as Orders from "./Orders.js"
import { ownRevert } from "./OwnRevert.js"
import * as Perform from "./Perform.js"
import type { Request, Signal } from "./Signal.js"
import * as Work from "./Work.js"
import type { CommitError, Writer } from "./Writer.js"

/** A body at its furthest position: what a revert needs of it. */
interface Body {
  readonly cursor: Cursor
  /** why it does not fit its journal, if it does not */
  readonly misfit: Failure | undefined
}

const goesOn = Effect.succeed(false)
const over = Effect.succeed(true)

export class Runner {
  readonly signals: Mailbox<Signal>
  private readonly family: Family
  private readonly driver: Driver
  private readonly body: Cursor
  private readonly cursorOf: (deep: boolean) => Cursor
  /** the phases that the body passed or stopped at, for undoing them; also those in groups that have returned */
  private known: Body | undefined

  constructor(
    readonly definition: Definition,
    private readonly writer: Writer,
    private readonly config: Config,
    payload: unknown,
    clock: Clock.Clock,
    fibers: Fibers,
    signals: Mailbox<Signal>,
    children: Children
  ) {
    this.signals = signals
    this.cursorOf = (deep) =>
      Interpreter.make({
        start: () => definition.run(payload),
        scope: Path.root,
        error: Work.lenient(definition.error),
        deep
      })
    this.body = this.cursorOf(false)
    this.family = new Family(writer, children, fibers, this.body)
    this.driver = new Driver({
      writer,
      config,
      fibers,
      error: definition.error,
      family: this.family,
      workOf: (placed) => this.workOf(placed),
      now: () => clock.unsafeCurrentTimeMillis(),
      signals,
      grant: (driver, request) => this.grant(driver, request)
    })
    if (writer.history.pauseRequested && writer.history.status === "Running") this.driver.stopping = "pause"
  }

  private get history() {
    return this.writer.history
  }

  /** Goes on until the execution is parked, handed back, or ended; all that happened is on disk then. */
  get run(): Effect.Effect<History.History, CommitError> {
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
    return this.driver.idle
  }

  /** Interrupts whatever is under way, for nothing of it can be recorded any more. */
  get abandon(): Effect.Effect<void> {
    return this.driver.abandon
  }

  /** Whether the run is over. */
  private get step(): Effect.Effect<boolean, CommitError> {
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

  private get forward(): Effect.Effect<boolean, CommitError> {
    return Effect.flatMap(this.driver.drive(this.body), (ending) => {
      switch (ending._tag) {
        case "Done":
          this.complete(ending.value)
          return goesOn
        case "Stuck":
          return this.fail(ending.failures, ending.follow)
        case "Threw":
          return this.fail([{ _tag: "TaskDefect", path: this.history.position, defect: ending.defect }], "task")
        case "Closing":
          return goesOn
        case "Stopped":
          return over
        default:
          return this.fail([this.faultOf(ending)], "park")
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
  private fail(failures: Failures, follow: "task" | "revert" | "park"): Effect.Effect<boolean, CommitError> {
    const running = this.family.stopAll("pauseNow", isOpen)
    return Effect.map(this.driver.aside(running), (ending) => {
      if (ending !== undefined && ending._tag !== "Fault") return ending._tag === "Stopped"
      const fault = ending !== undefined || failures.some((failure) => failure._tag === "Fault")
      const halt = follow === "task" ? this.definition.onFailure === "halt" : follow === "park"
      if (fault || halt) this.park(ending === undefined ? failures : [...failures, this.faultOf(ending)])
      else {
        this.driver.unwind()
        this.writer.stage({ _tag: "RevertStarted", n: this.history.reverts.length + 1, failures, act: {} })
      }
      return false
    })
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
    const misfit = this.misfit(this.body)
    if (misfit !== undefined || !this.body.skipped) return this.know(this.body, misfit)
    const deep = this.cursorOf(true)
    return this.know(deep, this.misfit(deep))
  }

  private know(cursor: Cursor, misfit: Failure | undefined): Body {
    this.known = { cursor, misfit }
    return this.known
  }

  private misfit(cursor: Cursor): Failure | undefined {
    const step = cursor.advance(this.history)
    return step._tag === "Stranger" ? undefined : Faults.ofStep(step, this.definition.version)
  }

  private get closing(): Effect.Effect<boolean, CommitError> {
    const { misfit } = this.furthest
    if (misfit !== undefined) {
      this.park([misfit])
      return Effect.succeed(false)
    }
    const children = this.family.stopAll("close", ({ forward }) => forward)
    const closed = Effect.flatMap(this.driver.aside(children), (ending) =>
      ending === undefined ? this.cleanUp : Effect.succeed(this.notClean(ending))
    )
    return Effect.map(closed, (ending) => {
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
  private get cleanUp(): Effect.Effect<Failure | "stopped" | undefined, CommitError> {
    this.body.close()
    return Effect.map(this.driver.drive(this.body), (ending) => {
      if (ending._tag !== "Closed") return this.notClean(ending)
      this.writer.stage({ _tag: "CleanedUp", ...(ending.error === undefined ? {} : { error: ending.error }) })
      return undefined
    })
  }

  private notClean(ending: Ending): Failure | "stopped" {
    return ending._tag === "Stopped" ? "stopped" : this.faultOf(ending)
  }

  // --- reverting

  private get reverting(): Effect.Effect<boolean, CommitError> {
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

  private afterCleanUp(ending: Failure | "stopped" | undefined): Effect.Effect<boolean, CommitError> {
    if (ending === undefined) return this.undoAll
    if (ending !== "stopped") this.writer.stage({ _tag: "RevertFailed", failures: [ending] })
    return Effect.succeed(ending === "stopped")
  }

  private get undoAll(): Effect.Effect<boolean, CommitError> {
    const revert = History.revertOf(this.history)!
    const scope = Path.revert(revert.n)
    return Effect.map(this.driver.drive(this.reversal(revert, scope)), (ending) => {
      switch (ending._tag) {
        case "Stopped":
          return true
        case "Done":
          this.writer.stage({ _tag: "Reverted" })
          return false
        case "Stuck":
          this.writer.stage({ _tag: "RevertFailed", failures: ending.failures })
          return false
        case "Threw":
          this.writer.stage({
            _tag: "RevertFailed",
            failures: [{ _tag: "TaskDefect", path: scope, defect: ending.defect }]
          })
          return false
        default:
          this.writer.stage({ _tag: "RevertFailed", failures: [this.faultOf(ending)] })
          return false
      }
    })
  }

  /** What a revert does: the author's own generator; or the undo of everything that has one, or is in doubt. */
  private reversal(revert: History.RevertRecord, scope: string): Cursor {
    const { customRevert, error, revertConcurrency } = this.definition
    if (customRevert)
      return Interpreter.make({ start: () => ownRevert(this.definition, this.history, revert), scope, error })
    const matters = new Set<PhaseRecord>()
    for (const record of revert.completed) {
      const instruction = this.runAt(record.path)
      if (instruction !== undefined && hasUndo(instruction)) matters.add(record)
    }
    for (const record of revert.doubts) if (this.runAt(record.path) !== undefined) matters.add(record)
    const undos = reversal(this.history, Path.root, (record) => matters.has(record))
    return Interpreter.undoing(undos, revertConcurrency, { scope, error })
  }

  /** Where the phase stands that is undone: going forward and cleaning up, that of the body as it is. */
  private undoCursor(path: string): Body {
    const reverting = this.history.status === "Reverting" && this.history.phases.get(path)?.forward === true
    return reverting ? this.furthest : { cursor: this.body, misfit: undefined }
  }

  /** The phase of the body at `path`, if it has anything to do with undoing. */
  private runAt(path: string): Undoable | undefined {
    return this.undoCursor(path).cursor.runAt(path)
  }

  private workOf({ capture, captured, instruction, path }: Placed): Work.Work | Failure {
    const { customRevert, error } = this.definition
    switch (instruction._tag) {
      case "Run":
        return Work.ofRun(instruction, captured ? Work.lenient(error) : error)
      case "Child":
        return Work.ofChild(
          instruction,
          this.family.run(instruction, path, captured || capture !== "none" ? undefined : error)
        )
      case "Undo":
        return Work.ofUndo({
          execution: this.writer.id,
          record: this.history.phases.get(instruction.undoes)!,
          instruction: this.runAt(instruction.undoes),
          undoChild: (child) => this.family.undo(child, instruction.undoes),
          fits: this.undoCursor(instruction.undoes).misfit === undefined,
          error,
          customRevert
        })
      default:
        throw new Error(`${instruction._tag} is not performed`)
    }
  }

  // --- requests

  /** Grants what is asked of a live execution, where its status allows it. */
  private grant(driver: Driver, request: Request): Effect.Effect<Ending | undefined, CommitError> {
    const { ask } = request
    const { status } = this.history
    if (ask._tag === "Suspend") return Effect.zipRight(this.reply(request, true), this.suspend(driver))
    if (ask._tag === "Close" && status === "Closing") return this.commit(request)
    if (status !== "Running") return this.reply(request, false)
    if (ask._tag === "Pause") {
      this.writer.stage({ _tag: "PauseRequested", act: ask.act })
      return Effect.zipRight(this.commit(request), Effect.as(this.pause(driver, ask.now), undefined))
    }
    driver.unwind()
    this.writer.stage({ _tag: "Closing", position: this.history.position, revert: ask.revert, act: ask.act })
    return Effect.zipRight(this.commit(request), Effect.as(driver.interrupt(), { _tag: "Closing" as const }))
  }

  /** Nothing new starts; what runs ends, or is interrupted. */
  private pause(driver: Driver, now: boolean): Effect.Effect<void> {
    return now ? Effect.zipRight(driver.wind("pause"), driver.withdraw()) : driver.wind("pause")
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

  private commit(request: Request): Effect.Effect<undefined, CommitError> {
    if (request.order !== undefined) this.writer.answer(Orders.accepted(request.order))
    return Effect.zipRight(this.writer.flush, this.reply(request, true))
  }

  private reply(request: Request, granted: boolean): Effect.Effect<undefined> {
    return Effect.as(Deferred.succeed(request.reply, granted), undefined)
  }
}
