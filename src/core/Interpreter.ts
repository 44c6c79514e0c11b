/**
 * The heart: drives one generator through what its history knows. The only file that calls `next` and `return`.
 *
 * A cursor stands at one yield. While the history holds an outcome for that yield, `advance` feeds it and goes on; where
 * it holds none, the cursor is blocked there until it does. A cursor that is replayed from the start and one that has
 * been live all along therefore go through the same steps.
 */
import * as Cause from "effect/Cause"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import type { Kind } from "./Entry.js"
import { type Defect, defectOf, type Failure, render } from "./Failure.js"
import { type Captured, captured, type History, type PhaseRecord } from "./History.js"
import { type Codec, type Instruction, kindOf, knowing, type Run, undoable, Yielded } from "./Instruction.js"
import type { Problem } from "./Json.js"
import * as Path from "./Path.js"

/** An instruction where its generator yielded it. */
export interface Placed {
  readonly path: string
  readonly scope: string
  readonly name: string
  readonly kind: Kind
  readonly instruction: Instruction
}

/** What stands at a position: a phase, or that the generator ended there. */
export interface Found {
  readonly path: string
  readonly kind: Kind | "return" | "throw"
  readonly name: string
}

/** Where a generator stands. */
export type Step =
  /** the body returned */
  | { readonly _tag: "Done"; readonly value: unknown }
  /** these instructions have no outcome yet */
  | { readonly _tag: "Blocked"; readonly instructions: readonly [Placed, ...ReadonlyArray<Placed>] }
  /** this phase failed for good, and its failure is not a value to the body */
  | { readonly _tag: "Stuck"; readonly placed: Placed; readonly failures: ReadonlyArray<Failure> }
  /** the body threw */
  | { readonly _tag: "Threw"; readonly defect: Defect }
  /** the body is not the one that wrote this journal */
  | { readonly _tag: "Mismatch"; readonly recorded: Found; readonly found: Found }
  /** the body yielded something else than a phase */
  | { readonly _tag: "Stranger"; readonly after: string; readonly found: string; readonly hint: string }
  /** a recorded value does not decode any more */
  | { readonly _tag: "Undecodable"; readonly placed: Placed; readonly problem: Problem }
  /** `return()` went through every `finally`; `error` is what they did wrong last: threw, or yielded no phase */
  | { readonly _tag: "Closed"; readonly error: Defect | undefined }
  /** the generator yields on after `return()`, beyond any reasonable clean-up; it was abandoned */
  | { readonly _tag: "Unclosable"; readonly yields: number }

/** A generator, and how far it has come. */
export interface Cursor {
  /** Feeds what the history knows, as far as that goes. */
  readonly advance: (history: History) => Step
  /**
   * From where the history ends the generator is returned: `advance` goes on to there, and then through its `finally`
   * blocks, below `close/`. With no phase started there is nothing to return; code that misfits is left as it is.
   */
  readonly close: () => void
  /** The phases passed so far that a revert may need, by path. */
  readonly passed: ReadonlyMap<string, Run>
  /** The phase at which it is blocked or stuck. */
  readonly at: Placed | undefined
}

/** How many phases a generator may yield while it is closed. */
export const maxCleanup = 100

export interface Options {
  /** makes a fresh generator */
  readonly start: () => unknown
  /** the scope of its phases, see Path.ts */
  readonly scope: string
  /** the codec of failures that have none of their own */
  readonly error: Codec
}

interface Iterator {
  next(value?: unknown): unknown
  return(value?: unknown): unknown
}

type Resume = (generator: Iterator) => unknown

const isGenerator = (value: unknown): value is Iterator =>
  typeof value === "object" &&
  value !== null &&
  !(Symbol.asyncIterator in value) &&
  "next" in value &&
  typeof value.next === "function" &&
  "return" in value &&
  typeof value.return === "function"

const onlyPhases = "a task may yield only phases: write yield* Phase.make(name, effect)"

/** What a foreign value is, as far as that helps, and what to write instead. */
const describe = (value: unknown): { readonly found: string; readonly hint: string } => {
  if (typeof value !== "object" || value === null) {
    return { found: value === null ? "null" : typeof value, hint: onlyPhases }
  }
  if ("instruction" in value) {
    return Symbol.iterator in value
      ? { found: "a phase without a star", hint: "write yield* instead of yield" }
      : { found: "a phase of another copy of tidemark", hint: "install one version of tidemark" }
  }
  if (effectIds.some((id) => id in value))
    return { found: "an Effect", hint: "wrap it: yield* Phase.make(name, effect)" }
  if ("then" in value && typeof value.then === "function") {
    return { found: "a promise", hint: "wrap it: yield* Phase.make(name, Effect.promise(() => ...))" }
  }
  if (isGenerator(value)) return { found: "a generator", hint: "write yield* instead of yield" }
  return { found: "an object", hint: onlyPhases }
}

/** An Effect, and what its own `yield*` hands out. */
const effectIds = [Symbol.for("effect/Effect"), Symbol.for("effect/Utils/YieldWrap")]

const notAGenerator = (value: unknown): Step => ({
  _tag: "Stranger",
  after: "",
  found:
    typeof value === "object" && value !== null && Symbol.asyncIterator in value
      ? "an async generator"
      : `${value === null ? "null" : typeof value} instead of a generator`,
  hint: "run must be a plain generator function: *run(payload) { ... }"
})

/** The error that a captured failure stands for. */
const errorOf = (failure: Exclude<Captured, Die>, codec: Codec): Either.Either<unknown, Problem> =>
  failure._tag === "Fail" ? codec.decode(failure.error) : Either.right(new Cause.TimeoutException(render(failure)))

/** The cause that a captured failure stands for. */
const causeOf = (failure: Captured, codec: Codec): Either.Either<Cause.Cause<unknown>, Problem> => {
  if (failure._tag !== "Die") return Either.map(errorOf(failure, codec), Cause.fail)
  const { message, name } = failure.defect
  return Either.right(Cause.die(Object.assign(new Error(message), { name })))
}

/** What a yield is answered with, given how its phase ended. */
const answer = (instruction: Instruction, record: PhaseRecord, error: Codec): Either.Either<unknown, Problem> => {
  if (instruction._tag !== "Run") return Either.right(instruction._tag === "Undo" ? record.value : undefined)
  const failure = captured(record)
  if (failure !== undefined) {
    const codec = instruction.error ?? error
    return instruction.capture === "exit"
      ? Either.map(causeOf(failure, codec), Exit.failCause)
      : Either.map(errorOf(failure as Exclude<Captured, Die>, codec), Either.left)
  }
  const value = instruction.value.decode(record.value)
  if (instruction.capture === "none" || Either.isLeft(value)) return value
  return Either.right(instruction.capture === "either" ? value : Exit.succeed(value.right))
}

type Die = Extract<Captured, { readonly _tag: "Die" }>

/** Steps that say that the code does not fit what is recorded. */
const isMisfit = (step: Step): boolean => step._tag === "Mismatch" || step._tag === "Undecodable"

/** A cursor at the start of a fresh generator. Nothing of the body runs before the first `advance`. */
export const make = (options: Options): Cursor => new LiveCursor(options)

class LiveCursor implements Cursor {
  readonly passed = new Map<string, Run>()
  private generator: Iterator | undefined
  private scope: string
  private index = 0
  private occurrences = new Map<string, number>()
  /** what a revert undid already: yielding it again answers the same, and is no phase of its own */
  private readonly undone = new Set<string>()
  private current: Placed | undefined
  /** how the generator goes on once `current` is dealt with */
  private resume: Resume = (generator) => generator.next()
  private ended: Step | undefined
  /** leaving: to be returned once it stands where its history ends */
  private state: "open" | "leaving" | "closing" = "open"
  private cleanups = 0
  private cleanupError: Defect | undefined
  /** whether the phase at which it stands can be answered before it yields */
  private asked = false

  constructor(private readonly options: Options) {
    this.scope = options.scope
  }

  get at(): Placed | undefined {
    return this.current
  }

  close(): void {
    if (this.state === "open") this.state = "leaving"
  }

  advance(history: History): Step {
    if (this.state === "leaving" && !history.scopes.has(this.scope)) this.leave(true)
    for (;;) {
      const step = this.step(history)
      if (step === undefined) continue
      if (this.state !== "leaving" || isMisfit(step)) return step
      this.leave(this.generator === undefined || step._tag === "Done" || step._tag === "Threw")
    }
  }

  private step(history: History): Step | undefined {
    if (this.ended !== undefined) return this.ended
    if (this.current !== undefined) return this.feed(this.current, history.phases.get(this.current.path))
    this.pull(history)
    return undefined
  }

  /** From here on the phases are those of `finally` blocks; none if the generator is `over`. */
  private leave(over: boolean): void {
    this.state = "closing"
    this.scope = Path.close
    this.index = 0
    this.occurrences = new Map()
    this.current = undefined
    this.ended = over ? { _tag: "Closed", error: undefined } : undefined
    this.resume = (generator) => generator.return()
  }

  /** Answers the present yield from its record, or says why that cannot be done. */
  private feed(placed: Placed, record: PhaseRecord | undefined): Step | undefined {
    if (record === undefined || (record.state !== "succeeded" && record.state !== "failed")) {
      return { _tag: "Blocked", instructions: [placed] }
    }
    if (record.state === "failed" && captured(record) === undefined) {
      if (this.state !== "closing") return { _tag: "Stuck", placed, failures: record.failures }
      return this.goOn((generator) => generator.return())
    }
    const value = answer(placed.instruction, record, this.options.error)
    if (Either.isLeft(value)) return { _tag: "Undecodable", placed, problem: value.left }
    if (undoable(placed.instruction)) this.passed.set(placed.path, placed.instruction)
    if (this.asked) return this.again()
    return this.goOn((generator) => generator.next(value.right))
  }

  /** A fresh generator goes to where the other was returned, and through its `finally` blocks without this yield. */
  private again(): undefined {
    this.generator = undefined
    this.state = "leaving"
    this.scope = this.options.scope
    this.index = 0
    this.occurrences = new Map()
    this.cleanups = 0
    this.cleanupError = undefined
    return this.goOn((generator) => generator.next())
  }

  /** Answers a phase of a `finally` block from its record, so that it need not yield: see `knowing`. */
  private foreknow(history: History, instruction: Instruction): { readonly value: unknown } | undefined {
    const { name } = instruction
    const record = this.recorded(history)
    const occurrence = (this.occurrences.get(name) ?? 0) + 1
    this.asked = true
    const known =
      record !== undefined &&
      this.cleanups < maxCleanup &&
      record.kind === kindOf(instruction) &&
      record.path === Path.of(this.scope, name, occurrence) &&
      (record.state === "succeeded" || captured(record) !== undefined)
    if (!known) return undefined
    const value = answer(instruction, record, this.options.error)
    if (Either.isLeft(value)) return undefined
    if (undoable(instruction)) this.passed.set(record.path, instruction)
    this.asked = false
    this.cleanups++
    this.index++
    this.occurrences.set(name, occurrence)
    return { value: value.right }
  }

  private goOn(resume: Resume): undefined {
    this.current = undefined
    this.resume = resume
    return undefined
  }

  /** Lets the generator go to its next yield, or to its end. */
  private pull(history: History): void {
    try {
      if (this.generator === undefined) {
        const made = this.options.start()
        if (!isGenerator(made)) return this.end(notAGenerator(made))
        this.generator = made
      }
      const result = this.turn(history, this.generator)
      if (result.done === true) return this.finish(history, result.value)
      this.place(history, result.value)
    } catch (thrown) {
      this.threw(history, defectOf(thrown))
    }
  }

  private turn(history: History, generator: Iterator): IteratorResult<unknown> {
    this.asked = false
    const turn = () => this.resume(generator) as IteratorResult<unknown>
    return this.state === "closing" ? knowing((instruction) => this.foreknow(history, instruction), turn) : turn()
  }

  private place(history: History, yielded: unknown): void {
    if (this.state === "closing" && this.cleanups++ >= maxCleanup) {
      return this.end({ _tag: "Unclosable", yields: maxCleanup })
    }
    if (!(yielded instanceof Yielded)) return this.strange(history, yielded)
    const instruction = yielded.instruction
    const kind = kindOf(instruction)
    const path = this.pathOf(instruction)
    const placed = { path, scope: this.scope, name: instruction.name, kind, instruction }
    if (this.undone.has(path)) {
      this.current = placed
      return
    }
    const recorded = this.recorded(history)
    const differs =
      recorded !== undefined && (recorded.path !== path || recorded.kind !== kind || recorded.name !== instruction.name)
    if (differs) return this.end({ _tag: "Mismatch", recorded, found: { path, kind, name: instruction.name } })
    this.index++
    this.current = placed
    if (kind === "undo") this.undone.add(path)
  }

  private strange(history: History, yielded: unknown): void {
    const { found, hint } = describe(yielded)
    if (this.state !== "closing") return this.end({ _tag: "Stranger", after: this.last(history), found, hint })
    this.cleanupError = { name: "StrangeYield", message: `a finally yielded ${found}: ${hint}` }
    this.goOn((generator) => generator.return())
  }

  private pathOf(instruction: Instruction): string {
    if (instruction._tag === "Undo") return Path.undo(this.scope, instruction.undoes)
    const occurrence = (this.occurrences.get(instruction.name) ?? 0) + 1
    this.occurrences.set(instruction.name, occurrence)
    return Path.of(this.scope, instruction.name, occurrence)
  }

  private finish(history: History, value: unknown): void {
    if (this.state === "closing") return this.end({ _tag: "Closed", error: this.cleanupError })
    const recorded = this.recorded(history)
    if (recorded === undefined) return this.end({ _tag: "Done", value })
    this.end({ _tag: "Mismatch", recorded, found: { path: this.last(history), kind: "return", name: "return" } })
  }

  private threw(history: History, defect: Defect): void {
    if (this.state === "closing") return this.end({ _tag: "Closed", error: defect })
    const recorded = this.recorded(history)
    if (recorded === undefined) return this.end({ _tag: "Threw", defect })
    this.end({ _tag: "Mismatch", recorded, found: { path: this.last(history), kind: "throw", name: defect.message } })
  }

  /** What the journal holds at the position that comes next. */
  private recorded(history: History): PhaseRecord | undefined {
    return history.scopes.get(this.scope)?.[this.index]
  }

  private last(history: History): string {
    return this.index === 0 ? "" : history.scopes.get(this.scope)![this.index - 1]!.path
  }

  private end(step: Step): void {
    this.current = undefined
    this.ended = step
  }
}
