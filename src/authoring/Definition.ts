/** A task as the engine sees it: types erased, values behind codecs. Made by `Task.make`, and by nothing else. */
import type { Codec } from "../core/Instruction.js"
import type { Json } from "../core/Json.js"
import type { Keep } from "../core/Keep.js"
import type { Lane } from "./Lane.js"

/** A phase that happened, as a revert gets it: newest first, frozen when the revert begins. */
export interface Completed<Undo> {
  readonly name: string
  readonly path: string
  /** the recorded value, as plain JSON: with a `success` schema, its encoded side */
  readonly value: Json | undefined
  /** yield it to undo the phase; the phase's `undo` is found only then */
  readonly undo: Undo
}

/** How a failure reads to a custom revert. */
export interface RevertContext<Payload, Failure> {
  readonly payload: Payload
  readonly failures: ReadonlyArray<Failure>
  /** the path of the checkpoint to which the execution goes back; none: all that completed is undone */
  readonly to?: string | undefined
}

/** A stage with its body, as the engine sees it. */
export interface Stage {
  readonly name: string
  /** the stage as its author has it: two may have one name */
  readonly stage: unknown
  readonly state: Codec
  /** makes a fresh generator, as `Definition.run` does */
  readonly run: (state: unknown) => unknown
}

export interface Definition {
  readonly name: string
  readonly version: number
  readonly payload: Codec
  readonly success: Codec
  readonly error: Codec
  readonly onFailure: "halt" | "revert"
  /** in milliseconds, from the start of the execution until it completes */
  readonly timeout: number | undefined
  /** makes a fresh generator; throws if it is not one, or was handed out before */
  readonly run: (payload: unknown) => unknown
  /** by name */
  readonly stages: ReadonlyMap<string, Stage>
  readonly revert: (completed: ReadonlyArray<Completed<unknown>>, context: RevertContext<unknown, unknown>) => unknown
  /** whether `revert` is the author's own */
  readonly customRevert: boolean
  /** how many independent phases a revert undoes at a time */
  readonly revertConcurrency: number
  readonly idempotencyKey: ((payload: unknown) => string) | undefined
  /** what its executions are found by */
  readonly tags: ((payload: unknown) => Iterable<string>) | undefined
  readonly lane: Lane | undefined
  /** the names of all its checkpoints, if it declares them */
  readonly checkpoints: ReadonlySet<string> | undefined
  /** how much of its past an execution keeps, if it says so */
  readonly keep: Keep | undefined
  /** for how long what has ended is kept, in milliseconds; Infinity: for ever; none: as the engine says */
  readonly retention: number | undefined
}
