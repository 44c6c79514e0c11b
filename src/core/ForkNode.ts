/** Branches that are open beside each other: starts them, winds down what is not wanted any more, gathers what they answer. */
import * as Either from "effect/Either"
import { answer, pathsOf, shaped } from "./Answer.js"
import type { Failure } from "./Failure.js"
import { captureOf, type Fork, kindOf } from "./Instruction.js"
import type { Around, Broken, Closable, Ended, Event, Node } from "./Node.js"
import * as Path from "./Path.js"
import { capturable, type PhaseRecord } from "./PhaseRecord.js"
import { Ready } from "./Ready.js"
import { reversal } from "./Reversal.js"
import type { Consequence, Placed } from "./Step.js"
import { type Tree, threw } from "./Tree.js"
import { UndoPlan } from "./UndoPlan.js"

const none: ReadonlyArray<PhaseRecord> = []

export class ForkNode implements Node, Around {
  readonly busy = false
  winding: boolean
  readonly captured: boolean
  readonly undoes: boolean
  consequence: Consequence | undefined
  private readonly fork: Fork
  private ready: Ready | undefined
  private readonly children = new Map<number, Node>()
  private readonly indexes = new Map<object, number>()
  private readonly branchPaths: ReadonlyArray<string>
  /** the indexes of the branches by their paths; none as long as nobody asked */
  private places: ReadonlyMap<string, number> | undefined
  private answers: Array<unknown> = []
  private readonly failures: Array<Failure> = []
  private follow: "task" | "revert" | "park" = "task"
  private started = 0
  private winner: number | undefined
  /** undoes what the losers of a race did */
  private plan: UndoPlan | undefined
  /** it is over, apart from what still runs in it */
  private ending = false
  private awaited = false

  constructor(
    private readonly tree: Tree,
    private readonly around: Around,
    readonly placed: Placed
  ) {
    this.winding = around.winding
    this.fork = placed.instruction as Fork
    this.captured = around.captured || this.fork.capture !== "none"
    this.undoes = around.undoes || this.fork.mode === "race"
    this.branchPaths = pathsOf(this.fork, placed.path)
  }

  happened(event: Event): void {
    if (event === "opened") this.open()
    else if (event === "settled") this.settled()
  }

  private open(): void {
    this.tree.satisfy(this)
    const gone = this.known.find(({ path }) => !this.indexAt.has(path))
    if (gone !== undefined) return this.tree.mismatch(gone, "gone")
    const { branches, concurrency } = this.fork
    this.ready = new Ready(
      branches.map(({ needs }) => needs),
      concurrency
    )
    this.fill()
  }

  /** The branches that were started. */
  private get known(): ReadonlyArray<PhaseRecord> {
    return this.tree.history.scopes.get(this.placed.path) ?? none
  }

  private get indexAt(): ReadonlyMap<string, number> {
    this.places ??= new Map(this.branchPaths.map((place, index) => [place, index]))
    return this.places
  }

  private fill(): void {
    for (;;) {
      if (this.tree.stopped !== undefined || this.ending || this.winding) return
      const index = this.ready!.take()
      if (index === undefined) break
      this.start(index)
    }
    if (this.ready!.over) this.end()
  }

  private start(index: number): void {
    this.started++
    const { make, needs, key } = this.fork.branches[index]!
    const path = this.branchPaths[index]!
    try {
      const instruction = make(this.answers, this.tree.history.inputs?.get(path))
      const child = this.tree.place(this, {
        path,
        scope: this.placed.path,
        name: instruction.name,
        kind: kindOf(instruction),
        instruction,
        capture: captureOf(instruction),
        captured: this.captured,
        key,
        needs: needs.length === 0 ? undefined : needs.map((need) => this.branchPaths[need]!)
      })
      if (child === undefined) return
      this.children.set(index, child)
      this.indexes.set(child, index)
    } catch (thrown) {
      this.broken(index, { _tag: "Broken", failures: threw(path, thrown), follow: "task" })
    }
  }

  ended(child: object, ended: Ended): void {
    if (child === this.plan) return this.undone(ended)
    const index = this.indexes.get(child)!
    if (ended._tag === "Broken") this.broken(index, ended)
    else this.answered(index, ended.value)
    this.fill()
  }

  private answered(index: number, value: unknown): void {
    this.children.delete(index)
    this.answers[index] = value
    this.ready!.succeeded(index)
    if (this.fork.mode !== "race" || this.ending) return
    this.winner = index
    this.end()
  }

  private broken(index: number, { failures, follow }: Broken): void {
    this.failures.push(...failures)
    if (follow !== "task") this.follow = follow
    this.ready!.failed(index)
    // What the engine cannot do, and what a strategy decides for all, ends every mode.
    if (this.fork.mode === "stop" || follow !== "task" || failures.some(({ _tag }) => _tag === "Fault")) this.end()
  }

  // --- its end

  private get failed(): boolean {
    return this.winner === undefined && this.failures.length > 0
  }

  /** Whatever still runs in it is not wanted any more. */
  private end(): void {
    if (this.ending) return
    this.stand()
    this.ending = true
    for (const child of this.children.values()) child.wind()
    this.await()
  }

  private await(): void {
    if (this.awaited) return
    this.awaited = true
    this.tree.await(this)
  }

  /**
   * Nothing runs in it any more. Where it is not the end of everything, what stands in it is left in an orderly way. One that
   * was to wind down passes on what has failed in it so far.
   */
  wound(): void {
    if (!this.failed) {
      if (this.winding) return
      if (this.winner === undefined) return this.conclude()
      return this.tree.close(this.bodies(), () => this.undoLosers())
    }
    const values = this.follow === "task" ? capturable(this.placed.capture, this.failures) : undefined
    if (values === undefined) {
      return this.around.ended(this, { _tag: "Broken", failures: this.tree.inTime(this.failures), follow: this.follow })
    }
    if (this.winding) return
    this.tree.close(this.bodies(), () => this.conclude())
  }

  private undoLosers(): void {
    if (this.winding) return
    const { history } = this.tree
    const won = this.branchPaths[this.winner!]!
    const losers = reversal(
      history,
      this.placed.path,
      (record) => record.path !== won && !record.path.startsWith(`${won}/`) && this.tree.isToUndo(record)
    )
    if (losers.length === 0) return this.conclude()
    const scope = Path.undoOf(this.placed.path)
    this.plan = new UndoPlan(this.tree, this, losers, { scope, prefix: this.placed.path, concurrency: 1 })
    this.plan.begin()
  }

  private undone(ended: Ended): void {
    if (ended._tag === "Answered") return this.conclude()
    this.around.ended(this, { ...ended, follow: "park" })
  }

  private conclude(): void {
    const { path } = this.placed
    if (this.failed) this.consequence = { _tag: "Failed", path, failures: this.tree.inTime(this.failures) }
    else {
      const value = this.winner === undefined ? undefined : this.branchPaths[this.winner]
      this.consequence = { _tag: "Succeeded", path, value }
    }
    this.tree.act(this)
  }

  /** Its outcome is recorded: it is fed to what is around it. */
  private settled(): void {
    const { around, fork, placed, tree } = this
    const record = tree.record(this)!
    if (this.ready !== undefined && !this.ending && !this.winding) {
      const [open] = this.children.values()
      return tree.mismatch(record, open!.placed)
    }
    tree.forget(this)
    if (this.ready !== undefined && record.state === "succeeded") {
      try {
        const value = this.winner === undefined ? fork.collect(this.answers) : this.answers[this.winner]
        return around.ended(this, { _tag: "Answered", value: shaped(fork, value) })
      } catch (thrown) {
        return around.ended(this, { _tag: "Broken", failures: threw(placed.path, thrown), follow: "task" })
      }
    }
    const value = answer(tree, placed, record)
    if (Either.isLeft(value)) return tree.stop({ _tag: "Undecodable", placed, problem: value.left })
    around.ended(this, { _tag: "Answered", value: value.right })
  }

  // --- as a part of others

  wind(): void {
    this.stand()
    this.winding = true
    for (const child of this.children.values()) child.wind()
    this.plan?.wind()
    if (this.ready !== undefined) this.await()
  }

  /** What was begun by now stands, also behind a branch that goes on where it had failed: both are waited for, and undone. */
  private stand(): void {
    const { known } = this
    if (known.length <= this.started) return
    const begun = known.filter((record) => !this.tree.toCome(record.begun - 1))
    for (const { path } of begun) this.place(path)
  }

  bodies(): ReadonlyArray<Closable> {
    return [...this.children.values()].flatMap((child) => child.bodies())
  }

  each(visit: (node: Node) => void): void {
    for (const child of this.children.values()) child.each(visit)
    this.plan?.each(visit)
    visit(this)
  }

  reach(path: string): "opened" | undefined {
    if (!this.place(path)) return undefined
    this.fill()
    return "opened"
  }

  /** Starts the branch at a path out of turn. Whether there is one that may start. */
  private place(path: string): boolean {
    const index = this.indexAt.get(path)
    if (index === undefined || this.ending || this.ready?.start(index) !== true) return false
    this.start(index)
    return true
  }
}
