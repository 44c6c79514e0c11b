/** What has happened to the phases of an execution so far, by path. `Course.ts` says what follows from it. */
import type { Entry } from "../../src/core/Entry.js"

type Started = Extract<Entry, { readonly _tag: "PhaseStarted" }>

export interface Fact {
  readonly path: string
  readonly scope: string
  readonly kind: Started["kind"]
  readonly capture: "none" | "either" | "exit"
  readonly undoes: string | undefined
  /** how often what it stands in was begun anew before */
  readonly generation: number
  /** open: it stands still, and may run again */
  state: "running" | "open" | "succeeded" | "failed"
  /** how it failed, if it is no more than a phase */
  tag: string
  /** it may have happened: some attempt ended without an outcome */
  doubt: boolean
  undone: boolean
  /** no revert goes back to it: a commit checkpoint came after it */
  committed: boolean
  /** how many outcomes there were when its own was recorded; or before that, when it began */
  order: number
  /** its failed attempts in this round */
  tries: number
  /** of a group: which attempt it is at, and what was decided when that failed */
  attempt: number
  decision: "again" | "pause" | "giveUp" | "revertAll" | undefined
  /** it was let go by then, and nobody had heard of that */
  late: boolean
  /** false: what started with it let go of it at once, so that nothing in it ever begins */
  entered: boolean
  /** false: what ended with it let go of it at once, so that its generator was left before it heard of that */
  heard: boolean
}

const composites: ReadonlySet<string> = new Set(["all", "forEach", "race", "graph", "group"])

/** It is made of others. */
export const isComposite = ({ kind }: Fact): boolean => composites.has(kind)

/** Whether a path leads into what `finally` blocks do. */
export const isCleanUp = (path: string): boolean => /(^|\/)close\//.test(path)

/** Whether a path leads into what cleans up or undoes. */
const isAside = (path: string): boolean => /(^|\/)(close|undo|revert#\d+)\//.test(path)

/** Whether one is the other, or a part of it: not of what cleans up or undoes there. */
const isIn = (path: string, of: string): boolean =>
  path === of || (path.startsWith(`${of}/`) && !isAside(path.slice(of.length + 1)))

/** It failed, and whoever waits for it takes that as a value. */
const isValue = ({ capture, state, tag, kind }: Fact): boolean =>
  state === "failed" && (composites.has(kind) || capture === "exit" || (capture === "either" && tag === "Fail"))

export class Facts {
  readonly of = new Map<string, Fact>()
  /** how many attempts failed at a path, those that were superseded too */
  readonly failed = new Map<string, number>()
  life: "forward" | "closing" | "reverting" = "forward"
  paused = false
  /** the generators have ended, or were returned */
  cleaned = false
  private orders = 0

  get(path: string): Fact {
    const fact = this.of.get(path)
    if (fact === undefined) throw new Error(`${path} was never started`)
    return fact
  }

  /** Whether something of its own runs below a path: not what cleans up or undoes. */
  busy(scope: string): boolean {
    const below = scope === "" ? "" : `${scope}/`
    for (const { kind, path, state } of this.of.values()) {
      if (state !== "running" || composites.has(kind) || !path.startsWith(below)) continue
      if (!isAside(path.slice(below.length))) return true
    }
    return false
  }

  apply(entry: Entry): void {
    switch (entry._tag) {
      case "PhaseStarted":
        return this.start(entry)
      case "AttemptStarted":
        this.get(entry.path).state = "running"
        return
      case "AttemptFailed":
        return this.fail(entry.path, "open", entry.failure._tag)
      case "PhaseFailed":
        return this.fail(entry.path, "failed", entry.failures[0]._tag)
      case "PhaseSucceeded":
        return this.succeed(this.get(entry.path))
      case "PhaseInterrupted":
        return lose(this.get(entry.path))
      case "Decided":
        this.get(entry.path).decision = entry.decision
        this.get(entry.path).tries++
        return
      case "Rewound":
        return this.rewind(entry.to)
      case "Claimed":
        for (const fact of this.of.values()) if (fact.state === "running" && !isComposite(fact)) lose(fact)
        return
      default:
        return this.turn(entry)
    }
  }

  /** What concerns the execution as a whole. */
  private turn(entry: Entry): void {
    switch (entry._tag) {
      case "PauseRequested":
        this.paused = true
        return
      case "Resumed":
      case "RevertResumed":
        this.paused = false
        return this.reopen()
      case "Completed":
      case "CleanedUp":
        this.cleaned = true
        return
      case "Closing":
        this.paused = false
        this.life = "closing"
        return
      case "RevertStarted":
        this.paused = false
        this.life = "reverting"
    }
  }

  private start({ capture, generation = 0, kind, path, scope = "", undoes }: Started): void {
    this.of.set(path, {
      path,
      scope,
      kind,
      capture: capture ?? (kind === "either" || kind === "exit" ? kind : "none"),
      undoes,
      generation,
      state: "running",
      tag: "",
      doubt: false,
      undone: false,
      committed: false,
      order: this.orders,
      tries: 0,
      attempt: 1,
      decision: undefined,
      late: false,
      entered: true,
      heard: true
    })
  }

  private fail(path: string, state: "open" | "failed", tag: string): void {
    const fact = this.get(path)
    Object.assign(fact, { state, tag, order: ++this.orders, tries: fact.tries + 1 })
    if (tag === "Fail") fact.doubt = false
    this.failed.set(path, (this.failed.get(path) ?? 0) + 1)
  }

  private succeed(fact: Fact): void {
    Object.assign(fact, { state: "succeeded", doubt: false, order: ++this.orders })
    if (fact.undoes !== undefined) this.get(fact.undoes).undone = true
  }

  private rewind(to: string): void {
    for (const path of this.of.keys()) if (path.startsWith(`${to}/`)) this.of.delete(path)
    Object.assign(this.get(to), {
      decision: undefined,
      late: false,
      attempt: this.get(to).attempt + 1,
      order: this.orders
    })
  }

  /** An operator lets it go on: what failed gets a new round of attempts, what gave up asks its strategy anew. */
  private reopen(): void {
    const { ending } = this
    for (const fact of this.of.values()) {
      fact.late = false
      const ends = ending.some(({ path }) => isIn(fact.path, path))
      if (fact.state === "succeeded" || isValue(fact) || fact.decision === "again") continue
      if (isComposite(fact) && (fact.decision === undefined || ends)) continue
      // What left a `finally` block by its failure has left it; and what a group was left for, it was left for.
      if (fact.state === "failed" && (ends || isCleanUp(fact.path))) continue
      if (fact.state === "failed") fact.state = "open"
      fact.decision = undefined
      fact.tries = 0
    }
  }

  /** What has failed in such a way that it is a value, and has begun to clean up for that. */
  private get ending(): ReadonlyArray<Fact> {
    const all = [...this.of.values()]
    const cleaning = all.filter((fact) => all.some(({ scope }) => scope === `${fact.path}/close`) && this.isOpen(fact))
    return all.filter((fact) => {
      if (fact.capture === "none" || !isComposite(fact) || fact.state !== "running") return false
      if (!cleaning.some(({ path }) => isIn(path, fact.path))) return false
      const failed = all.filter(
        (one) => one.state === "failed" && !isValue(one) && isIn(one.path, fact.path) && this.isOpen(one)
      )
      return failed.length > 0 && failed.every(({ tag }) => tag === "Fail" || fact.capture === "exit")
    })
  }

  /** Nothing around it has ended; nor was it decided that all of that is undone. */
  private isOpen({ path }: Fact): boolean {
    return [...this.of.values()].every((fact) => {
      if (!isComposite(fact) || !isIn(path, fact.path)) return true
      const won =
        fact.kind === "race" &&
        [...this.of.values()].some((one) => one.scope === fact.path && one.state === "succeeded")
      return fact.state === "running" && fact.decision !== "again" && !won
    })
  }
}

/** Nobody knows how its attempt ended. */
const lose = (fact: Fact): void => {
  fact.state = "open"
  fact.doubt = true
}
