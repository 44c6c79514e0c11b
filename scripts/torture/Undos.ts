/** The undos of some phases: the newest first, and nothing before what followed it. */
import type { Fact, Facts } from "./Facts.js"
import type { Failure } from "./Flow.js"
import type { Leaf } from "./Leaf.js"
import { follows, linesOf } from "./Line.js"
import type { PhaseStatement } from "./Program.js"

export class Undos {
  /** what is not undone yet; and of that, what failed, and what nothing is in the way of */
  readonly left: ReadonlyArray<Leaf>
  private readonly failed: ReadonlyArray<Leaf>
  private readonly free: ReadonlyArray<Leaf>

  constructor(
    did: ReadonlyArray<Leaf>,
    private readonly facts: Facts,
    private readonly scope: string,
    /** the revert is the author's own: one after the other, and it ends where one fails */
    private readonly own: boolean,
    private readonly concurrency: number
  ) {
    this.left = did.filter(({ does, fact }) => {
      if (fact.undone || fact.committed) return false
      return fact.state === "succeeded" ? own || (does as PhaseStatement).undo : fact.doubt
    })
    this.failed = this.left.filter((leaf) => this.factOf(leaf)?.state === "failed")
    const isHeld = (leaf: Leaf) => !own && this.left.some((other) => follows(other.line, leaf.line))
    this.free = this.left.filter((leaf) => !this.failed.includes(leaf) && !isHeld(leaf))
  }

  private pathOf({ path }: Leaf): string {
    return `${this.scope}/undo/${path}`
  }

  private factOf(leaf: Leaf): Fact | undefined {
    return this.facts.of.get(this.pathOf(leaf))
  }

  /** Those that were begun. */
  begun(winds: boolean): ReadonlyArray<Leaf> {
    return this.left.flatMap((of) => {
      const fact = this.factOf(of)
      return fact === undefined
        ? []
        : [{ path: fact.path, fact, does: { _tag: "Undo" as const, of }, line: of.line, winds }]
    })
  }

  get running(): number {
    return this.left.filter((leaf) => this.factOf(leaf)?.state === "running").length
  }

  get failures(): ReadonlyArray<Failure> {
    return this.failed.map((leaf): Failure => ({ ...this.factOf(leaf)!, tag: "Fail" }))
  }

  /** Nothing more can be undone. */
  get stuck(): boolean {
    return this.running === 0 && (this.free.length === 0 || (this.own && this.failed.length > 0))
  }

  /** Where those stand that come next: what is in doubt first. */
  get may(): ReadonlyArray<string> {
    const doubts = this.free.filter(({ fact }) => fact.doubt)
    const sure = this.free.filter(({ fact }) => !fact.doubt).sort((a, b) => (this.isNewer(a, b) ? -1 : 1))
    const next = this.concurrency === 1 ? sure.slice(0, 1) : sure
    return (this.own && doubts.length > 0 ? doubts : [...doubts, ...next]).map((leaf) => this.pathOf(leaf))
  }

  /** By when they completed; for a revert of the author's own, what is in a group that completed counts as the group. */
  private isNewer(a: Leaf, b: Leaf): boolean {
    const [one, other] = [a, b].map(({ fact, line }) => {
      const groups = linesOf(line).map(({ scope }) => this.facts.of.get(scope))
      const group = groups.find((each) => each?.kind === "group" && each.state === "succeeded")
      return this.own ? (group ?? fact).order : fact.order
    })
    return one === other ? a.fact.order > b.fact.order : one! > other!
  }
}
