/**
 * What a generator may yield: a closed union. An instruction describes; the engine performs it, the interpreter compares
 * it with the journal. Types of values, errors and requirements are erased here: the authoring wing keeps them.
 */
import type * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type { Kind } from "./Entry.js"
import type { Failure } from "./Failure.js"
import type { Json, Problem } from "./Json.js"
import type { Keep } from "./Keep.js"

/** Between a value and the plain JSON that is recorded for it; `undefined` is void. */
export interface Codec {
  readonly encode: (value: unknown) => Either.Either<Json | undefined, Problem>
  readonly decode: (json: Json | undefined) => Either.Either<unknown, Problem>
  /**
   * The JSON Schema of what `decode` accepts, no more and no less, with `void: true` if that is also `undefined`; `null`
   * where a JSON Schema cannot say it. Made when it is asked for.
   */
  readonly schema: () => Json | null
}

type AnyEffect<A = unknown> = Effect.Effect<A, unknown, unknown>
type AnySchedule = Schedule.Schedule<unknown, unknown, unknown>

/** A piece of work, run until its outcome is recorded. */
export interface Run {
  readonly _tag: "Run"
  readonly name: string
  /** all that its effect does is tell somebody, who answers later */
  readonly delegate: boolean
  /** its author says that nothing undoes it */
  readonly irreversible: boolean
  /** whether failures are fed to the generator as values */
  readonly capture: Capture
  readonly run: AnyEffect
  readonly value: Codec
  /** none: the task's own */
  readonly error: Codec | undefined
  /** of a failure that somebody answers later: the phase's own, else nothing is one */
  readonly rejection: Codec
  readonly undo: ((value: unknown) => AnyEffect) | undefined
  readonly undoRetry: AnySchedule | undefined
  readonly undoUnknown: ((key: string) => AnyEffect) | undefined
  readonly retry: AnySchedule | undefined
  /** in milliseconds, for one attempt */
  readonly timeout: number | undefined
  readonly inDoubt: "rerun" | "ask"
  readonly verify: AnyEffect<Option.Option<unknown>> | undefined
}

/** Nothing until an instant, in milliseconds UTC, that follows from the one at which it starts. */
export interface Sleep {
  readonly _tag: "Sleep"
  readonly name: string
  readonly until: (now: number) => number
}

/** What somebody tells the execution under this name, or has told it. */
export interface Signal {
  readonly _tag: "Signal"
  readonly name: string
  readonly capture: Capture
  readonly value: Codec
  /** in milliseconds */
  readonly timeout: number | undefined
}

/** A named mark, with data; with `commit`, a revert never goes back beyond it; with `pause`, the execution pauses there. */
export interface Checkpoint {
  readonly _tag: "Checkpoint"
  /** how much is kept of what was before, if it says so */
  readonly keep: Keep | undefined
  readonly name: string
  readonly commit: boolean
  readonly pause: boolean
  readonly data: unknown
  readonly value: Codec
  /** asked when something after it fails in its generator */
  readonly strategy: Strategy | undefined
}

/** Whether the code that follows is that of a later release: false where an earlier one has gone on already. */
export interface Changed {
  readonly _tag: "Changed"
  readonly name: string
}

/** The generator ends here, and the stage begins with this state; only a task's body yields it. */
export interface Enter {
  readonly _tag: "Enter"
  readonly name: string
  /** the stage as its author has it: two may have one name */
  readonly stage: unknown
  readonly state: unknown
}

/** The body gives up with a typed error. */
export interface Fail {
  readonly _tag: "Fail"
  readonly name: string
  readonly error: unknown
}

/** Undo the completed phase at `undoes`; only a revert yields it. */
export interface Undo {
  readonly _tag: "Undo"
  readonly name: string
  readonly undoes: string
}

/** How the failures of an instruction reach its generator: not at all, or as values. */
export type Capture = "none" | "either" | "exit"

/** One branch of a fork. */
export interface Branch {
  /** its part of the path, unique in its fork */
  readonly name: string
  /** what an item without a name of its own looks like: recorded, so that another item in its place is noticed */
  readonly key: string | undefined
  /** the indexes of the branches that must have succeeded before this one starts */
  readonly needs: ReadonlyArray<number>
  /** its instruction, given the answers by index of the branches that have succeeded; of an item, with this input instead */
  readonly make: (answers: ReadonlyArray<unknown>, input?: Json) => Instruction
  /** of an item: whether plain JSON can stand for it */
  readonly takesInput?: () => boolean
}

/** Branches that run beside each other. `stop`: the first failure ends the others; `race`: the first success does. */
export interface Fork {
  readonly _tag: "Fork"
  readonly kind: "all" | "forEach" | "race" | "graph"
  readonly name: string
  readonly capture: Capture
  readonly branches: ReadonlyArray<Branch>
  /** how many run at a time; started in their order */
  readonly concurrency: number
  readonly mode: "stop" | "settle" | "race"
  /** what the fork answers, from the answers of its branches by index; a race answers the winner's */
  readonly collect: (answers: ReadonlyArray<unknown>) => unknown
}

/** An attempt of a group, or from a checkpoint on, that failed, oldest first in a history of them. `at` in milliseconds UTC. */
export interface Try {
  readonly attempt: number
  readonly value: Json | undefined
  readonly failures: readonly [Failure, ...ReadonlyArray<Failure>]
  readonly at: number
}

/** What follows a failed attempt. */
export type Decision =
  /** undo what it completed, then run it again with this value, `delay` milliseconds after the failure */
  | { readonly _tag: "Again"; readonly value: Json | undefined; readonly delay: number }
  /** undo what it completed, then pause: it runs again, with the same value, when somebody resumes the execution */
  | { readonly _tag: "Pause" }
  /** ask the strategy around it, or follow the task's */
  | { readonly _tag: "GiveUp" }
  /** revert the whole execution, whatever others say */
  | { readonly _tag: "RevertAll" }

/** How a group, or what follows a checkpoint, is tried again. */
export interface Strategy {
  /** the value of the first attempt */
  readonly first: Json | undefined
  /** asked when an attempt has failed, with all of this round: the last one is the one that failed now */
  readonly next: (tries: ReadonlyArray<Try>) => Effect.Effect<Decision, never, unknown>
}

/** A nested generator, recorded as one once it has returned. */
export interface Group {
  readonly _tag: "Group"
  readonly name: string
  readonly capture: Capture
  /** makes a fresh generator */
  readonly body: (attempt: number, value: Json | undefined) => unknown
  readonly value: Codec
  /** none: a failure goes to what is around it */
  readonly strategy: Strategy | undefined
  /** in milliseconds, for one attempt */
  readonly timeout: number | undefined
}

/** Another task's execution, whose result is the phase's. */
export interface Child {
  readonly _tag: "Child"
  readonly name: string
  readonly capture: Capture
  /** the task's definition, as the engine knows it */
  readonly definition: unknown
  readonly payload: unknown
  /** none: derived from the parent's id and the phase's path */
  readonly id: string | undefined
  readonly value: Codec
  readonly error: Codec
}

/** What has a record of its own where it stands. */
export type Instruction = Run | Sleep | Signal | Checkpoint | Changed | Fail | Undo | Fork | Group | Child

/** Made of other instructions: it has a scope of its own, and no effect. */
export type Composite = Fork | Group

export const isComposite = (instruction: Instruction): instruction is Composite =>
  instruction._tag === "Fork" || instruction._tag === "Group"

/** Whether its failures are values to its generator. */
export const captureOf = (instruction: Instruction): Capture =>
  "capture" in instruction ? instruction.capture : "none"

/** What replay compares beside the name. */
export const kindOf = (instruction: Instruction): Kind => {
  switch (instruction._tag) {
    case "Run":
      if (instruction.delegate) return "delegate"
      return instruction.capture === "none" ? "phase" : instruction.capture
    case "Sleep":
      return "sleep"
    case "Signal":
      return "signal"
    case "Checkpoint":
      return "checkpoint"
    case "Changed":
      return "changed"
    case "Fail":
      return "fail"
    case "Undo":
      return "undo"
    case "Fork":
      return instruction.kind
    case "Group":
      return "group"
    case "Child":
      return "child"
  }
}

/** By what somebody without the task's code can check how a phase is completed: `null` where that takes the code. */
export interface Remote {
  readonly success: Json | null
  readonly error: Json | null
}

export const remoteOf = ({ rejection, value }: Run): Remote => ({ success: value.schema(), error: rejection.schema() })

/** What a revert may need more of than its name and its value. */
export type Undoable = Run | Child

export const undoable = (instruction: Instruction): instruction is Undoable =>
  instruction._tag === "Child" ||
  (instruction._tag === "Run" &&
    (instruction.undo !== undefined || instruction.undoUnknown !== undefined || instruction.verify !== undefined))

/** It is undone once it has happened. */
export const hasUndo = (instruction: Undoable): boolean =>
  instruction._tag === "Child" || instruction.undo !== undefined

/** Whether it happened can be found out, or does not matter, when it is undone. */
export const decidesDoubt = (instruction: Undoable): boolean =>
  instruction._tag === "Child" || instruction.verify !== undefined || instruction.undoUnknown !== undefined

/** What is known of an instruction before it is yielded. */
export type Foreknown = (instruction: Instruction) => { readonly value: unknown } | undefined

let foreknown: Foreknown | undefined

/**
 * Runs a generator while what is recorded is known to its phases before they yield.
 *
 * Needed while it is returned: a `finally` that yields takes the return away from the generators around it, for `yield*`
 * goes on with the next statement when it is resumed by `next`. One that does not yield leaves it to them.
 */
export const knowing = <A>(known: Foreknown, run: () => A): A => {
  const before = foreknown
  foreknown = known
  try {
    return run()
  } finally {
    foreknown = before
  }
}

/** The answer to an instruction, if it needs not be yielded. For a phase's iterator. */
export const answerTo = (instruction: Instruction | Enter): ReturnType<Foreknown> =>
  instruction._tag === "Enter" ? undefined : foreknown?.(instruction)

/** What `yield*` hands to the interpreter. Only a phase's iterator makes one. */
export class Yielded {
  constructor(readonly instruction: Instruction | Enter) {}
}
