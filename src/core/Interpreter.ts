/**
 * Brings a task to where its history ends: a cursor walks a tree of generators and forks (Tree.ts), and answers where they
 * stand. A cursor that is replayed from the start and one that has been live all along go through the same steps.
 */
import { Body } from "./Body.js"
import type { Defect } from "./Failure.js"
import type { Few } from "./Few.js"
import { ForkNode } from "./ForkNode.js"
import { GroupNode } from "./GroupNode.js"
import type { History } from "./History.js"
import type { Codec, Undoable } from "./Instruction.js"
import { Leaf } from "./Leaf.js"
import { MarkNode } from "./MarkNode.js"
import type { Around, Closable, Ended, Node } from "./Node.js"
import * as Path from "./Path.js"
import type { Reverse } from "./Reversal.js"
import type { Placed, Step } from "./Step.js"
import { type Enters, Tree } from "./Tree.js"
import { UndoPlan } from "./UndoPlan.js"

/** A walk through a task, and how far it has come. */
export interface Cursor {
  /** Feeds what the history knows, as far as that goes. */
  readonly advance: (history: History) => Step
  /**
   * From where the history ends the generators are returned, the newest first: `advance` goes on to there, and then through
   * their `finally` blocks, below `close/`. With no phase started there is nothing to return; code that misfits is left as
   * it is.
   */
  readonly close: () => void
  /** The phase that stands at a path, or has passed there, if a revert may need it. */
  readonly runAt: (path: string) => Undoable | undefined
  /** The phase that stands at a path without an outcome that its generator is fed with. */
  readonly standing: (path: string) => Placed | undefined
  /** Some groups were not entered, for they had returned: what is in them is known to a `deep` cursor only. */
  readonly skipped: boolean
  /** The changes that its code has, and its journal has gone on without: it needs the old branches of these. */
  readonly unchanged: Few<string>
}

export interface Options {
  /** makes a fresh generator */
  readonly start: () => unknown
  /** the scope of its phases, see Path.ts */
  readonly scope: string
  /** the codec of failures that have none of their own */
  readonly error: Codec
  /** of a body that may enter stages */
  readonly enter?: Enters
  /** enters groups that have returned, too */
  readonly deep?: boolean
  /** see Tree.ts: without it, less is known of why code does not fit */
  readonly look?: (turn: () => void) => void
}

/** A cursor at the start of a fresh generator. Nothing of the body runs before the first `advance`. */
export const make = ({ start, ...options }: Options): Cursor =>
  new TreeCursor(options, (tree, whole) => {
    const body = new Body(tree, whole, options.scope, start)
    return { begin: () => body.begin(), bodies: () => body.bodies() }
  })

/** A cursor that undoes phases, so many at a time, below `scope`. */
export const undoing = (undos: ReadonlyArray<Reverse>, concurrency: number, options: Omit<Options, "start">): Cursor =>
  new TreeCursor(options, (tree, whole) => {
    const plan = new UndoPlan(tree, whole, undos, { scope: options.scope, prefix: options.scope, concurrency })
    return { begin: () => plan.begin(), bodies: () => [] }
  })

const nodeOf = (tree: Tree, around: Around, placed: Placed): Node => {
  const { instruction } = placed
  if (instruction._tag === "Fork") return new ForkNode(tree, around, placed)
  if (instruction._tag === "Group") return new GroupNode(tree, around, placed)
  const isMark = instruction._tag === "Checkpoint" && instruction.strategy !== undefined
  return isMark && around instanceof Body && around.asks
    ? new MarkNode(tree, around, placed)
    : new Leaf(tree, around, placed)
}

/** What the whole walk is: the task's body, or its revert. */
interface Whole {
  begin(): void
  bodies(): ReadonlyArray<Closable>
}

class TreeCursor implements Cursor, Around {
  readonly winding = false
  readonly captured = false
  readonly undoes = false
  private readonly tree: Tree
  private readonly whole: Whole
  private begun = false
  private state: "fresh" | "open" | "leaving" | "closing" = "fresh"

  constructor(
    private readonly options: Omit<Options, "start">,
    whole: (tree: Tree, around: Around) => Whole
  ) {
    this.tree = new Tree({
      error: options.error,
      scope: options.scope,
      enter: options.enter,
      deep: options.deep ?? false,
      look: options.look,
      make: nodeOf,
      body: (tree, around, scope, start) => new Body(tree, around, scope, start)
    })
    this.whole = whole(this.tree, this)
  }

  get skipped(): boolean {
    return this.tree.skipped
  }

  get unchanged(): Few<string> {
    return this.tree.unchanged
  }

  runAt(path: string): Undoable | undefined {
    return this.tree.runAt(path)
  }

  standing(path: string): Placed | undefined {
    return (this.tree.nodes.get(path) ?? this.tree.left?.get(path))?.placed
  }

  close(): void {
    if (this.state === "fresh" || this.state === "open") this.state = "leaving"
  }

  advance(history: History): Step {
    const { tree } = this
    tree.history = history
    if (this.state === "leaving" && !this.isBegun(history)) return this.closed(undefined)
    if (!this.begun) {
      this.begun = true
      tree.soon(() => this.whole.begin())
      if (this.state === "fresh") this.state = "open"
    }
    const step = tree.advance(history)
    if (this.state !== "leaving" || isMisfit(step)) return step
    this.leave()
    return tree.advance(history)
  }

  /** There may be something to return, or that is being returned. */
  private isBegun({ scopes }: History): boolean {
    const { scope } = this.options
    return scopes.has(scope) || scopes.has(Path.closeOf(scope))
  }

  /** From here on the phases are those of `finally` blocks. */
  private leave(): void {
    const { tree } = this
    this.state = "closing"
    tree.leave()
    tree.close(this.whole.bodies(), (error) => void this.closed(error))
  }

  private closed(error: Defect | undefined): Step {
    this.state = "closing"
    const step: Step = { _tag: "Closed", error }
    this.tree.stopped = step
    return step
  }

  ended(_child: object, ended: Ended): void {
    if (ended._tag === "Answered") return this.tree.stop({ _tag: "Done", value: ended.value })
    const { failures, follow, threw } = ended
    this.tree.stop(threw === undefined ? { _tag: "Stuck", failures, follow } : { _tag: "Threw", defect: threw })
  }
}

/** Steps that say that the code does not fit what is recorded. */
const isMisfit = (step: Step): boolean => step._tag === "Mismatch" || step._tag === "Undecodable"
