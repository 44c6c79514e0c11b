/** Stages: bodies of a task that it enters by name, with a state from which it then resumes. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Thrown from "../core/Thrown.js"
import * as Body from "./Body.js"
import type * as Definition from "./Definition.js"
import { checkName, describe, type Phase, type Yielded } from "./Description.js"
import { type AnySchema, type Because, codec } from "./Recordable.js"

/** A body for a stage, as `Task.make` takes it. The name of its member is the message that the compiler prints. */
export interface StageBody<out N extends string, out Y, out A> {
  readonly "a body of a stage is needed here: stage.body(function*(state) { ... })": {
    readonly N: N
    readonly Y: Y
    readonly A: A
  }
}

/** A named part of tasks, that begins with a state. */
export interface Stage<out N extends string, in out State> {
  readonly name: N
  /**
   * Ends the generator that yields it, and enters the stage: `return yield* page.enter({ cursor })`.
   *
   * The `finally` blocks of the generator run first. A state that would not come back equal from its record stops the
   * execution there.
   */
  readonly enter: (state: State) => Phase<never, never, never, N, true>
  /** What the stage does, for `stages` of the task that enters it. It is written as a task's `run` is. */
  readonly body: <Y extends Yielded<unknown, unknown, string>, A>(
    run: (state: State) => Generator<Y, A, never>
  ) => StageBody<N, Y, A>
}

export type AnyBody = StageBody<string, Yielded<unknown, unknown, string>, unknown>

type NameOf<B> = B extends StageBody<infer N, infer _Y, infer _A> ? N : never

/** What the bodies of stages yield. */
export type YieldsOf<B> = B extends StageBody<infer _N, infer Y, infer _A> ? Y : never

type ResultOf<B> = B extends StageBody<infer _N, infer _Y, infer A> ? A : never

type EnteredBy<Y> = Y extends Yielded<infer _E, infer _R, infer S, infer _N, infer _L> ? S : never

/** What a task without `stages` may enter: nothing. The member's name is the compiler's message. */
type Unregistered = string & { readonly "this task enters a stage: give `stages` the body of it": never }

/** The stages that a task with these bodies may enter. */
export type NamesOf<B> = [B] extends [never] ? Unregistered : NameOf<B>

/** `T`, if the bodies of all stages fit the task. */
export type Covered<B, A, E, T> = [Body.FailuresOf<YieldsOf<B>>] extends [E]
  ? [ResultOf<B>] extends [A]
    ? [EnteredBy<YieldsOf<B>>] extends [NameOf<B>]
      ? T
      : Because<"a stage enters one that `stages` does not have", Exclude<EnteredBy<YieldsOf<B>>, NameOf<B>>>
    : Because<"`success` does not cover what a stage returns", ResultOf<B>>
  : Because<"`error` does not cover the failures of a stage", Exclude<Body.FailuresOf<YieldsOf<B>>, E>>

type StateOf<State> = State extends AnySchema
  ? Schema.Schema.Type<State>
  : State extends Schema.Struct.Fields
    ? Schema.Struct.Type<State>
    : never

/** What `stage.body` makes. */
class Made {
  constructor(readonly stage: Definition.Stage) {}
}

/**
 * A stage called `name`, which begins with a state: the fields of a struct, or one schema.
 *
 * It is declared first; a task takes its body in `stages`, and enters it with `return yield* stage.enter(state)`. An
 * execution resumes in the stage that it entered last, from the recorded state, and replays nothing that was before: an
 * endless task is a stage that enters itself. Undos of earlier stages are found when a revert needs them. Only the body
 * of a task enters stages: not a group, a branch, or a revert. Throws `InvalidName` for a name that cannot be kept, a
 * `TypeError` for a state that is neither fields nor a schema. The idea is Temporal's continue-as-new, within one execution.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const Page = Task.stage("page", { state: { cursor: Schema.Number } })
 * const crawl = Task.make("crawl", {
 *   stages: [
 *     Page.body(function* ({ cursor }) {
 *       const next = yield* Phase.make("fetch", Effect.succeed(cursor + 1))
 *       return yield* Page.enter({ cursor: next })
 *     })
 *   ],
 *   *run() {
 *     return yield* Page.enter({ cursor: 0 })
 *   }
 * })
 */
export const stage = <const N extends string, State extends Schema.Struct.Fields | AnySchema>(
  name: N,
  options: { readonly state: State }
): Stage<N, StateOf<State>> => {
  checkName(name, "the stage name")
  const { state } = options
  if (!Schema.isSchema(state) && !Predicate.isRecord(state)) {
    throw new TypeError(`state of stage ${name} must be fields or a Schema, not ${Thrown.text(state).slice(0, 80)}`)
  }
  const own = {}
  const values = codec((Schema.isSchema(state) ? state : Schema.Struct(state)) as unknown as AnySchema)
  return {
    name,
    enter: (given) => describe({ _tag: "Enter", name, stage: own, state: given }),
    body: (run) => {
      if (!Predicate.isFunction(run)) {
        throw new TypeError(
          `the body of stage ${name} must be a generator function, not ${Thrown.text(run).slice(0, 80)}`
        )
      }
      const start = Body.fresh(`the body of stage ${name}`, run as (given: unknown) => unknown)
      return new Made({ name, stage: own, state: values, run: start }) as never
    }
  }
}

/** The stages of a task, by name. Throws a `TypeError` for what is no body of one, and for two of one name. */
export const table = (task: string, bodies: ReadonlyArray<unknown> = []): ReadonlyMap<string, Definition.Stage> => {
  const stages = new Map<string, Definition.Stage>()
  for (const [index, body] of bodies.entries()) {
    if (!(body instanceof Made)) {
      throw new TypeError(
        `stages[${index}] of task ${task} must be what stage.body makes, not ${Thrown.text(body).slice(0, 80)}`
      )
    }
    const { name } = body.stage
    if (stages.has(name)) throw new TypeError(`task ${task} has two stages called ${name}: rename one`)
    stages.set(name, body.stage)
  }
  return stages
}
