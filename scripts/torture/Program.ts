/**
 * Random programs: what a task does, what operators do to it, and where its processes die. All of it from one seed.
 * `TaskOf.ts` makes a task of one; `Reference.ts` and `Course.ts` say what must become of it.
 */
import { Random } from "./Random.js"
import type { Crash } from "./World.js"

/** How a failure reaches the generator: not at all, or as a value. */
type Capture = "none" | "either" | "exit"

export interface PhaseStatement {
  readonly _tag: "Phase"
  readonly name: string
  readonly capture: Capture
  /** `fails` typed failures come first, then it succeeds; or it dies every time */
  readonly fails: number
  readonly dies: boolean
  /** how many retries follow a failure; -1: there is no schedule */
  readonly retries: number
  /** whether it can be undone; in doubt too, and then also for the author's own revert, which would stop at it */
  readonly undo: boolean
  /** how often its undo fails before it succeeds */
  readonly undoFails: number
  /** how long it takes, in milliseconds, before or after it has happened outside */
  readonly millis: number
  readonly early: boolean
}

type Simple =
  | PhaseStatement
  | { readonly _tag: "Checkpoint"; readonly name: string; readonly commit: boolean }
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Throw" }

interface Repeat<S> {
  readonly _tag: "Repeat"
  readonly times: number
  readonly body: ReadonlyArray<S>
}

interface Try<S> {
  readonly _tag: "Try"
  readonly body: ReadonlyArray<S>
  readonly last: ReadonlyArray<S>
}

/** What a program without concurrency is made of. */
export type Statement = Simple | Repeat<Statement> | Try<Statement>

export interface Branch {
  /** its part of the path; the second of a name gets an index */
  readonly name: string
  /** the indexes of the branches that it needs */
  readonly needs: ReadonlyArray<number>
  readonly work: Work
}

export interface ForkStatement {
  readonly _tag: "Fork"
  readonly kind: "all" | "forEach" | "race" | "graph"
  readonly name: string
  readonly capture: Capture
  /** branches have names of their own: a struct, items with keys */
  readonly named: boolean
  readonly branches: ReadonlyArray<Branch>
  readonly concurrency: number
  readonly mode: "stop" | "settle"
}

export interface GroupStatement {
  readonly _tag: "Group"
  readonly name: string
  readonly capture: Capture
  readonly body: ReadonlyArray<Concurrent>
  readonly retry: RetryStatement | undefined
}

/** So many attempts in all, the n-th of them with the n-th value; after the last one, what it does then. */
export interface RetryStatement {
  readonly kind: "times" | "forEach" | "schedule" | "from"
  readonly attempts: number
  readonly values: ReadonlyArray<number | undefined>
  /** in milliseconds, before each attempt but the first */
  readonly delay: number
  readonly atLast: "giveUp" | "revertAll"
}

/** What a branch may be. */
export type Work = PhaseStatement | ForkStatement | GroupStatement

/** Whether the answer of a fork tells which of its branches has won. */
export const tells = ({ branches, capture, kind }: ForkStatement): boolean =>
  kind === "race" && capture === "none" && branches.every(({ work }) => work._tag !== "Fork" && work.capture === "none")

/** Goes on with one of the cases, by what the work answers: the winner's index if that tells; 0 for a success, else 1. */
export interface Choose {
  readonly _tag: "Choose"
  readonly of: Work
  readonly cases: ReadonlyArray<ReadonlyArray<Concurrent>>
}

/** What a program with concurrency is made of. */
export type Concurrent = Simple | Repeat<Concurrent> | Try<Concurrent> | ForkStatement | GroupStatement | Choose

/** What somebody does while the phase called `during` runs. */
export interface Command {
  readonly during: string
  readonly verb: "pause" | "close" | "closeAndRevert" | "interrupt"
}

export interface Program<S = Concurrent> {
  readonly body: ReadonlyArray<S>
  /** where in the body a stage is entered, in ascending order; none: there are no stages */
  readonly splits?: ReadonlyArray<number>
  readonly onFailure: "halt" | "revert"
  readonly ownRevert: boolean
  readonly revertConcurrency: number
  readonly command: Command | undefined
  /** how often an operator lets a failed execution go on */
  readonly resumes: number
  /** what an operator does when it stands still */
  readonly after: "nothing" | "close" | "revert"
  readonly executions: number
  readonly mode: "start" | "execute"
  readonly crashes: ReadonlyArray<Crash>
}

class Author {
  private count = 0
  /** the phases that just succeed: a command may come while one of them runs */
  readonly plain: Array<string> = []

  /** `undos` is the part of the phases that can be undone */
  constructor(
    protected readonly random: Random,
    private readonly undos = 0.8
  ) {}

  block(depth: number): ReadonlyArray<Statement> {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.statement(depth))
  }

  protected name(): string {
    return `p${++this.count}`
  }

  private statement(depth: number): Statement {
    const { random } = this
    const what = random.below(depth > 0 ? 20 : 15)
    if (what === 11 || what === 12) return { _tag: "Checkpoint", name: this.name(), commit: random.chance(0.4) }
    if (what === 13) return { _tag: random.chance(0.5) ? "Fail" : "Throw" }
    if (what >= 18) return { _tag: "Repeat", times: 1 + random.below(3), body: this.block(depth - 1) }
    if (what >= 15) return { _tag: "Try", body: this.block(depth - 1), last: this.block(depth - 1) }
    return this.phase()
  }

  protected phase(): PhaseStatement {
    const { random } = this
    const name = this.name()
    const well = random.chance(0.7)
    if (well) this.plain.push(name)
    return {
      _tag: "Phase",
      name,
      capture: random.pick(["none", "none", "either", "exit"]),
      fails: well ? 0 : random.below(5),
      dies: !well && random.chance(0.15),
      retries: random.below(5) - 1,
      undo: random.chance(this.undos),
      undoFails: 0,
      millis: 0,
      early: true
    }
  }
}

/** Whether it can be undone where nobody knows if it happened. */
export const undoesUnknown = ({ undo }: PhaseStatement, { ownRevert }: Pick<Program, "ownRevert">): boolean =>
  undo || ownRevert

/** What operators do, and where processes die. */
const circumstances = (random: Random, { plain }: Author, writes: number) => {
  const commanded = plain.length > 0 && random.chance(0.5)
  return {
    onFailure: random.pick(["halt", "revert"] as const),
    ownRevert: random.chance(0.3),
    revertConcurrency: 1,
    command: commanded
      ? {
          during: random.pick(plain),
          verb: random.pick(["pause", "close", "closeAndRevert", "interrupt"] as const)
        }
      : undefined,
    resumes: random.below(2),
    after: random.pick(["nothing", "close", "revert"] as const),
    executions: random.chance(0.2) ? 2 : 1,
    mode: random.pick(["start", "execute"] as const),
    crashes: Array.from({ length: random.below(4) }, () => ({
      write: 1 + random.below(writes),
      after: random.chance(0.5)
    }))
  }
}

/** The program of a seed, without concurrency. */
export const write = (seed: number): Program<Statement> => {
  const random = new Random(seed)
  const author = new Author(random)
  const body = author.block(3)
  return { body, ...circumstances(random, author, 16) }
}

class ConcurrentAuthor extends Author {
  /** phases that may still be written, so that no program grows too large */
  private left = 24

  /** `cleans` is how deep the clean-ups of some programs are */
  constructor(
    random: Random,
    undos: number,
    private readonly cleans: number
  ) {
    super(random, undos)
  }

  lines(depth: number): ReadonlyArray<Concurrent> {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.line(depth))
  }

  private line(depth: number): Concurrent {
    const { random } = this
    const what = random.below(20)
    if (what === 0) return { _tag: "Checkpoint", name: this.name(), commit: random.chance(0.3) }
    if (what === 1 && random.chance(0.5)) return { _tag: random.chance(0.7) ? "Fail" : "Throw" }
    if (depth === 0 || this.left <= 0 || what < 7) return this.leaf()
    if (what === 7) return { _tag: "Repeat", times: 1 + random.below(2), body: this.lines(depth - 1) }
    if (what === 8) return { _tag: "Try", body: this.lines(depth), last: this.last() }
    if (what === 9) return this.choice(depth)
    return this.work(depth)
  }

  private last(): ReadonlyArray<Concurrent> {
    const depth = this.random.pick([0, 0, 0, 1])
    return this.lines(Math.max(depth, this.cleans))
  }

  private choice(depth: number): Choose {
    const of = this.work(depth)
    return { _tag: "Choose", of, cases: [this.lines(0), this.lines(0)] }
  }

  work(depth: number): Work {
    const { random } = this
    if (depth === 0 || this.left <= 0) return this.leaf()
    const kind = random.pick(["all", "forEach", "race", "graph", "group", "group"] as const)
    return kind === "group" ? this.group(depth) : this.fork(kind, depth)
  }

  private leaf(): PhaseStatement {
    const { random } = this
    this.left--
    const phase = this.phase()
    return {
      ...phase,
      capture: random.pick(["none", "none", "none", phase.capture]),
      fails: phase.fails > 0 ? random.below(4) : 0,
      dies: phase.dies && random.chance(0.5),
      retries: random.pick([-1, -1, 0, 1, 2]),
      undoFails: random.chance(0.03) ? 1 : 0,
      millis: random.below(200),
      early: random.chance(0.5)
    }
  }

  private capture(): Capture {
    return this.random.pick(["none", "none", "none", "either", "exit"])
  }

  private group(depth: number): GroupStatement {
    const { random } = this
    const kind = random.pick(["times", "forEach", "schedule", "from"] as const)
    const attempts = 1 + random.below(3)
    const values = Array.from({ length: attempts }, () =>
      kind === "forEach" || kind === "from" ? random.below(3) : undefined
    )
    return {
      _tag: "Group",
      name: this.name(),
      capture: this.capture(),
      body: this.lines(depth - 1),
      retry: random.chance(0.5)
        ? undefined
        : {
            kind,
            attempts,
            values,
            delay: kind === "schedule" || kind === "from" ? random.below(100) : 0,
            atLast: kind === "from" && random.chance(0.2) ? "revertAll" : "giveUp"
          }
    }
  }

  private fork(kind: ForkStatement["kind"], depth: number): ForkStatement {
    const { random } = this
    const named = kind === "graph" || random.chance(0.5)
    const works = Array.from({ length: kind === "race" ? 1 + random.below(3) : random.below(4) }, () =>
      this.work(depth - 1)
    )
    const [twice] = works
    if (twice !== undefined && !named && kind !== "forEach" && random.chance(0.1)) works.push(twice)
    const nameOf = (work: Work, index: number) => (named ? `k${index}` : kind === "forEach" ? `${index}` : work.name)
    const needed = (index: number) =>
      Array.from({ length: index }, (_, before) => before).filter(() => random.chance(0.4))
    return {
      _tag: "Fork",
      kind,
      name: this.name(),
      capture: this.capture(),
      named,
      branches: works.map((work, index) => ({
        name: nameOf(work, index),
        needs: kind === "graph" ? needed(index) : [],
        work
      })),
      concurrency: kind === "race" || random.chance(0.5) ? Infinity : 1 + random.below(2),
      mode: kind === "race" || random.chance(0.6) ? "stop" : "settle"
    }
  }
}

/** Many a process dies as soon as it takes up what the one before left when it died. */
const inPairs = (crashes: ReadonlyArray<Crash>, random: Random): ReadonlyArray<Crash> =>
  crashes.map((crash, index) => (index > 0 && random.chance(0.4) ? { ...crash, write: 1 + random.below(4) } : crash))

/** The program of a seed, with concurrency. */
export const weave = (seed: number): Program => {
  const random = new Random(seed)
  const cleans = new Random(-3 - seed).chance(0.85) ? 0 : 2
  const author = new ConcurrentAuthor(random, new Random(-2 - seed).pick([0.8, 0.2]), cleans)
  const body = [...author.lines(3), author.work(3), ...(random.chance(0.5) ? author.lines(1) : [])]
  const around = circumstances(random, author, 40)
  return {
    body,
    ...around,
    crashes: inPairs(around.crashes, new Random(-1 - seed)),
    ownRevert: random.chance(0.15),
    revertConcurrency: random.pick([1, 1, 2, 3])
  }
}
