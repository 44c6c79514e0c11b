/**
 * The tasks that this engine has, in the versions that it has of them, each with the services that its recovered and
 * detached work runs with.
 */
import type { Definition } from "../authoring/Definition.js"
import { TaskConflict } from "../core/Errors.js"
import type { Fibers } from "./Fibers.js"

export interface Registered {
  readonly definition: Definition
  readonly services: Fibers
}

export class Registry {
  private readonly tasks = new Map<string, Map<number, Registered>>()

  /** Throws a `TaskConflict` for another task of this name and version. */
  add(definition: Definition, services: Fibers): void {
    const { name, version } = definition
    const versions = this.tasks.get(name) ?? new Map<number, Registered>()
    const known = versions.get(version)
    if (known !== undefined && known.definition !== definition) throw new TaskConflict({ task: name, version })
    versions.set(version, { definition, services })
    this.tasks.set(name, versions)
  }

  get(name: string, version: number): Registered | undefined {
    return this.tasks.get(name)?.get(version)
  }

  /** The highest version of a task. */
  newest(name: string): Registered | undefined {
    const versions = [...(this.tasks.get(name)?.entries() ?? [])]
    return versions.sort(([one], [other]) => other - one)[0]?.[1]
  }

  /** The only version of a task, or that there are several. */
  sole(name: string): Registered | "several" | undefined {
    const versions = [...(this.tasks.get(name)?.values() ?? [])]
    return versions.length > 1 ? "several" : versions[0]
  }

  get all(): ReadonlyArray<Registered> {
    return [...this.tasks.values()].flatMap((versions) => [...versions.values()])
  }
}
