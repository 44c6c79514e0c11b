/**
 * Tasks: generator functions with a name, schemas for what goes in and comes out, and one revert.
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { TaskError } from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import * as Thrown from "../core/Thrown.js"
import * as Body from "./Body.js"
import * as Checkpoint from "./Checkpoint.js"
import type * as Definition from "./Definition.js"
import { checkName, describe, type Phase, type Yielded } from "./Description.js"
import * as Instant from "./Instant.js"
import * as Keep from "./Keep.js"
import * as Lane from "./Lane.js"
import * as Limit from "./Limit.js"
import { type AnySchema, codec, errorCodec, plain, type TypeOf } from "./Recordable.js"

import * as Schedule from "./Schedule.js"
import * as Stage from "./Stage.js"
import { type ExecuteOptions, type StartOptions, TaskEngine } from "./TaskEngine.js"

export type { FailuresOf, RequirementsOf } from "./Body.js"
export { type Migrations, migrated } from "./Migrated.js"
export { type Stage, type StageBody, stage } from "./Stage.js"

/** A phase that happened, as `revert` gets it. */
export type Completed = Definition.Completed<Phase<void>>

/** A definition: what executions of it do. `A` is its result, `E` its own error, `R` what its phases and undos require. */
export interface Task<in out Name extends string, in P, out A, out E, out R> {
  readonly name: Name
  readonly version: number
  /** what the engine works with */
  readonly definition: Definition.Definition
  /**
   * Starts an execution, or attaches to the one that has the id, and waits for its result.
   *
   * A Failed execution answers with its recorded error, or goes on with `resume: true`; a Paused one too. An id with
   * another task or payload is an `ExecutionConflict`. Interrupting the caller hands the execution back.
   */
  readonly execute: (payload: P, options?: ExecuteOptions) => Effect.Effect<A, E | TaskError, R | TaskEngine>
  /**
   * Starts an execution and answers its id once it is recorded. It runs with the services of `layer`; with `at`, not before
   * then: it is Pending until that time, and can be closed. Throws a `TypeError` for an `at` that is no instant and a
   * `priority` that is no integer.
   */
  readonly start: (payload: P, options?: StartOptions) => Effect.Effect<string, TaskError, TaskEngine>
  /**
   * Starts an execution at each time of a cron expression (five fields, or six with seconds first), while the layer is
   * there and any engine of the store has it.
   *
   * An execution's id is made of the task, the schedule's `name` and the instant: none is started twice, whatever crashes
   * and however many processes have the layer. How far the schedule has come is in the store; times that were missed are
   * made up for as `missed` says. A schedule begins when its layer is first built. It runs with the services of `layer`.
   * Throws a `TypeError` for an expression, a time zone or a payload that does not parse or fit, and `InvalidName` for a
   * name or a concurrency key that cannot be kept. The idea is cron's and anacron's, and a Kubernetes CronJob's.
   *
   * @example
   * import { Phase, Task } from "tidemark"
   * import * as Effect from "effect/Effect"
   *
   * const report = Task.make("report", {
   *   *run() {
   *     yield* Phase.make("send", Effect.log("the report"))
   *   }
   * })
   * const daily = report.schedule("0 9 * * 1-5", {}, { name: "daily", timeZone: "Europe/Paris" })
   */
  readonly schedule: (
    expression: string,
    payload: P,
    options?: Schedule.Options
  ) => Layer.Layer<never, never, TaskEngine>
  /**
   * An execution of this task as a phase of another: its result is the phase's, its error the phase's error.
   *
   * Its id derives from the parent's id and the phase's path, unless given: a repeat finds the same child. Closing,
   * pausing and reverting the parent reaches it; the phase's undo is the child's revert. Throws `InvalidName` for a name
   * or an id that cannot be kept. The idea is Temporal's child workflow, and TaskFlow's nested flow.
   *
   * @example
   * import { Phase, Task } from "tidemark"
   * import * as Effect from "effect/Effect"
   * import * as Schema from "effect/Schema"
   *
   * const ship = Task.make("ship", {
   *   payload: { sku: Schema.String },
   *   *run({ sku }) {
   *     yield* Phase.make("send", Effect.log(sku))
   *   }
   * })
   * const order = Task.make("order", {
   *   *run() {
   *     yield* ship.phase({ sku: "tea" })
   *   }
   * })
   */
  readonly phase: (payload: P, options?: ChildOptions) => Phase<A, E, R, never, true>
  /**
   * Registers the task, so that an engine recovers and advances its executions, with the services at hand here. Dies with a
   * `TaskConflict` where the engine has another task of this name and version.
   */
  readonly layer: Layer.Layer<never, never, R | TaskEngine>
}

/** How a child execution is called: `name` is the task's by default, `id` derives from the parent's. */
export interface ChildOptions {
  readonly name?: string
  readonly id?: string
}

type Fields = Schema.Struct.Fields

/** What phases may fail with in a task without an `error` schema: nothing. The member's name is the compiler's message. */
interface Uncovered {
  readonly "phases of this task fail: give it an `error` schema that covers their failures": never
}

/** What a task is made of. */
export interface Options<F extends Fields, Success, Failures, Y, Y2, B = never> {
  /** the fields of the payload; none by default */
  readonly payload?: F
  /** the schema of what `run` returns; void by default */
  readonly success?: Success
  /** the schema of what phases fail with; none by default */
  readonly error?: Failures
  /**
   * recorded with each execution, that goes on with code of this version alone; several versions of a task can be registered
   * beside each other. A positive integer, default 1
   */
  readonly version?: number
  /** when a phase fails for good: stop there for somebody to decide, or undo what completed. Default "halt" */
  readonly onFailure?: "halt" | "revert"
  /** the longest until `run` has returned, pauses included; after it the execution fails with a timeout, as `onFailure` says */
  readonly timeout?: Duration.DurationInput
  /** how many independent phases a revert undoes at a time. Default 1: newest first */
  readonly revertConcurrency?: number
  /** an id derived from the payload, for executions that are started without one */
  readonly idempotencyKey?: (payload: Schema.Struct.Type<NoInfer<F>>) => string
  /** what its executions are found by (`list`, `tidemark ls --tag`): up to 32 texts as names are */
  readonly tags?: (payload: Schema.Struct.Type<NoInfer<F>>) => Iterable<string>
  /**
   * executions with the same key stand in line for each other: one begins when fewer than `limit` others have begun and not
   * ended, failed or been closed. By `priority`, then by age. A key is what a name can be: 1 to 255 bytes of printable text.
   * See docs/waiting.md
   */
  readonly concurrencyKey?: (payload: Schema.Struct.Type<NoInfer<F>>) => string
  /** how many executions with the same key may be under way at once. Default 1 */
  readonly limit?: number
  /** what `run` may enter, each with its body: see `Task.stage` */
  readonly stages?: ReadonlyArray<B>
  /**
   * the names of all its checkpoints: another one in `stopAt`, `goTo` or `revert` is refused before anything runs, and stops
   * an execution that comes to it
   */
  readonly checkpoints?: ReadonlyArray<string>
  /**
   * how much of its past an execution keeps to go back to. A checkpoint's own goes before it; the engine's, "all" by
   * default, behind it. See docs/checkpoints.md
   */
  readonly keep?: Keep.Keep
  /**
   * for how long its executions are kept once they are Completed, Closed or Reverted: then they are purged, with their
   * children, and their ids answer `ExecutionDiscarded`. `Infinity`: for ever. By default as the engine says
   */
  readonly retention?: Duration.DurationInput
  /** the phases; the code between two yields is synchronous and pure, for it runs again on every resumption */
  readonly run: (payload: Schema.Struct.Type<F>) => Generator<Y, TypeOf<Success, void>, never>
  /** undoes what completed, instead of the phases' own `undo`: newest first, only what happened */
  readonly revert?: (
    completed: ReadonlyArray<Completed>,
    context: Definition.RevertContext<Schema.Struct.Type<NoInfer<F>>, Failure>
  ) => Generator<Y2, void, never>
}

/** The engine's own revert: each completed phase's undo, newest first. */
function* undoAll(completed: ReadonlyArray<Completed>): Generator<unknown, void, never> {
  for (const phase of completed) yield* phase.undo
}

/** What can be asked for with a definition at hand: of the engine at hand, or of the task that yields it. */
const asked = (definition: Definition.Definition) => ({
  execute: (payload: unknown, given: ExecuteOptions = {}) =>
    Effect.flatMap(TaskEngine, (engine) => engine.execute(definition, payload, given)),
  start: (payload: unknown, given: StartOptions = {}) => {
    if (given.at !== undefined) Instant.toMillis(`at of a start of task ${definition.name}`, given.at)
    if (given.priority !== undefined && !Number.isSafeInteger(given.priority)) {
      const text = Thrown.text(given.priority)
      throw new TypeError(`priority of a start of task ${definition.name} must be an integer, not ${text}`)
    }
    return Effect.flatMap(TaskEngine, (engine) => engine.start(definition, payload, given))
  },
  schedule: (expression: string, payload: unknown, given: Schedule.Options = {}) => {
    const schedule = Schedule.make(definition, expression, payload, given)
    return Layer.scopedDiscard(Effect.flatMap(TaskEngine, (engine) => engine.schedule(definition, schedule)))
  },
  phase: (payload: unknown, given: ChildOptions = {}) => {
    if (given.id !== undefined) checkName(given.id, "the execution id")
    return describe({
      _tag: "Child",
      name: given.name ?? definition.name,
      capture: "none",
      definition,
      payload,
      id: given.id,
      value: definition.success,
      error: definition.error
    })
  },
  layer: Layer.effectDiscard(Effect.flatMap(TaskEngine, (engine) => engine.register(definition)))
})

/**
 * A task called `name`.
 *
 * `run` yields phases with `yield*`, and nothing else; E and R are inferred from them. `success` and `error` must cover
 * what it returns and fails with. A payload field that a combinator makes is piped, so that TypeScript infers it:
 * `Schema.String.pipe(Schema.optionalWith({ exact: true }))`. Throws `InvalidName` where the name cannot be kept, a
 * `TypeError` for a `version`, a `revertConcurrency` or a `limit` that is no positive integer, a `limit` without a `concurrencyKey`,
 * a `timeout` or a `retention` that is no positive duration, a `keep` that keeps nothing, and `stages` that are no bodies of stages, or two of one name.
 *
 * @example
 * import { Phase, Task } from "tidemark"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const greet = Task.make("greet", {
 *   payload: { name: Schema.String },
 *   success: Schema.String,
 *   *run({ name }) {
 *     const text = yield* Phase.make("compose", Effect.succeed(`hello ${name}`))
 *     yield* Phase.make("print", Effect.log(text))
 *     return text
 *   }
 * })
 *
 * const importFile = Task.make("import-file", {
 *   payload: { tenant: Schema.String, file: Schema.String },
 *   concurrencyKey: ({ tenant }) => tenant,
 *   *run({ file }) {
 *     yield* Phase.make("import", Effect.log(file))
 *   }
 * })
 */
export const make = <
  const N extends string,
  Y extends Yielded<TypeOf<Failures, Uncovered>, unknown, Stage.NamesOf<B>>,
  F extends Fields = Record<never, never>,
  Success extends AnySchema = never,
  Failures extends AnySchema = never,
  Y2 extends Yielded<unknown, unknown> = never,
  B extends Stage.AnyBody = never
>(
  name: N,
  options: Options<F, Success, Failures, Y, Y2, B>
): Stage.Covered<
  B,
  TypeOf<Success, void>,
  TypeOf<Failures>,
  Task<
    N,
    Schema.Struct.Type<F>,
    TypeOf<Success, void>,
    TypeOf<Failures>,
    Body.RequirementsOf<Y> | Body.RequirementsOf<Y2> | Body.RequirementsOf<Stage.YieldsOf<B>>
  >
> => {
  checkName(name, "the task name")
  const revertConcurrency = options.revertConcurrency ?? 1
  if (!Number.isInteger(revertConcurrency) || revertConcurrency < 1) {
    throw new TypeError(
      `revertConcurrency of task ${name} must be a positive integer, not ${Thrown.text(revertConcurrency)}`
    )
  }
  const version = options.version ?? 1
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new TypeError(`version of task ${name} must be a positive integer, not ${Thrown.text(version)}`)
  }
  const definition: Definition.Definition = {
    name,
    version,
    payload: codec(Schema.Struct(options.payload ?? {}) as unknown as AnySchema),
    success: options.success === undefined ? plain : codec(options.success),
    error: options.error === undefined ? plain : errorCodec(options.error),
    onFailure: options.onFailure ?? "halt",
    timeout: Limit.limit(`timeout of task ${name}`, options.timeout),
    run: Body.fresh(`run of task ${name}`, options.run as (payload: unknown) => unknown),
    stages: Stage.table(name, options.stages),
    revert: (options.revert ?? undoAll) as Definition.Definition["revert"],
    revertConcurrency,
    customRevert: options.revert !== undefined,
    tags: options.tags as Definition.Definition["tags"],
    idempotencyKey: options.idempotencyKey as Definition.Definition["idempotencyKey"],
    lane: Lane.make(name, options.concurrencyKey, options.limit),
    checkpoints: Checkpoint.declared(name, options.checkpoints),
    keep: Keep.make(`keep of task ${name}`, options.keep),
    retention: Limit.retention(`retention of task ${name}`, options.retention)
  }
  return { name, version: definition.version, definition, ...asked(definition) } as never
}
