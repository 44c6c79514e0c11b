/**
 * Records what follows from what is recorded: how something made of phases ends, what a strategy decides, that a group
 * begins anew.
 */
import * as Effect from "effect/Effect"
import type { Checkpoint, Decision, Group } from "../core/Instruction.js"
import type { Consequence } from "../core/Step.js"
import type { Config } from "./Config.js"
import type { Family, Leaving } from "./Family.js"
import * as Faults from "./Faults.js"
import type { Flights } from "./Flights.js"
import { rest } from "./Job.js"
import type { Outcomes } from "./Outcomes.js"
import * as Perform from "./Perform.js"
import type { CommitError, Writer } from "./Writer.js"

type Case<Tag> = Extract<Consequence, { readonly _tag: Tag }>

const recorded = Effect.succeed(true)
const waiting = Effect.succeed(false)

export class Consequences {
  constructor(
    private readonly writer: Writer,
    private readonly config: Config,
    private readonly outcomes: Outcomes,
    private readonly flights: Flights,
    private readonly family: Family,
    private readonly now: () => number
  ) {}

  /** Records these, or has what that takes under way, if anything may start. Whether it recorded anything. */
  follow(consequences: ReadonlyArray<Consequence>, mayStart: boolean): Effect.Effect<boolean, CommitError> {
    const followed = Effect.forEach(consequences, (consequence) => this.one(consequence, mayStart))
    return Effect.map(followed, (staged) => staged.includes(true))
  }

  private one(consequence: Consequence, mayStart: boolean): Effect.Effect<boolean, CommitError> {
    switch (consequence._tag) {
      case "Succeeded":
        this.succeed(consequence)
        return recorded
      case "Failed":
        if (this.isLeaving(consequence.path, this.family.closeIn(consequence.path), mayStart)) return waiting
        this.outcomes.failed(consequence.path, consequence.failures)
        return recorded
      case "Undecided":
        return this.flights.has(consequence.placed.path) ? waiting : this.decide(consequence)
      case "Undone": {
        const { path } = consequence.placed
        return mayStart && !this.isLeaving(path, this.family.closeCleaned(path), true)
          ? Effect.sync(() => this.rewind(consequence))
          : waiting
      }
    }
  }

  private succeed({ path, value }: Case<"Succeeded">): void {
    const large = Perform.tooLarge(value, this.config.maxValue)
    if (large === undefined) this.outcomes.succeeded(path, value)
    else this.outcomes.failed(path, [Faults.unrecordable(path, "its result", large)])
  }

  /** Before a failure is a value, or a group begins anew, the children left behind are closed: whether that is not over. */
  private isLeaving(path: string, closing: Leaving, mayStart: boolean): boolean {
    const { family, flights } = this
    if (closing === undefined || family.hasLeft(path)) return false
    if (mayStart && !flights.has(path)) flights.launch(family.leave(path, closing))
    return true
  }

  /** Asks the strategy of a group what follows its failure, once that is on disk. */
  private decide({ failures, placed, tries }: Case<"Undecided">): Effect.Effect<boolean, CommitError> {
    const { path } = placed
    const { strategy } = placed.instruction as Group | Checkpoint
    const last = { ...tries[tries.length - 1]!, at: this.now() }
    const effect = Effect.suspend(() => strategy!.next([...tries.slice(0, -1), last])) as Effect.Effect<Decision>
    return Effect.map(this.writer.flush, () => {
      this.flights.launch({ _tag: "Decide", path, effect, phase: undefined, failures })
      return false
    })
  }

  /** Lets the next attempt begin, now or when it is due; or when somebody resumes the execution. */
  private rewind({ due, error, placed: { path } }: Case<"Undone">): boolean {
    const { flights, writer } = this
    const left = due - this.now()
    if (left > 0) {
      if (!flights.has(path)) flights.launch(rest(path, due))
      return false
    }
    const pauses = writer.history.phases.get(path)!.group?.decision?._tag === "Pause"
    this.family.begin(path)
    writer.stage({ _tag: "Rewound", to: path, ...(error === undefined ? {} : { error }) })
    if (pauses) writer.stage({ _tag: "PauseRequested", act: {}, at: path })
    return true
  }
}
