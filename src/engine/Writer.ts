/**
 * The pen of one live execution: entries are folded into its history as they are staged, and committed together by
 * `flush`. Nothing may be performed or answered for an entry before its flush has ended.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Abandoned from "../core/Abandoned.js"
import * as Discards from "../core/Discards.js"
import type { Act, Entry } from "../core/Entry.js"
import { type ExecutionDiscarded, type Fenced, StoreError } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import type { History } from "../core/History.js"
import type { Keep } from "../core/Keep.js"
import * as Snapshots from "../core/Snapshots.js"
import { isActive, type Status } from "../core/Status.js"
import {
  type Answer,
  type Beside,
  type BesideAppend,
  type EntryRow,
  type ExecutionRow,
  type Head,
  type Letter,
  type NewToken,
  rowInstead,
  rowsOf,
  type Store
} from "../store/Store.js"
import type { Delivery } from "./Delivery.js"
import type { Handouts } from "./Handouts.js"
import * as Keeping from "./Keeping.js"
import type { Now } from "./Steady.js"

/** An execution that is not in the store yet: its first flush creates it. */
export interface Unborn {
  readonly id: string
  readonly owner: string
}

/** Somebody else was first: with the id of an execution, or with the token of what was delivered. Nothing is written. */
export class Taken {
  readonly _tag = "Taken"
}

export type CommitError = StoreError | ExecutionDiscarded | Fenced | Taken

/** What becomes of a child that its parent has to know. */
const tells = (status: Status): boolean => !isActive(status) && status !== "Waiting" && status !== "Paused"

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

export class Writer {
  private staged: Array<Entry> = []
  private beside: Mutable<BesideAppend> = {}
  /** what the next commit may hold, which is the first */
  private delivery: Delivery | undefined
  /** the letters that are taken, or will be with the next commit */
  taken: Set<number> | undefined
  /** how much of its past is kept, where a checkpoint was come to since the last commit */
  private keeps: Exclude<Keep, "all"> | undefined
  private status: History["status"]
  /** what the store says that it goes by */
  version: number
  /** whether something may have been sent to it that nobody has taken */
  mayHaveLetters: boolean
  /** the time of the entries that are staged now */
  private at = 0

  constructor(
    private readonly store: Store,
    private readonly clock: Now,
    readonly id: string,
    readonly history: History,
    private head: Head | Unborn,
    /** whose the execution becomes with the first commit; none if it is new, and so its owner's */
    private claim: string | undefined,
    private readonly onCommit: () => void,
    /** whether the parent of this child waits for a word of it */
    private readonly isMissed: () => boolean,
    private readonly handouts: Handouts
  ) {
    this.status = history.status
    this.version = history.version
    this.mayHaveLetters = !this.isNew
  }

  private get epoch(): number {
    if (!("epoch" in this.head)) return 1
    return this.claim === undefined ? this.head.epoch : this.head.epoch + 1
  }

  /** Nothing of it is in the store yet. */
  get isNew(): boolean {
    return !("epoch" in this.head)
  }

  /** How large the journal is, in characters of JSON, without what is staged. */
  get size(): number {
    return "size" in this.head ? this.head.size : 0
  }

  /** Adds an entry to the next commit, and to the history at once. */
  stage(entry: Entry): void {
    if (this.staged.length === 0) this.at = this.clock.unsafeCurrentTimeMillis()
    const left = Abandoned.before(this.history, entry)
    Fold.apply(this.history, entry, this.at, this.epoch)
    this.staged.push(entry)
    for (const token of [...left, ...Abandoned.by(this.history, entry)]) this.close(token, false)
  }

  /** Ends a token with the next commit, that is refused if it must be open and somebody has completed it. */
  close(hash: string, mustBeOpen: boolean): void {
    this.spent(hash)
    this.beside.close = [...(this.beside.close ?? []), { hash, mustBeOpen }]
  }

  /** A token completes nothing any more. */
  spent(hash: string): void {
    this.handouts.delete(hash)
  }

  /** Answers an order in the transaction of the next commit. */
  answer(answer: Answer): void {
    this.beside.answers = [...(this.beside.answers ?? []), answer]
  }

  /** Puts a token into the store with the next commit. */
  hand(token: NewToken): void {
    const { hash, path, schema } = token
    this.handouts.add(hash, { execution: this.id, task: this.history.task, path, schema })
    this.beside.tokens = [...(this.beside.tokens ?? []), token]
  }

  /** Whoever a token was for has it: with the next commit, its clear text is erased. */
  told(told: NonNullable<BesideAppend["told"]>[number]): void {
    this.beside.told = [...(this.beside.told ?? []), told]
  }

  /** Takes a letter away with the next commit, that holds what it says. */
  take(letter: number): void {
    this.taken ??= new Set()
    this.taken.add(letter)
    this.beside.taken = [...(this.beside.taken ?? []), letter]
  }

  /** The next commit, which claims it, may hold what somebody has completed a phase with. */
  deliver(delivery: Delivery): void {
    this.delivery = delivery
  }

  /** What was delivered, as long as the next commit may hold it. */
  get delivered(): Letter | undefined {
    return this.delivery?.letter
  }

  /** The next commit holds what was delivered. */
  accept(): void {
    this.beside.accepted = this.delivery!.completing
  }

  /** With the next commit, the execution is left alone until something is due. */
  rest(rest: NonNullable<BesideAppend["rest"]>): void {
    this.beside.rest = rest
  }

  /** Tells another execution about this one with the next commit. */
  tell(letter: NonNullable<BesideAppend["letters"]>[number]): void {
    this.beside.letters = [...(this.beside.letters ?? []), letter]
  }

  /** It has come to a checkpoint: with the next commit, it keeps no more of its past than that. */
  keep(keep: Keep): void {
    this.keeps = keep === "all" ? undefined : keep
  }

  /** Forgets with the next commit what was before. */
  discard(cut: Discards.Cut, act?: Act): Effect.Effect<void, StoreError> {
    const { history, id, store } = this
    return Effect.flatMap(this.rowAt(cut.through), (row) => {
      if (row === undefined) return new StoreError({ reason: "Corrupt", store: store.name, message: missing(id, cut) })
      const { before, checkpoint, through, until } = cut
      const { through: after = 0, values } = (checkpoint && history.discarded?.values && history.discarded) || {}
      const instead = checkpoint && rowInstead(id, row, Snapshots.take(history, checkpoint, through), values)
      this.stage({
        _tag: "Discarded",
        before,
        through,
        hash: row.hash,
        ...(instead === undefined ? {} : { values: instead.hash }),
        ...(until === undefined ? {} : { until }),
        ...(act === undefined ? {} : { act })
      })
      this.beside.discard = { after: values === undefined ? 0 : after, through, ...(instead && { instead }) }
      return Effect.void
    })
  }

  /** An entry as it is kept, or will be with the next commit. */
  private rowAt(seq: number): Effect.Effect<EntryRow | undefined, StoreError> {
    const { head } = this
    if (!("epoch" in head) || seq < head.next) return this.store.row(this.id, seq)
    const rows = rowsOf({ ...head, epoch: this.epoch }, this.at, this.staged.slice(0, seq - head.next + 1))
    return Effect.succeed(rows.at(-1))
  }

  /** The next commit, that claims it, takes a place in its lane, if fewer than so many others have one. */
  within(limit: number): void {
    this.beside.limit = limit
  }

  /** A stage is entered with the next commit. */
  get enters(): boolean {
    return this.staged.some(({ _tag }) => _tag === "StageEntered")
  }

  /** Nothing waits for a commit. */
  get isClean(): boolean {
    return this.staged.length === 0 && this.beside.answers === undefined
  }

  /** Commits what is staged. A full disk is waited out; anything else ends the run, with nothing acknowledged. */
  get flush(): Effect.Effect<void, CommitError> {
    return Effect.suspend(() => this.flushing())
  }

  /** The same, begun already: it has to be run next. */
  flushing(): Effect.Effect<void, CommitError> {
    const { history, keeps } = this
    if (keeps === undefined || this.isNew || !Discards.mayForget(history)) return this.commitStaged()
    this.keeps = undefined
    const cut = Keeping.cutOf(this.store, this.id, history, keeps, this.at)
    const discarded = Effect.flatMap(cut, (found) => (found === undefined ? Effect.void : this.discard(found)))
    return Effect.zipRight(
      discarded,
      Effect.suspend(() => this.commitStaged())
    )
  }

  private commitStaged(): Effect.Effect<void, CommitError> {
    if (this.staged.length === 0) return this.answerAlone()
    const { beside, staged: entries } = this
    const { parent, version } = this.history
    const status = this.history.status !== this.status ? this.history.status : null
    if (version !== this.version && !this.isNew) beside.version = version
    if (parent !== undefined && status !== null && tells(status) && this.isMissed()) {
      this.tell({ execution: parent.execution, kind: "child", key: this.id })
    }
    this.staged = []
    this.beside = {}
    this.status = this.history.status
    this.version = version
    const commit = this.commit(entries, status, beside)
    const { delivery } = this
    this.delivery = undefined
    if (delivery !== undefined) {
      if (beside.accepted !== undefined) return delivering(delivery, commit, this.committed)
      delivery.over()
    }
    return Effect.matchCauseEffect(commit, {
      onFailure: (cause) => {
        const error = Cause.failureOption(cause)
        const full = Option.isSome(error) && isFull(error.value)
        return full ? Effect.flatMap(waitForSpace(commit, error.value), this.committed) : Effect.failCause(cause)
      },
      onSuccess: this.committed
    })
  }

  private readonly committed = (next: Head): Effect.Effect<void> => {
    this.head = next
    this.onCommit()
    return Effect.void
  }

  private answerAlone(): Effect.Effect<void, StoreError> {
    const { answers, ...beside } = this.beside
    if (answers === undefined) return Effect.void
    this.beside = beside
    return Effect.forEach(answers, (answer) => this.store.answer(answer), { discard: true })
  }

  private commit(
    entries: ReadonlyArray<Entry>,
    status: Status | null,
    beside: BesideAppend
  ): Effect.Effect<Head, CommitError> {
    const { head } = this
    if (!("epoch" in head)) return this.create(head, entries, beside)
    const { claim } = this
    if (claim === undefined) return this.store.append(head, this.at, entries, status, beside)
    return Effect.map(this.store.append(head, this.at, entries, status, { ...beside, claim }), (next) => {
      this.claim = undefined
      return next
    })
  }

  private create(
    unborn: Unborn,
    entries: ReadonlyArray<Entry>,
    beside: Beside
  ): Effect.Effect<Head, StoreError | ExecutionDiscarded | Taken> {
    const { history } = this
    const row: ExecutionRow = {
      id: unborn.id,
      task: history.task,
      version: history.version,
      status: history.status,
      epoch: 1,
      owner: unborn.owner,
      createdAt: this.at,
      updatedAt: this.at
    }
    return Effect.flatMap(this.store.create(row, entries, beside), (made) =>
      "head" in made ? Effect.succeed(made.head) : Effect.fail(new Taken())
    )
  }
}

/** A commit that holds what was delivered: it is not waited for, for then that can go alone. */
const delivering = <A>(
  delivery: Delivery,
  commit: Effect.Effect<A, CommitError>,
  committed: (made: A) => Effect.Effect<void>
): Effect.Effect<void, CommitError> =>
  Effect.matchCauseEffect(commit, {
    onFailure: (cause) => {
      delivery.over()
      const error = Cause.failureOption(cause)
      const late = Option.isSome(error) && (error.value._tag === "Fenced" || isFull(error.value))
      return late ? Effect.fail(new Taken()) : Effect.failCause(cause)
    },
    onSuccess: (made) => {
      delivery.over(true)
      return committed(made)
    }
  })

const missing = (id: string, { through }: Discards.Cut): string =>
  `the journal of execution ${id} is damaged: entry ${through} is missing`

const isFull = (error: CommitError): boolean => error._tag === "StoreError" && error.reason === "Full"

/** One line when it begins, then a try a second. */
const waitForSpace = <A>(commit: Effect.Effect<A, CommitError>, error: CommitError): Effect.Effect<A, CommitError> =>
  Effect.zipRight(
    Effect.logError(
      `${error._tag === "StoreError" ? error.message : error._tag}; executions wait until there is space`
    ),
    Effect.retry(commit, { while: isFull, schedule: Schedule.spaced("1 second") })
  )
