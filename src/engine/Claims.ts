/**
 * How an execution that is in the store is taken over: loaded, decided about, and claimed, in one commit with what was
 * decided. One that needs a place in its lane, where there is none, stands in line instead.
 */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { Cut } from "../core/Discards.js"
import type { Act, Entry } from "../core/Entry.js"
import type { ExecutionDiscarded, ExecutionNotFound, JournalCorrupt, StoreError } from "../core/Errors.js"
import type { Failure } from "../core/Failure.js"
import * as History from "../core/History.js"
import { isActive } from "../core/Status.js"
import type { Head, Journal, LatestJournal, Store } from "../store/Store.js"
import type { Config } from "./Config.js"
import type { Delivery } from "./Delivery.js"
import * as Faults from "./Faults.js"
import * as Journals from "./Journals.js"
import { type Lanes, needsPlace } from "./Lanes.js"
import type { Once } from "./Once.js"
import * as Orders from "./Orders.js"
import type { Quarantine } from "./Quarantine.js"
import type { CommitError, Writer } from "./Writer.js"

export type LoadError = StoreError | JournalCorrupt | ExecutionNotFound | ExecutionDiscarded

/** What an act comes to: what it adds to the journal, and the code with which the execution then runs, if it does. */
export interface Opened {
  readonly entries: ReadonlyArray<Entry>
  readonly definition: Definition | undefined
  /** tokens that end with that: nothing is written if somebody has completed one of them */
  readonly close?: ReadonlyArray<string>
  /** letters that are taken with that */
  readonly take?: ReadonlyArray<number>
  /** what is forgotten with that, and who says so */
  readonly discard?: { readonly cut: Cut; readonly act: Act } | undefined
}

/** Decides an act on what is recorded, while nobody else in this engine changes it; refused, nothing changes. */
export type Opening<E> = (history: History.History) => Effect.Effect<Opened, E>

/** `order` is answered with the claim; `delivery` is on its way to the execution. */
export interface Claiming {
  readonly order?: number | undefined
  readonly delivery?: Delivery | undefined
}

/** What is claimed, and the code that it runs with; none: it stands still with what was recorded. */
export interface Claimed {
  readonly writer: Writer
  readonly definition: Definition | undefined
}

/** Whoever takes an execution over. */
interface Taker {
  readonly id: string
  /** done if it is to be handed back before it began */
  readonly left: Once<void>
  /** leave the quarantine */
  readonly leaving: Array<() => void>
}

/** An execution that was loaded, and what was decided about it. */
interface Case extends Claiming {
  readonly taker: Taker
  readonly journal: LatestJournal
  readonly history: History.History
  readonly decided: Opened
}

/** It goes on with what is delivered, and nothing else: the claim needs no commit of its own. */
const carries = ({ decided, delivery, history, order }: Case): boolean =>
  history.status === "Waiting" &&
  decided.definition !== undefined &&
  decided.entries.length === 0 &&
  decided.discard === undefined &&
  order === undefined &&
  delivery?.carry() === true

/** Stops an execution that has something to do for a reason of the engine's. */
export const park = (writer: Writer, fault: Failure): void => {
  const { status } = writer.history
  if (status === "Reverting") writer.stage({ _tag: "RevertFailed", failures: [fault] })
  else if (isActive(status)) writer.stage({ _tag: "Failed", failures: [fault] })
}

/** Whether it is claimed for what was decided: what has never begun needs no owner to end. */
export const isClaimed = (history: History.History, { definition }: Opened): boolean =>
  definition !== undefined || (history.startedAt !== undefined && !History.isQueued(history))

export class Claims {
  constructor(
    private readonly store: Store,
    private readonly config: Config,
    private readonly owner: string,
    /** for executions whose process died repeatedly */
    private readonly quarantine: Quarantine,
    private readonly lanes: Lanes,
    private readonly writerOf: (taker: Taker, history: History.History, head: Head) => Writer
  ) {}

  private load<A extends Journal>(
    id: string,
    read: (id: string) => Effect.Effect<A | undefined, StoreError | JournalCorrupt>
  ): Effect.Effect<A, LoadError> {
    return Effect.flatMap(read(id), (journal) =>
      journal === undefined ? this.store.absent(id) : Effect.succeed(journal)
    )
  }

  /** The whole journal of an execution. */
  journal(id: string): Effect.Effect<Journal, LoadError> {
    return this.load(id, this.store.load)
  }

  /** What is recorded of an execution. */
  history(id: string): Effect.Effect<History.History, LoadError> {
    return Effect.flatMap(this.load(id, this.store.latest), (journal) => Journals.historyOf(this.store, journal))
  }

  /** Takes it over; nothing if there is nothing to do for it, or not yet. */
  take<E>(
    taker: Taker,
    opening: Opening<E>,
    claiming: Claiming
  ): Effect.Effect<Claimed | undefined, E | LoadError | CommitError> {
    const attempt = (isFull: boolean) => Effect.gen(() => this.taking(taker, opening, claiming, isFull))
    // Somebody else has taken the place meanwhile: then it stands in line.
    return Effect.flatMap(attempt(false), (found) =>
      found === "full"
        ? Effect.map(attempt(true), (queued) => (queued === "full" ? undefined : queued))
        : Effect.succeed(found)
    )
  }

  private *taking<E>(taker: Taker, opening: Opening<E>, claiming: Claiming, isFull: boolean) {
    const journal = yield* this.load(taker.id, this.store.latest)
    const known = yield* Journals.historyOf(this.store, journal)
    const decided = yield* opening(known)
    const history = yield* Journals.before(this.store, taker.id, known, decided.entries)
    return yield* this.decide({ ...claiming, taker, journal, history, decided }, isFull)
  }

  private *decide(given: Case, isFull: boolean) {
    const { decided, history, order } = given
    const { definition, entries } = decided
    const needs = definition !== undefined && needsPlace(history, entries)
    const waits = needs && (isFull || !(yield* this.lanes.hasRoom(history)))
    if (entries.length === 0 && decided.discard === undefined && (waits || definition === undefined)) {
      if (order !== undefined) yield* this.store.answer(Orders.accepted(order))
      return undefined
    }
    return waits ? yield* this.queue(given) : yield* this.claim(given, needs)
  }

  /** A suspect waits for its turn before that. */
  private *claim(given: Case, places: boolean) {
    const { decided, history, journal, taker } = given
    const { definition } = decided
    const crashes = history.held ? history.crashes + 1 : 0
    if (crashes > 1 && crashes < this.config.crashes) {
      const leave = yield* Effect.raceFirst(this.quarantine.enter, taker.left.wait)
      if (leave === undefined) return undefined
      taker.leaving.push(leave)
    }
    const crashed = history.held
    const writer = this.writerOf(taker, history, journal.head)
    // It may have moved on before its row told of that.
    writer.version = journal.row.version
    // What is sent from now on is told: this engine knows that it runs here.
    writer.mayHaveLetters = journal.letters
    const carried = !places && carries(given) ? given.delivery : undefined
    if (isClaimed(history, decided)) writer.stage({ _tag: "Claimed", owner: this.owner, crashed })
    if (places) writer.within(this.lanes.limitOf(history.task))
    this.stage(writer, given)
    if (crashes >= this.config.crashes) park(writer, Faults.poisoned(crashes, history.position))
    if (carried !== undefined) {
      writer.deliver(carried)
      return { writer, definition }
    }
    const committed = Effect.as(this.commit(writer, given), { writer, definition })
    if (!places) return yield* committed
    return yield* Effect.catchTag(committed, "Fenced", (fenced) =>
      Effect.flatMap(this.store.get(taker.id), (row) =>
        row?.epoch === journal.row.epoch ? Effect.succeed("full" as const) : fenced
      )
    )
  }

  /** It would go on, and there is no place for it: what was decided is recorded, and it waits for one. */
  private queue(given: Case): Effect.Effect<Claimed, LoadError | CommitError> {
    return Effect.suspend(() => {
      const writer = this.writerOf(given.taker, given.history, given.journal.head)
      this.stage(writer, given)
      writer.stage({ _tag: "Suspended", queued: true })
      return Effect.as(this.commit(writer, given), { writer, definition: undefined })
    })
  }

  private stage(writer: Writer, { decided: { close = [], entries, take = [] }, order }: Case): void {
    for (const entry of entries) writer.stage(entry)
    for (const token of close) writer.close(token, true)
    for (const letter of take) writer.take(letter)
    if (order !== undefined) writer.answer(Orders.accepted(order))
  }

  /** What was purged meanwhile is gone, whoever else might have been faster. */
  private commit(
    writer: Writer,
    { decided: { discard }, delivery }: Case
  ): Effect.Effect<void, LoadError | CommitError> {
    delivery?.over()
    const committed =
      discard === undefined ? writer.flush : Effect.zipRight(writer.discard(discard.cut, discard.act), writer.flush)
    return Effect.catchTag(committed, "Fenced", (fenced) =>
      Effect.flatMap(
        this.store.get(writer.id),
        (row): Effect.Effect<never, LoadError | CommitError> =>
          row === undefined ? this.store.absent(writer.id) : Effect.fail(fenced)
      )
    )
  }
}
