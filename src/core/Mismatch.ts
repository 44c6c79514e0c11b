/** Where the code is not the one that wrote the journal, in terms of what stands there: a phase, an item, a branch, a node. */
import type { Kind } from "./Entry.js"
import type { History } from "./History.js"
import type { PhaseRecord } from "./PhaseRecord.js"
import type { Cause, Found, Placed, Step } from "./Step.js"

type Part = "item" | "branch" | "node"

/** What the parts of a fork are called. */
const parts: { readonly [K in Kind]?: Part } = { all: "branch", race: "branch", forEach: "item", graph: "node" }

interface Standing {
  readonly path: string
  readonly kind: Kind
  readonly name: string
  readonly key: string | undefined
}

/** A part of a fork, as its author told it from the others: by its key, or by what it looks like. */
const asPart = (kind: Part, scope: string, { key, path }: Standing): Found => ({
  path,
  kind,
  name: key ?? path.slice(scope.length + 1)
})

const asIs = ({ path, kind, name }: Standing): Found => ({ path, kind, name })

/** Of what stands at one path, or does not stand there. */
const causeAt = (recorded: PhaseRecord, found: Placed | Found | "gone"): Cause => {
  if (found === "gone" || found.kind === "return") return "removed"
  if (!("scope" in found)) return found.kind === recorded.kind ? "inserted" : "branch"
  if (found.scope === recorded.path) return "inserted"
  if (found.key !== recorded.key) return "items"
  return found.kind === recorded.kind && found.capture === recorded.capture ? "renamed" : "kind"
}

/** What is recorded, and what the code has instead; `gone`: that its scope ended without it. */
export const between = (
  { phases }: History,
  recorded: PhaseRecord,
  found: Placed | Found | "gone",
  cause: Cause = causeAt(recorded, found)
): Extract<Step, { readonly _tag: "Mismatch" }> => {
  const around = phases.get(recorded.scope)
  const part = around === undefined ? undefined : parts[around.kind]
  if (found === "gone") {
    return {
      _tag: "Mismatch",
      cause,
      recorded: part === undefined ? asIs(recorded) : asPart(part, recorded.scope, recorded),
      found: { path: recorded.scope, kind: part === undefined ? "return" : "gone", name: part ?? "return" }
    }
  }
  const inside = "scope" in found && found.scope === recorded.path ? parts[recorded.kind] : undefined
  if (inside !== undefined && "scope" in found) {
    return { _tag: "Mismatch", cause, recorded: asIs(recorded), found: asPart(inside, found.scope, found) }
  }
  const keyed = "scope" in found && found.key !== recorded.key
  const shown = (one: Standing): Found =>
    keyed && one.key !== undefined ? { ...asIs(one), kind: "item", name: one.key } : asIs(one)
  return { _tag: "Mismatch", cause, recorded: shown(recorded), found: "scope" in found ? shown(found) : found }
}
