/**
 * Which branches may start: those whose needs have succeeded, in their order, so many at a time. A branch that needs one
 * that failed never starts.
 */
export class Ready {
  /** how many run */
  active = 0
  /** how many have not ended, and still can */
  private left: number
  private next = 0
  private readonly waits: Array<number>
  private readonly dependents: ReadonlyArray<ReadonlyArray<number>> | undefined
  private readonly state: Uint8Array
  /** branches whose last need has succeeded, and that come before `next`; in descending order */
  private readonly freed: Array<number> = []

  constructor(
    needs: ReadonlyArray<ReadonlyArray<number>>,
    private readonly concurrency: number
  ) {
    this.left = needs.length
    this.state = new Uint8Array(needs.length)
    this.waits = needs.map((indexes) => indexes.length)
    if (this.waits.every((count) => count === 0)) return
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
    if (this.active >= this.concurrency) return undefined
    while (this.next < this.waits.length && (this.state[this.next] !== 0 || this.waits[this.next] !== 0)) this.next++
    const freed = this.freed[this.freed.length - 1]
    if (freed !== undefined && (this.next >= this.waits.length || freed < this.next)) {
      this.freed.pop()
      if (this.state[freed] !== 0) return this.take()
      this.start(freed)
      return freed
    }
    if (this.next >= this.waits.length) return undefined
    this.start(this.next)
    return this.next++
  }

  /** It runs, whatever the order. Whether it was not running yet. */
  start(index: number): boolean {
    if (this.state[index] !== 0) return false
    this.state[index] = 1
    this.active++
    return true
  }

  succeeded(index: number): void {
    this.end(index)
    for (const dependent of this.dependents?.[index] ?? []) {
      if (--this.waits[dependent]! === 0 && dependent < this.next) this.free(dependent)
    }
  }

  failed(index: number): void {
    this.end(index)
    const lost = [...(this.dependents?.[index] ?? [])]
    for (let dependent = lost.pop(); dependent !== undefined; dependent = lost.pop()) {
      if (this.state[dependent] !== 0) continue
      this.state[dependent] = 2
      this.left--
      lost.push(...this.dependents![dependent]!)
    }
  }

  private end(index: number): void {
    this.state[index] = 2
    this.active--
    this.left--
  }

  private free(index: number): void {
    let at = this.freed.length
    while (at > 0 && this.freed[at - 1]! < index) at--
    this.freed.splice(at, 0, index)
  }
}
