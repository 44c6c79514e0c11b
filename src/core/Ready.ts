/**
 * Which branches may start: those whose needs have succeeded, in their order, so many at a time. A branch that needs one
 * that failed never starts.
 */
export class Ready {
  /** how many run */
  private active = 0
  /** how many have not ended, and still can */
  private left: number
  /** of each branch, how many of its needs have not succeeded */
  private readonly waits: Array<number>
  private readonly dependents: ReadonlyArray<ReadonlyArray<number>> | undefined
  /** the branches that have started, or never will */
  private readonly gone: Uint8Array
  /** those that need nothing any more, started out of turn or not yet: a heap, with the first of them on top */
  private readonly free: Array<number> = []

  constructor(
    needs: ReadonlyArray<ReadonlyArray<number>>,
    private readonly concurrency: number
  ) {
    this.left = needs.length
    this.gone = new Uint8Array(needs.length)
    this.waits = needs.map((indexes) => indexes.length)
    for (const [index, count] of this.waits.entries()) if (count === 0) this.free.push(index)
    if (this.free.length === needs.length) return
    const dependents: Array<Array<number>> = needs.map(() => [])
    for (const [index, indexes] of needs.entries()) for (const need of indexes) dependents[need]!.push(index)
    this.dependents = dependents
  }

  /** Nothing runs, and nothing more can start. */
  get over(): boolean {
    return this.left === 0
  }

  /** The next branch that may start now; it counts as running. */
  take(): number | undefined {
    while (this.active < this.concurrency) {
      const index = this.pop()
      if (index === undefined || this.start(index)) return index
    }
    return undefined
  }

  /** It runs, whatever the order. Whether it was not running yet. */
  start(index: number): boolean {
    if (this.gone[index] !== 0) return false
    this.gone[index] = 1
    this.active++
    return true
  }

  succeeded(index: number): void {
    this.end()
    for (const dependent of this.dependents?.[index] ?? []) if (--this.waits[dependent]! === 0) this.push(dependent)
  }

  failed(index: number): void {
    this.end()
    const lost = [...(this.dependents?.[index] ?? [])]
    for (let dependent = lost.pop(); dependent !== undefined; dependent = lost.pop()) {
      if (this.gone[dependent] !== 0) continue
      this.gone[dependent] = 1
      this.left--
      lost.push(...this.dependents![dependent]!)
    }
  }

  private end(): void {
    this.active--
    this.left--
  }

  private push(index: number): void {
    const { free } = this
    let at = free.length
    for (let above = (at - 1) >> 1; at > 0 && free[above]! > index; above = (at - 1) >> 1) {
      free[at] = free[above]!
      at = above
    }
    free[at] = index
  }

  private pop(): number | undefined {
    const { free } = this
    const first = free[0]
    const last = free.pop()
    if (last === undefined || free.length === 0) return first
    let at = 0
    for (let below = 1; below < free.length; below = 2 * at + 1) {
      if (below + 1 < free.length && free[below + 1]! < free[below]!) below++
      if (free[below]! >= last) break
      free[at] = free[below]!
      at = below
    }
    free[at] = last
    return first
  }
}
