/** A cursor that was live all along and one that is replayed from the journal come to the same step, whatever the body. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Phase from "../../src/authoring/Phase.js"
import { plain } from "../../src/authoring/Recordable.js"
import { type Failure, render } from "../../src/core/Failure.js"
import type * as History from "../../src/core/History.js"
import * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import { captured } from "../../src/core/PhaseRecord.js"
import type { Placed, Step } from "../../src/core/Step.js"
import { begin, died, failed, type Journal, type Outcome, running, settle, timedOut } from "../support/journal.js"
import "../support/seeded.js"

type Kind = "phase" | "either" | "exit" | "checkpoint"

/** A statement of a body. What is done depends on what was answered before, so that a wrong answer shows. */
type Statement =
  | { readonly do: Kind; readonly name: string }
  | { readonly do: "fail" | "throw" | "return" }
  | { readonly do: "try"; readonly body: Program; readonly finally: Program }
  | { readonly do: "delegate"; readonly body: Program }
  | { readonly do: "branch"; readonly even: Program; readonly odd: Program }
type Program = ReadonlyArray<Statement>

const phaseOf = (kind: Kind, name: string): Iterable<unknown, unknown> => {
  const phase = Phase.make(name, Effect.succeed<unknown>(0) as Effect.Effect<number, string>)
  switch (kind) {
    case "phase":
      return phase
    case "either":
      return Phase.either(phase)
    case "exit":
      return Phase.exit(phase)
    case "checkpoint":
      return Phase.checkpoint(name)
  }
}

/** What a phase answered, as plain text. */
const show = (answer: unknown): string => {
  if (Either.isEither(answer)) return `${answer._tag} ${String(Either.merge(answer))}`
  if (Exit.isExit(answer))
    return Exit.isSuccess(answer) ? `success ${answer.value}` : `failure ${Cause.pretty(answer.cause).split("\n")[0]}`
  return String(answer)
}

/** Runs a program as a body; `seen` collects what it was answered. */
function* bodyOf(program: Program, seen: Array<string>): Generator<unknown, boolean> {
  for (const statement of program) {
    switch (statement.do) {
      case "fail":
        yield* Phase.fail("on purpose")
        break
      case "throw":
        throw new Error(`after ${seen.join()}`)
      case "return":
        return true
      case "try":
        try {
          if (yield* bodyOf(statement.body, seen)) return true
        } finally {
          yield* bodyOf(statement.finally, seen)
        }
        break
      case "delegate":
        if (yield* bodyOf(statement.body, seen)) return true
        break
      case "branch":
        if (yield* bodyOf(seen.join().length % 2 === 0 ? statement.even : statement.odd, seen)) return true
        break
      default:
        seen.push(show(yield* phaseOf(statement.do, statement.name)))
    }
  }
  return false
}

const name = FastCheck.constantFrom("a", "b", "c/d", "close", "revert#1")
const kind = FastCheck.constantFrom<Kind>("phase", "phase", "phase", "either", "exit", "checkpoint")
const end = FastCheck.constantFrom("fail" as const, "throw" as const, "return" as const)
const { program } = FastCheck.letrec<{ statement: Statement; program: Program }>((tie) => ({
  program: FastCheck.array(tie("statement"), { maxLength: 5, depthIdentifier: "program" }),
  statement: FastCheck.oneof(
    { maxDepth: 3, depthIdentifier: "program" },
    { weight: 6, arbitrary: FastCheck.record({ do: kind, name }) },
    { weight: 1, arbitrary: FastCheck.record({ do: end }) },
    {
      weight: 3,
      arbitrary: FastCheck.record({
        do: FastCheck.constant("try" as const),
        body: tie("program"),
        finally: tie("program")
      })
    },
    { weight: 2, arbitrary: FastCheck.record({ do: FastCheck.constant("delegate" as const), body: tie("program") }) },
    {
      weight: 2,
      arbitrary: FastCheck.record({
        do: FastCheck.constant("branch" as const),
        even: tie("program"),
        odd: tie("program")
      })
    }
  )
}))

const outcomeOf = ({ kind, path }: Placed, choice: number): Outcome => {
  if (kind === "fail") return { failure: failed(path, "on purpose") }
  if (kind === "checkpoint") return {}
  const failures: ReadonlyArray<Failure> = [failed(path, choice), timedOut(path), died(path)]
  if (kind === "phase") return choice % 9 === 0 ? { failure: failures[choice % 3] } : { value: choice }
  const takes = kind === "either" ? 2 : 3
  return choice % 3 === 0 ? { value: choice } : { failure: failures[choice % takes] }
}

interface Run {
  readonly cursor: Interpreter.Cursor
  /** what the present generator was answered */
  readonly seen: () => ReadonlyArray<string>
  /** where it stood when it was looked at last */
  at: Placed | undefined
}

const start = (program: Program): Run => {
  let seen: Array<string> = []
  const fresh = () => {
    seen = []
    return bodyOf(program, seen)
  }
  return { cursor: Interpreter.make({ start: fresh, scope: Path.root, error: plain }), seen: () => seen, at: undefined }
}

/** The end of a body that is returned. */
class Returned extends Error {}

/** What the clean-up of a body does, as plain JavaScript says it: `finally` blocks while a return goes through them. */
const cleanUpOf = (
  program: Program,
  history: History.History
): { readonly phases: ReadonlyArray<string>; readonly error: string | undefined } => {
  const phases: Array<string> = []
  let counts = new Map<string, number>()
  let scope = Path.root
  const ask = (kind: Kind | "fail", name: string): string => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    const path = Path.of(scope, name, count)
    const record = history.phases.get(path)
    if (scope === Path.close) phases.push(path)
    if (record?.state === "succeeded") return answered(kind, { value: record.value })
    const failures = record && captured(record)
    if (failures !== undefined) return answered(kind, { failure: failures[0] })
    if (scope === Path.root) {
      scope = Path.close
      counts = new Map()
    }
    throw new Returned()
  }
  try {
    if (history.scopes.has(Path.root)) evaluate(program, [], ask)
  } catch (thrown) {
    if (!(thrown instanceof Returned) && scope === Path.close) return { phases, error: (thrown as Error).message }
  }
  return { phases, error: undefined }
}

const answered = (kind: Kind | "fail", { failure, value }: Outcome): string => {
  if (kind === "checkpoint" || kind === "fail") return show(undefined)
  if (failure === undefined)
    return show(kind === "either" ? Either.right(value) : kind === "exit" ? Exit.succeed(value) : value)
  const error = failure._tag === "Fail" ? failure.error : new Cause.TimeoutException(render(failure))
  if (kind === "either") return show(Either.left(error))
  return show(
    failure._tag === "Die"
      ? Exit.die(Object.assign(new Error(failure.defect.message), { name: failure.defect.name }))
      : Exit.fail(error)
  )
}

/** Runs a program without any generator. */
const evaluate = (
  program: Program,
  seen: Array<string>,
  ask: (kind: Kind | "fail", name: string) => string
): boolean => {
  for (const statement of program) {
    switch (statement.do) {
      case "fail":
        ask("fail", "fail")
        break
      case "throw":
        throw new Error(`after ${seen.join()}`)
      case "return":
        return true
      case "try":
        try {
          if (evaluate(statement.body, seen, ask)) return true
        } finally {
          evaluate(statement.finally, seen, ask)
        }
        break
      case "delegate":
        if (evaluate(statement.body, seen, ask)) return true
        break
      case "branch":
        if (evaluate(seen.join().length % 2 === 0 ? statement.even : statement.odd, seen, ask)) return true
        break
      default:
        seen.push(ask(statement.do, statement.name))
    }
  }
  return false
}

/** Where the generator stands. */
const positionOf = (cursor: Interpreter.Cursor, step: Step): Placed | undefined => {
  if (step._tag === "Blocked") return step.instructions[0]
  return step._tag === "Stuck" ? cursor.standing(step.failures[0].path) : undefined
}

/** All that can be told of where a run stands. */
const stand = (run: Run, history: History.History): unknown => {
  const { cursor, seen } = run
  const step = cursor.advance(history)
  run.at = positionOf(cursor, step)
  return {
    at: run.at?.path,
    seen: [...seen()],
    passed: [...history.phases.keys()].filter((path) => cursor.runAt(path) !== undefined),
    step:
      step._tag === "Blocked"
        ? [step._tag, step.instructions.map(({ kind, name, path, scope }) => ({ kind, name, path, scope }))]
        : step._tag === "Stuck"
          ? [step._tag, step.failures, step.follow]
          : step._tag === "Threw"
            ? [step._tag, step.defect.message]
            : step._tag === "Closed"
              ? [step._tag, step.error?.message]
              : [step._tag, JSON.stringify(step)]
  }
}

/** A fresh cursor over what is on disk, closed before or after it catches up. */
const replay = (program: Program, journal: Journal, closed: boolean, late: boolean): unknown => {
  const run = start(program)
  const history = journal.loaded
  if (closed && late) run.cursor.advance(history)
  if (closed) run.cursor.close()
  return stand(run, history)
}

const closing = { _tag: "Closing", position: "", revert: false, act: {} } as const
const interrupted = (path: string) => ({ _tag: "PhaseInterrupted", path, attempt: 1 }) as const

/** What can happen to the phase that is blocked when the execution is closed. */
const lastOf = (journal: Journal, placed: Placed, choice: number): void => {
  const ends = [
    () => {},
    () => begin(journal, placed),
    () => {
      begin(journal, placed)
      journal.add(interrupted(placed.path))
    },
    () => settle(journal, placed, outcomeOf(placed, choice + 1))
  ]
  ends[choice % ends.length]!()
}

interface Plan {
  readonly program: Program
  readonly choices: ReadonlyArray<number>
  /** after how many outcomes the execution is closed */
  readonly closeAt: number
  /** whether the live cursor sees the last outcome before it is closed */
  readonly sees: boolean
}

const check = ({ choices, closeAt, program, sees }: Plan): void => {
  const journal = running()
  const live = start(program)
  let closed = false
  for (let turn = 0; ; turn++) {
    const choice = choices[turn % choices.length]!
    const closes = !closed && turn === closeAt
    if (!closes || sees) {
      const step = stand(live, journal.history)
      for (const late of [true, false]) assert.deepStrictEqual(replay(program, journal, closed, late), step)
    }
    const blocked = live.at
    const record = blocked && journal.history.phases.get(blocked.path)
    if (closes || (!closed && (blocked === undefined || record?.state === "failed"))) {
      if (blocked !== undefined && record === undefined) lastOf(journal, blocked, choice)
      journal.add(closing)
      live.cursor.close()
      closed = true
    } else if (blocked === undefined) {
      const step = live.cursor.advance(journal.history)
      const phases = (journal.history.scopes.get(Path.close) ?? []).map(({ path }) => path)
      const error = step._tag === "Closed" ? step.error?.message : undefined
      assert.deepStrictEqual({ phases, error }, cleanUpOf(program, journal.history))
      return
    } else {
      if (choice % 5 === 0) {
        begin(journal, blocked)
        assert.deepStrictEqual(replay(program, journal, closed, false), stand(live, journal.history))
      }
      settle(journal, blocked, outcomeOf(blocked, choice))
    }
  }
}

describe("a cursor that is replayed stands where the live one does", () => {
  const choices = FastCheck.array(FastCheck.nat({ max: 100 }), { minLength: 1, maxLength: 8 })

  it.prop(
    "at every outcome, closed anywhere, whether it saw the last outcome or not; its clean-up is what JavaScript would do",
    {
      plan: FastCheck.record({ program, choices, closeAt: FastCheck.nat({ max: 12 }), sees: FastCheck.boolean() })
    },
    ({ plan }) => check(plan),
    { fastCheck: { numRuns: 1_500 } }
  )
})

interface Line {
  readonly kind: Kind
  readonly name: string
}
const line = FastCheck.record({ kind, name })
const lines = FastCheck.array(line, { minLength: 1, maxLength: 12 })
const written = (
  program: ReadonlyArray<Line>
): { readonly cursor: Interpreter.Cursor; readonly journal: Journal; readonly step: Step } =>
  replayed(program, running())
const replayed = (program: ReadonlyArray<Line>, journal: Journal) => {
  const { cursor } = start(program.map(({ kind, name }) => ({ do: kind, name })))
  for (;;) {
    const step = cursor.advance(journal.history)
    if (step._tag !== "Blocked") return { cursor, journal, step }
    for (const placed of step.instructions) settle(journal, placed, { value: 1 })
  }
}
/** The places of a straight program's phases, as they are compared. */
const places = (program: ReadonlyArray<Line>): ReadonlyArray<string> =>
  [...written(program).journal.history.phases.values()].map(({ kind, path }) => `${kind} ${path}`)

describe("a program that changed", () => {
  it.prop(
    "is found out at its first difference, and nothing is recorded after it",
    {
      before: lines,
      edits: FastCheck.array(
        FastCheck.tuple(
          FastCheck.nat({ max: 12 }),
          FastCheck.constantFrom("insert", "remove", "replace", "swap"),
          line
        ),
        { minLength: 1, maxLength: 3 }
      )
    },
    ({ before, edits }) => {
      const after = [...before]
      for (const [at, edit, line] of edits) {
        const index = at % Math.max(1, after.length)
        if (edit === "insert") after.splice(index, 0, line)
        else if (edit === "remove") after.splice(index, 1)
        else if (edit === "replace") after[index] = line
        else after.push(...after.splice(index, 1))
      }
      const { journal } = written(before)
      const [old, now] = [places(before), places(after)]
      const first = old.findIndex((place, index) => now[index] !== place)
      const entries = journal.entries.length
      const { step } = replayed(after, journal)
      if (first === -1) {
        assert.strictEqual(step._tag, "Done")
        return
      }
      assert.strictEqual(step._tag, "Mismatch")
      assert.strictEqual(step._tag === "Mismatch" ? `${step.recorded.kind} ${step.recorded.path}` : "", old[first])
      assert.strictEqual(journal.entries.length, entries)
    },
    { fastCheck: { numRuns: 300 } }
  )
})
