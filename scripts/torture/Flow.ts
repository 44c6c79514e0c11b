/** How a statement goes: on, or it throws, or it stops: where something has no outcome yet, or is broken. */
import type { Fact } from "./Facts.js"
import type { Line } from "./Line.js"
import type { Concurrent } from "./Program.js"

export interface Failure {
  readonly path: string
  readonly tag: "Fail" | "Die" | "TaskDefect"
  readonly order: number
}

/** What follows a failure: what strategies and the task say; nothing, for an undo failed; or everything is reverted. */
export type Follow = "task" | "park" | "revert"

/** Where a generator is: what it has gone through, and whether it was returned. */
export interface Here {
  readonly scope: string
  readonly up: Line | undefined
  /** nothing new starts in it */
  readonly winds: boolean
  readonly leaving: boolean
  readonly seen: Map<string, number>
}

/** A generator that has not ended, and its `finally` blocks, innermost first. */
export interface Open {
  readonly here: Here
  readonly blocks: ReadonlyArray<ReadonlyArray<Concurrent>>
}

/** How a statement goes. It stops where something has no outcome yet; or is broken, for failures that are no values. */
export type Flow =
  | { readonly _tag: "Next"; readonly answer: number }
  | { readonly _tag: "Throws" }
  | {
      readonly _tag: "Stops"
      readonly broken: Follow | undefined
      readonly failures: ReadonlyArray<Failure>
      /** the `finally` blocks that it is in, innermost first, and the generators in it, oldest and outermost first */
      readonly blocks: ReadonlyArray<ReadonlyArray<Concurrent>>
      readonly open: ReadonlyArray<Open>
    }
export type Stops = Extract<Flow, { readonly _tag: "Stops" }>

export const next = (answer = 0): Flow => ({ _tag: "Next", answer })
export const stops = (of: Partial<Stops> = {}): Stops => ({
  _tag: "Stops",
  broken: undefined,
  failures: [],
  blocks: [],
  open: [],
  ...of
})
export const isBroken = (flow: Flow | undefined): flow is Stops => flow?._tag === "Stops" && flow.broken !== undefined

export const inTime = (failures: ReadonlyArray<Failure>): ReadonlyArray<Failure> =>
  [...failures].sort((a, b) => a.order - b.order)

/** Whether a failure is a value to who waits. */
export const catches = (capture: Fact["capture"], { broken, failures }: Stops): boolean =>
  broken === "task" && (capture === "exit" || (capture === "either" && failures.every(({ tag }) => tag === "Fail")))

/** Something that stops where it is, whatever else comes of it: what has failed by now may be a value to somebody in there. */
export const passing = (capture: Fact["capture"], flow: Stops): Stops =>
  catches(capture, { ...flow, broken: flow.broken ?? "task" }) ? { ...flow, failures: [] } : flow
