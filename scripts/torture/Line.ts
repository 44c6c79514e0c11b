/** The way to a phase: its path, what it is in, and which phases it had to wait for. */
import type { Branch, ForkStatement } from "./Program.js"

/** The way to a phase: its place in what is around it. */
export interface Line {
  readonly up: Line | undefined
  readonly scope: string
  readonly rank: number
  /** of a branch: what it is a branch of */
  readonly fork: ForkStatement | undefined
}

export const linesOf = (line: Line | undefined): ReadonlyArray<Line> =>
  line === undefined ? [] : [...linesOf(line.up), line]

/** Whether the one had to wait for the other to end: it comes later in the same generator, or needs it. */
export const follows = (later: Line, earlier: Line): boolean => {
  const others = linesOf(earlier)
  const needs = (branches: ReadonlyArray<Branch>, from: number, to: number): boolean =>
    branches[from]!.needs.some((need) => need === to || needs(branches, need, to))
  for (const [depth, { fork, rank, scope }] of linesOf(later).entries()) {
    const other = others[depth]
    if (other === undefined || other.scope !== scope) return false
    if (other.rank !== rank) return fork === undefined ? rank > other.rank : needs(fork.branches, rank, other.rank)
  }
  return false
}

export const under = (scope: string, name: string): string => (scope === "" ? name : `${scope}/${name}`)

export const numbered = (scope: string, name: string, seen: Map<string, number>): string => {
  const count = (seen.get(name) ?? 0) + 1
  seen.set(name, count)
  return under(scope, count === 1 ? name : `${name}#${count}`)
}

export const branchPaths = (path: string, { branches }: ForkStatement): ReadonlyArray<string> => {
  const seen = new Map<string, number>()
  return branches.map(({ name }) => numbered(path, name, seen))
}
