/** The children of one live execution: what its phases call, and what becomes of that when they are left. */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Child, Codec } from "../core/Instruction.js"
import type { Cursor } from "../core/Interpreter.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import type { Call, Called, Children, Stop } from "./Children.js"
import type { Fibers } from "./Fibers.js"
import type { Job } from "./Job.js"
import type { Writer } from "./Writer.js"

/** Something to do that has no entry of its own: stopping children. Nothing if there are none. */
export type Leaving = Effect.Effect<void, { readonly message: string }> | undefined

/** A phase of the body that is not over: it runs, waits, or is in doubt. */
export const isOpen = ({ forward, state }: PhaseRecord): boolean => forward && state !== "failed"

export class Family {
  /** the scopes whose children are stopped */
  private left: Set<string> | undefined

  constructor(
    private readonly writer: Writer,
    private readonly children: Children,
    private readonly fibers: Fibers,
    private readonly replay: { readonly body: Cursor }
  ) {}

  /** Runs a child; one that stands still goes on, the first time, if somebody has let its parent go on. */
  run(child: Child, path: string, error: Codec | undefined): Effect.Effect<unknown, unknown> {
    let first = true
    return Effect.suspend(() => {
      const call = this.callOf(child, path, error)
      const again = call === undefined || first ? call : { ...call, round: 0 }
      first = false
      return again === undefined ? Effect.die(new Error(`${path} calls nothing`)) : this.children.run(again)
    })
  }

  /** Reverts what the phase at a path called. */
  undo(child: Child, path: string): Effect.Effect<void, unknown> {
    const call = this.callOf(child, path, undefined)
    return call === undefined ? Effect.void : this.children.undo(call)
  }

  private callOf({ definition, payload }: Child, path: string, error: Codec | undefined): Call | undefined {
    const called = this.calledAt(path)
    if (called === undefined) return undefined
    const { rerun, round } = this.writer.history.phases.get(path)!
    return { ...called, definition: definition as Definition, payload, services: this.fibers, round, rerun, error }
  }

  /** What the phase at a path, or the one that it undoes, calls. */
  private calledAt(path: string): Called | undefined {
    const record = this.writer.history.phases.get(path)
    if (record?.undoes !== undefined) return this.calledAt(record.undoes)
    return record?.child === undefined
      ? undefined
      : { id: record.child, parent: { execution: this.writer.id, path: record.path } }
  }

  /** Has the child of the phase at a path stop, that runs, or is being reverted. */
  halt(path: string, how: Stop): Effect.Effect<void> {
    const called = this.calledAt(path)
    return called === undefined
      ? Effect.void
      : Effect.catchAll(this.children.stop(called, how), (error) => Effect.logWarning(error.message))
  }

  /** Stops the children of phases without an outcome, the newest first. */
  stopAll(how: Stop, which: (record: PhaseRecord) => boolean): Leaving {
    const { open } = this.writer.history
    const records = [...open].filter((record) => record.child !== undefined && which(record)).reverse()
    if (records.length === 0) return undefined
    return Effect.forEach(records, ({ path }) => this.stop(path, how), { discard: true })
  }

  private stop(path: string, how: Stop): Effect.Effect<void, { readonly message: string }> {
    const called = this.calledAt(path)
    const instruction = this.replay.body.standing(path)?.instruction
    const call = instruction?._tag === "Child" ? this.callOf(instruction, path, undefined) : undefined
    return called === undefined ? Effect.void : this.children.stop(called, how, call)
  }

  /** Closes the children in something that failed, and whose failure is a value. */
  closeIn(scope: string): Leaving {
    return this.stopAll("close", ({ path, state }) => state !== "failed" && path.startsWith(`${scope}/`))
  }

  /** Closes the children that clean-ups in a scope have left open: nothing comes back to them. */
  closeCleaned(scope: string = Path.root): Leaving {
    return this.stopAll("close", ({ cleans, path }) => cleans && (scope === Path.root || path.startsWith(`${scope}/`)))
  }

  /** The job of stopping children for the sake of a scope: `hasLeft` once that is done. */
  leave(scope: string, leaving: NonNullable<Leaving>): Job {
    this.left?.delete(scope)
    const effect = Effect.map(leaving, (left) => {
      this.left ??= new Set()
      this.left.add(scope)
      return left
    })
    return { _tag: "Leave", path: scope, effect, phase: undefined }
  }

  /** What is in a scope begins anew: nothing of it was left. */
  begin(scope: string): void {
    for (const one of this.left ?? []) if (one === scope || one.startsWith(`${scope}/`)) this.left!.delete(one)
  }

  hasLeft(scope: string): boolean {
    return this.left?.has(scope) === true
  }
}
