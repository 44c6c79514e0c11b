/** Who wants to hear of the commits that this engine makes, by execution. */
export class Listeners {
  private readonly listeners = new Map<string, Set<() => void>>()

  /** Calls back at every commit of this execution; answers how to stop that. */
  hear(id: string, listener: () => void): () => void {
    const listeners = this.listeners.get(id) ?? new Set()
    this.listeners.set(id, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.listeners.get(id) === listeners) this.listeners.delete(id)
    }
  }

  notify(id: string): void {
    for (const listener of [...(this.listeners.get(id) ?? [])]) listener()
  }
}
