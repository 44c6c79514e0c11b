/**
 * What an execution would do next: its code brought to where its journal ends, and through all that needs no effect to be
 * known. It runs none, and writes to nothing but the history that it is given.
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Entry } from "../core/Entry.js"
import { render } from "../core/Failure.js"
import * as Fold from "../core/Fold.js"
import * as History from "../core/History.js"
import { hasUndo, type Instruction, isComposite, type Undoable } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import * as PhaseRecord from "../core/PhaseRecord.js"
import type { Doubt, Phase, Step } from "../core/Plan.js"
import * as Spine from "../core/Spine.js"
import type { Consequence, Placed, Step as Standing } from "../core/Step.js"
import * as Bodies from "./Bodies.js"
import { isEndless } from "./Endless.js"
import * as Faults from "./Faults.js"
import * as Perform from "./Perform.js"
import { Replay } from "./Replay.js"
import * as Started from "./Started.js"
import * as Work from "./Work.js"

type Record = PhaseRecord.PhaseRecord
type Blocked = Extract<Standing, { readonly _tag: "Blocked" }>

const placeOf = ({ name, path }: Phase): Phase => ({ path, name })

export class Rehearsal {
  readonly steps: Array<Step> = []
  readonly inDoubt: Array<Doubt> = []
  readonly irreversible: Array<Phase> = []
  readonly warnings: Array<string> = []
  /** commit checkpoints that it passes next */
  readonly commits: Array<Phase> = []
  more = false

  constructor(
    private readonly execution: string,
    private readonly definition: Definition,
    /** with what was decided */
    private readonly history: History.History,
    /** the phases whose outcome somebody has just given */
    private readonly skipped: ReadonlySet<string>,
    private readonly now: number
  ) {
    const start = Bodies.currentOf(definition, history)
    const replay = new Replay(definition, start, history, Number.POSITIVE_INFINITY)
    if (history.status === "Reverting") this.revert(replay)
    else if (Either.isLeft(start)) this.stops(render(start.left))
    else if (history.status === "Running") this.forward(replay)
    else if (history.status === "Closing") this.close(replay)
  }

  private add(entry: Entry): void {
    Fold.apply(this.history, entry, this.now, this.history.epoch)
  }

  private stops(why: string): void {
    this.warnings.push(`it stops at once: ${why}`)
  }

  // --- forward

  private forward({ body }: Replay): void {
    const { carried } = this.history
    if (carried !== undefined) return this.follow({ _tag: "Entered", error: undefined, ...carried })
    this.recorded()
    this.follow(this.advanced(body))
  }

  /** As far as it goes without an effect. */
  private advanced(body: Cursor): Standing {
    let step = body.advance(this.history)
    while (step._tag === "Blocked" && this.open(step)) {
      // It has reached the checkpoint at which it pauses.
      if (this.history.stopsAt !== undefined) return { _tag: "Done", value: undefined }
      step = body.advance(this.history)
    }
    return step
  }

  /** What follows by itself is over, or else what takes no effect begins, as the driver has it. Whether anything did. */
  private open({ consequences, idle }: Blocked): boolean {
    const ended = consequences.flatMap((one) => this.ended(one))
    for (const entry of ended) this.add(entry)
    if (ended.length > 0) return true
    // What ends at once may end what it is in, too: what comes after it may not begin.
    const end = idle.findIndex(({ instruction }) => instruction._tag === "Fail" || instruction._tag === "Checkpoint")
    const fresh = end < 0 ? idle.filter((placed) => this.isBegun(placed)) : idle.slice(0, end + 1)
    for (const placed of fresh) this.begin(placed)
    return fresh.length > 0
  }

  /** It begins without an effect, and has not. */
  private isBegun({ instruction, path }: Placed): boolean {
    return (isComposite(instruction) || instruction._tag === "Changed") && !this.history.phases.has(path)
  }

  private begin(placed: Placed): void {
    const { instruction, path } = placed
    const known = this.history.phases.get(path)
    if (!this.isBegun(placed)) this.run(placed)
    if (known === undefined) this.add(Started.of(this.execution, this.history, placed))
    else this.add({ _tag: "AttemptStarted", path, attempt: known.attempt + 1 })
    if (instruction._tag === "Changed") this.add({ _tag: "PhaseSucceeded", path, value: true })
    if (instruction._tag === "Checkpoint") this.mark(placed, instruction)
    if (instruction._tag !== "Fail") return
    const { attempt } = this.history.phases.get(path)!
    const failure = Perform.failureOf(instruction.error, this.definition.error, path, Number.POSITIVE_INFINITY)
    this.add({ _tag: "PhaseFailed", path, attempt, failures: [failure] })
  }

  /** A checkpoint is passed, unless it is one to pause at. */
  private mark(placed: Placed, { data, pause, value }: Extract<Instruction, { readonly _tag: "Checkpoint" }>): void {
    const { path } = placed
    const kept = value.encode(data)
    if (Either.isLeft(kept))
      this.stops(`the data of ${path} cannot be recorded at ${kept.left.at}: ${kept.left.reason}`)
    const known = Either.getOrElse(kept, () => undefined)
    this.add({ _tag: "PhaseSucceeded", path, ...(known === undefined ? {} : { value: known }) })
    const { phases, status } = this.history
    const stops =
      status === "Running" && phases.get(path)?.forward === true && (pause || Spine.isGoal(this.history, placed))
    if (stops) this.add({ _tag: "PauseRequested", act: {}, at: path })
  }

  private ended(one: Consequence): ReadonlyArray<Entry> {
    switch (one._tag) {
      case "Succeeded":
        return [{ _tag: "PhaseSucceeded", path: one.path, ...(one.value === undefined ? {} : { value: one.value }) }]
      case "Failed":
        return [
          {
            _tag: "PhaseFailed",
            path: one.path,
            attempt: this.history.phases.get(one.path)!.attempt,
            failures: one.failures
          }
        ]
      default:
        return []
    }
  }

  /** What has an outcome, but for what is inside of something that has one. */
  private recorded(): void {
    const { phases } = this.history
    for (const record of phases.values()) {
      if (!record.forward || record.kind === "changed" || !PhaseRecord.isSettled(record)) continue
      const owner = History.ownerOf(this.history, record.scope)
      if (owner !== undefined && PhaseRecord.isSettled(owner)) continue
      this.steps.push(stepOf(this.skipped.has(record.path) ? "skip" : "replay", record))
    }
  }

  private follow(step: Standing): void {
    switch (step._tag) {
      case "Blocked":
        this.more = true
        return this.blocked(step)
      case "Entered": {
        this.more = true
        const path = Path.stage(step.stage, (this.history.stage?.n ?? 0) + 1)
        this.steps.push({ does: "run", path, name: step.stage, kind: "checkpoint", note: "the stage begins" })
        return
      }
      case "Done":
      case "Closed":
        return
      case "Stuck":
        this.more = true
        return this.stops(step.failures.map(render).join("; "))
      case "Threw":
        return this.stops(`the task threw ${step.defect.message}`)
      default:
        return this.stops(render(Faults.ofStep(step, this.definition.version)!))
    }
  }

  private blocked({ consequences, idle }: Blocked): void {
    for (const placed of idle) this.run(placed)
    for (const one of consequences) {
      if (!("placed" in one)) continue
      const { kind, name, path } = one.placed
      const note = one._tag === "Undecided" ? "its strategy is asked what follows" : "it begins anew"
      this.steps.push({ does: "run", path, name, kind, note })
    }
  }

  private run(placed: Placed): void {
    const { instruction, kind, name, path } = placed
    const record = this.history.phases.get(path)
    const then = record?.inDoubt === true && instruction._tag === "Run" ? doubtOf(instruction) : undefined
    const doubtful = record?.inDoubt === true ? (then ?? "rerun") : undefined
    if (doubtful !== undefined) this.inDoubt.push({ path, name, then: doubtful })
    if (instruction._tag === "Checkpoint" && instruction.commit) this.commits.push({ path, name })
    if (instruction._tag === "Run" && instruction.retry !== undefined && isEndless(instruction.retry)) {
      this.warnings.push(`${path} is tried again for as long as it fails: its schedule has no end`)
    }
    if (doubtful === "ask") return this.stops(`nobody knows whether ${path} happened: resume with inDoubt, or skip it`)
    if (instruction._tag === "Run" && instruction.irreversible) this.irreversible.push({ path, name })
    const goesOn = record?.state === "waiting"
    const attempt = record === undefined ? 1 : goesOn ? record.attempt : record.attempt + 1
    this.steps.push({
      does: "run",
      path,
      name,
      kind,
      attempt,
      ...(record?.child === undefined ? {} : { child: record.child }),
      ...(goesOn ? { note: "it goes on waiting" } : doubtful === "verify" ? { note: "verify is asked first" } : {})
    })
  }

  // --- closing

  private close(replay: Replay): void {
    const { misfit } = replay.furthest
    if (misfit !== undefined) return this.stops(render(misfit))
    const { closing } = this.history
    for (const record of this.history.open) {
      if (!record.forward || PhaseRecord.isComposite(record)) continue
      this.steps.push(stepOf("close", record))
      if (record.inDoubt && closing?.revert !== true) this.inDoubt.push({ ...placeOf(record), then: "leave" })
    }
    this.cleanUp(replay)
    if (closing?.revert !== true) return
    this.add({ _tag: "CleanedUp" })
    this.add({ _tag: "Closed" })
    const n = this.history.reverts.length + 1
    this.add({ _tag: "RevertStarted", n, failures: [], act: closing.act })
    this.undo(replay)
  }

  /** The generators are returned; what their `finally` blocks yield first runs. */
  private cleanUp({ body }: Replay): void {
    body.close()
    const step = this.advanced(body)
    if (step._tag === "Blocked") this.follow(step)
  }

  // --- reverting

  private revert(replay: Replay): void {
    const revert = History.revertOf(this.history)!
    const { misfit } = replay.furthest
    const unfit = this.definition.customRevert ? undefined : replay.misfitOf(revert)
    if (unfit !== undefined) return this.stops(render(unfit))
    if (this.history.cleanedUp === undefined && revert.to === undefined && misfit === undefined) this.cleanUp(replay)
    this.undo(replay)
  }

  private undo(replay: Replay): void {
    const revert = History.revertOf(this.history)!
    this.outlook(replay, revert)
    const cursor = replay.reversal(revert, Path.revert(revert.n))
    for (;;) {
      const step = cursor.advance(this.history)
      if (step._tag !== "Blocked" || step.idle.length === 0) return step._tag === "Done" ? undefined : this.follow(step)
      const undos = step.idle.filter(({ instruction }) => instruction._tag === "Undo")
      for (const placed of undos) this.undoes(replay, placed)
      if (undos.length < step.idle.length) {
        this.more = true
        return this.blocked({ ...step, instructions: [], idle: step.idle.filter((one) => !undos.includes(one)) })
      }
    }
  }

  /** What it cannot undo, and what it does about what may have happened. */
  private outlook(replay: Replay, { completed, doubts }: History.RevertRecord): void {
    for (const record of completed) {
      const instruction = replay.runAt(record.path)
      const isUndone = this.definition.customRevert || (instruction !== undefined && hasUndo(instruction))
      if (isUndone && !record.irreversible) continue
      this.irreversible.push(placeOf(record))
    }
    for (const record of doubts) {
      const instruction = replay.runAt(record.path)
      this.inDoubt.push({ ...placeOf(record), then: instruction === undefined ? "leave" : undoOf(instruction) })
    }
  }

  /** As if it were done; or, where that takes somebody, as if it had failed. */
  private undoes(replay: Replay, placed: Placed): void {
    const { instruction, path } = placed
    if (instruction._tag !== "Undo") return
    const undone = this.history.phases.get(instruction.undoes)!
    const work = Work.ofUndo({
      execution: this.execution,
      record: undone,
      instruction: replay.runAt(undone.path),
      undoChild: () => Effect.void,
      takeBack: () => Effect.succeed(undefined),
      error: this.definition.error,
      fits: replay.fits(undone.path),
      customRevert: this.definition.customRevert
    })
    const known = this.history.phases.get(path)
    if (known === undefined) this.add(Started.of(this.execution, this.history, placed))
    else this.add({ _tag: "AttemptStarted", path, attempt: known.attempt + 1 })
    const { attempt } = this.history.phases.get(path)!
    if ("_tag" in work) {
      this.steps.push({ ...stepOf("undo", undone), attempt, note: render(work) })
      this.add({ _tag: "PhaseFailed", path, attempt, failures: [{ ...work, path }] })
    } else {
      this.steps.push({ ...stepOf("undo", undone), attempt })
      this.add({ _tag: "PhaseSucceeded", path })
    }
  }
}

const stepOf = (does: Step["does"], { child, kind, name, path }: Record): Step => ({
  does,
  path,
  name,
  kind,
  ...(child === undefined ? {} : { child })
})

/** What becomes of a phase in doubt that is to go on. */
const doubtOf = ({ inDoubt, verify }: Extract<Undoable, { _tag: "Run" }>): Doubt["then"] =>
  verify !== undefined ? "verify" : inDoubt === "ask" ? "ask" : "rerun"

/** The same of one that is to be undone. */
const undoOf = (instruction: Undoable): Doubt["then"] => {
  if (instruction._tag === "Child") return "undoUnknown"
  if (instruction.verify !== undefined) return "verify"
  return instruction.undoUnknown === undefined ? "ask" : "undoUnknown"
}
