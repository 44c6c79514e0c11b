/**
 * Three lines of three phases, beside each other: in which order they come to their ends, which of them fail, and what the
 * failures do. All of it from one seed; `GridReference.ts` says what must become of it.
 */
import * as Cause from "effect/Cause"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Phase, Task } from "../../src/index.js"
import { Random } from "./Random.js"

/** What three pieces of work are made into: beside each other, one after the other, or the second after the first. */
export type Shape = "all" | "group" | "graph"

/** Some of these, by the number of a line or a phase: for each, those that have to succeed before it starts. */
export const needs: Readonly<Record<Shape, ReadonlyArray<ReadonlyArray<number>>>> = {
  all: [[], [], []],
  group: [[], [0], [1]],
  graph: [[], [0], []]
}

export interface Piece {
  readonly shape: Shape
  readonly mode: "stop" | "settle"
}

/** Phases are counted through: those of the n-th line are 3n, 3n + 1 and 3n + 2. */
export interface Grid {
  readonly outer: Piece & { readonly capture: "none" | "either" | "exit" }
  readonly lines: ReadonlyArray<Piece>
  /** whoever comes first here of those that run comes to its end next */
  readonly order: ReadonlyArray<number>
  /** how these phases end */
  readonly fails: ReadonlyMap<number, "Fail" | "Die">
  /** if all else is well, or captured, the task itself fails in the end */
  readonly givesUp: boolean
}

const phases = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const

/** The grid of a seed. */
export const draw = (seed: number): Grid => {
  const random = new Random(seed)
  const mode = () => random.pick(["stop", "stop", "settle"] as const)
  const piece = (shape: Shape): Piece => ({ shape, mode: shape === "group" ? "stop" : mode() })
  const shapes = random.pick([["all"], ["all"], ["group"], ["graph"], ["all", "group", "graph"]] as const)
  const lines = [0, 1, 2].map(() => piece(random.pick<Shape>(shapes)))
  const outer = piece(random.pick(["all", "all", "all", "graph"] as const))
  const capture = random.pick(["none", "none", "either", "exit"] as const)
  const many = random.pick([0, 1, 1, 2, 3, 4])
  const failing = random.shuffle(phases).slice(0, many)
  const fails = new Map(failing.map((phase) => [phase, random.chance(0.15) ? ("Die" as const) : ("Fail" as const)]))
  return { outer: { ...outer, capture }, lines, order: random.shuffle(phases), fails, givesUp: random.chance(0.7) }
}

const letters = ["a", "b", "c"] as const

/** Where a phase stands. */
export const pathOf = (phase: number): string => `grid/${letters[Math.floor(phase / 3)]}/${letters[phase % 3]}`

/** What runs one phase, and undoes it; undone without knowing whether it happened if `sure` is false. */
export interface Hand {
  readonly run: (phase: number) => Effect.Effect<string, string>
  readonly undo: (phase: number, sure: boolean) => Effect.Effect<void>
}

type Any = Phase.Phase<unknown, string, never, never, true>

const work = (hand: Hand, phase: number): Any =>
  Phase.make(letters[phase % 3]!, {
    run: hand.run(phase),
    undo: () => hand.undo(phase, true),
    undoUnknown: () => hand.undo(phase, false)
  }) as Any

const combine = (name: string, { mode, shape }: Piece, [a, b, c]: readonly [Any, Any, Any]): Any => {
  if (shape === "all") return Phase.all({ a, b, c }, { name, mode }) as Any
  if (shape === "graph")
    return Phase.graph(name, { a: { run: a }, b: { needs: ["a"], run: b }, c: { run: c } }, { mode }) as never
  return Phase.group(name, function* () {
    return [yield* a, yield* b, yield* c] as unknown as ReadonlyArray<string>
  }) as never
}

/** What the task answers when the grid is over: how it ended. */
const told = (answer: unknown): ReadonlyArray<string> => {
  if (Either.isEither(answer)) return Either.isLeft(answer) ? [String(answer.left)] : []
  if (!Exit.isExit(answer) || Exit.isSuccess(answer)) return []
  return Cause.reduce(answer.cause, [] as ReadonlyArray<string>, (all, cause) => {
    if (Cause.isFailType(cause)) return Option.some([...all, String(cause.error)])
    return Cause.isDieType(cause) ? Option.some([...all, (cause.defect as Error).message]) : Option.none()
  })
}

/** The task of grids: each execution has its own. */
export const taskOf = (grids: (execution: string) => { readonly grid: Grid; readonly hand: Hand }) =>
  Task.make("grid", {
    payload: { id: Schema.String },
    success: Schema.Array(Schema.String),
    error: Schema.String,
    onFailure: "revert",
    *run({ id }) {
      const { grid, hand } = grids(id)
      const { capture } = grid.outer
      const three = (line: number) => [0, 1, 2].map((phase) => work(hand, line * 3 + phase)) as [Any, Any, Any]
      const lines = grid.lines.map((line, index) => combine(letters[index]!, line, three(index))) as [Any, Any, Any]
      const whole = combine("grid", grid.outer, lines)
      const answer =
        capture === "none" ? yield* whole : yield* capture === "either" ? Phase.either(whole) : Phase.exit(whole)
      if (grid.givesUp) yield* Phase.fail("enough")
      return told(answer)
    }
  })
