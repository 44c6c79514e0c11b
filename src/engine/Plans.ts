/** Says what an action would do: decides it as those who carry it out do, and rehearses what was decided. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { Definition } from "../authoring/Definition.js"
import type { Service } from "../authoring/TaskEngine.js"
import type { Action } from "../core/Action.js"
import type { Entry } from "../core/Entry.js"
import type { StoreError } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import * as History from "../core/History.js"
import * as Path from "../core/Path.js"
import { isComposite, type PhaseRecord } from "../core/PhaseRecord.js"
import type { Phase, Plan, Step } from "../core/Plan.js"
import type { Store } from "../store/Store.js"
import * as Acts from "./Acts.js"
import * as CarryOver from "./CarryOver.js"
import { isClaimed, type LoadError } from "./Claims.js"
import type { Decision } from "./Decision.js"
import * as Decisions from "./Decisions.js"
import * as Journals from "./Journals.js"
import { type Lanes, needsPlace } from "./Lanes.js"
import type { Live } from "./Live.js"
import * as Outline from "./Outline.js"
import type { Registry } from "./Registry.js"
import { Rehearsal } from "./Rehearsal.js"
import * as Requirements from "./Requirements.js"

const placesOf = (records: Iterable<PhaseRecord>): Array<Phase> =>
  Array.from(records, ({ name, path }) => ({ path, name }))

const committed = ({ phases }: History.History): Array<Phase> =>
  placesOf([...phases.values()].filter(({ commit, forward, state }) => commit && forward && state === "succeeded"))

/** What has failed, and nobody has taken up; nor is it being undone. */
const failed = (history: History.History): Array<Phase> => {
  if (history.status !== "Running") return []
  const isLeft = (record: PhaseRecord) =>
    record.forward && record.state === "failed" && !isComposite(record) && !History.isRewinding(history, record)
  return placesOf([...history.open].filter(isLeft))
}

/** What happens to what runs when it is asked to pause: it ends first. */
const ending = ({ open }: History.History): ReadonlyArray<Step> =>
  [...open]
    .filter((record) => record.state === "running" && !isComposite(record))
    .map(({ kind, name, path }) => ({ does: "run", path, name, kind, note: "it ends first" }))

/** What is left where it is. */
const closing = ({ open }: History.History): ReadonlyArray<Step> =>
  [...open]
    .filter((record) => record.forward && !isComposite(record))
    .map(({ kind, name, path }) => ({ does: "close", path, name, kind }))

const skippedCleanUp = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap((entry) =>
    entry._tag === "CleanedUp" && entry.skipped !== undefined ? [`no finally runs, ${entry.skipped}`] : []
  )

type Told = Pick<
  Plan,
  "to" | "steps" | "more" | "inDoubt" | "commits" | "irreversible" | "remaining" | "amended" | "warnings"
>

const nothing = ({ status }: History.History): Told => ({
  to: status,
  steps: [],
  more: false,
  inDoubt: [],
  commits: [],
  irreversible: [],
  remaining: [],
  amended: [],
  warnings: []
})

export class Plans {
  constructor(
    private readonly store: Store,
    private readonly registry: Registry,
    private readonly live: Live,
    private readonly lanes: Lanes,
    private readonly now: () => number
  ) {}

  readonly plan: Service["plan"] = (id, asked) =>
    Effect.gen(this, function* () {
      const { plan: _plan, ...rest } = asked
      const action = rest as Action
      const history = yield* this.live.history(id)
      const lent = CarryOver.isCarried(action) ? undefined : this.live.standby.first(id)
      const code = lent ?? CarryOver.codeFor(this.registry, action, history)
      const hash = Decisions.hashOf(id, action, history)
      const { status, task } = history
      const decided = yield* this.decide(id, action, history, code?.definition)
      const told = Either.isRight(decided)
        ? yield* this.tell(id, action, history, code?.definition, decided.right)
        : this.outline(id, action, history, decided.left)
      const missing = Either.isLeft(decided) ? Requirements.of(decided.left) : []
      return { execution: id, task, action, status, ...told, missing, hash }
    })

  /** The decision, or the refusal of the engine. */
  private decide(id: string, action: Action, history: History.History, definition: Definition | undefined) {
    const owned = Acts.isItsParents(action) ? Acts.owned(id, action, history) : Effect.void
    const decided = Effect.zipRight(owned, Decisions.about(this.store, id, action, definition)(history))
    return Effect.either(decided).pipe(
      Effect.flatMap((found): Effect.Effect<Either.Either<Decision, Requirements.Refused>, StoreError> => {
        if (Either.isRight(found)) return Effect.succeed(Either.right(found.right))
        const { left } = found
        if (left._tag === "StoreError") return left
        return left._tag === "PlanOutdated" ? Effect.die(left) : Effect.succeed(Either.left(left))
      })
    )
  }

  /** The phases of which nothing, or the outcome alone, stays. */
  private forgotten(
    id: string,
    known: History.History,
    { discard }: Decision
  ): Effect.Effect<ReadonlyArray<Step>, StoreError> {
    if (discard === undefined) return Effect.succeed([])
    const { before, checkpoint } = discard.cut
    const history = History.isPartial(known) ? Journals.whole(this.store, id) : Effect.succeed(known)
    return Effect.map(history, ({ phases }) => {
      const records = [...phases.values()]
      const end = records.findIndex(({ path }) => path === before || Path.bodyOf(path) === before)
      const note = checkpoint === undefined ? {} : { note: "its outcome stays, where it is in this body" }
      return records
        .slice(0, end < 0 ? Infinity : end)
        .filter(({ discarded, forward }) => forward && !discarded)
        .map(({ kind, name, path }) => ({ does: "discard", path, name, kind, ...note }))
    })
  }

  /** What is known of an action that is refused: where it takes the task's code, what the journal says. */
  private outline(id: string, action: Action, history: History.History, refused: Requirements.Refused): Told {
    const told = { ...nothing(history), commits: committed(history) }
    if (refused._tag !== "TaskNotRegistered") return told
    return { ...told, steps: Outline.of(id, action, history), inDoubt: [], more: true }
  }

  private tell(
    id: string,
    action: Action,
    known: History.History,
    definition: Definition | undefined,
    decision: Decision
  ): Effect.Effect<Told, LoadError> {
    return Effect.gen(this, function* () {
      if (action._tag === "pause") return { ...nothing(known), to: "Paused" as const, steps: ending(known) }
      if (action._tag === "discard") return { ...nothing(known), steps: yield* this.forgotten(id, known, decision) }
      const { entries } = decision
      const waits = definition !== undefined && needsPlace(known, entries) && !(yield* this.lanes.hasRoom(known))
      const history = yield* Journals.ahead(this.store, id, known, entries)
      const at = this.now()
      const leaving = action._tag === "close" ? closing(history) : []
      if (isClaimed(history, decision) && entries.length > 0) {
        Fold.apply(history, { _tag: "Claimed", owner: "", crashed: history.held }, at, history.epoch)
      }
      for (const entry of entries) Fold.apply(history, entry, at, history.epoch)
      const to = history.status
      const remaining = failed(history)
      const skipped = new Set(entries.flatMap((entry) => (entry._tag === "PhaseSucceeded" ? [entry.path] : [])))
      const before = committed(history)
      if (definition === undefined || decision.definition === undefined) {
        return { ...nothing(history), to, commits: before, steps: leaving, warnings: skippedCleanUp(entries) }
      }
      const { commits, inDoubt, irreversible, more, steps, warnings } = new Rehearsal(
        id,
        definition,
        history,
        skipped,
        at
      )
      return {
        to: waits ? ("Pending" as const) : to,
        steps,
        more,
        inDoubt,
        commits: [...before, ...commits],
        irreversible,
        remaining,
        amended: placesOf(decision.amended ?? []),
        warnings: waits ? [...warnings, `it stands in line first, behind its concurrency key ${known.lane}`] : warnings
      }
    })
  }
}
