/** One phase, as its generator waits for it. */
import * as Either from "effect/Either"
import { answer } from "./Answer.js"
import type { Around, Closable, Event, Node } from "./Node.js"
import { captured } from "./PhaseRecord.js"
import type { Placed } from "./Step.js"
import { joined, type Tree } from "./Tree.js"

const none: ReadonlyArray<Closable> = []

export class Leaf implements Node {
  readonly consequence = undefined
  winding: boolean

  constructor(
    private readonly tree: Tree,
    private readonly around: Around,
    readonly placed: Placed
  ) {
    this.winding = around.winding
  }

  happened(event: Event): void {
    if (event !== "settled") return
    const { placed, tree } = this
    const record = tree.history.phases.get(placed.path)!
    const { instruction } = placed
    if (record.state === "failed" && captured(record) === undefined) {
      if ("error" in instruction && instruction._tag !== "Fail" && instruction.error !== undefined) {
        tree.failsBy(placed.path, instruction.error)
      }
      tree.satisfy(this)
      return this.around.ended(this, { _tag: "Broken", failures: joined(record.failures), follow: "task" })
    }
    tree.remove(this)
    const value = answer(tree, placed, record)
    if (Either.isLeft(value)) return tree.stop({ _tag: "Undecodable", placed, problem: value.left })
    this.around.ended(this, { _tag: "Answered", value: value.right })
  }

  wind(): void {
    this.winding = true
  }

  get busy(): boolean {
    const record = this.tree.record(this)
    return record !== undefined && (record.state === "running" || this.tree.toCome(record.settled, record.rested))
  }

  bodies(): ReadonlyArray<Closable> {
    return none
  }

  each(visit: (node: Node) => void): void {
    visit(this)
  }

  reach(): undefined {
    return undefined
  }
}
