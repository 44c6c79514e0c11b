/** Writes journals as an engine does: starts what a cursor asks for, and lets it end by chance. */
import * as Effect from "effect/Effect"
import type { Entry } from "../../src/core/Entry.js"
import type { Failure } from "../../src/core/Failure.js"
import type { Group } from "../../src/core/Instruction.js"
import type { Cursor } from "../../src/core/Interpreter.js"
import { isComposite, type PhaseRecord } from "../../src/core/PhaseRecord.js"
import type { Consequence, Placed, Step } from "../../src/core/Step.js"
import { crashed, died, fail, failed, type Journal, startOf, succeed, timedOut } from "./journal.js"

/** Numbers by chance, the same for the same seed. */
export class Chance {
  constructor(private state: number) {}

  /** One of 0 to `below - 1`. */
  of(below: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.state / 2 ** 32) * below)
  }

  one<A>(of: ReadonlyArray<A>): A {
    return of[this.of(of.length)]!
  }
}

const interrupted = (path: string): Entry => ({ _tag: "PhaseInterrupted", path, attempt: 1 })

export class Clerk {
  constructor(
    readonly journal: Journal,
    readonly chance: Chance,
    /** called after every commit */
    readonly written: () => void = () => {},
    /** of a hundred outcomes, how many are failures */
    readonly troubles = 30
  ) {}

  get history() {
    return this.journal.history
  }

  write(...entries: ReadonlyArray<Entry>): void {
    for (const entry of entries) {
      this.journal.add(entry)
      this.written()
    }
  }

  /** What runs now. */
  get running(): ReadonlyArray<PhaseRecord> {
    return [...this.history.open].filter((record) => record.state === "running" && !isComposite(record))
  }

  /** Whatever runs and is not among these is interrupted, or ended just before. */
  interrupt(wanted: ReadonlyArray<Placed> = []): void {
    const paths = new Set(wanted.map(({ path }) => path))
    for (const { path } of this.running) {
      if (!paths.has(path)) this.write(this.chance.of(4) === 0 ? this.outcome(path) : interrupted(path))
    }
  }

  crash(): void {
    this.write(crashed)
  }

  private outcome(path: string): Entry {
    if (this.chance.of(100) >= this.troubles) return succeed(path, this.chance.of(10))
    const failures: ReadonlyArray<Failure> = [
      failed(path, this.chance.of(10)),
      failed(path),
      timedOut(path),
      died(path)
    ]
    return fail(path, this.chance.one(failures))
  }

  /** Starts these; whether that settles something. */
  private begin(instructions: ReadonlyArray<Placed>): boolean {
    let settled = false
    for (const placed of instructions) {
      const { instruction, path } = placed
      const record = this.history.phases.get(path)
      if (record?.state === "running") continue
      if (record !== undefined) this.journal.add({ _tag: "AttemptStarted", path, attempt: record.attempt + 1 })
      else this.journal.add(startOf(this.history, placed))
      if (instruction._tag === "Checkpoint") this.journal.add(succeed(path))
      if (instruction._tag === "Fail") this.journal.add(fail(path, failed(path, "on purpose")))
      if (instruction._tag !== "Run" && instruction._tag !== "Undo") settled = true
    }
    this.written()
    return settled
  }

  /** The time of some group is over. */
  private expire(): void {
    const due = [...this.history.timed].filter(
      ({ expired, group, state }) => state === "running" && expired < 0 && group!.decision === undefined
    )
    if (due.length > 0) this.write({ _tag: "TimedOut", path: this.chance.one(due).path })
  }

  /** Some of what runs ends. */
  private end(): void {
    if (this.history.status === "Running" && this.chance.of(6) === 0) return this.expire()
    for (let left = 1 + this.chance.of(3); left > 0; left--) {
      const { running } = this
      if (running.length === 0) return
      const { path } = this.chance.one(running)
      if (this.chance.of(12) === 0) {
        this.write({ _tag: "AttemptFailed", path, attempt: 1, failure: failed(path), delay: 0 })
      } else this.write(this.outcome(path))
    }
  }

  private follow(consequence: Consequence): void {
    switch (consequence._tag) {
      case "Succeeded":
        return this.write(succeed(consequence.path, consequence.value))
      case "Failed":
        return this.write({ ...consequence, _tag: "PhaseFailed", attempt: 1 })
      case "Undecided": {
        const { failures, placed, tries } = consequence
        const { attempt } = this.history.phases.get(placed.path)!
        const next = (placed.instruction as Group).strategy!.next(tries)
        const decision = Effect.runSync(next as Effect.Effect<Effect.Effect.Success<typeof next>>)
        const again = decision._tag === "Again" && decision.value !== undefined ? { value: decision.value } : {}
        const tag = decision._tag === "Again" ? "again" : decision._tag === "GiveUp" ? "giveUp" : "revertAll"
        return this.write({ _tag: "Decided", path: placed.path, attempt, failures, decision: tag, ...again })
      }
      case "Undone": {
        const error = consequence.error === undefined ? {} : { error: consequence.error }
        return this.write({ _tag: "Rewound", to: consequence.placed.path, ...error })
      }
    }
  }

  /** One round: what follows is recorded, or what may start is started and something ends. */
  turn(cursor: Cursor): Step {
    const step = cursor.advance(this.history)
    if (step._tag !== "Blocked") return step
    if (step.narrowed) this.interrupt(step.instructions)
    for (const consequence of step.consequences) this.follow(consequence)
    if (step.consequences.length > 0 || this.begin(step.instructions)) return step
    if (this.running.length > 0) this.end()
    else if (step.instructions.length === 0) throw new Error("it waits for nothing")
    return step
  }
}
