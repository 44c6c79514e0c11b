/** What an execution looks like from outside: how it stands, what it waits for, its phases. Plain objects. */
import type { Defect, Failure } from "../core/Failure.js"
import type { Json } from "../core/Json.js"
import type { Status } from "../core/Status.js"

/** One plain object about one execution. Times in milliseconds UTC. */
export interface ExecutionStatus {
  readonly id: string
  readonly task: string
  /** the version of the task that it goes on with */
  readonly version: number
  /** of a child: the execution and the phase that called it */
  readonly parent: { readonly execution: string; readonly path: string } | undefined
  readonly status: Status
  /** the path of the phase that started last; "" before the first */
  readonly position: string
  /** the stage that it entered last, as the n-th one, and the recorded state; none: it is in `run` */
  readonly stage: { readonly name: string; readonly n: number; readonly state: Json | undefined } | undefined
  /** why it is Failed or RevertFailed, or what led to the revert */
  readonly failures: ReadonlyArray<Failure>
  /** what it waits for; empty while something of it runs that waits for nothing */
  readonly waits: ReadonlyArray<Wait>
  readonly payload: Json
  readonly result: Json | undefined
  readonly times: {
    readonly created: number
    /** before which it does not start */
    readonly due: number | undefined
    readonly started: number | undefined
    readonly updated: number
    readonly ended: number | undefined
  }
  readonly epoch: number
  readonly owner: string | undefined
  /** whether this engine has the task's code in this version; without it nothing advances here */
  readonly registered: boolean
  /** the phases in the order in which they started: of the present stage, and of all before it where these are being undone */
  readonly phases: ReadonlyArray<PhaseStatus>
  /** the checkpoints that stand where it can be gone to, in order */
  readonly checkpoints: ReadonlyArray<CheckpointStatus>
  /** what was discarded last; none: all of it is kept */
  readonly discarded: DiscardedStatus | undefined
  /** what a `finally` threw while the execution was closed */
  readonly closeError: Defect | undefined
}

/** What an execution waits for: an instant, somebody's answer, a signal, the next attempt, another execution, or its turn. */
export interface Wait {
  readonly path: string
  readonly name: string
  /** `place`: it stands in line behind its concurrency key, which is its `name`; its path is "" */
  readonly kind: "timer" | "delegate" | "signal" | "retry" | "child" | "place"
  /** the execution that it waits for */
  readonly child?: string
  /** in milliseconds UTC */
  readonly since: number
  /** when it is over in any case, in milliseconds UTC; missing: never */
  readonly until?: number
  /** of a delegate: what its last heartbeat said */
  readonly progress?: Progress
  /** of a place: the executions that have one */
  readonly holders?: ReadonlyArray<string>
}

/** How far somebody has come with what the execution waits for, in their own words. */
export interface Progress {
  /** from 0 to 1 */
  readonly progress?: number
  readonly text?: string
}

/** One phase of an execution, as its journal shows it. */
export interface PhaseStatus {
  readonly path: string
  readonly name: string
  readonly kind: string
  /**
   * What is made of other phases is `running` while these go on, `parked` where the execution stands still, and `left` if
   * its end is not wanted any more: it lost a race, or what is around it has ended.
   */
  readonly state: "running" | "waiting" | "delayed" | "in doubt" | "succeeded" | "failed" | "undone" | "parked" | "left"
  readonly attempt: number
  /** the execution that it called */
  readonly child: string | undefined
  /** its author says that nothing undoes it */
  readonly irreversible?: boolean
}

/** A checkpoint that an execution has come to, and can go back to. */
export interface CheckpointStatus {
  readonly name: string
  readonly path: string
  /** in milliseconds UTC */
  readonly at: number
  /** what it keeps, as it is recorded */
  readonly data: Json | undefined
  /** nothing goes back beyond it */
  readonly commit: boolean
}

/** What nobody can go back to any more. */
export interface DiscardedStatus {
  /** all before this checkpoint, by its path, or before this stage, as `@page#3` */
  readonly before: string
  /** in milliseconds UTC */
  readonly at: number
  /** how many entries of the journal, all told */
  readonly entries: number
  /** before when all that is kept now stays, where checkpoints are kept for a time; in milliseconds UTC */
  readonly until?: number
  /** who discarded it, and why, if somebody did */
  readonly by?: string
  readonly reason?: string
}

/** An execution in a list. */
export interface ExecutionSummary {
  readonly id: string
  readonly task: string
  readonly version: number
  readonly status: Status
  readonly createdAt: number
  readonly updatedAt: number
}

/** How an execution stands that was advanced: ended, parked, or waiting. */
export interface Advanced {
  readonly id: string
  readonly status: Status
  /** when it can go on without anybody's doing, in milliseconds UTC; missing: when somebody has done something */
  readonly until?: number
  /** what it waits for */
  readonly waits: ReadonlyArray<Wait>
}
