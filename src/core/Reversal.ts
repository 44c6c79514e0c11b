/**
 * In which order phases are undone: newest first, and never before what came after them in the same generator, or what
 * needed them in a graph. What ran beside each other is independent.
 */
import { bodiesOf, type History } from "./History.js"
import { decidesDoubt, hasUndo, type Undoable } from "./Instruction.js"
import { isComposite, type PhaseRecord } from "./PhaseRecord.js"

/** One undo, or with no record a mere joint between many. `needs` are the indexes of what is undone before it. */
export interface Reverse {
  readonly record: PhaseRecord | undefined
  readonly needs: ReadonlyArray<number>
}

/** Whether undoing this phase, if it was not undone, is something to do that needs nobody. */
export const decidable = (record: PhaseRecord, instruction: Undoable | undefined): boolean => {
  if (instruction === undefined || record.committed) return false
  if (record.state === "succeeded") return hasUndo(instruction)
  return record.token !== undefined || (record.inDoubt && decidesDoubt(instruction))
}

/** The undos of everything in a scope that is `wanted`, newest first. */
export const reversal = (
  history: History,
  scope: string,
  wanted: (record: PhaseRecord) => boolean
): ReadonlyArray<Reverse> => {
  const plan = new Plan(history, wanted)
  plan.inside(scope, history.phases.get(scope), [])
  return plan.sorted
}

/** The undos of everything in the bodies of a task that is `wanted`, newest first. */
export const wholeReversal = (history: History, wanted: (record: PhaseRecord) => boolean): ReadonlyArray<Reverse> => {
  const plan = new Plan(history, wanted)
  let last: ReadonlyArray<number> = []
  for (const scope of bodiesOf(history).reverse()) last = plan.inside(scope, undefined, last)
  return plan.sorted
}

class Plan {
  private readonly undos: Array<Reverse> = []

  constructor(
    private readonly history: History,
    private readonly wanted: (record: PhaseRecord) => boolean
  ) {}

  /** Everything in a scope, after `before`; answers what has to be over when it is. */
  inside(scope: string, owner: PhaseRecord | undefined, before: ReadonlyArray<number>): ReadonlyArray<number> {
    const records = this.history.scopes.get(scope) ?? []
    if (owner !== undefined && owner.kind !== "group") return this.beside(records, before)
    let last = before
    for (let index = records.length - 1; index >= 0; index--) last = this.visit(records[index]!, last)
    return last
  }

  private visit(record: PhaseRecord, before: ReadonlyArray<number>): ReadonlyArray<number> {
    if (isComposite(record)) return this.inside(record.path, record, before)
    return this.wanted(record) ? [this.undos.push({ record, needs: before }) - 1] : before
  }

  /** Branches; one that needed others started after they had ended. */
  private beside(records: ReadonlyArray<PhaseRecord>, before: ReadonlyArray<number>): ReadonlyArray<number> {
    const after = new Map<string, Array<number>>()
    const ends = new Set<number>()
    for (let index = records.length - 1; index >= 0; index--) {
      const record = records[index]!
      const later = after.get(record.path)
      const end = this.visit(record, later === undefined ? before : this.joint(later))
      for (const need of record.needs ?? []) {
        const known = after.get(need)
        if (known === undefined) after.set(need, [...end])
        else known.push(...end)
      }
      for (const one of end) ends.add(one)
    }
    for (const one of before) ends.delete(one)
    return ends.size === 0 ? before : this.joint([...ends])
  }

  private joint(needs: ReadonlyArray<number>): ReadonlyArray<number> {
    return needs.length < 2 ? needs : [this.undos.push({ record: undefined, needs }) - 1]
  }

  /** Joints first, for they take no time; then the newest first. */
  get sorted(): ReadonlyArray<Reverse> {
    const order = [...this.undos.keys()].sort((a, b) =>
      this.rank(a) === this.rank(b) ? a - b : this.rank(a) < this.rank(b) ? 1 : -1
    )
    const place = new Map(order.map((from, to) => [from, to]))
    return order.map((from) => {
      const { needs, record } = this.undos[from]!
      return { record, needs: needs.map((need) => place.get(need)!) }
    })
  }

  private rank(index: number): number {
    return this.undos[index]!.record?.order ?? Number.POSITIVE_INFINITY
  }
}
