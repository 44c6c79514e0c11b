/** A journal as a stream: what it holds, then what is added to it, until the execution ends. */

import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ReadError } from "../authoring/TaskEngine.js"
import { leadsTo, type Recorded } from "../core/Entry.js"
import { ExecutionNotFound } from "../core/Errors.js"
import { isFinal } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import type { Config } from "./Config.js"
import type { Live } from "./Live.js"

const ends = ({ entry }: Recorded): boolean => {
  const status = leadsTo[entry._tag]
  return status !== null && isFinal(status)
}

/** The entries of `id` from the first on. In this process a commit wakes it, another's is seen at the next look. */
export const watch = (store: Store, live: Live, config: Config, id: string): Stream.Stream<Recorded, ReadError> =>
  Stream.paginateChunkEffect(0, (from) =>
    Effect.gen(function* () {
      for (;;) {
        const changed = live.listeners.listen(id)
        const entries = yield* store.entries(id, from)
        if (entries.length > 0) {
          changed.stop()
          const last = entries[entries.length - 1]!
          const next = ends(last) ? Option.none<number>() : Option.some(last.seq + 1)
          return [Chunk.unsafeFromArray(entries), next] as const
        }
        if (from === 0 && (yield* store.get(id)) === undefined) return yield* new ExecutionNotFound({ execution: id })
        yield* changed.wait(config.inbox)
      }
    })
  )
