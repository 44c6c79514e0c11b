/** Random programs: what a task does, what operators do to it, and where its processes die. All of it from one seed. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import type { Crash, World } from "./World.js"

/** Numbers that look random and are always the same for a seed: mulberry32. */
export class Random {
  constructor(private state: number) {}

  /** From 0 to below 1. */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  chance(part: number): boolean {
    return this.next() < part
  }

  pick<A>(of: ReadonlyArray<A>): A {
    return of[this.below(of.length)]!
  }
}

export interface PhaseStatement {
  readonly _tag: "Phase"
  readonly name: string
  readonly capture: "none" | "either" | "exit"
  /** `fails` typed failures come first, then it succeeds; or it dies every time */
  readonly fails: number
  readonly dies: boolean
  /** how many retries follow a failure; -1: there is no schedule */
  readonly retries: number
  readonly undo: boolean
}

export type Statement =
  | PhaseStatement
  | { readonly _tag: "Checkpoint"; readonly name: string; readonly commit: boolean }
  | { readonly _tag: "Fail" }
  | { readonly _tag: "Throw" }
  | { readonly _tag: "Repeat"; readonly times: number; readonly body: ReadonlyArray<Statement> }
  | { readonly _tag: "Try"; readonly body: ReadonlyArray<Statement>; readonly last: ReadonlyArray<Statement> }

/** What somebody does while the phase called `during` runs. */
export interface Command {
  readonly during: string
  readonly verb: "pause" | "close" | "closeAndRevert" | "interrupt"
}

export interface Program {
  readonly body: ReadonlyArray<Statement>
  readonly onFailure: "halt" | "revert"
  readonly ownRevert: boolean
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

  constructor(private readonly random: Random) {}

  block(depth: number): ReadonlyArray<Statement> {
    return Array.from({ length: 1 + this.random.below(3) }, () => this.statement(depth))
  }

  private name(): string {
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

  private phase(): Statement {
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
      undo: random.chance(0.8)
    }
  }
}

/** The program of a seed. */
export const write = (seed: number): Program => {
  const random = new Random(seed)
  const author = new Author(random)
  const body = author.block(3)
  const { plain } = author
  const commanded = plain.length > 0 && random.chance(0.5)
  return {
    body,
    onFailure: random.pick(["halt", "revert"]),
    ownRevert: random.chance(0.3),
    command: commanded
      ? { during: random.pick(plain), verb: random.pick(["pause", "close", "closeAndRevert", "interrupt"]) }
      : undefined,
    resumes: random.below(2),
    after: random.pick(["nothing", "close", "revert"]),
    executions: random.chance(0.2) ? 2 : 1,
    mode: random.pick(["start", "execute"]),
    crashes: Array.from({ length: random.below(4) }, () => ({ write: 1 + random.below(16), after: random.chance(0.5) }))
  }
}

/** How a running phase tells that a command is due. */
export type Due = (execution: string, command: Command) => Effect.Effect<void>

const phaseOf = (world: World, program: Program, due: Due, given: PhaseStatement) => {
  const { dies, fails, name, retries } = given
  const { command } = program
  const run = world.seen(({ execution, key, path }): Effect.Effect<string, string> => {
    const outside = `${execution} ${path}`
    const happens = Effect.sync(() => {
      world.outside.set(outside, key)
      return name
    })
    if (dies) return Effect.dieMessage("oops")
    if (world.failures(execution, path) < fails) return Effect.fail("no")
    if (command?.during !== name) return happens
    return Effect.zipRight(due(execution, command), Effect.zipRight(Effect.sleep("10 millis"), happens))
  })
  /** the path of an undo ends with that of the phase */
  const undo = world.seen(({ execution, path }) =>
    Effect.sync(() => void world.outside.delete(`${execution} ${path.slice(path.indexOf("/undo/") + 6)}`))
  )
  return Phase.make(name, {
    run,
    undoUnknown: () => undo,
    ...(given.undo ? { undo: () => undo } : {}),
    ...(retries < 0 ? {} : { retry: Schedule.intersect(Schedule.exponential("100 millis"), Schedule.recurs(retries)) })
  })
}

/** The task of a program. */
export const taskOf = (world: World, program: Program, due: Due) => {
  type Yields = Phase.Yielded<string, never>
  function* run(statements: ReadonlyArray<Statement>): Generator<Yields, void, unknown> {
    for (const statement of statements) yield* perform(statement)
  }
  function* perform(statement: Statement): Generator<Yields, void, unknown> {
    switch (statement._tag) {
      case "Phase": {
        const phase = phaseOf(world, program, due, statement)
        if (statement.capture === "none") yield* phase
        else if (statement.capture === "either") yield* Phase.either(phase)
        else yield* Phase.exit(phase)
        return
      }
      case "Checkpoint":
        yield* Phase.checkpoint(statement.name, { commit: statement.commit })
        return
      case "Fail":
        yield* Phase.fail("enough")
        return
      case "Throw":
        throw new Error("oops")
      case "Repeat":
        for (let time = 0; time < statement.times; time++) yield* run(statement.body)
        return
      case "Try":
        try {
          yield* run(statement.body)
        } finally {
          yield* run(statement.last)
        }
    }
  }
  return Task.make("model", {
    success: Schema.String,
    error: Schema.String,
    onFailure: program.onFailure,
    *run() {
      yield* run(program.body)
      return "done"
    },
    ...(program.ownRevert
      ? {
          *revert(completed: ReadonlyArray<Task.Completed>) {
            for (const phase of completed) yield* phase.undo
            yield* Phase.make(
              "bye",
              world.seen(() => Effect.void)
            )
          }
        }
      : {})
  })
}
