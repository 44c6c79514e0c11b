/** One long fault test of `npm run torture`: what it is given, and what it reports. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** What a part works with. */
export interface Setting {
  /** decides everything that is random, but for the moments at which processes are hit */
  readonly seed: number
  /** milliseconds UTC: after it no new round begins */
  readonly deadline: number
  /** how much to do if there is time; none: the part's own measure */
  readonly amount: number | undefined
  /** a folder on a real disk; kept if the part fails */
  readonly folder: string
  /** where the compiled programs are that run as processes of their own */
  readonly programs: string
  /** prints a line of progress */
  readonly say: (line: string) => Effect.Effect<void>
}

/** `blocked`: this machine cannot do it, and `problems` says what it lacks. */
export interface Report {
  readonly result: "passed" | "failed" | "blocked"
  /** what was done and found, by name */
  readonly figures: Readonly<Record<string, number | string>>
  readonly problems: ReadonlyArray<string>
}

export interface Part {
  readonly name: string
  /** what it shows, in one line */
  readonly about: string
  /** its part of the time, compared with the others' */
  readonly share: number
  readonly run: (setting: Setting) => Effect.Effect<Report>
}

/** Whether there is time for another round. */
export const hasTime = (setting: Setting): Effect.Effect<boolean> =>
  Effect.map(Clock.currentTimeMillis, (now) => now < setting.deadline)

/** Passed, unless there are problems. */
export const report = (figures: Report["figures"], problems: ReadonlyArray<string>): Report => ({
  result: problems.length === 0 ? "passed" : "failed",
  figures,
  problems
})

/** Blocked by what this machine lacks. */
export const blocked = (reason: string): Report => ({ result: "blocked", figures: {}, problems: [reason] })
