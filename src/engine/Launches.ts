/**
 * Starts what may start: one commit, then the fibers; nothing of it, where the engine cannot go on with one. Where something
 * fails at once, wins a race, or is a checkpoint to stop at, what comes after it is not started: it may be over.
 */
import * as Effect from "effect/Effect"
import type { Failure } from "../core/Failure.js"
import type { Placed } from "../core/Step.js"
import type { Flights } from "./Flights.js"
import type { Active } from "./Job.js"
import { type AtOnce, effectOf } from "./Outcomes.js"
import type { Post } from "./Post.js"
import { isFailure, type Starts } from "./Starts.js"
import { Waits } from "./Waits.js"
import type { Writer } from "./Writer.js"

const underWay = Effect.succeed(undefined)
const again = Effect.succeed("again" as const)

export class Launches<Gone> {
  constructor(
    private readonly options: { readonly writer: Writer; readonly post: Post },
    private readonly starts: Starts,
    private readonly flights: Flights,
    /** the engine cannot go on */
    private readonly fault: (failure: Failure) => AtOnce<Gone | undefined>
  ) {}

  /** Of these, what is not under way yet; what was sent is known where that matters. */
  fresh(idle: ReadonlyArray<Placed>): AtOnce<Gone | "again" | undefined> {
    const { post, writer } = this.options
    const fresh = idle.filter(({ path }) => !this.flights.has(path))
    const asks = !post.known && fresh.some((placed) => Waits.asks(placed, writer.history.phases.get(placed.path)))
    if (!asks) return this.all(fresh)
    return Effect.flatMap(post.look, () => effectOf(this.all(fresh)))
  }

  /** One commit, then the fibers. `again` if the generator can go on already. */
  all(fresh: ReadonlyArray<Placed>): AtOnce<Gone | "again" | undefined> {
    const starts = this.starts.all(fresh)
    if (isFailure(starts)) return this.fault(starts)
    const jobs: Array<Active> = []
    let begun = 0
    for (let index = 0; index < starts.length; index++) {
      const job = starts[index]!()
      if (job === undefined) {
        if (this.isDecisive(fresh[index]!.path)) break
        continue
      }
      begun++
      // What only rests needs nothing on disk: it goes with the next commit.
      if (job._tag === "Rest") this.flights.launch(job)
      else jobs.push(job)
    }
    const settled = begun < starts.length ? "again" : undefined
    if (jobs.length === 0) return settled
    return Effect.flatMap(this.options.writer.flushing(), () => {
      for (const job of jobs) this.flights.launch(job)
      return settled === undefined ? underWay : again
    })
  }

  private isDecisive(path: string): boolean {
    const { phases, stopsAt } = this.options.writer.history
    const { scope, state } = phases.get(path)!
    return state === "failed" || stopsAt !== undefined || (state === "succeeded" && phases.get(scope)?.kind === "race")
  }
}
