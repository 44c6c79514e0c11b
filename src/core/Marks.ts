/** The checkpoints with a strategy that a generator has passed, oldest first, and where it was then. */
import type { MarkNode } from "./MarkNode.js"
import type { Node } from "./Node.js"
import type { Position } from "./Position.js"

/** Where a generator was when it had come to a checkpoint. */
export interface Place {
  readonly position: Position
  /** how many of its yields had been answered */
  readonly answers: number
}

export class Marks {
  private readonly all: Array<{ readonly node: MarkNode; readonly place: Place }> = []

  get isEmpty(): boolean {
    return this.all.length === 0
  }

  add(node: MarkNode, place: Place): void {
    this.all.push({ node, place })
  }

  private indexOf(mark: MarkNode): number {
    return this.all.findIndex(({ node }) => node === mark)
  }

  /** The newest of those before this one; of all, without it. */
  newest(before?: MarkNode): MarkNode | undefined {
    return this.all[(before === undefined ? this.all.length : this.indexOf(before)) - 1]?.node
  }

  /** Forgets those after this one, whose generator is to go on from where it was. */
  cut(mark: MarkNode, remove: (node: Node) => void): Place {
    const index = this.indexOf(mark)
    for (const { node } of this.all.splice(index + 1)) node.each(remove)
    return this.all[index]!.place
  }

  wind(): void {
    for (const { node } of this.all) node.wind()
  }

  each(visit: (node: Node) => void): void {
    for (const { node } of this.all) node.each(visit)
  }
}
