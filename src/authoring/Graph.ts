/** Graphs: phases that start as soon as what they need has succeeded. */
import * as Predicate from "effect/Predicate"
import type { Branch, Instruction } from "../core/Instruction.js"
import { type Bounds, boundsOf, byName, fork, given, isStruct } from "./Branches.js"
import {
  type Context,
  checkName,
  type Encodable,
  type Error,
  instructionOf,
  needPhase,
  type Phase,
  type Success,
  strange
} from "./Description.js"
import type { Because } from "./Recordable.js"

type PhaseOf<Run> = Run extends (...args: never) => infer P ? P : Run

type NodePhase<Node> = Node extends { readonly run: infer Run } ? PhaseOf<Run> : never

type IsUnknown<T> = unknown extends T ? true : false

/** The answers of these nodes by name, as far as they are known before the functions of the graph are read. */
type Known<Runs, Needs> =
  IsUnknown<Needs> extends true
    ? Record<never, never>
    : {
        readonly [K in Needs & keyof Runs]: IsUnknown<Runs[K]> extends true
          ? Because<"TypeScript does not know this answer here: write its type, as in run: ({ a }: { a: A }) => ...", K>
          : Success<PhaseOf<Runs[K]>>
      }

/** What a node may need: the others. */
type Others<Nodes, K> = string extends keyof Nodes ? string : Exclude<keyof Nodes, K>

type Needs<Names> = { readonly [K in keyof Names]: { readonly needs?: ReadonlyArray<Names[K]> } }

type Runs<Found, Names> = {
  readonly [K in keyof Found]: {
    readonly needs?: ReadonlyArray<Others<Found, K>>
    readonly run: Found[K] | ((answers: Known<Found, Names[K & keyof Names]>) => unknown)
  }
}

type NeedsOf<Node> = Node extends { readonly needs: ReadonlyArray<infer Name> } ? Name : never

/** What a node needs, where its type tells it one by one. */
type Told<Node> = Node extends { readonly needs: infer List extends ReadonlyArray<unknown> }
  ? number extends List["length"]
    ? never
    : List[number]
  : never

type Startable<Nodes, Left extends keyof Nodes> = {
  [K in Left]: [Told<Nodes[K]> & Left] extends [never] ? K : never
}[Left]

/** The nodes that never start, for each needs another of them. */
type Circular<Nodes, Left extends keyof Nodes = keyof Nodes> = [Left] extends [never]
  ? never
  : [Startable<Nodes, Left>] extends [never]
    ? Left
    : Circular<Nodes, Exclude<Left, Startable<Nodes, Left>>>

/** The answers that a node gets. */
type Given<Nodes, Names> = { readonly [K in Names & keyof Nodes]: Success<NodePhase<Nodes[K]>> }

/** What a function takes, without what TypeScript does not know: who uses that is told where it is used. */
type Used<Taken> = { readonly [K in keyof Taken as Taken[K] extends Because<infer _M, infer _T> ? never : K]: Taken[K] }

/** What is wrong with a node; never, if nothing is. */
type Flaw<Nodes, K extends keyof Nodes> = [Exclude<keyof Nodes[K], "needs" | "run">] extends [never]
  ? NodePhase<Nodes[K]> extends infer P
    ? P extends Phase<unknown, unknown, unknown>
      ? Nodes[K] extends { readonly run: (answers: infer Taken) => unknown }
        ? Given<Nodes, NeedsOf<Nodes[K]>> extends Used<Taken>
          ? never
          : Because<"this node takes other answers than those of its `needs`", K>
        : never
      : P extends Because<infer _Message, infer _Type>
        ? P
        : Because<"what this node runs is not a phase: wrap an Effect in Phase.make(name, effect)", K>
    : never
  : Because<"a node has `run` and `needs`, and nothing else", Exclude<keyof Nodes[K], "needs" | "run">>

type Flaws<Nodes> = { [K in keyof Nodes]: Flaw<Nodes, K> }[keyof Nodes]

type Graphed<Nodes> = [Flaws<Nodes>] extends [never]
  ? [Circular<Nodes>] extends [never]
    ? Phase<
        { -readonly [K in keyof Nodes]: Success<NodePhase<Nodes[K]>> },
        Error<NodePhase<Nodes[keyof Nodes]>>,
        Context<NodePhase<Nodes[keyof Nodes]>>,
        never,
        Encodable<NodePhase<Nodes[keyof Nodes]>>
      >
    : Because<"these nodes need each other in a circle", Circular<Nodes>>
  : Flaws<Nodes>

interface AnyNode {
  readonly needs: ReadonlyArray<string>
  readonly run: unknown
}

const nodeOf = (where: string, node: unknown): AnyNode => {
  if (!isStruct(node)) throw new TypeError(`${where} must be { needs?, run }, not ${strange(node)}`)
  const { needs = [], run, ...rest } = node
  for (const other of Object.keys(rest)) {
    throw new TypeError(`${where} has ${given(other)}: a node has \`run\` and \`needs\`, and nothing else`)
  }
  if (!("run" in node)) throw new TypeError(`${where} has no \`run\`: it must be { needs?, run }`)
  if (!Array.isArray(needs)) throw new TypeError(`needs of ${where} must be an array of names, not ${given(needs)}`)
  if (!Predicate.isFunction(run)) needPhase(`run of ${where}`, run)
  return { needs: [...needs], run }
}

/** The names along a circle of needs, from a node back to it. Walks by hand: a chain may be longer than the stack. */
const circleIn = (needs: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<string> | undefined => {
  const done = new Set<string>()
  for (const start of needs.keys()) {
    const trail: Array<{ readonly name: string; next: number }> = done.has(start) ? [] : [{ name: start, next: 0 }]
    const open = new Set([start])
    for (let here = trail.at(-1); here !== undefined; here = trail.at(-1)) {
      const need = needs.get(here.name)![here.next++]
      if (need === undefined) {
        done.add(here.name)
        open.delete(here.name)
        trail.pop()
      } else if (open.has(need)) {
        const names = trail.map(({ name }) => name)
        return [...names.slice(names.indexOf(need)), need]
      } else if (!done.has(need)) {
        open.add(need)
        trail.push({ name: need, next: 0 })
      }
    }
  }
  return undefined
}

const checkNeeds = (what: string, nodes: ReadonlyMap<string, AnyNode>): void => {
  for (const [name, { needs }] of nodes) {
    for (const need of needs) {
      if (nodes.has(need)) continue
      const names = [...nodes.keys()].join(", ").slice(0, 200)
      throw new TypeError(`node ${name} of ${what} needs ${given(need)}, which is no node: name one of ${names}`)
    }
  }
  const circle = circleIn(new Map(Array.from(nodes, ([name, { needs }]) => [name, needs])))
  if (circle !== undefined) {
    throw new TypeError(
      `nodes of ${what} need each other in a circle: ${circle.join(" -> ")}. Take one of these needs away`
    )
  }
}

const branchesOf = (what: string, nodes: ReadonlyMap<string, AnyNode>): ReadonlyArray<Branch> => {
  const names = [...nodes.keys()]
  const places = new Map(names.map((name, index) => [name, index]))
  return Array.from(nodes, ([name, { needs, run }]): Branch => {
    const instruction = instructionOf(run)
    const make = (answers: ReadonlyArray<unknown>): Instruction => {
      const known = Object.fromEntries(needs.map((need) => [need, answers[places.get(need)!]]))
      return needPhase(`what run of node ${name} of ${what} answers`, (run as (answers: unknown) => unknown)(known))
    }
    return {
      name,
      key: undefined,
      needs: [...new Set(needs)].map((need) => places.get(need)!),
      make: instruction === undefined ? make : () => instruction
    }
  })
}

/**
 * Runs the phases of nodes, each as soon as all that it needs have succeeded; answers by the names of the nodes.
 *
 * `run` is a phase, or a function that makes one of the answers of the node's `needs`, by name. At most `concurrency` run
 * at a time (default "unbounded"); what needs a failed node never starts, and `mode` says what becomes of the others.
 * TypeScript knows the answer of a node whose `run` is a phase, or says what it takes; where a function uses the answer
 * of another, it says so: `run: ({ build }: { build: string }) => ...`. Throws a `TypeError` for a need that is no node,
 * nodes that need each other in a circle, what is no phase, and bounds that cannot be; `InvalidName` for a name that
 * cannot be kept. The idea is TaskFlow's graph flow.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const release = Phase.graph("release", {
 *   fetch: { run: Phase.make("fetch", Effect.succeed("v1")) },
 *   lint: { needs: ["fetch"], run: Phase.make("lint", Effect.void) },
 *   build: { needs: ["fetch"], run: ({ fetch }) => Phase.make("build", Effect.succeed(`${fetch}.tgz`)) },
 *   publish: {
 *     needs: ["build", "lint"],
 *     run: ({ build }: { build: string }) => Phase.make("publish", Effect.log(build))
 *   }
 * })
 */
export const graph = <const Nodes, const Names, Found>(
  name: string,
  nodes: Nodes & Needs<Names> & Runs<Found, Names>,
  options: Bounds = {}
): Graphed<Nodes> => {
  checkName(name)
  const what = `Phase.graph ${name}`
  if (!isStruct(nodes)) throw new TypeError(`${what} takes an object of nodes, not ${strange(nodes)}`)
  const known = new Map(Object.entries(nodes).map(([key, node]) => [key, nodeOf(`node ${key} of ${what}`, node)]))
  for (const key of known.keys()) checkName(key, "the node name")
  checkNeeds(what, known)
  return fork({
    kind: "graph",
    name,
    branches: branchesOf(what, known),
    collect: byName([...known.keys()]),
    ...boundsOf(what, options, "unbounded")
  })
}
