/**
 * The executions that the fault tests run: tasks whose phases take some milliseconds, fail, are retried, time out, are in
 * doubt, are undone. What each execution does is a function of the seed and its id.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"
import * as Dice from "./Dice.js"
import * as Log from "./Log.js"

/** A failure that the tasks declare. */
export class Broken extends Schema.TaggedError<Broken>()("Broken", { at: Schema.String, attempt: Schema.Number }) {}

/** What one execution does. */
export interface Plan {
  readonly task: "reverts" | "halts"
  readonly phases: number
  /** the phase that fails until its attempt is greater than `cured` */
  readonly fails: number | undefined
  readonly cured: number
  /** the phase before which a commit checkpoint stands */
  readonly commit: number | undefined
  /** what the operator does with it */
  readonly operator: "nothing" | "resume" | "revert" | "close" | "close and revert" | "pause"
}

const operators = ["nothing", "resume", "revert", "close", "close and revert", "pause"] as const

/** The ids of the executions of a world. */
export const ids = (count: number): ReadonlyArray<string> => Array.from({ length: count }, (_, index) => `e${index}`)

export const planOf = (seed: number, execution: string): Plan => {
  const chance = (name: string) => Dice.chance(seed, `${execution} ${name}`)
  const phases = Dice.between(seed, `${execution} phases`, 3, 9)
  const fails = chance("fails") < 0.5 ? Dice.between(seed, `${execution} fails at`, 0, phases - 1) : undefined
  return {
    task: chance("task") < 0.5 ? "reverts" : "halts",
    phases,
    fails,
    cured: chance("cured") < 0.5 ? 4 : 1_000,
    commit: chance("commit") < 0.2 ? Dice.between(seed, `${execution} commit at`, 1, phases - 1) : undefined,
    operator: operators[Dice.between(seed, `${execution} operator`, 0, operators.length - 1)]!
  }
}

const few = (times: number) => Schedule.intersect(Schedule.spaced("3 millis"), Schedule.recurs(times))

/** The tasks of a world, whose effects write to `log`, a file. */
export const make = (seed: number, log: string) => {
  const write = Log.writer(log)
  const doing = (kind: Log.Kind) =>
    Effect.map(Phase.Current, (running) => {
      if (running === undefined) throw new Error("there is no phase")
      const { attempt, execution, key, path } = running
      write({ execution, path, attempt, kind, note: key })
      return running
    })
  const takes = (path: string) => Effect.sleep(Dice.between(seed, `${path} takes`, 1, 15))

  const work = (plan: Plan, index: number) =>
    Effect.gen(function* () {
      const { attempt, execution, path } = yield* doing("run")
      yield* takes(`${execution} ${path}`)
      const flaky = Dice.chance(seed, `${execution} ${path} flaky`) < 0.2
      const failing = plan.fails === index ? attempt <= plan.cured : flaky && attempt <= 2
      if (failing) {
        yield* doing("failed")
        return yield* new Broken({ at: path, attempt })
      }
      yield* doing("done")
      return `${path}:${attempt}`
    })

  const undo = (index: number) => () =>
    Effect.gen(function* () {
      const { attempt, execution, path } = yield* doing("undo")
      yield* takes(`${execution} ${path}`)
      const flaky = Dice.chance(seed, `${execution} ${path} flaky`) < 0.3
      if (flaky && attempt <= 1 + (index % 2)) return yield* new Broken({ at: path, attempt })
      yield* doing("undone")
    })

  /** Whether the phase had happened, as the log tells. */
  const verify = Effect.gen(function* () {
    const { execution, path } = yield* doing("asked")
    const done = Log.read(log).filter(
      (line) => line.execution === execution && line.path === path && line.kind === "done"
    )
    return Option.map(Option.fromNullable(done[0]), ({ attempt }) => `${path}:${attempt}`)
  })

  const phase = (plan: Plan, execution: string, index: number) => {
    const name = `p${index}`
    const kind = Dice.chance(seed, `${execution} ${name} kind`)
    const common = { undo: undo(index), undoRetry: few(1), retry: few(2) }
    const run = work(plan, index)
    if (kind < 0.1) {
      return Phase.make(name, run, { ...common, inDoubt: "ask", undoUnknown: () => Effect.asVoid(undo(index)()) })
    }
    if (kind < 0.25) return Phase.make(name, run, { ...common, inDoubt: "ask", verify })
    return kind < 0.35
      ? Phase.make(name, run, { ...common, timeout: "8 millis", undoUnknown: () => Effect.asVoid(undo(index)()) })
      : Phase.make(name, run, common)
  }

  const body = function* (execution: string) {
    const plan = planOf(seed, execution)
    const values: Array<string> = []
    try {
      for (let index = 0; index < plan.phases; index++) {
        if (plan.commit === index) yield* Phase.checkpoint("commit", { commit: true })
        values.push(yield* phase(plan, execution, index))
      }
      return values
    } finally {
      yield* Phase.make("clean", Effect.zipRight(doing("run"), Effect.asVoid(doing("done"))))
    }
  }

  const options = { payload: { execution: Schema.String }, success: Schema.Array(Schema.String), error: Broken }
  return {
    write,
    reverts: Task.make("reverts", { ...options, onFailure: "revert", run: ({ execution }) => body(execution) }),
    halts: Task.make("halts", { ...options, onFailure: "halt", run: ({ execution }) => body(execution) })
  }
}

export type Crew = ReturnType<typeof make>
