/** The times that a live execution, and the groups in it, may take. */
import type { History } from "../core/History.js"
import * as Path from "../core/Path.js"
import type { PhaseRecord } from "../core/PhaseRecord.js"
import type { Step } from "../core/Step.js"
import { timedOut } from "./Perform.js"
import type { Writer } from "./Writer.js"

/** Whether something of it may not take for ever. */
const isTimed = ({ deadline, timed }: History): boolean => deadline !== undefined || timed.size > 0

export class Deadlines {
  constructor(private readonly writer: Writer) {}

  private get history(): History {
    return this.writer.history
  }

  /** The next of them, in milliseconds UTC. */
  get next(): number | undefined {
    const { deadline, status, timed } = this.history
    if (status !== "Running" || !isTimed(this.history)) return undefined
    let first = deadline
    for (const record of timed) {
      if (counts(record) && (first === undefined || record.until! < first)) first = record.until
    }
    return first
  }

  /** Records what is over by `now`; answers how the whole ends, if its own time is. */
  pass(now: number): "again" | Extract<Step, { _tag: "Stuck" }> | undefined {
    const { next } = this
    if (next === undefined || next > now) return undefined
    const { deadline, timed, timeout } = this.history
    if (deadline !== undefined && deadline <= now) {
      return { _tag: "Stuck", failures: [timedOut(Path.root, timeout)], follow: "task" }
    }
    for (const record of [...timed]) {
      if (counts(record) && record.until! <= now) this.writer.stage({ _tag: "TimedOut", path: record.path })
    }
    return "again"
  }
}

/** It neither failed nor timed out yet. */
const counts = ({ expired, group, state }: PhaseRecord): boolean =>
  state === "running" && expired < 0 && group?.decision === undefined
