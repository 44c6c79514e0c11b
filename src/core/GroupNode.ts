/** A nested generator that is open: it returns, or fails and is tried again, or fails for good. */

import * as Either from "effect/Either"
import { answer } from "./Answer.js"
import type { Defect, Failure } from "./Failure.js"
import type { Group } from "./Instruction.js"
import type { Around, Body, Broken, Closable, Ended, Event, Node } from "./Node.js"
import * as Path from "./Path.js"
import { capturable, captured } from "./PhaseRecord.js"
import { reversal } from "./Reversal.js"
import * as Sentence from "./Sentence.js"
import type { Consequence, Placed } from "./Step.js"
import { joined, type Tree } from "./Tree.js"
import * as Tries from "./Tries.js"
import { UndoPlan } from "./UndoPlan.js"

const none: ReadonlyArray<never> = []

export class GroupNode implements Node, Around {
  winding: boolean
  readonly captured: boolean
  readonly undoes: boolean
  consequence: Consequence | undefined
  private readonly group: Group
  private body: Body | undefined
  private plan: UndoPlan | undefined
  /** how its generator failed, while its strategy is asked */
  private broken: Broken | undefined
  /** its time was over before it failed or returned: what fails in it from then on */
  private late: Array<Failure> | undefined
  private expiring = false
  /** when its next attempt begins, in milliseconds UTC */
  private due = 0
  private closeError: Defect | undefined

  constructor(
    private readonly tree: Tree,
    private readonly around: Around,
    readonly placed: Placed
  ) {
    this.winding = around.winding
    this.group = placed.instruction as Group
    this.captured = around.captured || this.group.capture !== "none"
    this.undoes = around.undoes || this.group.strategy !== undefined
  }

  private get record() {
    return this.tree.record(this)!
  }

  happened(event: Event): void {
    switch (event) {
      case "opened":
        return this.enter()
      case "decided":
        return this.decided()
      case "settled":
        return this.settled()
      case "expired":
        return this.expire()
    }
  }

  /** With a fresh generator; what stood in the one before is forgotten. Not if it is known how it ends, or was let go before. */
  private enter(): void {
    const { group, placed, record, tree } = this
    tree.satisfy(this)
    if (this.winding) return
    if (record.discarded && record.state === "succeeded") return
    if (record.state === "succeeded" && !tree.options.deep && !this.around.undoes) {
      tree.skipped = true
      return
    }
    this.inner((node) => tree.remove(node))
    this.plan = undefined
    this.broken = undefined
    this.late = undefined
    this.expiring = false
    this.act(undefined)
    const { attempt } = record
    const value = record.group?.value
    this.body = tree.options.body(tree, this, placed.path, () => group.body(attempt, value))
    this.body.begin()
  }

  private act(consequence: Consequence | undefined): void {
    this.consequence = consequence
    this.tree.act(this)
  }

  ended(child: object, ended: Ended): void {
    if (child === this.plan) return this.undone(ended)
    if (this.late !== undefined) {
      if (ended._tag === "Broken") this.late.push(...ended.failures)
      return
    }
    if (ended._tag === "Broken") return this.failed(ended)
    const { path } = this.placed
    const value = this.group.value.encode(ended.value)
    if (Either.isRight(value)) return this.act({ _tag: "Succeeded", path, value: value.right })
    const { at, reason } = value.left
    const fault: Failure = {
      _tag: "Fault",
      path,
      reason: "ValueNotRecordable",
      message: `what the group returned cannot be recorded at ${at}: ${Sentence.open(reason)}. Give the group a \`success\` schema.`,
      detail: { at, reason }
    }
    this.around.ended(this, { _tag: "Broken", failures: [fault], follow: "task" })
  }

  // --- its failure

  /** Whatever runs in it is wound down; then it fails, and its failure is that its time was over. */
  private expire(): void {
    if (this.broken !== undefined || this.winding) return
    this.late = []
    this.expiring = true
    this.act(undefined)
    this.body!.wind()
    this.tree.await(this)
  }

  private get timeout(): Failure {
    const { path } = this.placed
    return { _tag: "Timeout", path, after: this.record.timeout! }
  }

  private failed(broken: Broken): void {
    const { group, placed, record } = this
    const asks =
      group.strategy !== undefined && broken.follow === "task" && !broken.failures.some(({ _tag }) => _tag === "Fault")
    if (!asks || this.winding) return this.giveUp(broken)
    this.broken = broken
    this.act(Tries.undecided(placed, record, broken.failures))
  }

  private giveUp(broken: Broken): void {
    const values = broken.follow === "task" ? capturable(this.placed.capture, broken.failures) : undefined
    if (values === undefined) return this.around.ended(this, broken)
    if (this.winding) return
    const { failures } = broken
    this.tree.close(this.bodies(), () => this.act({ _tag: "Failed", path: this.placed.path, failures }))
  }

  private decided(): void {
    const { record } = this
    this.broken = undefined
    this.act(undefined)
    const broken = Tries.over(record, this.winding)
    if (broken !== undefined) return this.giveUp(broken)
    this.due = Tries.due(record)
    this.body!.wind()
    this.tree.await(this)
  }

  /** Nothing of it runs any more: its generators are returned, then what it did is undone. */
  wound(): void {
    if (this.expiring) {
      this.expiring = false
      return this.failed({ _tag: "Broken", failures: [this.timeout, ...this.late!], follow: "task" })
    }
    this.tree.close(this.bodies(), (error) => {
      // It was let go meanwhile: what it did is undone by who did that.
      if (this.winding) return
      this.closeError = error
      this.undo()
    })
  }

  private undo(): void {
    const { placed, record, tree } = this
    const undos = reversal(tree.history, placed.path, (one) => tree.isToUndo(one))
    const scope = Path.revertOf(placed.path, record.attempt)
    this.plan = new UndoPlan(tree, this, undos, { scope, prefix: scope, concurrency: 1 })
    this.plan.begin()
  }

  private undone(ended: Ended): void {
    if (ended._tag === "Broken") return this.around.ended(this, { ...ended, follow: "park" })
    this.act({ _tag: "Undone", placed: this.placed, due: this.due, error: this.closeError })
  }

  // --- its outcome

  private settled(): void {
    const { body, placed, record, tree } = this
    if (body !== undefined && record.state === "succeeded" && !body.returned) {
      return tree.mismatch(record, {
        path: placed.path,
        kind: placed.kind,
        name: `${placed.name}, which has not returned`
      })
    }
    if (record.state === "failed" && captured(record) === undefined) {
      return this.around.ended(this, { _tag: "Broken", failures: joined(record.failures), follow: "task" })
    }
    const value = answer(tree, placed, record)
    if (Either.isLeft(value)) return tree.stop({ _tag: "Undecodable", placed, problem: value.left })
    tree.forget(this)
    this.around.ended(this, { _tag: "Answered", value: value.right })
  }

  // --- as a part of others

  /** A failure that nobody decides about any more goes to what is around it. What it was left to since is let go as well. */
  wind(): void {
    const { broken, winding } = this
    this.winding = true
    this.body?.wind()
    this.plan?.wind()
    if (winding || broken === undefined || this.busy) return
    this.broken = undefined
    this.consequence = undefined
    this.tree.withdraw(this)
    this.giveUp(broken)
  }

  /** What its strategy decided was recorded, and not heard of yet. */
  get busy(): boolean {
    return this.broken !== undefined && this.tree.toCome(this.record.decided)
  }

  bodies(): ReadonlyArray<Closable> {
    return this.body?.bodies() ?? none
  }

  private inner(visit: (node: Node) => void): void {
    this.body?.each(visit)
    this.plan?.each(visit)
  }

  each(visit: (node: Node) => void): void {
    this.inner(visit)
    visit(this)
  }

  reach(): "hidden" | undefined {
    return this.body === undefined ? "hidden" : undefined
  }
}
