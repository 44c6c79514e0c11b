/**
 * One walk through a task: all generators and forks that are open, driven by what is recorded, entry by entry in the
 * order in which it happened. A task that has been live all along and one that is replayed therefore go the same way,
 * also where branches see what others did.
 */
import type * as Either from "effect/Either"
import { type Defect, defectOf, type Failure } from "./Failure.js"
import { Few } from "./Few.js"
import type { History } from "./History.js"
import { type Codec, type Enter, type Instruction, type Undoable, undoable } from "./Instruction.js"
import type { Json } from "./Json.js"
import * as Mismatch from "./Mismatch.js"
import { type Around, type Body, type Closable, eventOf, type Node } from "./Node.js"
import * as Path from "./Path.js"
import { isComposite, type PhaseRecord } from "./PhaseRecord.js"
import { decidable } from "./Reversal.js"
import type { Cause, Consequence, Failures, Found, Placed, Step, Unenterable } from "./Step.js"
import { type Winding, Winds } from "./Winds.js"

/** The state of a stage that is to be entered, as it is recorded; or why it cannot be. */
export type Enters = (entering: Enter) => Either.Either<Json | undefined, Unenterable>

export interface Options {
  /** the codec of failures that have none of their own */
  readonly error: Codec
  /** groups that have returned are entered all the same, for the undos in them */
  readonly deep: boolean
  /** the scope of a revert, or of a body */
  readonly scope: string
  readonly enter: Enters | undefined
  /** runs a piece of the author's code that may be given what it never was, for a moment: what it throws is dropped */
  readonly look: ((turn: () => void) => void) | undefined
  readonly make: (tree: Tree, around: Around, placed: Placed) => Node
  readonly body: (tree: Tree, around: Around, scope: string, start: () => unknown) => Body
}

const nothing: ReadonlyArray<never> = []

/** Where a tree waits. */
class Blocked {
  readonly _tag = "Blocked"

  constructor(
    private readonly tree: Tree,
    readonly idle: ReadonlyArray<Placed>,
    readonly consequences: ReadonlyArray<Consequence>,
    readonly narrowed: boolean
  ) {}

  get instructions(): ReadonlyArray<Placed> {
    return this.tree.instructions
  }
}

export class Tree {
  history!: History
  /** how it ended, or why it cannot go on */
  stopped: Step | undefined
  /** what a revert may need of the phases that do not stand any more */
  private passed: WeakMap<PhaseRecord, Undoable> | undefined
  /** some group was not entered, for it had returned */
  skipped = false
  /** the changes of which it was told that the journal has gone on without them */
  readonly unchanged = new Few<string>()
  /** what stands where, by path */
  readonly nodes = new Map<string, Node>()
  /** the children that failed clean-ups have called */
  left: Map<string, Node> | undefined
  private readonly wanted = new Few<Node>()
  /** those of them of which no attempt ran when they were looked at last */
  private readonly idle = new Few<Node>()
  private readonly acting = new Few<Node>()
  private codecs: Map<string, Codec> | undefined
  private readonly winds = new Winds()
  private narrowed = false
  private fed = 0
  /** how many events were fed, before those of a part were fed again */
  private known = 0
  /** parts that were made anew: they are fed again from there on */
  private renewed: Array<{ readonly path: string; from: number }> = []
  /** the generators are returned: what is fed from here on, their clean-up did */
  private leaving = false
  private turns: Array<() => void> = []

  constructor(readonly options: Options) {}

  /** Goes as far as the history does. */
  advance(history: History): Step {
    this.history = history
    for (;;) {
      if (this.turn()) continue
      if (this.stopped !== undefined) return this.stopped
      if (this.winds.turn()) continue
      if (this.fed === this.end) {
        if (this.stand()) continue
        return this.blocked
      }
      this.feed(history.events[this.fed]!)
      this.fed++
    }
  }

  /** Where what can be fed ends. */
  private get end(): number {
    const { events, left } = this.history
    return this.leaving || !Path.isBody(this.options.scope) ? events.length : (left ?? events.length)
  }

  /** Once it is left, all that was begun stands, to be undone: also a branch behind one that went on where it had failed. */
  private stand(): boolean {
    const { open, status } = this.history
    if (status !== "Closing" && status !== "Reverting") return false
    let opened = false
    for (const { forward, path, scope } of open) {
      if (forward && !this.nodes.has(path) && this.nodes.get(scope)?.reach(path) === "opened") opened = true
    }
    return opened
  }

  private turn(): boolean {
    if (this.turns.length === 0) return false
    const { turns } = this
    this.turns = []
    for (const turn of turns) turn()
    return true
  }

  private get blocked(): Step {
    const idle: Array<Placed> = []
    for (const node of this.idle) {
      const record = this.record(node)
      if (record?.state === "running") this.idle.delete(node)
      else if (isWanted(node, record)) idle.push(node.placed)
    }
    const { narrowed } = this
    this.narrowed = false
    return new Blocked(this, idle, this.acting.size === 0 ? nothing : this.consequences, narrowed)
  }

  private get consequences(): ReadonlyArray<Consequence> {
    const consequences: Array<Consequence> = []
    for (const { consequence, winding } of this.acting) {
      if (consequence !== undefined && !winding) consequences.push(consequence)
    }
    return consequences
  }

  /** All that is wanted. */
  get instructions(): ReadonlyArray<Placed> {
    const instructions: Array<Placed> = []
    for (const node of this.wanted) if (isWanted(node, this.record(node))) instructions.push(node.placed)
    return instructions
  }

  /** Does it when everything before it is done. */
  soon(turn: () => void): void {
    this.turns.push(turn)
  }

  /** Goes on although it had stopped: to leave. Nothing that stood is wanted any more, nor what began beside what stopped it. */
  leave(): void {
    this.stopped = undefined
    this.fed = this.end
    this.leaving = true
    for (const node of this.nodes.values()) this.pass(this.record(node), node.placed.instruction)
    for (const all of [this.nodes, this.wanted, this.idle, this.acting]) all.clear()
    this.winds.clear()
  }

  stop(step: Step): void {
    this.stopped ??= step
  }

  /** Goes on when nothing in it runs any more. */
  await(winding: Winding): void {
    const left: Array<Node> = []
    winding.each((node) => {
      if (node.busy) left.push(node)
      if (this.wanted.has(node) || this.acting.has(node)) this.narrowed = true
    })
    this.winds.add(winding, left)
  }

  record(node: Node): PhaseRecord | undefined {
    return this.history.phases.get(node.placed.path)
  }

  /** Whether one of these events was not fed yet. */
  toCome(...events: ReadonlyArray<number>): boolean {
    return events.some((index) => index >= this.fed)
  }

  // --- nodes

  /** Puts an instruction where it belongs, if that is where the journal has it. */
  place(around: Around, placed: Placed): Node | undefined {
    const record = this.history.phases.get(placed.path)
    if (record !== undefined && !fits(placed, record)) {
      this.mismatch(record, placed)
      return undefined
    }
    const node = this.options.make(this, around, placed)
    this.nodes.set(placed.path, node)
    this.wanted.add(node)
    this.idle.add(node)
    if (record === undefined) return node
    // An undo ended while one before it, that failed and is tried again, had not.
    if (record.settled >= 0 && !this.toCome(record.settled)) this.soon(() => node.happened("settled"))
    // A clean-up began anew while this was open in it.
    else if (record.opened >= 0 && !this.toCome(record.opened)) this.soon(() => this.renew(record))
    return node
  }

  /** Goes back to where something was opened, to feed what happened in it once more, and nothing else. */
  private renew({ opened, path }: PhaseRecord): void {
    this.known = Math.max(this.known, this.fed)
    for (const other of this.renewed) other.from = Math.max(other.from, this.fed)
    this.renewed.push({ path, from: opened })
    this.fed = opened
  }

  /** Whether what happened there is news. */
  private isNews({ path }: PhaseRecord): boolean {
    const { fed, known, renewed } = this
    if (fed >= known) return true
    return renewed.some((part) => fed >= part.from && (path === part.path || path.startsWith(`${part.path}/`)))
  }

  /** Forgets it but for the children that it called: nobody has closed them. */
  lose(node: Node): void {
    node.each((inner) => {
      if (inner.placed.kind !== "child") return
      this.left ??= new Map()
      this.left.set(inner.placed.path, inner)
    })
    this.forget(node)
  }

  /** Forgets what stood below a node, and the node. */
  forget(node: Node): void {
    node.each((inner) => this.remove(inner))
  }

  remove(node: Node): void {
    const { instruction, path } = node.placed
    this.nodes.delete(path)
    this.pass(this.record(node), instruction)
    this.drop(node)
  }

  /** It is not wanted any more, although it stands where it stood. */
  drop(node: Node): void {
    this.satisfy(node)
    this.acting.delete(node)
  }

  /** Nothing of it is to be started. */
  satisfy(node: Node): void {
    this.wanted.delete(node)
    this.idle.delete(node)
  }

  /** What is to be recorded of it, if anything. */
  act(node: Node): void {
    if (node.consequence === undefined) this.acting.delete(node)
    else this.acting.add(node)
  }

  /** Nothing is to be recorded of it any more: what is done for that is not wanted. */
  withdraw(node: Node): void {
    this.acting.delete(node)
    this.narrowed = true
  }

  /** Keeps what a revert may need of a phase. */
  pass(record: PhaseRecord | undefined, instruction: Instruction): void {
    if (record === undefined || !isUndoable(instruction, record)) return
    this.passed ??= new WeakMap()
    this.passed.set(record, instruction)
  }

  /** The phase that stands at a path, or has passed there, if it has anything to do with undoing. */
  runAt(path: string): Undoable | undefined {
    const instruction = this.nodes.get(path)?.placed.instruction
    const record = this.history.phases.get(path)
    if (instruction !== undefined) return isUndoable(instruction, record) ? instruction : undefined
    return record === undefined ? undefined : this.passed?.get(record)
  }

  /** Whether undoing this phase is something to do now, that needs nobody. */
  isToUndo(record: PhaseRecord): boolean {
    const { path, undone } = record
    return (undone === undefined || this.toCome(undone.settled)) && decidable(record, this.runAt(path))
  }

  /** These failures in the order in which they happened. What the author's code threw came after the phase before it. */
  inTime(failures: ReadonlyArray<Failure>): Failures {
    const when = ({ _tag, path }: Failure) => {
      const record = this.history.phases.get(path)
      if (record === undefined) return Infinity
      // What a strategy threw stands where its group does.
      return Math.max(record.opened, record.settled, _tag === "Die" ? record.decided : -1)
    }
    return joined([...failures].sort((a, b) => Number(when(a) > when(b)) - Number(when(a) < when(b))))
  }

  /** The codec of the failures of one phase. */
  failsBy(path: string, codec: Codec): void {
    this.codecs ??= new Map()
    this.codecs.set(path, codec)
  }

  codecOf(failure: Failure): Codec {
    return this.codecs?.get(failure.path) ?? this.options.error
  }

  mismatch(recorded: PhaseRecord, found: Placed | Found | "gone", cause?: Cause): void {
    this.stop(Mismatch.between(this.history, recorded, found, cause))
  }

  /** Returns these generators, the newest first, one after the other. */
  close(bodies: ReadonlyArray<Closable>, over: (error: Defect | undefined) => void): void {
    const left = [...bodies]
    let last: Defect | undefined
    const next = (): void => {
      const body = left.pop()
      if (body === undefined) return over(last)
      body.leave((error) => {
        last = error ?? last
        this.soon(next)
      })
    }
    next()
  }

  // --- what is recorded

  private owns(record: PhaseRecord): boolean {
    const { scope } = this.options
    if (scope === Path.root) return !record.scope.startsWith("revert#")
    return record.scope === scope || record.scope.startsWith(`${scope}/`)
  }

  private feed(record: PhaseRecord): void {
    if (record.superseded) return
    const event = eventOf(record, this.fed)
    if (event === undefined || !this.owns(record)) return
    const node = this.isNews(record) ? (this.nodes.get(record.path) ?? this.find(record)) : undefined
    node?.happened(event)
    if (event === "rested" && node !== undefined && this.wanted.has(node)) this.idle.add(node)
    this.winds.happened(record.path)
  }

  /** A phase that nothing waits for yet: its branch is opened out of turn; or its group is not entered at all. */
  private find(record: PhaseRecord): Node | undefined {
    for (let at: PhaseRecord | undefined = record; at !== undefined; at = this.history.phases.get(at.scope)) {
      const node = this.nodes.get(at.scope)
      if (node === undefined) continue
      const reached = node.reach(at.path)
      if (reached === "hidden") return undefined
      if (reached === "opened") return this.nodes.get(record.path)
      break
    }
    // A change that every execution has by now may be taken out of the code.
    if (record.forward && record.kind !== "changed") this.mismatch(record, "gone")
    return undefined
  }
}

/** Undoing it is more than to know that it happened: what is given to somebody outside has to be taken back. */
const isUndoable = (instruction: Instruction, record: PhaseRecord | undefined): instruction is Undoable =>
  (instruction._tag === "Run" && record?.token !== undefined) || undoable(instruction)

const fits = (placed: Placed, record: PhaseRecord): boolean =>
  record.path === placed.path &&
  record.kind === placed.kind &&
  record.name === placed.name &&
  record.capture === placed.capture &&
  record.key === placed.key

/** Whether its next attempt may start, or the present one goes on: a phase whose outcome is asked for is never let go. */
const isWanted = (node: Node, record: PhaseRecord | undefined): boolean => {
  if (record === undefined) return !node.winding
  if (isComposite(record)) return false
  if (record.state === "succeeded" || record.state === "failed") return false
  return !node.winding || (record.state === "running" && isAsked(node.placed))
}

/** Its author wants to know whether it happened: it is waited for. */
const isAsked = ({ instruction }: Placed): boolean => instruction._tag === "Run" && instruction.inDoubt === "ask"

/** Several failures, the first of them known to be there. */
export const joined = (failures: ReadonlyArray<Failure>): Failures => failures as unknown as Failures

/** What a piece of the author's code threw. */
export const threw = (path: string, thrown: unknown): Failures => [
  { _tag: "TaskDefect", path, defect: defectOf(thrown) }
]
