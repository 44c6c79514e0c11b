/**
 * The pen of one live execution: entries are folded into its history as they are staged, and committed together by
 * `flush`. Nothing may be performed or answered for an entry before its flush has ended.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Entry } from "../core/Entry.js"
import type { Fenced, StoreError } from "../core/Errors.js"
import * as Fold from "../core/Fold.js"
import type { History } from "../core/History.js"
import type { Answer, ExecutionRow, Head, Store } from "../store/Store.js"

/** An execution that is not in the store yet: its first flush creates it. */
export interface Unborn {
  readonly id: string
  readonly owner: string
}

/** The id was taken meanwhile: this row has it. */
export class Taken {
  readonly _tag = "Taken"
  constructor(readonly row: ExecutionRow) {}
}

export type CommitError = StoreError | Fenced | Taken

export class Writer {
  private staged: Array<Entry> = []
  private answers: Array<Answer> = []
  private status: History["status"]
  /** the time of the entries that are staged now */
  private at = 0

  constructor(
    private readonly store: Store,
    private readonly clock: Clock.Clock,
    readonly id: string,
    readonly history: History,
    private head: Head | Unborn,
    private readonly onCommit: () => void
  ) {
    this.status = history.status
  }

  /** How large the journal is, in characters of JSON, without what is staged. */
  get size(): number {
    return "size" in this.head ? this.head.size : 0
  }

  /** Adds an entry to the next commit, and to the history at once. */
  stage(entry: Entry): void {
    if (this.staged.length === 0) this.at = this.clock.unsafeCurrentTimeMillis()
    Fold.apply(this.history, entry, this.at, "epoch" in this.head ? this.head.epoch : 1)
    this.staged.push(entry)
  }

  /** Answers an order in the transaction of the next commit. */
  answer(answer: Answer): void {
    this.answers.push(answer)
  }

  /** Commits what is staged. A full disk is waited out; anything else ends the run, with nothing acknowledged. */
  get flush(): Effect.Effect<void, CommitError> {
    return Effect.suspend(() => this.commitStaged())
  }

  private commitStaged(): Effect.Effect<void, CommitError> {
    if (this.staged.length === 0 && this.answers.length === 0) return Effect.void
    const entries = this.staged
    const answers = this.answers
    const moved = this.history.status !== this.status ? this.history.status : null
    this.staged = []
    this.answers = []
    this.status = this.history.status
    return Effect.map(waitForSpace(this.commit(entries, moved, answers)), (next) => {
      this.head = next
      this.onCommit()
    })
  }

  private commit(
    entries: ReadonlyArray<Entry>,
    moved: History["status"] | null,
    answers: ReadonlyArray<Answer>
  ): Effect.Effect<Head | Unborn, CommitError> {
    const { head } = this
    if (entries.length === 0)
      return Effect.as(
        Effect.forEach(answers, (answer) => this.store.answer(answer)),
        head
      )
    return "epoch" in head
      ? this.store.append(head, this.at, entries, moved, answers.length === 0 ? undefined : { answers })
      : this.create(head, entries)
  }

  private create(unborn: Unborn, entries: ReadonlyArray<Entry>): Effect.Effect<Head, StoreError | Taken> {
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
    return Effect.flatMap(this.store.create(row, entries), (made) =>
      "head" in made ? Effect.succeed(made.head) : Effect.fail(new Taken(made.existing))
    )
  }
}

const isFull = (error: CommitError): boolean => error._tag === "StoreError" && error.reason === "Full"

/** One line when it begins, then a try a second. */
const waitForSpace = <A>(commit: Effect.Effect<A, CommitError>): Effect.Effect<A, CommitError> =>
  Effect.catchIf(commit, isFull, (error) =>
    Effect.zipRight(
      Effect.logError(
        `${error._tag === "StoreError" ? error.message : error._tag}; executions wait until there is space`
      ),
      Effect.retry(commit, { while: isFull, schedule: Schedule.spaced("1 second") })
    )
  )
