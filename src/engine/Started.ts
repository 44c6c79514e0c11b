/** The entry with which an instruction begins, where its generator has it. */
import type { EntryOf } from "../core/Entry.js"
import type { History } from "../core/History.js"
import type { Placed } from "../core/Step.js"
import { idOf } from "./Children.js"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Until when it waits, and the hash of the token by which it is completed. */
export interface Wait {
  readonly until?: number
  readonly token?: string
}

export const of = (
  execution: string,
  history: History,
  { capture, instruction, key, kind, name, needs, path, scope }: Placed,
  wait: Wait = {}
): EntryOf<"PhaseStarted"> => {
  const generation = history.generations?.get(path) ?? history.generation
  const value = "strategy" in instruction ? instruction.strategy?.first : undefined
  const started: Mutable<EntryOf<"PhaseStarted">> = { _tag: "PhaseStarted", path, name, kind, ...wait }
  if (scope !== "") started.scope = scope
  if (generation !== 0) started.generation = generation
  if (capture !== "none" && kind !== "either" && kind !== "exit") started.capture = capture
  if (key !== undefined) started.key = key
  if (needs !== undefined) started.needs = needs
  if (value !== undefined) started.value = value
  if (instruction._tag === "Group" && instruction.timeout !== undefined) started.timeout = instruction.timeout
  if (instruction._tag === "Checkpoint" && instruction.commit) started.commit = true
  if (instruction._tag === "Run" && instruction.irreversible) started.irreversible = true
  if (instruction._tag === "Undo") started.undoes = instruction.undoes
  if (instruction._tag === "Child") started.child = idOf(execution, path, generation, instruction.id)
  return started
}
