/**
 * A checkpoint with a strategy, once its generator has passed it: when something after it fails there, its strategy is
 * asked; what came after it is undone, and a fresh generator goes on from it.
 */
import * as Either from "effect/Either"
import { answer } from "./Answer.js"
import { isSince } from "./History.js"
import type { Around, Broken, Closable, Ended, Event, Node } from "./Node.js"
import * as Path from "./Path.js"
import { reversal } from "./Reversal.js"
import type { Consequence, Placed } from "./Step.js"
import type { Tree } from "./Tree.js"
import * as Tries from "./Tries.js"
import { UndoPlan } from "./UndoPlan.js"
import type { Winding } from "./Winds.js"

const none: ReadonlyArray<Closable> = []

/** The generator that a checkpoint stands in. */
export interface Marked extends Around {
  /** what stands after the checkpoint */
  readonly current: Node | undefined
  /** The strategy of this checkpoint does not decide about the failure: whoever comes next does. */
  passOn(mark: MarkNode, broken: Broken): void
  /** Goes on from this checkpoint with a fresh generator. */
  restart(mark: MarkNode): void
}

export class MarkNode implements Node, Winding {
  winding: boolean
  readonly captured: boolean
  readonly undoes = true
  consequence: Consequence | undefined
  private plan: UndoPlan | undefined
  /** what failed after it, while its strategy is asked */
  private broken: Broken | undefined
  /** the attempt that its generator is in */
  private attempt = 1
  /** when the next one begins, in milliseconds UTC */
  private due = 0

  constructor(
    private readonly tree: Tree,
    private readonly around: Marked,
    readonly placed: Placed
  ) {
    this.winding = around.winding
    this.captured = around.captured
  }

  private get record() {
    return this.tree.record(this)!
  }

  happened(event: Event): void {
    switch (event) {
      case "settled":
        return this.passed()
      case "decided":
        return this.decided()
      case "opened":
        return this.again()
    }
  }

  /** What it answers: the value that its strategy gives the present attempt. */
  get answer(): unknown {
    return Either.getOrThrow(answer(this.tree, this.placed, this.record))
  }

  private passed(): void {
    this.tree.satisfy(this)
    this.attempt = this.record.attempt
    this.around.ended(this, { _tag: "Answered", value: this.answer })
  }

  private act(consequence: Consequence | undefined): void {
    this.consequence = consequence
    this.tree.act(this)
  }

  // --- a failure after it

  /** Something was committed after it, or it was discarded with what was before: nothing goes back beyond that. */
  get isBound(): boolean {
    const { record, tree } = this
    if (record.discarded) return true
    for (const one of tree.history.phases.values()) {
      if (one.commit && one.forward && one.state === "succeeded" && isSince(tree.history, record, one)) return true
    }
    return false
  }

  ask(broken: Broken): void {
    const { placed, record } = this
    this.broken = broken
    this.act(Tries.undecided(placed, record, broken.failures))
  }

  private decided(): void {
    const { record } = this
    this.broken = undefined
    this.act(undefined)
    const broken = Tries.over(record, this.winding)
    if (broken !== undefined) return this.around.passOn(this, broken)
    this.due = Tries.due(record)
    this.around.current?.wind()
    this.tree.await({ each: (visit) => this.around.current?.each(visit), wound: () => this.wound() })
  }

  /** Nothing after it runs any more: what it did is undone. Generators are dropped, as by going back. */
  wound(): void {
    const { placed, record, tree } = this
    const { history } = tree
    const isToUndo = (one: typeof record) => isSince(history, record, one) && tree.isToUndo(one)
    const scope = Path.revertOf(placed.path, record.attempt)
    const undos = reversal(history, record.scope, isToUndo)
    this.plan = new UndoPlan(tree, this, undos, { scope, prefix: scope, concurrency: 1 })
    this.plan.begin()
  }

  ended(_plan: object, ended: Ended): void {
    if (ended._tag === "Broken") return this.around.passOn(this, { ...ended, follow: "park" })
    this.act({ _tag: "Undone", placed: this.placed, due: this.due, error: undefined })
  }

  /** Its next attempt begins; one that is replayed is in it already. */
  private again(): void {
    if (this.attempt === this.record.attempt) return
    this.attempt = this.record.attempt
    this.act(undefined)
    this.plan = undefined
    this.around.restart(this)
  }

  // --- as a part of others

  /** A failure that it does not decide about any more goes on. */
  wind(): void {
    const { broken, winding } = this
    this.winding = true
    this.plan?.wind()
    if (winding || broken === undefined || this.busy) return
    this.broken = undefined
    this.consequence = undefined
    this.tree.withdraw(this)
    this.around.passOn(this, broken)
  }

  /** What its strategy decided was recorded, and not heard of yet. */
  get busy(): boolean {
    return this.broken !== undefined && this.tree.toCome(this.record.decided)
  }

  bodies(): ReadonlyArray<Closable> {
    return none
  }

  each(visit: (node: Node) => void): void {
    this.plan?.each(visit)
    visit(this)
  }

  reach(): undefined {
    return undefined
  }
}
