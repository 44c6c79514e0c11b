/** Checkpoints: named marks that an execution can stop at, go to and be reverted to. */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as Path from "../core/Path.js"
import * as Thrown from "../core/Thrown.js"
import { checkName, describe, type Phase } from "./Description.js"
import * as Keep from "./Keep.js"
import { type AnySchema, type Because, type Closed, codec, type IsPlain, plain, type TypeOf } from "./Recordable.js"
import type { Retry } from "./Retry.js"

/** What a checkpoint keeps, and does. */
export interface CheckpointOptions<Data, Kept, V, R> {
  /** recorded, and shown by `status` */
  readonly data?: Data
  /** the schema of `data`; needed unless that is plain JSON */
  readonly schema?: Kept
  /** a point of no return for every revert */
  readonly commit?: boolean
  /** the execution pauses here, until an operator resumes it */
  readonly pause?: boolean
  /** asked when something after it fails in its generator: that is undone, and runs again. Newer checkpoints are asked first */
  readonly retry?: Retry<V, R>
  /** how many checkpoints stay to go back to when this one is recorded; by default as the task's `keep` says */
  readonly keep?: Keep.Keep
}

type Marked<Data, Kept, V, R> = [Kept] extends [never]
  ? IsPlain<Data> extends true
    ? Phase<V, never, Closed<R>, never, true>
    : Because<"the checkpoint's data is not plain JSON: give `schema`", Data>
  : [Data] extends [TypeOf<Kept>]
    ? Phase<V, never, Closed<R>, never, true>
    : Because<"`schema` does not cover the checkpoint's data", Data>

/** What each member has to be, for callers whose compiler did not see to it. */
const expected: Readonly<Record<string, readonly [what: string, is: (value: unknown) => boolean]>> = {
  schema: ["a Schema", Schema.isSchema],
  commit: ["a boolean", Predicate.isBoolean],
  pause: ["a boolean", Predicate.isBoolean],
  retry: ["a Retry, such as Retry.times(3)", Predicate.hasProperty("strategy")]
}

const expectations = Object.entries(expected)

const check = (name: string, options: Readonly<Record<string, unknown>>): void => {
  for (const [key, [what, is]] of expectations) {
    const value = options[key]
    if (value !== undefined && !is(value)) {
      throw new TypeError(`${key} of checkpoint ${name} must be ${what}, not ${Thrown.text(value).slice(0, 80)}`)
    }
  }
}

/**
 * A named mark in the journal, that an execution can stop at, go to and be reverted to: see docs/checkpoints.md.
 *
 * With `commit: true`, no revert goes back beyond it. With `pause: true`, the execution pauses when it comes to it, not when
 * it is replayed. It answers the value that `retry` gives the present attempt. Throws `InvalidName` for a name that cannot be
 * kept, and a `TypeError` for what is no schema or strategy, and a `keep` that keeps nothing. The idea is TaskFlow's page on checkpointing.
 *
 * @example
 * import { Phase, Retry } from "tidemark"
 * import * as Schema from "effect/Schema"
 *
 * const configured = Phase.checkpoint("configured", { data: { hosts: 3 }, pause: true })
 * const since = Phase.checkpoint("since", { data: new Date(0), schema: Schema.Date, retry: Retry.times(5) })
 */
export const checkpoint = <Data = void, Kept extends AnySchema = never, V = void, R = never>(
  name: string,
  options: CheckpointOptions<Data, Kept, V, R> = {}
): Marked<Data, Kept, V, R> => {
  checkName(name)
  check(name, { ...options })
  return describe({
    _tag: "Checkpoint",
    name,
    commit: options.commit ?? false,
    pause: options.pause ?? false,
    data: options.data,
    value: options.schema === undefined ? plain : codec(options.schema),
    strategy: options.retry?.strategy,
    keep: Keep.make(`keep of checkpoint ${name}`, options.keep)
  })
}

/** The names that a task declares for its checkpoints. Throws `InvalidName`, and a `TypeError` for one that is there twice. */
export const declared = (task: string, names: Iterable<string> | undefined): ReadonlySet<string> | undefined => {
  if (names === undefined) return undefined
  const found = new Set<string>()
  for (const name of names) {
    checkName(name)
    if (found.has(name))
      throw new TypeError(`checkpoints of task ${task} must be names, each once: ${name} is there twice`)
    found.add(name)
  }
  return found
}

/** Whether a task may come to a checkpoint that somebody calls so: by its name, its number with it, or its path. */
export const isDeclared = (names: ReadonlySet<string> | undefined, wanted: string): boolean =>
  names === undefined || names.has(wanted) || names.has(Path.nameOf(wanted))
