/** The phases of an execution as a tree: each below what it is a part of, children below the phases that call them. */
import * as Schema from "effect/Schema"
import { all } from "../core/Status.js"
import type { Seen } from "./Seen.js"
import * as Shown from "./Shown.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** What a scope of the engine's own holds (a clean-up, a revert), or one phase and what is in it. */
export interface Node {
  readonly label: string
  readonly path: string
  /** none: a scope */
  readonly phase?: Pick<Shown.Phase, "kind" | "state" | "attempt" | "startedAt" | "endedAt">
  /** the execution that it calls */
  readonly child?: Tree
  readonly parts: ReadonlyArray<Node>
}

/** An execution; one that is not at hand has neither task nor status. */
export interface Tree {
  readonly id: string
  readonly task?: string
  readonly status?: Seen["status"]["status"]
  readonly parts: ReadonlyArray<Node>
}

const Part: Schema.Schema<Node> = Schema.suspend(() =>
  Schema.Struct({
    label: Schema.String,
    path: Schema.String,
    phase: optional(Shown.Phase.pick("kind", "state", "attempt", "startedAt", "endedAt")),
    child: optional(Tree),
    parts: Schema.Array(Part)
  })
).annotations({ identifier: "Part" })

/** As `tree --json` has it. */
export const Tree: Schema.Schema<Tree> = Schema.suspend(() =>
  Schema.Struct({
    id: Schema.String,
    task: optional(Schema.String),
    status: optional(Schema.Literal(...all)),
    parts: Schema.Array(Part)
  })
).annotations({ identifier: "Tree" })

type Growing = { -readonly [K in keyof Node]: Node[K] } & { readonly parts: Array<Growing> }

class Grove {
  /** by path, and by the scope that it is */
  private readonly nodes = new Map<string, Growing>()
  readonly parts: Array<Growing> = []

  constructor(private readonly children: ReadonlyMap<string, Tree>) {}

  /** What stands right above a scope that nothing has: the nearest part whose path its own begins with. */
  private above(scope: string): Array<Growing> {
    for (let end = scope.lastIndexOf("/"); end > 0; end = scope.lastIndexOf("/", end - 1)) {
      const found = this.nodes.get(scope.slice(0, end))
      if (found !== undefined) return found.parts
    }
    return this.parts
  }

  private scope(scope: string): Array<Growing> {
    if (scope === "") return this.parts
    const known = this.nodes.get(scope)
    if (known !== undefined) return known.parts
    const label = scope.slice(scope.lastIndexOf("/") + 1)
    const made: Growing = { label, path: scope, parts: [] }
    this.above(scope).push(made)
    this.nodes.set(scope, made)
    return made.parts
  }

  add({ attempt, child, endedAt, kind, path, scope, startedAt, state, undoes }: Shown.Phase): void {
    const rest = scope !== "" && path.startsWith(`${scope}/`) ? path.slice(scope.length + 1) : path
    const made: Growing = {
      label: undoes === undefined ? rest : `undo of ${undoes}`,
      path,
      phase: { kind, state, attempt, startedAt, ...(endedAt === undefined ? {} : { endedAt }) },
      parts: []
    }
    if (child !== undefined) made.child = this.children.get(child) ?? { id: child, parts: [] }
    this.scope(scope).push(made)
    this.nodes.set(path, made)
  }
}

/** The tree of an execution, with those of its children that are at hand. */
export const make = (seen: Seen, children: ReadonlyMap<string, Tree>): Tree => {
  const { id, phases, status, task } = Shown.make(seen)
  const grove = new Grove(children)
  for (const phase of phases) grove.add(phase)
  return { id, task, status, parts: grove.parts }
}
