/** What winds down in a tree: each goes on once nothing in it runs any more. */
import type { Node } from "./Node.js"

/** Something that goes on once nothing in it runs any more. */
export interface Winding {
  each(visit: (node: Node) => void): void
  wound(): void
}

/** What still runs in it: the last of these is waited for. */
interface Waiting {
  readonly winding: Winding
  readonly left: Array<Node>
}

export class Winds {
  /** they may go on, or have to wait for another node */
  private due: Array<Waiting> = []
  /** by the path of what is waited for */
  private waiting: Map<string, Array<Waiting>> | undefined

  /** Waits for these, which run in it. */
  add(winding: Winding, left: Array<Node>): void {
    this.due.push({ winding, left })
  }

  /** Something happened at a path: who waits for that looks again. */
  happened(path: string): void {
    const waiting = this.waiting?.get(path)
    if (waiting === undefined) return
    this.waiting!.delete(path)
    this.due.push(...waiting)
  }

  /** Lets those go on in which nothing runs any more. Whether any were to be looked at. */
  turn(): boolean {
    const { due } = this
    if (due.length === 0) return false
    this.due = []
    for (const waiting of due) this.wait(waiting)
    return true
  }

  private wait(waiting: Waiting): void {
    const { left, winding } = waiting
    while (left.length > 0 && !left[left.length - 1]!.busy) left.pop()
    const last = left[left.length - 1]
    if (last === undefined) return winding.wound()
    this.waiting ??= new Map()
    const others = this.waiting.get(last.placed.path)
    if (others === undefined) this.waiting.set(last.placed.path, [waiting])
    else others.push(waiting)
  }

  /** Forgets all of them. */
  clear(): void {
    this.waiting = undefined
    this.due = []
  }
}
