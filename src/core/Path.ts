/**
 * Where a phase stands in its execution: segments joined by `/`, the way that a file has a path. A segment is the
 * phase's name, with `#n` from its second occurrence in the same scope on. `~`, `/` and `#` inside a name are written
 * `~0`, `~1` and `~2` (the first two as in JSON Pointer), so that a name never reads as two.
 */

/** The scope of a task's body. */
export const root = ""

/** The scope of the phases that `finally` blocks yield while a generator is closed. */
export const close = "close"

/** The scope of the n-th revert's own phases. */
export const revert = (n: number): string => `revert#${n}`

/** Below a revert's scope: the undo of the phase at `path`. */
export const undo = (scope: string, path: string): string => `${scope}/undo/${path}`

/** A phase's name as a segment. */
export const escape = (name: string): string =>
  /[~/#]/.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("#", "~2") : name

/** The name that a segment stands for. */
export const unescape = (segment: string): string =>
  segment.includes("~") ? segment.replaceAll("~2", "#").replaceAll("~1", "/").replaceAll("~0", "~") : segment

/** The path of the `occurrence`-th phase called `name` in `scope`, counted from 1. */
export const of = (scope: string, name: string, occurrence: number): string => {
  const segment = occurrence === 1 ? escape(name) : `${escape(name)}#${occurrence}`
  return scope === root ? segment : `${scope}/${segment}`
}
