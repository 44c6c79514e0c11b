/**
 * The reference: what must become of a program, said without generators, fibers, journals or crashes. Crashes do not
 * occur here at all, for they must not make a difference.
 */
import { type PhaseStatement, type Program, type Statement, undoesUnknown } from "./Program.js"

/** One phase with how it ended; `doubt` if nobody can know. */
export interface Mark {
  readonly path: string
  readonly state: "succeeded" | "failed" | "doubt"
}

export interface Prediction {
  readonly status: "Completed" | "Failed" | "Closed" | "Reverted"
  /** why it stopped or was reverted */
  readonly failure: "Fail" | "Die" | "TaskDefect" | undefined
  /** the body's phases in order; and those of its `finally` blocks while it was closed */
  readonly body: ReadonlyArray<Mark>
  readonly cleanup: ReadonlyArray<Mark>
  /** the paths of the phases that were undone, in that order */
  readonly undone: ReadonlyArray<string>
  /** the paths of the phases that stand outside in the end */
  readonly outside: ReadonlyArray<string>
}

type Failure = NonNullable<Prediction["failure"]>

/** How a block ends. Stopping leaves the generator where it is: `pending` are the `finally` blocks around it. */
type Flow =
  | { readonly _tag: "Next" }
  | { readonly _tag: "Throws" }
  | {
      readonly _tag: "Stops"
      readonly why: Failure | "closed"
      readonly pending: ReadonlyArray<ReadonlyArray<Statement>>
    }

const next: Flow = { _tag: "Next" }

class Scope {
  readonly marks: Array<Mark> = []
  private readonly seen = new Map<string, number>()

  constructor(private readonly prefix: string) {}

  path(name: string): string {
    const count = (this.seen.get(name) ?? 0) + 1
    this.seen.set(name, count)
    return `${this.prefix}${name}${count === 1 ? "" : `#${count}`}`
  }
}

class Life {
  readonly body = new Scope("")
  readonly cleanup = new Scope("close/")
  /** what can be undone, oldest first */
  undoable: Array<{ readonly path: string; readonly undo: boolean }> = []
  /** what was in doubt, and can be undone for all that */
  doubt: string | undefined
  readonly outside = new Set<string>()
  readonly undone: Array<string> = []
  closed: "close" | "closeAndRevert" | undefined
  private closing = false
  private resumes: number

  constructor(private readonly program: Program<Statement>) {
    this.resumes = program.resumes
  }

  block(statements: ReadonlyArray<Statement>): Flow {
    for (const statement of statements) {
      const flow = this.statement(statement)
      if (flow._tag !== "Next") return flow
    }
    return next
  }

  private statement(statement: Statement): Flow {
    switch (statement._tag) {
      case "Phase":
        return this.phase(statement)
      case "Checkpoint": {
        this.mark(this.scope.path(statement.name), "succeeded")
        if (statement.commit && !this.closing) this.undoable = []
        return next
      }
      case "Fail": {
        this.mark(this.scope.path("fail"), "failed")
        return this.stop("Fail")
      }
      case "Throw":
        return { _tag: "Throws" }
      case "Repeat": {
        for (let time = 0; time < statement.times; time++) {
          const flow = this.block(statement.body)
          if (flow._tag !== "Next") return flow
        }
        return next
      }
      case "Try":
        return this.try(statement.body, statement.last)
    }
  }

  /** While a generator stands still, its `finally` blocks wait; while it is closed, nothing stops it from leaving. */
  private try(body: ReadonlyArray<Statement>, last: ReadonlyArray<Statement>): Flow {
    const flow = this.block(body)
    if (flow._tag === "Stops" && !this.closing) return { ...flow, pending: [...flow.pending, last] }
    const after = this.block(last)
    return after._tag === "Next" ? flow : after
  }

  private get scope(): Scope {
    return this.closing ? this.cleanup : this.body
  }

  private mark(path: string, state: Mark["state"]): void {
    this.scope.marks.push({ path, state })
  }

  /** An operator lets it go on, and it stops again at once: that changes nothing. */
  private stop(why: Failure | "closed"): Flow {
    return { _tag: "Stops", why, pending: [] }
  }

  private phase(given: PhaseStatement): Flow {
    const path = this.scope.path(given.name)
    const { command } = this.program
    if (
      !this.closing &&
      command?.during === given.name &&
      (command.verb === "close" || command.verb === "closeAndRevert")
    ) {
      this.closed = command.verb
      if (undoesUnknown(given, this.program)) this.doubt = path
      this.mark(path, "doubt")
      return this.stop("closed")
    }
    const outcome = this.outcome(given)
    if (outcome !== undefined) {
      this.mark(path, "failed")
      const isValue = given.capture === "exit" || (given.capture === "either" && outcome === "Fail")
      return isValue ? next : this.stop(outcome)
    }
    this.mark(path, "succeeded")
    this.outside.add(path)
    if (!this.closing) this.undoable.push({ path, undo: given.undo })
    return next
  }

  /** How a phase ends after all its retries, and after all the rounds that operators give it. */
  private outcome({ capture, dies, fails, retries }: PhaseStatement): Failure | undefined {
    if (dies) return "Die"
    const attempts = Math.max(0, retries) + 1
    const parks = capture === "none" && !this.closing && this.program.onFailure === "halt"
    let failed = 0
    while (fails - failed >= attempts) {
      failed += attempts
      if (!parks || this.resumes === 0) return "Fail"
      this.resumes--
    }
    return undefined
  }

  clean(pending: ReadonlyArray<ReadonlyArray<Statement>>): void {
    this.closing = true
    for (const last of pending) this.block(last)
  }

  revert(): void {
    if (this.doubt !== undefined) this.undone.push(this.doubt)
    for (const { path, undo } of [...this.undoable].reverse()) {
      if (undo || this.program.ownRevert) this.undone.push(path)
      if (undo) this.outside.delete(path)
    }
  }
}

/** What must become of a program. */
export const predict = (program: Program<Statement>): Prediction => {
  const life = new Life(program)
  const flow = life.block(program.body)
  const ended = (status: Prediction["status"], failure: Failure | undefined): Prediction => ({
    status,
    failure,
    body: life.body.marks,
    cleanup: life.cleanup.marks,
    undone: life.undone,
    outside: [...life.outside].sort()
  })
  const reverted = (failure: Failure | undefined): Prediction => {
    life.revert()
    return ended("Reverted", failure)
  }
  const pending = flow._tag === "Stops" ? flow.pending : []
  if (flow._tag === "Next") return program.after === "revert" ? reverted(undefined) : ended("Completed", undefined)
  if (flow._tag === "Stops" && flow.why === "closed") {
    life.clean(pending)
    return life.closed === "closeAndRevert" || program.after === "revert"
      ? reverted(undefined)
      : ended("Closed", undefined)
  }
  const failure = flow._tag === "Throws" ? "TaskDefect" : (flow.why as Failure)
  if (program.onFailure === "halt" && program.after === "nothing") return ended("Failed", failure)
  life.clean(pending)
  if (program.onFailure === "revert" || program.after === "revert") return reverted(failure)
  return ended("Closed", failure)
}
