/** The task of a program. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Retry, Task } from "../../src/index.js"
import {
  type Command,
  type Concurrent,
  type ForkStatement,
  type GroupStatement,
  type PhaseStatement,
  type Program,
  type RetryStatement,
  tells,
  undoesUnknown,
  type Work
} from "./Program.js"
import type { World } from "./World.js"

/** How a running phase tells that a command is due. */
export type Due = (execution: string, command: Command) => Effect.Effect<void>

/** What the phases of a program do while they run, instead of taking their time: wait for somebody, for example. */
export type Waits = (name: string) => Effect.Effect<void>

/** A phase that answers text, or makes others that do. */
type Any = Phase.Phase<unknown, string, never, never, true>
type Yields = Phase.Yielded<string, never>
type Body = Generator<Yields, void, never>

/** What stands outside: the key under which it was done, by the execution and the path. */
const place = (execution: string, path: string): string => `${execution} ${path}`

class Maker {
  constructor(
    private readonly world: World,
    private readonly program: Program,
    private readonly due: Due,
    private readonly waits: Waits | undefined
  ) {}

  *run(statements: ReadonlyArray<Concurrent>): Body {
    for (const statement of statements) yield* this.perform(statement)
  }

  private *perform(statement: Concurrent): Body {
    switch (statement._tag) {
      case "Phase":
      case "Fork":
      case "Group":
        this.check(statement, yield* this.work(statement))
        return
      case "Choose": {
        const answer = yield* this.work(statement.of)
        this.check(statement.of, answer)
        yield* this.run(statement.cases[this.choose(statement.of, answer) % statement.cases.length]!)
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
        for (let time = 0; time < statement.times; time++) yield* this.run(statement.body)
        return
      case "Try":
        try {
          yield* this.run(statement.body)
        } finally {
          yield* this.run(statement.last)
        }
    }
  }

  private work(given: Work): Any {
    const phase = this.plain(given)
    if (given.capture === "none") return phase
    return (given.capture === "either" ? Phase.either(phase) : Phase.exit(phase)) as Any
  }

  private plain(given: Work): Any {
    if (given._tag === "Phase") return this.phase(given)
    return given._tag === "Group" ? this.group(given) : this.fork(given)
  }

  private phase(given: PhaseStatement): Any {
    const { name, retries, undo } = given
    const { world } = this
    return Phase.make(name, {
      run: world.seen((current) => this.effect(given, current)),
      ...(undoesUnknown(given, this.program)
        ? { undoUnknown: (key: string) => this.undoing(given, (at) => world.outside.get(at) === key) }
        : {}),
      ...(undo
        ? {
            undo: (text: string) =>
              this.undoing(given, (at, execution) => at === place(execution, text.slice(name.length + 4)))
          }
        : {}),
      ...(retries < 0
        ? {}
        : { retry: Schedule.intersect(Schedule.exponential("100 millis"), Schedule.recurs(retries)) })
    }) as Any
  }

  /** Answers who it is, and where it stood. */
  private effect(
    { dies, early, fails, millis, name }: PhaseStatement,
    { execution, key, path }: Phase.Running
  ): Effect.Effect<string, string> {
    const { command } = this.program
    const at = place(execution, path)
    const wait = this.waits?.(name) ?? Effect.sleep(millis)
    const happens = Effect.sync(() => {
      this.world.outside.set(at, key)
      return `${name} at ${path}`
    })
    if (dies) return Effect.zipRight(wait, Effect.dieMessage("oops"))
    if (this.world.failures(execution, path) < fails) return Effect.zipRight(wait, Effect.fail("no"))
    const ordered =
      command?.during === name ? Effect.zipRight(this.due(execution, command), Effect.sleep(10)) : Effect.void
    if (millis === 0 && this.waits === undefined) return Effect.zipRight(ordered, happens)
    return Effect.zipRight(ordered, early ? Effect.zipLeft(happens, wait) : Effect.zipRight(wait, happens))
  }

  private undoing(
    { undoFails }: PhaseStatement,
    mine: (at: string, execution: string) => boolean
  ): Effect.Effect<void, string> {
    return this.world.seen(({ execution, path }) => {
      if (this.world.failures(execution, path) < undoFails) return Effect.fail("stays")
      return Effect.sync(() => {
        for (const at of this.world.outside.keys()) if (mine(at, execution)) this.world.outside.delete(at)
      })
    })
  }

  private group(given: GroupStatement): Any {
    const self = this
    const { body, name, retry } = given
    const generator = function* (attempt: number, value: unknown): Generator<Yields, string, never> {
      yield* self.run(body)
      return answerOf(name, attempt, value)
    }
    return Phase.group(name, generator as never, retry === undefined ? {} : { retry: strategyOf(retry) }) as never
  }

  private fork({ branches, concurrency, kind, mode, name, named }: ForkStatement): Any {
    const works = branches.map(({ work }) => this.work(work))
    const struct = Object.fromEntries(branches.map((branch, index) => [branch.name, works[index]!]))
    const options = { concurrency: concurrency === Infinity ? "unbounded" : concurrency, mode } as const
    switch (kind) {
      case "all":
        return Phase.all(named ? struct : works, { name, ...options }) as never
      case "race":
        return Phase.race((named ? struct : works) as Record<"k", Any>, { name }) as never
      case "forEach": {
        const key = named ? { key: (name: string) => name } : {}
        return Phase.forEach(
          name,
          branches.map((each) => each.name),
          (item, index) => works[item === otherwise ? (index + 1) % works.length : index]!,
          { ...options, ...key }
        ) as never
      }
      case "graph": {
        const nodes = branches.map(({ name, needs }, index) => [
          name,
          { needs: needs.map((need) => branches[need]!.name), run: this.node(branches, needs, works[index]!) }
        ])
        return Phase.graph(name, Object.fromEntries(nodes) as never, options) as never
      }
    }
  }

  /** A node that looks at what it is given. */
  private node(branches: ForkStatement["branches"], needs: ReadonlyArray<number>, work: Any) {
    if (needs.length === 0) return work
    return (answers: Record<string, unknown>): Any => {
      for (const need of needs) this.check(branches[need]!.work, answers[branches[need]!.name])
      if (Object.keys(answers).length !== needs.length) this.world.violations.push("a node is given more than it needs")
      return work
    }
  }

  // --- what is answered

  private check(given: Work, answer: unknown): void {
    if (!fits(given, answer)) {
      this.world.violations.push(`${given._tag} ${given.name} answers ${JSON.stringify(answer)}`)
    }
  }

  private choose(given: Work, answer: unknown): number {
    if (given.capture === "either") return Either.isLeft(answer as Either.Either<unknown>) ? 1 : 0
    if (given.capture === "exit") return Exit.isFailure(answer as Exit.Exit<unknown>) ? 1 : 0
    return given._tag === "Fork" && tells(given) ? given.branches.findIndex(({ work }) => fits(work, answer)) : 0
  }
}

/** What a group answers: which attempt it was, with which value. */
export const answerOf = (name: string, attempt: number, value: unknown): string =>
  `${name} at attempt ${attempt} with ${value ?? "nothing"}`

/** Whether this is what the work answers: forks answer what their branches do. */
const fits = (given: Work, answer: unknown): boolean => {
  const plain = { ...given, capture: "none" } as const
  if (given.capture === "either") {
    return (
      Either.isEither(answer) && (Either.isLeft(answer) ? typeof answer.left === "string" : fits(plain, answer.right))
    )
  }
  if (given.capture === "exit") return Exit.isExit(answer) && (Exit.isFailure(answer) || fits(plain, answer.value))
  if (given._tag !== "Fork") return typeof answer === "string" && answer.startsWith(`${given.name} at `)
  const { branches, kind, named } = given
  if (kind === "race") return branches.some(({ work }) => fits(work, answer))
  const list = kind === "forEach" || !named
  if (typeof answer !== "object" || answer === null) return false
  const answers = Object.entries(answer)
  if (Array.isArray(answer) !== list || answers.length !== branches.length) return false
  return answers.every(([name, each], index) => {
    const branch = branches[index]!
    return (list || name === branch.name) && fits(branch.work, each)
  })
}

const strategyOf = ({ attempts, delay, kind, atLast, values }: RetryStatement): Retry.Retry<unknown> => {
  switch (kind) {
    case "times":
      return Retry.times(attempts)
    case "forEach":
      return Retry.forEach(values as ReadonlyArray<number>)
    case "schedule":
      return Retry.schedule(Schedule.intersect(Schedule.spaced(delay), Schedule.recurs(attempts - 1)))
    case "from":
      return Retry.from({
        first: values[0] as number,
        next: (tries) => {
          if (tries.length < attempts) return Retry.again(values[tries.length] as number, { delay })
          return atLast === "giveUp" ? Retry.giveUp : Retry.revertAll
        }
      })
  }
}

/** An item for which a forEach does something else than it did. */
export const otherwise = "otherwise"

/** With the payload `skew`, the code does something else than it did; a `note` changes nothing that it does. */
const payload = {
  note: Schema.optionalWith(Schema.String, { exact: true }),
  skew: Schema.optionalWith(Schema.Boolean, { exact: true })
}

const Next = Task.stage("next", { state: { part: Schema.Int } })

/** The bodies of a program: what stands before its first stage, and in each. */
const partsOf = ({ body, splits = [] }: Program): ReadonlyArray<ReadonlyArray<Concurrent>> =>
  [0, ...splits].map((from, index) => body.slice(from, splits[index]))

/** The task of a program. */
export const taskOf = (world: World, program: Program, due: Due, waits?: Waits) => {
  const maker = new Maker(world, program, due, waits)
  const parts = partsOf(program)
  function* part(index: number) {
    yield* maker.run(parts[index] ?? []) as Generator<Yields, void>
    if (index + 1 < parts.length) return yield* Next.enter({ part: index + 1 })
    return "done"
  }
  return Task.make("model", {
    payload,
    success: Schema.String,
    error: Schema.String,
    onFailure: program.onFailure,
    revertConcurrency: program.revertConcurrency,
    ...(program.splits === undefined ? {} : { stages: [Next.body(({ part: index }) => part(index))] }),
    *run({ skew }) {
      if (skew === true) yield* Phase.make("skewed", Effect.void)
      return yield* part(0)
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
