/** What must become of a grid: plain functions, which know nothing of the engine. */
import { type Grid, needs, type Piece, pathOf } from "./Grid.js"

export interface Outcome {
  readonly status: "Completed" | "Reverted"
  /** what the task answers, if it completes */
  readonly result: ReadonlyArray<string> | undefined
  /** what led to the revert, in the order in which it happened */
  readonly failures: ReadonlyArray<string>
  /** the phases that completed, in that order */
  readonly completed: ReadonlyArray<string>
  /** those that were interrupted, in no order */
  readonly interrupted: ReadonlyArray<string>
  /** what was undone, in that order */
  readonly undone: ReadonlyArray<string>
  /** what was undone, though nobody knows whether it happened; in no order */
  readonly doubted: ReadonlyArray<string>
}

type State = "waiting" | "running" | "succeeded" | "failed" | "stopped"

/** Three pieces of work that are one. */
interface Team {
  readonly piece: Piece
  state: State
  readonly members: ReadonlyArray<Member>
}

type Member = Team | { readonly phase: number; state: State }

const start = (member: Member): void => {
  member.state = "running"
  if ("members" in member) startReady(member)
}

/** Those whose needs have all succeeded. */
const startReady = ({ members, piece }: Team): void => {
  for (const [index, member] of members.entries()) {
    const ready = needs[piece.shape][index]!.every((need) => members[need]!.state === "succeeded")
    if (member.state === "waiting" && ready) start(member)
  }
}

/** Whatever runs in it is interrupted. */
const stop = (member: Member): void => {
  if (member.state !== "running") return
  member.state = "stopped"
  if ("members" in member) for (const each of member.members) stop(each)
}

/** What follows in a team when one of its members has ended. */
const settle = (team: Team): void => {
  const failed = team.members.some(({ state }) => state === "failed")
  const ends = failed && team.piece.mode === "stop"
  if (ends) for (const member of team.members) stop(member)
  else startReady(team)
  if (team.members.some(({ state }) => state === "running")) return
  team.state = failed ? "failed" : "succeeded"
}

/** What is known in the end. */
interface Course {
  readonly completed: ReadonlyArray<number>
  readonly failed: ReadonlyArray<number>
  readonly interrupted: ReadonlyArray<number>
}

const run = (grid: Grid): Course => {
  const team = (piece: Piece, members: ReadonlyArray<Member>): Team => ({ piece, state: "waiting", members })
  const phases = Array.from({ length: 9 }, (_, phase): { phase: number; state: State } => ({ phase, state: "waiting" }))
  const lines = grid.lines.map((line, index) => team(line, phases.slice(index * 3, index * 3 + 3)))
  const whole = team(grid.outer, lines)
  const ended: Array<number> = []
  start(whole)
  for (;;) {
    const next = grid.order.find((phase) => phases[phase]!.state === "running")
    if (next === undefined) break
    phases[next]!.state = grid.fails.has(next) ? "failed" : "succeeded"
    ended.push(next)
    const line = lines[Math.floor(next / 3)]!
    settle(line)
    if (line.state !== "running") settle(whole)
  }
  return {
    completed: ended.filter((phase) => !grid.fails.has(phase)),
    failed: ended.filter((phase) => grid.fails.has(phase)),
    interrupted: phases.flatMap(({ phase, state }) => (state === "stopped" ? [phase] : []))
  }
}

/** How a phase's failure reads: its tag and where it was. */
const failureOf = (grid: Grid, phase: number): string => `${grid.fails.get(phase)} at ${pathOf(phase)}`

export const predict = (grid: Grid): Outcome => {
  const { completed, failed, interrupted } = run(grid)
  const { capture } = grid.outer
  const dies = failed.some((phase) => grid.fails.get(phase) === "Die")
  const captured = capture === "exit" || (capture === "either" && !dies)
  const failures = failed.length > 0 && !captured ? failed.map((phase) => failureOf(grid, phase)) : []
  if (failures.length === 0 && grid.givesUp) failures.push("Fail at fail")
  const paths = (of: ReadonlyArray<number>) => of.map(pathOf)
  const messages = failed.map((phase) => `no ${pathOf(phase)}`)
  const reverted = failures.length > 0
  return {
    status: reverted ? "Reverted" : "Completed",
    result: reverted ? undefined : capture === "either" ? messages.slice(0, 1) : messages,
    failures,
    completed: paths(completed),
    interrupted: paths(interrupted),
    undone: reverted ? paths(completed).reverse() : [],
    doubted: reverted ? paths(interrupted) : []
  }
}
