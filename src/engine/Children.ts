/**
 * Executions that phases of other executions call. A child's id follows from its parent's id and the phase's path, so that
 * a repeat finds the same child; its parent runs it, and stops and reverts it with itself.
 */

import type * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Codec } from "../core/Instruction.js"
import { sha256 } from "../core/Sha256.js"
import type { Fibers } from "./Fibers.js"

/** An execution that a phase calls; it is not that of anybody else. */
export interface Called {
  readonly id: string
  readonly parent: { readonly execution: string; readonly path: string }
}

export const isParent = (parent: Called["parent"], recorded: Called["parent"] | undefined): boolean =>
  recorded?.execution === parent.execution && recorded.path === parent.path

/** A call, with what it takes to run the child. */
export interface Call extends Called {
  readonly definition: Definition
  readonly payload: unknown
  /** what the child runs with: what its parent has */
  readonly services: Fibers
  /** the parent's phase is in this round: a child that stopped in an earlier one goes on */
  readonly round: number
  /** it then runs what is in doubt again */
  readonly rerun: boolean
  /** what its parent records its own failures with; none: as the child's */
  readonly error: Codec | undefined
}

/** How a child is stopped: when what runs in it has ended; now; for good; or so that any engine may take it up. */
export type Stop = "pause" | "pauseNow" | "close" | "suspend"

/** What a phase can do with a child. */
export interface Children {
  /** Runs a child to its end: its result, or its failures as a `Refused`; `Parked` if it stands still before. */
  readonly run: (call: Call) => Effect.Effect<unknown, unknown>
  /** Has a child stopped, and waits until it is. Nothing if it does not run, or never started. */
  readonly stop: (called: Called, how: Stop, call?: Call) => Effect.Effect<void, { readonly message: string }>
  /** Reverts a child, wherever it stands; `Parked` if it was handed back before. */
  readonly undo: (call: Call) => Effect.Effect<void, unknown>
}

/** A child stands still without an outcome: it is paused, or was handed back. Its phase goes on when it moves. */
export class Parked {
  constructor(
    /** calls back when it moves; answers how to stop listening */
    readonly listen: (moved: () => void) => () => void,
    /** when its parent has to see to it, in milliseconds UTC: nobody else here can wake it */
    readonly due?: number
  ) {}
}

const longest = 200

/**
 * The id of the child that a phase calls: by the parent's id and the path, unless it is given. It is another one once the
 * phase was undone and is done anew. A `~` in a path is always followed by a digit.
 */
export const idOf = (execution: string, path: string, generation: number, given: string | undefined): string => {
  const id = given ?? `${execution}/${path}`
  const anew = generation === 0 ? id : `${id}~g${generation}`
  if (anew === given || Buffer.byteLength(anew) <= longest) return anew
  return `${[...execution].slice(0, 40).join("")}/~${sha256(anew).slice(0, 32)}`
}
