/**
 * Where a phase stands in its execution: segments joined by `/`, the way that a file has a path. A segment is the
 * phase's name, with `#n` from its second occurrence in the same scope on. `~`, `/` and `#` inside a name are written
 * `~0`, `~1` and `~2` (the first two as in JSON Pointer), so that a name never reads as two. What is made of other phases
 * is the scope of these, and a stage's body stands below `@name#n`; `~3` before its name where that is a word of the engine's (`close`, `revert`, `undo`), or
 * reads as a stage. `~4` before the name of a change, that is counted for itself.
 */

/** The scope of a task's body. */
export const root = ""

/** The scope of the body of the n-th stage that was entered. */
export const stage = (name: string, n: number): string => `@${escape(name)}#${n}`

/** The scope of the body, `run`'s or a stage's, that a path of the body is in. */
export const bodyOf = (path: string): string => {
  const end = path.startsWith("@") ? path.indexOf("/") : -1
  return end < 0 ? root : path.slice(0, end)
}

/** Whether phases that stand right in this scope are those of a body. */
export const isBody = (scope: string): boolean => scope === root || (scope.startsWith("@") && !scope.includes("/"))

/** The scope of the phases that `finally` blocks yield while a generator is closed. */
export const close = "close"

/** The scope of the n-th revert's own phases. */
export const revert = (n: number): string => `revert#${n}`

/** Below a revert's scope: the undo of the phase at `path`. */
export const undo = (scope: string, path: string): string => `${scope}/undo/${path}`

/** The scope of the phases that the `finally` blocks of a generator yield, by the scope of its own phases. */
export const closeOf = (scope: string): string => (scope === root ? close : `${scope}/${close}`)

/** Whether phases that stand right in this scope are yielded by `finally` blocks. */
export const isClose = (scope: string): boolean => scope === close || scope.endsWith(`/${close}`)

/** The scope in which what the `attempt`-th try of a group did is undone. */
export const revertOf = (group: string, attempt: number): string => `${group}/revert#${attempt}`

/** The scope in which what the losers of a race did is undone. */
export const undoOf = (race: string): string => `${race}/undo`

/** Words that the engine uses for scopes of its own. */
const reserved: ReadonlySet<string> = new Set(["close", "revert", "undo"])

/** A name as a segment that others stand below: never one of the engine's own scopes. */
const escapeInner = (scope: string, name: string): string =>
  reserved.has(name) || (scope === root && name.startsWith("@")) ? `~3${escape(name)}` : escape(name)

/** The path of a branch, or of what is made of other phases. */
export const inner = (scope: string, name: string, occurrence: number): string => {
  const escaped = escapeInner(scope, name)
  const segment = occurrence === 1 ? escaped : `${escaped}#${occurrence}`
  return scope === root ? segment : `${scope}/${segment}`
}

/** A phase's name as a segment. */
export const escape = (name: string): string =>
  /[~/#]/.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1").replaceAll("#", "~2") : name

/** What a change is called, so that no phase has its path. */
export const changed = (name: string): string => `~4${escape(name)}`

/** The path of the `occurrence`-th change of this name in `scope`. */
export const change = (scope: string, name: string, occurrence: number): string => {
  const segment = occurrence === 1 ? changed(name) : `${changed(name)}#${occurrence}`
  return scope === root ? segment : `${scope}/${segment}`
}

/** The name that a segment stands for. */
export const unescape = (segment: string): string =>
  segment.includes("~")
    ? segment
        .replace(/^~[34]/, "")
        .replaceAll("~2", "#")
        .replaceAll("~1", "/")
        .replaceAll("~0", "~")
    : segment

/** The name of what stands at a path, or is called by its last segment. */
export const nameOf = (path: string): string => unescape(path.slice(path.lastIndexOf("/") + 1).replace(/#\d+$/, ""))

/** The path of the `occurrence`-th phase called `name` in `scope`, counted from 1. */
export const of = (scope: string, name: string, occurrence: number): string => {
  const segment = occurrence === 1 ? escape(name) : `${escape(name)}#${occurrence}`
  return scope === root ? segment : `${scope}/${segment}`
}
