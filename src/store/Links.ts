/** How entries hold together as they are read: each is chained to the one before, also where those before were discarded. */
import * as Chain from "./Chain.js"
import { type EntryRow, isDiscarded, isSnapshot } from "./Encoded.js"

/** What a journal says of what was discarded last. */
interface Gap {
  readonly through: number
  readonly hash: string
  readonly values?: string
}

const gapOf = (rows: ReadonlyArray<EntryRow>): Gap | undefined => {
  const said = rows.findLast(isDiscarded)
  if (said === undefined) return undefined
  try {
    return JSON.parse(said.body) as Gap
  } catch {
    // Its own checksum says what is wrong with it.
    return undefined
  }
}

export class Links {
  /** the seq that comes next */
  expected: number
  /** the hash of the entry before; none: it is taken on trust */
  private previous: string | undefined
  /** the hash of the last snapshot */
  private values: string | undefined
  private readonly gap: Gap | undefined

  constructor(
    rows: ReadonlyArray<EntryRow>,
    private readonly first: number
  ) {
    this.expected = first
    this.previous = first === 0 ? Chain.genesis : undefined
    this.values = this.previous
    this.gap = gapOf(rows)
  }

  /** What is wrong with the entry that comes next. */
  problem(execution: string, row: EntryRow): string | undefined {
    const { expected, gap } = this
    const isGone = gap !== undefined && row.seq > 0 && row.seq <= gap.through
    if (isGone && !isSnapshot(row)) return "it was discarded, and is there"
    if (isGone) this.leap(row, this.values)
    if (row.seq === (gap?.through ?? Infinity) + 1) {
      if (this.first === 0 && this.values !== (gap!.values ?? Chain.genesis))
        return "what stands for those before it is missing"
      this.leap(row, gap!.hash)
    }
    if (row.seq !== this.expected) return `expected entry ${expected}, found ${row.seq}`
    const { previous } = this
    this.previous = row.hash
    if (isGone) this.values = row.hash
    this.expected++
    return previous === undefined ? undefined : Chain.problem(execution, previous, row)
  }

  /** What is between is gone: it is chained to this. */
  private leap({ seq }: EntryRow, to: string | undefined): void {
    if (seq < this.expected) return
    this.expected = seq
    this.previous = to
  }
}
