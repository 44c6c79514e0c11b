/**
 * One live execution, from wherever its history stands to where it parks or ends: runs its body, closes it, reverts it.
 * The life itself is in the history: every round of the loop looks at the status that the entries led to.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import * as Keep from "../authoring/Keep.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import type { Keep as Kept } from "../core/Keep.js"
import * as Path from "../core/Path.js"
import * as Spine from "../core/Spine.js"
import * as Stages from "../core/Stages.js"
import type { Failures, Placed, Step } from "../core/Step.js"
import type { Store } from "../store/Store.js"
import * as Bodies from "./Bodies.js"
import type { Children } from "./Children.js"
import type { Config } from "./Config.js"
import { Deadlines } from "./Deadlines.js"
import { Driver, type Ending } from "./Driver.js"
import { Family, isOpen } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Fibers } from "./Fibers.js"
import * as Journals from "./Journals.js"
import type { Mailbox } from "./Mailbox.js"
import * as Perform from "./Perform.js"
import { Post } from "./Post.js"
import { Replay } from "./Replay.js"
import { Requests } from "./Requests.js"
import type { Signal } from "./Signal.js"
import type { Now } from "./Steady.js"
import { Tokens } from "./Tokens.js"
import * as Work from "./Work.js"
import type { CommitError, Writer } from "./Writer.js"

const goesOn = Effect.succeed(false)
const over = Effect.succeed(true)

export class Runner {
  private readonly family: Family
  private readonly tokens: Tokens
  private readonly driver: Driver
  private readonly replay: Replay
  /** how much of its past it keeps */
  private readonly keep: Kept

  constructor(
    readonly definition: Definition,
    private readonly writer: Writer,
    private readonly config: Config,
    start: Either.Either<Bodies.Start, Failure>,
    clock: Now,
    fibers: Fibers,
    signals: Mailbox<Signal>,
    children: Children,
    private readonly store: Store
  ) {
    this.keep = definition.keep ?? Keep.make("keep of the engine", config.keep) ?? "all"
    this.replay = new Replay(definition, start, writer.history, config.maxValue)
    this.family = new Family(writer, children, fibers, this.replay)
    const requests = new Requests(writer, config, signals)
    this.tokens = new Tokens(store, writer, config, signals)
    this.driver = new Driver({
      writer,
      config,
      fibers,
      error: definition.error,
      checkpoints: definition.checkpoints,
      keep: this.keep,
      family: this.family,
      post: new Post(store, writer, !writer.mayHaveLetters),
      tokens: this.tokens,
      deadlines: new Deadlines(writer),
      workOf: (placed) => this.workOf(placed),
      now: () => clock.unsafeCurrentTimeMillis(),
      signals,
      grant: (driver, request) => requests.grant(driver, request)
    })
    if (writer.history.pauseRequested && writer.history.status === "Running") this.driver.stopping = "pause"
  }

  private get history() {
    return this.writer.history
  }

  /** Goes on until the execution is parked, handed back, or ended; all that happened is on disk then. */
  get run(): Effect.Effect<History.History, CommitError> {
    return Effect.gen(() => this.running())
  }

  private *running() {
    for (;;) {
      const stopped = yield* this.step
      if (!stopped) continue
      yield* this.writer.flushing()
      return this.history
    }
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
    const { carried } = this.history
    if (carried !== undefined) return this.enter({ _tag: "Entered", error: undefined, ...carried })
    return Effect.flatMap(this.driver.drive(this.replay.body), (ending) => this.follow(ending))
  }

  private follow(ending: Ending): Effect.Effect<boolean, CommitError> {
    switch (ending._tag) {
      case "Done":
        return this.afterLeft(Effect.sync(() => this.complete(ending.value)))
      case "Entered":
        return this.afterLeft(this.enter(ending))
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
  }

  /**
   * A stage begins, with the next commit. One after another where nothing else is recorded in between: each has its own,
   * and what is asked of the execution meanwhile is heard.
   */
  private enter(entered: Extract<Ending, { readonly _tag: "Entered" }>): Effect.Effect<boolean, CommitError> {
    const { history, writer } = this
    return Effect.flatMap(writer.enters ? writer.flush : Effect.void, () => {
      // Behind a stage nobody goes back in this run.
      history.past = undefined
      writer.stage(Stages.entered(history, entered))
      if (Spine.isGoalStage(history)) writer.stage({ _tag: "PauseRequested", act: {}, at: history.position })
      writer.keep(this.keep)
      const start = Bodies.currentOf(this.definition, history)
      if (Either.isLeft(start)) return this.fail([start.left], "park")
      this.replay.begin(start)
      return Effect.flatMap(this.driver.turn, (ending) => (ending === undefined ? goesOn : this.follow(ending)))
    })
  }

  /** What its clean-ups have left open is closed before that. */
  private afterLeft(then: Effect.Effect<boolean, CommitError>): Effect.Effect<boolean, CommitError> {
    const left = this.family.closeCleaned()
    if (left === undefined) return then
    return Effect.flatMap(this.driver.aside(left), (ending) => {
      if (ending === undefined) return then
      if (ending._tag === "Fault") this.park([ending.failure])
      return Effect.succeed(ending._tag === "Stopped")
    })
  }

  /** Whether the run is over: it is not. */
  private complete(value: unknown): false {
    const encoded = this.definition.success.encode(value)
    const problem = Either.isLeft(encoded) ? encoded.left : Perform.tooLarge(encoded.right, this.config.maxValue)
    if (problem !== undefined) {
      this.park([Faults.unrecordable(this.history.position, "what the task returned", problem)])
    } else {
      const value = Either.getOrElse(encoded, () => undefined)
      this.writer.stage({ _tag: "Completed", ...(value === undefined ? {} : { value }) })
    }
    return false
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

  private get closing(): Effect.Effect<boolean, CommitError> {
    const { misfit } = this.replay.furthest
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
    this.replay.body.close()
    return Effect.flatMap(this.driver.drive(this.replay.body), (ending) =>
      ending._tag !== "Closed"
        ? Effect.succeed(this.notClean(ending))
        : Effect.map(this.driver.aside(this.family.closeCleaned()), (left) => {
            if (left !== undefined) return this.notClean(left)
            this.writer.stage({ _tag: "CleanedUp", ...(ending.error === undefined ? {} : { error: ending.error }) })
            return undefined
          })
    )
  }

  private notClean(ending: Ending): Failure | "stopped" {
    return ending._tag === "Stopped" ? "stopped" : this.faultOf(ending)
  }

  // --- reverting

  private get reverting(): Effect.Effect<boolean, CommitError> {
    if (Journals.goesBack(this.history)) return Effect.as(this.recall, false)
    const { misfit } = this.replay.furthest
    const revert = History.revertOf(this.history)!
    const unfit = this.definition.customRevert ? undefined : this.replay.misfitOf(revert)
    if (unfit !== undefined) return Effect.succeed(this.failRevert([unfit]))
    if (this.history.cleanedUp === undefined && revert.to === undefined) {
      if (misfit === undefined) return Effect.flatMap(this.cleanUp, (ending) => this.afterCleanUp(ending))
      this.writer.stage({ _tag: "CleanedUp", skipped: "the code no longer fits the journal" })
    }
    return this.undoAll
  }

  /** Reads what was forgotten as stages were entered. */
  private get recall(): Effect.Effect<void, CommitError> {
    const { definition, history, store, writer } = this
    const read = Effect.flatMap(Journals.whole(store, writer.id), (whole) =>
      Effect.sync(() => {
        Object.assign(history, whole)
        const start = Bodies.currentOf(definition, history)
        this.replay.begin(start)
        if (Either.isLeft(start)) this.failRevert([start.left])
      })
    )
    return Effect.zipRight(writer.flush, read)
  }

  private afterCleanUp(ending: Failure | "stopped" | undefined): Effect.Effect<boolean, CommitError> {
    if (ending === undefined) return this.undoAll
    return Effect.succeed(ending === "stopped" || this.failRevert([ending]))
  }

  private get undoAll(): Effect.Effect<boolean, CommitError> {
    const revert = History.revertOf(this.history)!
    const scope = Path.revert(revert.n)
    return Effect.map(this.driver.drive(this.replay.reversal(revert, scope)), (ending) => {
      switch (ending._tag) {
        case "Stopped":
          return true
        case "Done":
          this.reverted(revert)
          return false
        case "Stuck":
          return this.failRevert(ending.failures)
        case "Threw":
          return this.failRevert([{ _tag: "TaskDefect", path: scope, defect: ending.defect }])
        default:
          return this.failRevert([this.faultOf(ending)])
      }
    })
  }

  /** Everything is undone; or what came after a checkpoint, from where the execution goes on, or will. */
  private reverted({ retries, to }: History.RevertRecord): void {
    if (to === undefined) return this.writer.stage({ _tag: "Reverted" })
    this.writer.stage({ _tag: "Rewound", to: to.path })
    if (!retries) return this.writer.stage({ _tag: "Paused" })
    const start = Bodies.currentOf(this.definition, this.history)
    if (Either.isLeft(start)) return this.park([start.left])
    this.replay.begin(start)
  }

  private failRevert(failures: Failures): false {
    this.writer.stage({ _tag: "RevertFailed", failures })
    return false
  }

  // --- performing

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
          instruction: this.replay.runAt(instruction.undoes),
          undoChild: (child) => this.family.undo(child, instruction.undoes),
          takeBack: (token) => this.tokens.takeBack(token),
          fits: this.replay.fits(instruction.undoes),
          error,
          customRevert
        })
      default:
        throw new Error(`${instruction._tag} is not performed`)
    }
  }
}
