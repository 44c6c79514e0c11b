/** The journals of a database that no process has open, read and verified by the library itself. */
import * as Effect from "effect/Effect"
import { type ExecutionStatus, type Recorded, TaskEngine } from "tidemark"
import { Sqlite } from "tidemark/sqlite"

export interface Journal {
  readonly status: ExecutionStatus
  readonly entries: ReadonlyArray<Recorded>
}

/** Every execution by its id. Reading checks the hash chain of each; one that is broken is an error. */
export const read = (filename: string) =>
  Effect.gen(function* () {
    const journals = new Map<string, Journal>()
    for (const { id } of yield* TaskEngine.list()) {
      journals.set(id, { status: yield* TaskEngine.status(id), entries: yield* TaskEngine.history(id) })
    }
    return journals as ReadonlyMap<string, Journal>
  }).pipe(Effect.provide(Sqlite.layerReadonly({ filename })))
