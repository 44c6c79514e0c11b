/**
 * The course of a program: what may happen next and what must follow, given what has happened to its phases so far. Said
 * without generators, fibers and journals: it goes through the program anew each time, and looks up what is known.
 */
import { type Fact, type Facts, isCleanUp } from "./Facts.js"
import {
  catches,
  type Failure,
  type Flow,
  type Here,
  inTime,
  isBroken,
  next,
  passing,
  type Stops,
  stops
} from "./Flow.js"
import type { Does, Leaf } from "./Leaf.js"
import { branchPaths, follows, type Line, numbered, under } from "./Line.js"
import {
  type Concurrent,
  type ForkStatement,
  type GroupStatement,
  type PhaseStatement,
  type Program,
  tells,
  undoesUnknown,
  type Work
} from "./Program.js"
import { Undos } from "./Undos.js"

/** What follows and is not recorded yet. */
export interface Due {
  readonly what: "succeeds" | "fails" | "undecided" | "rewinds"
  readonly failures: ReadonlyArray<Failure>
  readonly group: GroupStatement | undefined
}

export class Course {
  /** what may start, with its kind, and what stands still and may run again */
  readonly starts = new Map<string, string>()
  readonly again = new Set<string>()
  readonly dues = new Map<string, Due>()
  /** every phase that was begun; and those of them that are work, by path */
  readonly leaves = new Map<string, Leaf>()
  readonly work = new Map<string, Leaf>()
  /** how the program as a whole goes; and after it was left, whether that is over, and how the revert goes */
  readonly flow: Flow
  readonly left: boolean
  readonly reverted: Flow
  /** the scopes of the generators that are being left while the others go on */
  private readonly parted = new Set<string>()

  constructor(
    private readonly program: Program,
    private readonly facts: Facts
  ) {
    const { cleaned, life } = facts
    const here = this.here("", undefined, life !== "forward")
    this.flow = this.body(program.body, here)
    this.left = life !== "forward" && (cleaned || (!facts.busy("") && this.leave(this.flow, false)._tag === "Next"))
    this.reverted = life === "reverting" && cleaned ? this.revert() : stops()
    if (facts.paused) for (const of of [this.starts, this.again]) of.clear()
  }

  /** Whether its generator goes on with its end: not if that is left, or all stands still. */
  hears({ scope }: Fact): boolean {
    return !this.parted.has(scope) && !(this.facts.life === "forward" && isBroken(this.flow))
  }

  private here(scope: string, up: Line | undefined, winds: boolean, leaving = false): Here {
    return { scope, up, winds, leaving, seen: new Map() }
  }

  // --- generators

  private body(statements: ReadonlyArray<Concurrent>, here: Here): Exclude<Flow, { readonly _tag: "Throws" }> {
    const flow = this.block(statements, here)
    if (flow._tag === "Next") return flow
    if (flow._tag === "Throws") {
      const order = Math.max(
        ...[...this.facts.of.values()].map((fact) =>
          fact.scope === here.scope || fact.path === here.scope ? fact.order : 0
        ),
        0
      )
      return stops({ broken: "task", failures: [{ path: here.scope, tag: "TaskDefect", order: order + 0.5 }] })
    }
    return { ...flow, blocks: [], open: [{ here, blocks: flow.blocks }, ...flow.open] }
  }

  private block(statements: ReadonlyArray<Concurrent>, here: Here): Flow {
    for (const statement of statements) {
      const flow = this.statement(statement, here)
      if (flow._tag !== "Next") return flow
    }
    return next()
  }

  private statement(statement: Concurrent, here: Here): Flow {
    switch (statement._tag) {
      case "Throw":
        return { _tag: "Throws" }
      case "Repeat":
        return this.block(Array.from({ length: statement.times }, () => statement.body).flat(), here)
      case "Try":
        return this.try(statement.body, statement.last, here)
      case "Choose": {
        const flow = this.statement(statement.of, here)
        return flow._tag === "Next" ? this.block(statement.cases[flow.answer % statement.cases.length]!, here) : flow
      }
      default: {
        const path = numbered(here.scope, statement._tag === "Fail" ? "fail" : statement.name, here.seen)
        const rank = [...here.seen.values()].reduce((sum, count) => sum + count)
        return this.place(statement, path, here, { up: here.up, scope: here.scope, rank, fork: undefined })
      }
    }
  }

  /** A generator that stands still is in its block. While it is left, what is broken is left as well. */
  private try(body: ReadonlyArray<Concurrent>, last: ReadonlyArray<Concurrent>, here: Here): Flow {
    const flow = this.block(body, here)
    if (flow._tag === "Stops" && !(here.leaving && isBroken(flow))) return { ...flow, blocks: [...flow.blocks, last] }
    if (this.leave(flow, here.winds)._tag !== "Next") return stops()
    const after = this.block(last, here)
    return after._tag === "Next" ? flow : after
  }

  /**
   * Returns the generators that are open, the innermost and newest first. One that was being left goes through its `finally`
   * blocks again, past what is known of them, and on.
   */
  private leave(flow: Flow, winds: boolean): Flow {
    const left = flow._tag === "Stops" ? [...flow.open] : []
    for (let open = left.pop(); open !== undefined; open = left.pop()) {
      const { scope, up } = open.here
      if (!winds) this.parted.add(scope)
      const began = scope !== "" || [...this.facts.of.values()].some((fact) => fact.scope === scope)
      const here = this.here(under(scope, "close"), up, winds, true)
      for (const block of began ? open.blocks : []) {
        const after = this.block(block, here)
        const stands = after._tag === "Stops" && after.broken === undefined
        if (stands || this.leave(after, winds)._tag !== "Next") return stops({ open: [...left, open] })
      }
    }
    return next()
  }

  // --- phases

  private place(statement: Work | Does, path: string, here: Here, line: Line): Flow {
    if (statement._tag === "Fork") return this.fork(statement, path, here, line)
    return statement._tag === "Group" ? this.group(statement, path, here, line) : this.leaf(statement, path, here, line)
  }

  /** What is known of it; what nothing is known of may start. */
  private known(path: string, kind: string, winds: boolean): Fact | undefined {
    const fact = this.facts.of.get(path)
    if (fact === undefined && !winds) this.starts.set(path, kind)
    return fact
  }

  private leaf(does: Does, path: string, here: Here, line: Line): Flow {
    const kind = does._tag === "Phase" && does.capture !== "none" ? does.capture : does._tag.toLowerCase()
    const fact = this.known(path, kind, here.winds)
    if (fact === undefined) return stops()
    // What its race or its fork let go of may go on in the clean-up of that.
    const leaf: Leaf = { path, does, line, fact, winds: here.winds || this.leaves.get(path)?.winds === true }
    this.leaves.set(path, leaf)
    if (does._tag === "Phase" && does !== bye) this.work.set(path, leaf)
    if (fact.state === "succeeded") return next()
    if (fact.state === "open" && !here.winds) this.again.add(path)
    if (fact.state !== "failed") return stops()
    const failure: Failure = { path, tag: fact.tag as Failure["tag"], order: fact.order }
    const flow = stops({ broken: "task", failures: [failure] })
    return catches(fact.capture, flow) ? next(1) : flow
  }

  private group(given: GroupStatement, path: string, here: Here, line: Line): Flow {
    const fact = this.known(path, "group", here.winds)
    if (fact === undefined || !fact.entered) return stops()
    const winds = here.winds || fact.decision !== undefined || fact.state !== "running"
    const flow = this.body(given.body, this.here(path, line, winds))
    if (!fact.heard) return stops()
    if (fact.state === "succeeded" || fact.state === "failed") return next(fact.state === "failed" ? 1 : 0)
    if (flow._tag === "Next") return this.due(path, { what: "succeeds", failures: [], group: given })
    // Where it was let go, nothing comes of what was decided at the same time.
    if (fact.decision === "again" && !(fact.late && here.winds)) return this.anew(given, path, here, flow)
    if (flow.broken === undefined) return passing(fact.capture, flow)
    if (fact.decision === "revertAll") return { ...flow, broken: "revert" }
    if (given.retry === undefined || flow.broken !== "task" || fact.decision !== undefined) {
      return this.caught(path, here, fact, flow)
    }
    // A clean-up that is let go is taken up again: then its strategy is asked.
    if (here.winds) return isCleanUp(path) ? { ...flow, broken: undefined } : this.caught(path, here, fact, flow)
    this.due(path, { what: "undecided", failures: inTime(flow.failures), group: given })
    return { ...flow, broken: undefined }
  }

  private due(path: string, due: Due): Stops {
    this.dues.set(path, due)
    return stops()
  }

  /** A group is tried again: first it is left, and what it did is undone. */
  private anew(group: GroupStatement, path: string, { winds }: Here, flow: Stops): Flow {
    if (this.facts.busy(path)) return stops({ open: flow.open })
    const left = this.leave(flow, winds)
    if (left._tag !== "Next") return left
    const undone = this.undo(this.did(path), `${path}/revert#${this.facts.get(path).attempt}`, 1, winds)
    return undone._tag === "Next" ? this.due(path, { what: "rewinds", failures: [], group }) : undone
  }

  /** A failure of what is made of others: a value, once what is open in it has been left; or it is broken. */
  private caught(path: string, { winds }: Here, fact: Fact, flow: Stops): Flow {
    if (!catches(fact.capture, flow)) return flow
    if (this.facts.busy(path)) return stops({ open: flow.open })
    const left = this.leave(flow, winds)
    return left._tag === "Next"
      ? this.due(path, { what: "fails", failures: inTime(flow.failures), group: undefined })
      : left
  }

  /** A fork ends with the first failure that its mode does not bear, the first success of a race, or the last branch. */
  private fork(given: ForkStatement, path: string, here: Here, line: Line): Flow {
    const fact = this.known(path, given.kind, here.winds)
    if (fact === undefined) return stops()
    const settled = fact.state !== "running"
    let flows = this.branches(given, path, here, line, here.winds || settled)
    const winner = given.kind === "race" ? this.first(path, given, flows) : -1
    if (!fact.heard) return stops()
    if (settled) return next(fact.state === "failed" ? 1 : tells(given) ? winner : 0)
    const all = flows.every((flow) => flow?._tag === "Next")
    const lost = (index: number): boolean =>
      flows[index] === undefined && given.branches[index]!.needs.some((need) => isBroken(flows[need]) || lost(need))
    const over = flows.every((flow, index) => flow?._tag === "Next" || isBroken(flow) || lost(index))
    const stop = given.kind !== "race" && given.mode === "stop"
    const ends = over || winner >= 0 || flows.some((flow) => isBroken(flow) && (stop || flow.broken !== "task"))
    if (ends && !here.winds) {
      for (const of of [this.starts, this.again, this.dues]) {
        for (const each of of.keys()) if (each.startsWith(`${path}/`)) of.delete(each)
      }
      flows = this.branches(given, path, here, line, true)
    }
    const stopped = flows.filter((flow) => flow?._tag === "Stops")
    const open = stopped.flatMap((flow) => flow.open)
    if (winner >= 0) return this.won(path, branchPaths(path, given)[winner]!, here, open)
    if (all) return this.due(path, { what: "succeeds", failures: [], group: undefined })
    const failures = stopped.flatMap((flow) => flow.failures)
    const broken = (["revert", "park", "task"] as const).find((follow) =>
      stopped.some((flow) => flow.broken === follow)
    )
    if (ends && !this.facts.busy(path)) return this.caught(path, here, fact, stops({ failures, open, broken }))
    return { ...passing(fact.capture, stops({ failures, open, broken })), broken: undefined }
  }

  /** Those that have begun, and of the others as many as may. */
  private branches(given: ForkStatement, path: string, here: Here, up: Line, winds: boolean): Array<Flow | undefined> {
    const paths = branchPaths(path, given)
    const flows: Array<Flow | undefined> = paths.map(() => undefined)
    const run = (index: number) => {
      const line: Line = { up, scope: path, rank: index, fork: given }
      flows[index] = this.place(given.branches[index]!.work, paths[index]!, { ...here, winds, leaving: false }, line)
    }
    for (const [index, each] of paths.entries()) if (this.facts.of.has(each)) run(index)
    for (const [index, { needs }] of given.branches.entries()) {
      const active = flows.filter((flow) => flow?._tag === "Stops" && !isBroken(flow)).length
      const ready = needs.every((need) => flows[need]?._tag === "Next")
      if (!winds && flows[index] === undefined && ready && active < given.concurrency) run(index)
    }
    return flows
  }

  /** The branch whose success was recorded first; the same piece of work may be there twice. */
  private first(path: string, given: ForkStatement, flows: ReadonlyArray<Flow | undefined>): number {
    const order = branchPaths(path, given).map((each, index) =>
      flows[index]?._tag === "Next" ? this.facts.get(each).order : Number.POSITIVE_INFINITY
    )
    const index = order.indexOf(Math.min(...order))
    return order[index] === Number.POSITIVE_INFINITY ? -1 : index
  }

  /** A race is decided: what is open in the losers is left, and what they did is undone. */
  private won(path: string, winner: string, { winds }: Here, open: Stops["open"]): Flow {
    if (this.facts.busy(path)) return stops({ open })
    const left = this.leave(stops({ open }), winds)
    if (left._tag !== "Next") return left
    const lost = this.did(path).filter((leaf) => leaf.path !== winner && !leaf.path.startsWith(`${winner}/`))
    const undone = this.undo(lost, path, 1, winds)
    return undone._tag === "Next" ? this.due(path, { what: "succeeds", failures: [], group: undefined }) : undone
  }

  // --- undoing

  /** The work below a path: not what cleaned up there. */
  private did(path: string): ReadonlyArray<Leaf> {
    const below = under(path, "")
    return [...this.work.values()].filter(
      (leaf) => leaf.path.startsWith(below) && !isCleanUp(leaf.path.slice(below.length))
    )
  }

  /** The work that a commit checkpoint puts behind it. */
  behind({ line }: Leaf): ReadonlyArray<Leaf> {
    return this.did("").filter((leaf) => follows(line, leaf.line))
  }

  /** Those that may be undone now are; a failure keeps back what the phase had followed. */
  private undo(did: ReadonlyArray<Leaf>, scope: string, concurrency: number, winds: boolean): Flow {
    const own = this.program.ownRevert && this.facts.cleaned
    const known = did.filter(({ does, fact }) => !fact.doubt || undoesUnknown(does as PhaseStatement, this.program))
    const undos = new Undos(known, this.facts, scope, own, concurrency)
    for (const undo of undos.begun(winds)) this.leaves.set(undo.path, undo)
    if (undos.left.length === 0) return next()
    const { failures, running, stuck } = undos
    // Whoever lets go of the others learns what has failed.
    const failed = winds && running === 0 && failures.length > 0
    if (stuck || failed) return stops({ broken: "park", failures })
    for (const path of winds ? [] : undos.may) {
      const state = this.facts.of.get(path)?.state
      if (state === undefined && running < concurrency) this.starts.set(path, "undo")
      if (state === "open") this.again.add(path)
    }
    return stops({ failures })
  }

  private revert(): Flow {
    const { ownRevert, revertConcurrency } = this.program
    const undone = this.undo(this.did(""), whole, ownRevert ? 1 : revertConcurrency, false)
    if (undone._tag !== "Next" || !ownRevert) return undone
    const line: Line = { up: undefined, scope: whole, rank: 0, fork: undefined }
    return this.leaf(bye, `${whole}/bye`, this.here(whole, undefined, false), line)
  }
}

/** The scope of the revert of the whole execution. */
const whole = "revert#1"

/** What a revert of the author's own does last. */
const bye: PhaseStatement = {
  _tag: "Phase",
  name: "bye",
  capture: "none",
  fails: 0,
  dies: false,
  retries: -1,
  undo: false,
  undoFails: 0,
  millis: 0,
  early: true
}
