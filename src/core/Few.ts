/**
 * A set that mostly holds a few: it has no table until it holds more. Its members are in the order in which they were added,
 * and may be deleted while somebody goes through them.
 */

/** As many as are looked through one by one. */
const few = 8

const none: ReadonlyArray<never> = []

export class Few<A> implements Iterable<A> {
  private members: ReadonlyArray<A> | Set<A> = none

  static from<A>(members: Iterable<A>): Few<A> {
    const made = new Few<A>()
    for (const member of members) made.add(member)
    return made
  }

  get size(): number {
    const { members } = this
    return members instanceof Set ? members.size : members.length
  }

  has(member: A): boolean {
    const { members } = this
    return members instanceof Set ? members.has(member) : members.includes(member)
  }

  add(member: A): void {
    const { members } = this
    if (members instanceof Set) members.add(member)
    else if (!members.includes(member)) {
      this.members = members.length < few ? [...members, member] : new Set(members).add(member)
    }
  }

  /** Whether it was there. */
  delete(member: A): boolean {
    const { members } = this
    if (members instanceof Set) return members.delete(member)
    if (!members.includes(member)) return false
    this.members = members.length === 1 ? none : members.filter((other) => other !== member)
    return true
  }

  clear(): void {
    this.members = none
  }

  [Symbol.iterator](): IterableIterator<A> {
    return this.members.values()
  }
}
