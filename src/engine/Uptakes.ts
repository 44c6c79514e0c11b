/** Takes up executions that nobody waits for, with the code that they go by, each in a place that it leaves when its run ends. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { Definition } from "../authoring/Definition.js"
import { ExecutionDiscarded, StoreError } from "../core/Errors.js"
import * as History from "../core/History.js"
import { isActive } from "../core/Status.js"
import type { LoadError, Opening } from "./Claims.js"
import type { Delivery } from "./Delivery.js"
import type { Live } from "./Live.js"
import type { Places } from "./Places.js"
import type { Registered } from "./Registry.js"
import type { Versions } from "./Versions.js"
import type { Wakes } from "./Wakes.js"
import type { CommitError } from "./Writer.js"

type Outcome = Exit.Exit<void, LoadError | CommitError>

const mayGoOn = (history: History.History, now: number): boolean =>
  (isActive(history.status) || history.status === "Waiting") && !History.isEarly(history, now)

export class Uptakes {
  constructor(
    private readonly live: Live,
    private readonly places: Places,
    private readonly versions: Versions,
    private readonly wakes: Pick<Wakes, "succeeded" | "failed">,
    private readonly now: () => number,
    /** runs beside everything else, for as long as the engine lives */
    private readonly background: (work: Effect.Effect<void>) => Effect.Effect<void>
  ) {}

  /** Begins at once, unless it runs here already; `delivery` is on its way to it. */
  begin({ definition, services }: Registered, id: string, leave: () => void, delivery?: Delivery): void {
    if (this.live.runs.has(id)) return leave()
    const opening: Opening<never> = (history) =>
      Effect.sync(() => {
        const goesOn = this.versions.isFor(definition, id, history) && mayGoOn(history, this.now())
        return { entries: [], definition: goesOn ? definition : undefined }
      })
    let isTold = false
    const told = (outcome: Outcome) => {
      if (isTold) return
      isTold = true
      const then = this.after(definition, id, outcome)
      if (then !== undefined) services.start(this.background(then))
    }
    const entered = this.live.takeOverOn(services, id, opening, { delivery }, told)
    if (entered === undefined) leave()
    else this.live.atEnd(entered.run, leave)
  }

  /** What is to be said or done once that has come to something, if anything. */
  private after(tried: Definition, id: string, outcome: Outcome): Effect.Effect<void> | undefined {
    const said = Exit.isSuccess(outcome) ? this.wakes.succeeded : this.failed(outcome.cause)
    const code = this.versions.otherThan(tried, id)
    if (code === undefined) return said
    const free = Effect.zipRight(this.live.gone(id), this.places.enter(tried.name))
    const redirected = Effect.map(free, (leave) => this.begin(code, id, leave))
    return said === undefined ? redirected : Effect.zipRight(said, redirected)
  }

  private failed(cause: Cause.Cause<LoadError | CommitError>): Effect.Effect<void> | undefined {
    const failure = Cause.failureOption(cause)
    if (Option.isNone(failure)) return undefined
    const error: { readonly _tag: string; readonly message?: string } = failure.value
    // Whoever has a token of what is gone is told so: there is nothing to be seen to.
    if (error instanceof ExecutionDiscarded) return undefined
    if (!(error instanceof StoreError)) return Effect.logWarning(error.message ?? error._tag)
    this.wakes.failed(error)
    return undefined
  }
}
