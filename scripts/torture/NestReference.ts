/** What must become of a nest, whatever crashes: plain functions, which know nothing of the engine. */
import type { Combinator, Nest } from "./Nest.js"

/** How it ends, and what then stands outside. */
export interface Prediction {
  readonly status: "Completed" | "Reverted"
  readonly outside: ReadonlyArray<string>
}

/** Whether a level succeeds, and the names of what it leaves outside. */
interface Fate {
  readonly ok: boolean
  readonly leaves: ReadonlyArray<string>
}

const innermost = (kind: Combinator, broken: boolean, again: Fate): Fate => {
  if (kind === "race") return { ok: true, leaves: [broken ? "z" : "bad"] }
  if (kind === "beaten") return { ok: true, leaves: ["x"] }
  if (!broken) return { ok: true, leaves: ["x", "bad", "z"] }
  if (kind === "retry" && again.ok) return again
  const alone = /^(group|retry|child)$/.test(kind)
  return { ok: kind === "either", leaves: alone ? ["x"] : ["x", "z"] }
}

const fate = (nest: Nest, level: number, broken: boolean): Fate => {
  const kind = nest.levels[level]!
  const reverts = nest.variant === "reverts"
  /** how it goes the next time */
  const again = (): Fate => (broken && !reverts ? fate(nest, level, false) : { ok: false, leaves: [] })
  if (level === nest.levels.length - 1) {
    const end = innermost(kind, broken, kind === "retry" ? again() : { ok: false, leaves: [] })
    return kind === "child" && reverts && !end.ok ? { ok: false, leaves: [] } : end
  }
  const next = fate(nest, level + 1, broken)
  const beside = `p${level}`
  switch (kind) {
    case "race":
      return next.ok ? next : { ok: true, leaves: [beside] }
    case "beaten":
      return { ok: true, leaves: [beside] }
    case "either":
      return { ok: true, leaves: nest.levels[level + 1] === "either" ? [beside, ...next.leaves] : next.leaves }
    case "child":
      return !next.ok && reverts ? { ok: false, leaves: [] } : { ok: next.ok, leaves: [beside, ...next.leaves] }
    case "retry":
      return next.ok || reverts ? { ok: next.ok, leaves: [beside, ...next.leaves] } : again()
    case "graph":
      return { ok: next.ok, leaves: [beside, ...next.leaves, ...(next.ok ? [`jgraph${level}`] : [])] }
    default:
      return { ok: next.ok, leaves: [beside, ...next.leaves] }
  }
}

export const predict = (nest: Nest): Prediction => {
  const once = fate(nest, 0, nest.variant !== "succeeds")
  if (!once.ok && nest.variant === "reverts") return { status: "Reverted", outside: [] }
  const end = once.ok ? once : fate(nest, 0, false)
  return { status: "Completed", outside: ["last", ...end.leaves].sort() }
}
