/**
 * One combinator in another in another, as a small task. In each of them, what comes next stands beside a phase that can be
 * undone; in the innermost there are such phases, and one called `bad`. `NestReference.ts` says what must become of it.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type { Recorded } from "../../src/core/Entry.js"
import { Phase, Retry, Task } from "../../src/index.js"
import type { AnyTask } from "./Matrix.js"
import type { World } from "./World.js"

/** `race` is won by what comes next if that succeeds, `beaten` always by the phase beside it. */
export const combinators = [
  "all",
  "settle",
  "forEach",
  "race",
  "beaten",
  "group",
  "retry",
  "graph",
  "child",
  "either"
] as const
export type Combinator = (typeof combinators)[number]

/** What `bad` does: it succeeds; it fails once, and an operator lets it go on; it always fails, and is reverted. */
export const variants = ["succeeds", "halts", "reverts"] as const
export type Variant = (typeof variants)[number]

/** From the outermost to the innermost. */
export interface Nest {
  readonly levels: readonly [Combinator, ...ReadonlyArray<Combinator>]
  readonly variant: Variant
}

/** As the command that replays it has it. */
export const nameOf = ({ levels, variant }: Nest): string => `${levels.join(" of ")}, ${variant}`

type Any = Phase.Phase<unknown, string, never, never, true>
type Body = Generator<Phase.Yielded<string, never>, unknown, never>
type Lives = Pick<AnyTask, "layer" | "execute" | "start">

/**
 * How long phases take, in milliseconds, each far longer than all that are shorter: a crash makes those in flight start
 * anew, and they come to their ends in the same order as without it.
 */
const takes = { x: 1, beats: [3, 8, 12], quick: 5, bad: 20, z: 60, slow: [900, 300, 120] } as const

/** Whether the phase at a level is in flight when `bad` ends; it takes turns, to have both everywhere. */
const isSlow = ({ levels, variant }: Nest, level: number): boolean => {
  const kind = levels[level]!
  if (kind === "race") return true
  return /^(all|settle|forEach|graph)$/.test(kind) && level % 2 === (variant === "reverts" ? 1 : 0)
}

class Nester {
  private readonly children: Array<Pick<AnyTask, "layer">> = []

  constructor(
    private readonly world: World,
    private readonly nest: Nest
  ) {}

  task(): Lives {
    const parent = this.define("t", () => [this.level(0), this.phase("last", takes.quick)])
    const layer = Layer.mergeAll(parent.layer, ...this.children.map((child) => child.layer))
    return { layer, execute: parent.execute, start: parent.start }
  }

  /** Phases one after the other, as a task. */
  private define(name: string, phases: () => ReadonlyArray<Any>) {
    return Task.make(name, {
      success: Schema.Unknown,
      error: Schema.String,
      onFailure: this.nest.variant === "reverts" ? "revert" : "halt",
      run: () => sequence(phases())
    })
  }

  private phase(name: string, millis: number): Any {
    const { world } = this
    const undo = () => world.undoes(name)
    const run = world.seen(({ key }) => {
      const happens = Effect.sync(() => {
        world.outside.set(name, key)
        return name
      })
      // What takes long happens at once: interrupted, it is in doubt and stands outside.
      const early = millis >= takes.z
      return early ? Effect.zipLeft(happens, Effect.sleep(millis)) : Effect.delay(happens, millis)
    })
    return Phase.make(name, { run, undo, undoUnknown: undo }) as Any
  }

  /** Fails until that was recorded, in this execution or another, as often as the variant says. */
  private bad(): Any {
    const { nest, world } = this
    const times = { succeeds: 0, halts: 1, reverts: Number.POSITIVE_INFINITY }[nest.variant]
    const undo = () => world.undoes("bad")
    const run = world.seen(({ key }) =>
      Effect.flatMap(Effect.sleep(takes.bad), () => {
        if (failures(world) < times) return Effect.fail("no")
        world.outside.set("bad", key)
        return Effect.succeed("bad")
      })
    )
    return Phase.make("bad", { run, undo, undoUnknown: undo }) as Any
  }

  private level(level: number): Any {
    const kind = this.nest.levels[level]!
    if (level === this.nest.levels.length - 1) return this.innermost(kind, `${kind}${level}`)
    const short = kind === "beaten" ? takes.beats[level]! : takes.quick
    const millis = isSlow(this.nest, level) ? takes.slow[level]! : short
    const beside = this.phase(`p${level}`, millis)
    const next = this.level(level + 1)
    const twice = kind === "either" && this.nest.levels[level + 1] === "either"
    return this.combine(twice ? "either all" : kind, `${kind}${level}`, [beside, next])
  }

  private innermost(kind: Combinator, name: string): Any {
    const x = this.phase("x", kind === "beaten" ? takes.beats[this.nest.levels.length - 1]! : takes.x)
    const z = this.phase("z", takes.z)
    const bad = this.bad()
    if (kind === "race") return this.combine(kind, name, [z, bad])
    return this.combine(kind === "either" ? "either all" : kind, name, [x, bad, z])
  }

  /** `either` takes the last of the phases alone, `either all` all of them. */
  private combine(kind: Combinator | "either all", name: string, phases: ReadonlyArray<Any>): Any {
    switch (kind) {
      case "all":
        return Phase.all(phases, { name }) as never
      case "settle":
        return Phase.all(phases, { name, mode: "settle" }) as never
      case "forEach":
        return Phase.forEach(name, phases.keys(), (index) => phases[index]!, { concurrency: 2 }) as never
      case "race":
      case "beaten":
        return Phase.race(phases as readonly [Any], { name }) as never
      case "group":
        return Phase.group(name, () => sequence(phases) as never) as never
      case "retry":
        return Phase.group(name, () => sequence(phases) as never, { retry: Retry.times(2) }) as never
      case "graph":
        return this.graph(name, phases)
      case "child": {
        const child = this.define(name, () => phases)
        this.children.push(child)
        return child.phase({}) as never
      }
      case "either":
        return Phase.either(phases.at(-1)!) as never
      case "either all":
        return Phase.either(Phase.all(phases, { name }) as Any) as never
    }
  }

  /** Two beside each other, then one that needs both; of three, the second needs the first. */
  private graph(name: string, phases: ReadonlyArray<Any>): Any {
    const [a, b, c] = phases as [Any, Any, Any?]
    if (c !== undefined)
      return Phase.graph(name, { a: { run: a }, b: { needs: ["a"], run: b }, c: { run: c } }) as never
    const join = this.phase(`j${name}`, takes.quick)
    return Phase.graph(name, { a: { run: a }, b: { run: b }, join: { needs: ["a", "b"], run: join } }) as never
  }
}

function* sequence(phases: ReadonlyArray<Any>): Body {
  const answers: Array<unknown> = []
  for (const phase of phases) answers.push(plain(yield* phase))
  return answers
}

/** What groups and tasks answer is recorded as it is. */
const plain = (value: unknown): unknown => {
  if (Either.isEither(value)) return Either.isLeft(value) ? { left: value.left } : { right: plain(value.right) }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]))
}

/** How often it was recorded that `bad` failed. */
const failures = (world: World): number => {
  const count = (entries: ReadonlyArray<Recorded>): number => {
    const paths = new Set(
      entries.flatMap(({ entry }) => (entry._tag === "PhaseStarted" && entry.name === "bad" ? [entry.path] : []))
    )
    return entries.filter(({ entry }) => entry._tag === "PhaseFailed" && paths.has(entry.path)).length
  }
  return [...world.memory.executions.keys()].reduce((sum, execution) => sum + count(world.entries(execution)), 0)
}

/** The task of a nest, with the layers of its children. */
export const taskOf = (world: World, nest: Nest): Lives => new Nester(world, nest).task()
