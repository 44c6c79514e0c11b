/** Undoes phases, so many at a time: what came last first, and nothing before what depends on it. */
import type { Failure } from "./Failure.js"
import type { Around, Ended, Node } from "./Node.js"
import * as Path from "./Path.js"
import { Ready } from "./Ready.js"
import type { Reverse } from "./Reversal.js"
import { joined, type Tree } from "./Tree.js"
import type { Winding } from "./Winds.js"

export interface Place {
  /** the scope of the undos */
  readonly scope: string
  /** the undo of the phase at a path stands at this, `undo/` and the path */
  readonly prefix: string
  readonly concurrency: number
}

export class UndoPlan implements Around, Winding {
  readonly captured = false
  readonly undoes = false
  winding = false
  private readonly ready: Ready
  private readonly open = new Map<object, { readonly index: number; readonly node: Node }>()
  private readonly failures: Array<Failure> = []

  constructor(
    private readonly tree: Tree,
    private readonly around: Pick<Around, "ended">,
    private readonly undos: ReadonlyArray<Reverse>,
    private readonly place: Place
  ) {
    this.ready = new Ready(
      undos.map(({ needs }) => needs),
      place.concurrency
    )
  }

  /** Starts what can start. */
  begin(): void {
    while (this.tree.stopped === undefined && !this.winding) {
      const index = this.ready.take()
      if (index === undefined) break
      const { record } = this.undos[index]!
      if (record === undefined) {
        this.ready.succeeded(index)
        continue
      }
      const path = Path.undo(this.place.prefix, record.path)
      const node: Node = this.tree.place(this, {
        path,
        scope: this.place.scope,
        name: record.name,
        kind: "undo",
        instruction: { _tag: "Undo", name: record.name, undoes: record.path },
        capture: "none",
        captured: false,
        key: undefined,
        needs: undefined
      })!
      this.open.set(node, { index, node })
    }
    if (this.winding || !this.ready.over) return
    if (this.failures.length > 0) return this.broken()
    this.around.ended(this, { _tag: "Answered", value: undefined })
  }

  private broken(): void {
    this.around.ended(this, { _tag: "Broken", failures: joined(this.failures), follow: "task" })
  }

  ended(child: object, ended: Ended): void {
    const started = this.open.get(child)!
    if (ended._tag === "Answered") {
      this.open.delete(child)
      this.ready.succeeded(started.index)
    } else {
      this.failures.push(...ended.failures)
      this.ready.failed(started.index)
    }
    this.begin()
  }

  wind(): void {
    if (this.winding || this.ready.over) return
    this.winding = true
    for (const { node } of this.open.values()) node.wind()
    this.tree.await(this)
  }

  /** It was let go: what has failed by now is passed on, whatever is left to undo. */
  wound(): void {
    if (this.failures.length > 0) this.broken()
  }

  each(visit: (node: Node) => void): void {
    for (const { node } of this.open.values()) node.each(visit)
  }
}
