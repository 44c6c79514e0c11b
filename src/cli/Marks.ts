/** What statuses and states of phases look like. */
import type { PhaseStatus } from "../authoring/ExecutionStatus.js"
import type { Status } from "../core/Status.js"
import type { Span, Tone } from "./Text.js"

const tones = {
  Pending: "dim",
  Running: "calm",
  Waiting: "calm",
  Paused: "warn",
  Failed: "bad",
  Closing: "warn",
  Reverting: "warn",
  RevertFailed: "bad",
  Completed: "good",
  Closed: "dim",
  Reverted: "warn"
} satisfies Record<Status, Tone>

export const status = (of: Status): Span => ({ text: of, tone: tones[of] })

const marks = {
  running: ["●", "calm"],
  waiting: ["…", "calm"],
  delayed: ["↻", "warn"],
  "in doubt": ["?", "warn"],
  succeeded: ["✓", "good"],
  failed: ["✗", "bad"],
  undone: ["↶", "dim"],
  parked: ["‖", "warn"],
  left: ["-", "dim"]
} satisfies Record<PhaseStatus["state"], readonly [string, Tone]>

export const phase = (of: PhaseStatus["state"]): Span => ({ text: marks[of][0], tone: marks[of][1] })

/** The state in words, in its colour. */
export const state = (of: PhaseStatus["state"]): Span => ({ text: of, tone: marks[of][1] })
