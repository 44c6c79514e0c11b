/** How the journal of an execution begins. */
import type { Definition } from "../authoring/Definition.js"
import type { EntryOf } from "../core/Entry.js"
import type { Json } from "../core/Json.js"

/** What is not the same for all new executions of a task: when it is due, whose child it is, its lane, where it stops. */
export interface Birth {
  readonly due?: number | undefined
  readonly parent?: { readonly execution: string; readonly path: string } | undefined
  readonly round?: number | undefined
  readonly lane?: string | undefined
  readonly stopAt?: string | undefined
  readonly tags?: ReadonlyArray<string>
}

export const createdOf = (
  { name, timeout, version }: Definition,
  payload: Json,
  { due, lane, parent, round = 0, stopAt, tags = [] }: Birth = {}
): EntryOf<"Created"> => ({
  _tag: "Created",
  task: name,
  version,
  payload,
  ...(timeout === undefined ? {} : { timeout }),
  ...(due === undefined ? {} : { due }),
  ...(parent === undefined ? {} : { parent }),
  ...(round === 0 ? {} : { round }),
  ...(lane === undefined ? {} : { lane }),
  ...(stopAt === undefined ? {} : { stopAt }),
  ...(tags.length === 0 ? {} : { tags })
})
