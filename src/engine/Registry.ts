/** The tasks that this engine has, each with the services that its recovered and detached work runs with. */
import type { Definition } from "../authoring/Definition.js"
import type { Services } from "./Live.js"

export interface Registered {
  readonly definition: Definition
  readonly services: Services
}

export class Registry {
  private readonly tasks = new Map<string, Registered>()

  add(definition: Definition, services: Services): void {
    this.tasks.set(definition.name, { definition, services })
  }

  get(name: string): Registered | undefined {
    return this.tasks.get(name)
  }

  get all(): ReadonlyArray<Registered> {
    return [...this.tasks.values()]
  }
}
