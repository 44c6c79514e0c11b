/**
 * The heart: one generator, driven through what is recorded of its phases. The only file that calls `next` and `return`.
 *
 * It stands at one yield; when that has an outcome, it is fed and goes on to the next.
 */
import * as Either from "effect/Either"
import { answer } from "./Answer.js"
import { causeOf, type Next } from "./Difference.js"
import { type Defect, defectOf } from "./Failure.js"
import { captureOf, type Enter, type Instruction, kindOf, knowing, Yielded } from "./Instruction.js"
import { type Marked, MarkNode } from "./MarkNode.js"
import { Marks } from "./Marks.js"
import type { Around, Broken, Closable, Ended, Node, Body as Opened } from "./Node.js"
import * as Path from "./Path.js"
import { isSettled, type PhaseRecord } from "./PhaseRecord.js"
import { Position } from "./Position.js"
import type { Found, Placed } from "./Step.js"
import { describe, type Generated, isGenerator, notAGenerator } from "./Stranger.js"
import { type Tree, threw } from "./Tree.js"

/** How many phases a generator may yield while it is closed. */
export const maxCleanup = 100

type Resume = (generator: Generated) => unknown

export class Body implements Opened, Marked {
  winding: boolean
  readonly captured: boolean
  returned = false
  private readonly marks = new Marks()
  private generator: Generated | undefined
  private position: Position
  /** what it was given at its yields so far */
  private readonly answers: Array<unknown> = []
  current: Node | undefined
  /** where it stood when it was returned */
  private stood: Node | undefined
  /** the undos that it yielded: one that is asked for again is answered as before */
  private undone: Set<string> | undefined
  private state: "open" | "closing" | "over" = "open"
  private left: ((error: Defect | undefined) => void) | undefined
  /** what failed in its clean-up */
  private lost: Set<string> | undefined
  private cleanups = 0
  private cleanupError: Defect | undefined

  constructor(
    private readonly tree: Tree,
    private readonly around: Around,
    private readonly own: string,
    private readonly start: () => unknown
  ) {
    this.position = Position.first(tree, own)
    this.winding = around.winding
    this.captured = around.captured
  }

  get undoes(): boolean {
    return this.around.undoes || !this.marks.isEmpty
  }

  /** The strategies of its checkpoints are asked: not those of clean-ups and reverts. */
  get asks(): boolean {
    return this.state === "open" && !this.tree.options.scope.startsWith("revert#")
  }

  begin(): void {
    this.pull((generator) => generator.next())
  }

  ended(child: object, ended: Ended): void {
    if (child !== this.current) return
    if (this.state === "closing") return this.cleaned(ended)
    if (ended._tag === "Broken") return this.fail(ended, this.marks.newest())
    if (child instanceof MarkNode) {
      this.marks.add(child, { position: this.position.copy(), answers: this.answers.length })
    }
    this.current = undefined
    this.answered(ended.value)
  }

  private answered(value: unknown): void {
    this.answers.push(value)
    this.goOn((generator) => generator.next(value))
  }

  private goOn(resume: Resume): void {
    this.tree.soon(() => this.pull(resume))
  }

  /** Lets the generator go to its next yield, or to its end. */
  private pull(resume: Resume): void {
    if (this.state === "over" || this.tree.stopped !== undefined) return
    try {
      if (this.generator === undefined) {
        const made = this.start()
        if (!isGenerator(made)) return this.tree.stop(notAGenerator(this.own, made))
        this.generator = made
      }
      const result = this.turn(resume, this.generator)
      if (result.done === true) return this.finish(result.value)
      this.place(result.value)
    } catch (thrown) {
      this.threw(thrown)
    }
  }

  private turn(resume: Resume, generator: Generated): IteratorResult<unknown> {
    const turn = () => resume(generator) as IteratorResult<unknown>
    return this.state === "closing" ? knowing((instruction) => this.foreknow(instruction), turn) : turn()
  }

  // --- yields

  private place(yielded: unknown): void {
    const { tree } = this
    if (this.state === "closing" && this.cleanups++ >= maxCleanup) return this.abandon()
    if (!(yielded instanceof Yielded)) return this.strange(yielded)
    if (yielded.instruction._tag === "Enter") return this.enter(yielded.instruction)
    const placed = this.position.place(yielded.instruction, this.captured)
    if (this.undone?.has(placed.path)) return this.answered(tree.history.phases.get(placed.path)!.value)
    if (placed.kind === "changed") return this.ask(placed)
    const recorded = this.position.recorded ?? this.leftAt
    if (recorded !== undefined && recorded.path !== placed.path) {
      return tree.mismatch(
        recorded,
        placed,
        causeOf(tree, recorded, placed, (value) => this.ahead(value))
      )
    }
    this.position.pass()
    if (this.lost?.has(placed.path)) return this.goOn((generator) => generator.return())
    if (placed.kind === "undo") {
      this.undone ??= new Set()
      this.undone.add(placed.path)
    }
    this.current = tree.place(this, placed)
  }

  /** What it would come to next, if it were answered so: it goes no further. */
  private ahead(value: unknown): Next | undefined {
    let next: Next | undefined
    this.tree.options.look?.(() => {
      const result = this.generator!.next(value) as IteratorResult<unknown>
      if (result.done === true) next = "end"
      else if (result.value instanceof Yielded && result.value.instruction._tag !== "Enter") {
        next = this.position.place(result.value.instruction, this.captured)
      }
    })
    return next
  }

  /** Code without this change has gone on from here; or nobody has. */
  private ask(placed: Placed): void {
    const { tree } = this
    if (!tree.history.phases.has(placed.path) && this.hasGoneOn) this.answered(this.isWithout(placed.name))
    else this.current = tree.place(this, placed)
  }

  private isWithout(change: string): false {
    this.tree.unchanged.add(change)
    return false
  }

  private get hasGoneOn(): boolean {
    const around = this.tree.history.phases.get(this.own)
    return (this.position.recorded ?? this.leftAt) !== undefined || (around !== undefined && isSettled(around))
  }

  /** It ends here: its `finally` blocks run, then the stage begins. */
  private enter(entering: Enter): void {
    const { tree } = this
    const { recorded } = this.position
    const { name } = entering
    if (this.state === "closing") {
      this.cleanupError = { name: "StrangeYield", message: `a finally entered stage ${name}: enter it in the body` }
      return this.goOn((generator) => generator.return())
    }
    if (recorded !== undefined) return tree.mismatch(recorded, this.end("stage", name))
    const state = this.isWhole ? tree.options.enter?.(entering) : undefined
    if (state === undefined || Either.isLeft(state)) {
      return tree.stop({ _tag: "Unenterable", after: this.here, stage: name, why: state?.left ?? "inside" })
    }
    this.leave((error) => tree.stop({ _tag: "Entered", stage: name, state: state.right, error }))
  }

  /** The body of the task, or of its revert. */
  private get isWhole(): boolean {
    return this.own === this.tree.options.scope
  }

  /** Where it goes on in spite of having been left for a stage: what it did in leaving. */
  private get leftAt(): PhaseRecord | undefined {
    const { scopes, status } = this.tree.history
    return this.state === "open" && this.isWhole && status === "Running"
      ? scopes.get(Path.closeOf(this.own))?.[0]
      : undefined
  }

  private strange(yielded: unknown): void {
    const { found, hint } = describe(yielded)
    if (this.state !== "closing") return this.tree.stop({ _tag: "Stranger", after: this.here, found, hint })
    this.cleanupError = { name: "StrangeYield", message: `a finally yielded ${found}: ${hint}` }
    this.goOn((generator) => generator.return())
  }

  // --- ends

  private finish(value: unknown): void {
    if (this.state === "closing") return this.over(this.cleanupError)
    const { recorded } = this.position
    if (recorded !== undefined) return this.tree.mismatch(recorded, this.end("return", "return"))
    this.state = "over"
    this.returned = true
    this.around.ended(this, { _tag: "Answered", value })
  }

  private threw(thrown: unknown): void {
    const defect = defectOf(thrown)
    if (this.state === "closing") return this.over(defect)
    const { recorded } = this.position
    if (recorded !== undefined) return this.tree.mismatch(recorded, this.end("throw", defect.message))
    this.state = "over"
    const failures = threw(this.here, thrown)
    const broken: Broken = { _tag: "Broken", failures, follow: "task", ...(this.isWhole ? { threw: defect } : {}) }
    this.fail(broken, this.marks.newest())
  }

  // --- its checkpoints

  /** A checkpoint is asked, unless something was committed since; else what is around. */
  private fail(broken: Broken, mark: MarkNode | undefined): void {
    const isAsked = broken.follow === "task" && !broken.failures.some(({ _tag }) => _tag === "Fault")
    if (!isAsked || this.winding || mark === undefined || mark.isBound) return this.around.ended(this, broken)
    mark.ask(broken)
  }

  passOn(mark: MarkNode, broken: Broken): void {
    this.fail(broken, this.marks.newest(mark))
  }

  restart(mark: MarkNode): void {
    const { tree } = this
    const remove = (node: Node): void => tree.remove(node)
    const { answers, position } = this.marks.cut(mark, remove)
    this.current?.each(remove)
    this.current = undefined
    this.position = position.copy()
    this.answers.splice(answers, Infinity, mark.answer)
    this.state = "open"
    this.generator = undefined
    tree.soon(() => this.pull((generator) => this.rerun(generator)))
  }

  /** Brings a fresh generator to where the answers end. */
  private rerun(generator: Generated): unknown {
    let result = generator.next() as IteratorResult<unknown>
    for (const value of this.answers)
      if (result.done !== true) result = generator.next(value) as IteratorResult<unknown>
    return result
  }

  /** The phase before, or what it stands in. */
  private get here(): string {
    return this.position.last || this.own
  }

  private end(kind: "return" | "throw" | "stage", name: string): Found {
    return { path: this.position.last, kind, name }
  }

  // --- closing

  leave(left: (error: Defect | undefined) => void): void {
    this.left = left
    if (this.generator === undefined || this.state === "over") return this.over(undefined)
    this.winding = false
    if (this.state === "closing") return this.again()
    this.state = "closing"
    this.stood = this.current
    this.stood?.each((node) => this.tree.drop(node))
    this.marks.each((node) => this.tree.drop(node))
    this.atClose()
    this.goOn((generator) => generator.return())
  }

  private atClose(): void {
    this.position = Position.first(this.tree, Path.closeOf(this.own))
    this.current = undefined
  }

  /** What is let go is taken up again: only then is it seen whether it has failed for good. */
  private cleaned(ended: Ended): void {
    if (ended._tag === "Broken") return this.winding ? undefined : this.lose(this.current!)
    this.current = undefined
    this.again()
  }

  /** A `finally` block whose phase failed is left, for the ones around it. */
  private lose(node: Node): void {
    this.lost ??= new Set()
    this.lost.add(node.placed.path)
    this.tree.close(node.bodies(), () => {
      this.tree.lose(node)
      this.current = undefined
      this.goOn((generator) => generator.return())
    })
  }

  /** A fresh generator goes to where the other was returned, and through its `finally` blocks without this yield. */
  private again(): void {
    this.cleanups = 0
    this.cleanupError = undefined
    this.atClose()
    try {
      const made = this.start()
      if (!isGenerator(made)) return this.over(undefined)
      this.generator = made
      this.rerun(made)
    } catch (thrown) {
      return this.over(defectOf(thrown))
    }
    this.goOn((generator) => generator.return())
  }

  /** Answers a phase of a `finally` block from its record, so that it need not yield: see `knowing`. */
  private foreknow(instruction: Instruction): { readonly value: unknown } | undefined {
    const { position, tree } = this
    const path = position.pathOf(instruction)
    if (instruction._tag === "Changed") return this.foreknowChange(instruction, path)
    const { recorded } = position
    const known =
      recorded !== undefined &&
      this.cleanups < maxCleanup &&
      recorded.kind === kindOf(instruction) &&
      recorded.capture === captureOf(instruction) &&
      recorded.path === path &&
      isSettled(recorded) &&
      !tree.toCome(recorded.settled)
    if (!known) return undefined
    const value = answer(tree, { path, instruction }, recorded)
    if (Either.isLeft(value)) return undefined
    tree.pass(recorded, instruction)
    this.cleanups++
    position.pass()
    position.count(instruction)
    return { value: value.right }
  }

  private foreknowChange(instruction: Instruction, path: string): { readonly value: boolean } | undefined {
    const record = this.tree.history.phases.get(path)
    const isKnown = record === undefined ? this.hasGoneOn : !this.tree.toCome(record.settled)
    if (!isKnown) return undefined
    this.position.count(instruction)
    return { value: record !== undefined || this.isWithout(instruction.name) }
  }

  private abandon(): void {
    const message = `the generator was abandoned: after return() it yielded ${maxCleanup} phases and went on`
    this.over({ name: "GeneratorUnclosable", message })
  }

  private over(error: Defect | undefined): void {
    this.state = "over"
    this.left?.(error)
  }

  // --- as a part of others

  wind(): void {
    this.winding = true
    this.current?.wind()
    this.marks.wind()
  }

  /** A clean-up is taken up again with all that it stands at: that is not returned, unless the clean-up has lost it. */
  bodies(): ReadonlyArray<Closable> {
    const { current, lost, state } = this
    if (current === undefined) return state === "over" ? [] : [this]
    return state === "open" || lost?.has(current.placed.path) === true ? [this, ...current.bodies()] : [this]
  }

  each(visit: (node: Node) => void): void {
    this.stood?.each(visit)
    this.current?.each(visit)
    this.marks.each(visit)
  }
}
