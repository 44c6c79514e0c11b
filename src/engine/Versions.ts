/** Which of the versions of a task an execution goes by, as far as that is known without its journal. */
import * as Effect from "effect/Effect"
import type { Definition } from "../authoring/Definition.js"
import type { StoreError } from "../core/Errors.js"
import type { History } from "../core/History.js"
import type { ExecutionRow, Store } from "../store/Store.js"
import type { Registered, Registry } from "./Registry.js"

export class Versions {
  /** of executions that do not go by the code that was at hand for them */
  private readonly known = new Map<string, number>()

  constructor(
    private readonly store: Store,
    private readonly registry: Registry
  ) {}

  /** The code that an execution goes by, if this engine has it; where its versions are several, the execution says which. */
  atHand(id: string, task: string): Registered | "several" | undefined {
    const version = this.known.get(id)
    return version === undefined ? this.registry.sole(task) : this.registry.get(task, version)
  }

  /** The same, with a look at the execution where it takes one. */
  codeOf(id: string, task: string): Effect.Effect<Registered | undefined, StoreError> {
    const code = this.atHand(id, task)
    if (code !== "several") return Effect.succeed(code)
    return Effect.map(this.store.get(id), (row) => row && this.registry.get(task, row.version))
  }

  /** It began with this code, or with one that nobody has here: it may have moved on to this one since. */
  mayBeFor({ definition: { name, version } }: Registered, { id, version: first }: ExecutionRow): boolean {
    const known = this.known.get(id) ?? first
    return known === version || this.registry.get(name, known) === undefined
  }

  /** Whether an execution goes by this code; if not, that is known from now on. */
  isFor({ version }: Definition, id: string, history: History): boolean {
    if (history.version === version) return true
    this.known.set(id, history.version)
    return false
  }

  /** The code that an execution turned out to go by, where other code was tried. */
  otherThan(tried: Definition, id: string): Registered | undefined {
    const code = this.known.has(id) ? this.atHand(id, tried.name) : undefined
    return typeof code !== "object" || code.definition === tried ? undefined : code
  }
}
