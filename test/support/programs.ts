/** Random bodies made of forks and groups: their phases need no effect, the journal says how they end. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as FastCheck from "effect/FastCheck"
import * as Option from "effect/Option"
import { describe } from "../../src/authoring/Description.js"
import { nothing, plain } from "../../src/authoring/Recordable.js"
import type { Capture, Fork, Instruction, Run, Strategy } from "../../src/core/Instruction.js"

/** What is yielded. */
export type Piece =
  | {
      readonly is: "phase"
      readonly name: string
      readonly capture: Capture
      readonly inDoubt: "rerun" | "ask"
      readonly undo: "undo" | "undoUnknown" | "none"
    }
  | {
      readonly is: "mark"
      readonly name: string
      readonly commit: boolean
      /** what follows failures after it, one after the other */
      readonly strategy: Decisions | undefined
    }
  | {
      readonly is: "fork"
      readonly name: string
      readonly kind: Fork["kind"]
      readonly capture: Capture
      readonly settle: boolean
      readonly concurrency: number
      readonly branches: ReadonlyArray<Piece>
      /** of a graph: which of the branches before it a branch needs, as bits */
      readonly needs: number
    }
  | {
      readonly is: "group"
      readonly name: string
      readonly capture: Capture
      readonly program: Program
      /** its attempts may not take for ever */
      readonly timed: boolean
      /** what follows its failures, one after the other */
      readonly strategy: Decisions | undefined
    }

type Decisions = ReadonlyArray<"again" | "giveUp" | "revertAll">

/** A statement of a body. What is done depends on what was answered before, so that a wrong answer shows. */
export type Statement =
  | { readonly do: "yield"; readonly piece: Piece }
  | { readonly do: "throw" | "return" | "fail" }
  | { readonly do: "try"; readonly body: Program; readonly finally: Program }
  | { readonly do: "branch"; readonly even: Program; readonly odd: Program }
export type Program = ReadonlyArray<Statement>

/** What a phase that never runs is made of. */
export const work = (name: string, rest: Partial<Omit<Run, "_tag" | "name">> = {}): Run => ({
  _tag: "Run",
  name,
  delegate: false,
  irreversible: false,
  capture: "none",
  run: Effect.void,
  value: plain,
  error: undefined,
  rejection: nothing,
  undo: undefined,
  undoRetry: undefined,
  undoUnknown: undefined,
  retry: undefined,
  timeout: undefined,
  inDoubt: "rerun",
  verify: undefined,
  ...rest
})

/** What `yield*` takes. */
export const phaseOf = (instruction: Instruction): Iterable<unknown, unknown> => describe(instruction)

/** What was answered, as plain text. */
export const show = (answer: unknown): string => {
  if (Either.isEither(answer)) return `${answer._tag}(${show(Either.merge(answer))})`
  if (Exit.isExit(answer)) {
    return Exit.isSuccess(answer) ? `Success(${show(answer.value)})` : `Failure(${causes(answer.cause).join()})`
  }
  return answer instanceof Error ? answer.message : JSON.stringify(answer)
}

const causes = (cause: Cause.Cause<unknown>): ReadonlyArray<string> =>
  Cause.reduce(cause, [] as ReadonlyArray<string>, (seen, each) =>
    Option.map(each._tag === "Fail" || each._tag === "Die" ? Option.some(each) : Option.none(), (one) => [
      ...seen,
      one._tag === "Fail" ? show(one.error) : show(one.defect)
    ])
  )

/** What bodies write to, and whether what the others wrote decides what they do. */
export interface Log {
  readonly lines: Array<string>
  readonly shared: boolean
}

const strategyOf = (decisions: Decisions): Strategy => ({
  first: 1,
  next: (tries) => {
    const decision = decisions[tries.length - 1] ?? "giveUp"
    if (decision === "giveUp") return Effect.succeed({ _tag: "GiveUp" })
    return Effect.succeed(
      decision === "again" ? { _tag: "Again", value: tries.length + 1, delay: 0 } : { _tag: "RevertAll" }
    )
  }
})

/** The instruction of a piece. */
export const instructionOf = (piece: Piece, log: Log): Instruction => {
  switch (piece.is) {
    case "mark":
      return {
        _tag: "Checkpoint",
        name: piece.name,
        commit: piece.commit,
        pause: false,
        keep: undefined,
        data: undefined,
        value: plain,
        strategy: piece.strategy === undefined ? undefined : strategyOf(piece.strategy)
      }
    case "phase": {
      const { capture, inDoubt, name, undo } = piece
      const undos = {
        none: {},
        undo: { undo: () => Effect.void },
        undoUnknown: { undo: () => Effect.void, undoUnknown: () => Effect.void }
      }
      return work(name, { capture, inDoubt, ...undos[undo] })
    }
    case "fork":
      return {
        _tag: "Fork",
        kind: piece.kind,
        name: piece.name,
        capture: piece.capture,
        // All runners of a race start at once.
        concurrency: piece.kind === "race" ? Number.POSITIVE_INFINITY : piece.concurrency,
        mode: piece.kind === "race" ? "race" : piece.settle ? "settle" : "stop",
        collect: (answers) => [...answers],
        branches: piece.branches.map((branch, index) => ({
          name: piece.kind === "forEach" ? String(index) : branch.name,
          key: piece.kind === "forEach" ? branch.name : undefined,
          needs:
            piece.kind === "graph" ? [...Array(index).keys()].filter((at) => (piece.needs >> (at + index)) & 1) : [],
          make: () => instructionOf(branch, log)
        }))
      }
    case "group":
      return {
        _tag: "Group",
        name: piece.name,
        capture: piece.capture,
        body: (attempt) => bodyOf(piece.program, log, `${piece.name} ${attempt}`),
        value: plain,
        strategy: piece.strategy === undefined ? undefined : strategyOf(piece.strategy),
        timeout: piece.timed ? 10 : undefined
      }
  }
}

/** Runs a program as a body, which answers what it was answered. */
export function* bodyOf(program: Program, log: Log, name = "body"): Generator<unknown, ReadonlyArray<string>> {
  const seen: Array<string> = []
  const note = (line: string): void => {
    seen.push(line)
    log.lines.push(`${name}: ${line}`)
  }
  function* run(statements: Program): Generator<unknown, boolean> {
    for (const statement of statements) {
      switch (statement.do) {
        case "throw":
          throw new Error(`after ${seen.join()}`)
        case "return":
          return true
        case "fail":
          yield* phaseOf({ _tag: "Fail", name: "fail", error: "on purpose" })
          break
        case "try":
          try {
            if (yield* run(statement.body)) return true
          } finally {
            note("finally")
            yield* run(statement.finally)
          }
          break
        case "branch": {
          const odd = (log.shared ? log.lines : seen).join().length % 2 === 1
          if (yield* run(odd ? statement.odd : statement.even)) return true
          break
        }
        case "yield":
          note(show(yield* phaseOf(instructionOf(statement.piece, log))))
      }
    }
    return false
  }
  yield* run(program)
  return seen
}

// --- what there may be

export interface Shape {
  /** whether groups have strategies */
  readonly retries: boolean
  /** whether `finally` blocks yield */
  readonly cleans: boolean
  /** whether groups have deadlines */
  readonly times: boolean
}

const name = FastCheck.constantFrom("a", "b", "c", "close", "undo")
const capture = FastCheck.constantFrom<Capture>("none", "none", "none", "either", "exit")

/** Programs of a shape. */
export const programs = ({ cleans, retries, times }: Shape): FastCheck.Arbitrary<Program> =>
  FastCheck.letrec<{
    piece: Piece
    statement: Statement
    program: Program
    whole: Program
    branches: ReadonlyArray<Piece>
  }>((tie) => {
    const depth = { depthIdentifier: "program", maxDepth: 4 } as const
    const leaf = FastCheck.record({
      is: FastCheck.constant("phase" as const),
      name,
      capture,
      inDoubt: FastCheck.constantFrom("rerun" as const, "rerun" as const, "ask" as const),
      undo: FastCheck.constantFrom("undo" as const, "undoUnknown" as const, "none" as const)
    })
    const fork = FastCheck.record({
      is: FastCheck.constant("fork" as const),
      name,
      kind: FastCheck.constantFrom<Fork["kind"]>("all", "all", "forEach", "race", "graph"),
      capture,
      settle: FastCheck.boolean(),
      concurrency: FastCheck.constantFrom(1, 2, Number.POSITIVE_INFINITY),
      branches: tie("branches"),
      needs: FastCheck.nat({ max: 255 })
    })
    const decision = FastCheck.constantFrom("again" as const, "again" as const, "giveUp" as const, "revertAll" as const)
    const strategy = retries
      ? FastCheck.option(FastCheck.array(decision, { maxLength: 3 }), { nil: undefined })
      : FastCheck.constant(undefined)
    const mark = FastCheck.record({
      is: FastCheck.constant("mark" as const),
      name,
      commit: FastCheck.boolean(),
      strategy
    })
    const group = FastCheck.record({
      is: FastCheck.constant("group" as const),
      name,
      capture,
      program: tie("program"),
      timed: times ? FastCheck.boolean() : FastCheck.constant(false),
      strategy
    })
    const nothing = FastCheck.constant<Program>([])
    const statement = (arbitrary: FastCheck.Arbitrary<Statement>, weight: number) => ({ weight, arbitrary })
    return {
      piece: FastCheck.oneof(
        depth,
        { weight: 4, arbitrary: leaf },
        { weight: 2, arbitrary: mark },
        { weight: 3, arbitrary: fork },
        { weight: 3, arbitrary: group }
      ) as FastCheck.Arbitrary<Piece>,
      branches: FastCheck.array(tie("piece"), { minLength: 1, maxLength: 3, size: "max" }) as never,
      program: FastCheck.array(tie("statement"), { maxLength: 3, size: "max" }) as never,
      whole: FastCheck.array(tie("statement"), { minLength: 2, maxLength: 4, size: "max" }) as never,
      statement: FastCheck.oneof(
        depth,
        statement(FastCheck.record({ do: FastCheck.constant("yield" as const), piece: tie("piece") }) as never, 8),
        statement(FastCheck.record({ do: FastCheck.constantFrom("throw", "return", "fail") }) as never, 1),
        statement(
          FastCheck.record({
            do: FastCheck.constant("try" as const),
            body: tie("program"),
            finally: cleans ? tie("program") : nothing
          }) as never,
          2
        ),
        statement(
          FastCheck.record({
            do: FastCheck.constant("branch" as const),
            even: tie("program"),
            odd: tie("program")
          }) as never,
          1
        )
      )
    }
  }).whole
