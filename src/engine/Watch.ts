/** A journal as a stream: what it holds, then what is added to it, until the execution ends. */

import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ReadError } from "../authoring/Reading.js"
import { leadsTo, type Recorded } from "../core/Entry.js"
import { isFinal } from "../core/Status.js"
import type { Store } from "../store/Store.js"
import type { Live } from "./Live.js"

const ends = ({ entry }: Recorded): boolean => {
  const status = leadsTo[entry._tag]
  return status !== null && isFinal(status)
}

/** The entries of `id` from the first on. A commit in this process wakes it, and whatever another one writes. */
export const watch = (store: Store, live: Live, id: string): Stream.Stream<Recorded, ReadError> =>
  Stream.paginateChunkEffect(0, (from) =>
    live.listeners.until(
      id,
      Effect.gen(function* () {
        const entries = yield* store.entries(id, from)
        const last = entries[entries.length - 1]
        if (last !== undefined) {
          const next = ends(last) ? Option.none<number>() : Option.some(last.seq + 1)
          return Option.some([Chunk.unsafeFromArray(entries), next] as const)
        }
        if (from === 0 && (yield* store.get(id)) === undefined) return yield* store.absent(id)
        return Option.none()
      })
    )
  )
