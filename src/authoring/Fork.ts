/** Phases beside each other: all of them, one for each item, or the first that succeeds. */

import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import type { Branch, Instruction } from "../core/Instruction.js"
import * as Json from "../core/Json.js"
import { type Bounds, boundsOf, branch, byName, fork, given, isStruct } from "./Branches.js"
import {
  type Context,
  checkName,
  type Encodable,
  type Error,
  needPhase,
  type Phase,
  type Success,
  strange
} from "./Description.js"
import { keyOf } from "./ItemKey.js"
import type { Because } from "./Recordable.js"

type Branches =
  | ReadonlyArray<Phase<unknown, unknown, unknown>>
  | { readonly [name: string]: Phase<unknown, unknown, unknown> }

type Each<T> = T extends ReadonlyArray<infer P> ? P : T[keyof T]

/** How the branches of `all` run, and what it is called. */
export interface AllBounds extends Bounds {
  /** default "all" */
  readonly name?: string
}

/** The branches of a tuple by the names of their phases, those of a struct by their keys; and their answers so. */
const branchesOf = (what: string, branches: unknown) => {
  if (Array.isArray(branches)) {
    const list = Array.from(branches as ReadonlyArray<unknown>, (each, index): Branch => {
      const instruction = needPhase(`branch ${index} of ${what}`, each)
      return branch(instruction.name, instruction)
    })
    return { branches: list, collect: (answers: ReadonlyArray<unknown>): unknown => [...answers] }
  }
  if (!isStruct(branches))
    throw new TypeError(`${what} takes an array or an object of phases, not ${strange(branches)}`)
  const names = Object.keys(branches)
  const list = names.map((name) => branch(name, needPhase(`branch ${name} of ${what}`, branches[name])))
  return { branches: list, collect: byName(names) }
}

/**
 * Runs phases beside each other; answers in the shape in which they are given, a tuple or a struct.
 *
 * At most `concurrency` run at a time (default "unbounded"). The first failure interrupts the others, or lets them end
 * first with `mode: "settle"`; all failures are kept. Each branch is recorded on its own: a resumed execution runs only
 * those that are missing. The branches of a tuple stand at the names of their phases (`#2` for the second of a name),
 * those of a struct at their keys. Throws a `TypeError` for what is no phase and for bounds that cannot be, `InvalidName`
 * for a name that cannot be kept. The idea is Effect.all's, and TaskFlow's unordered flow.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const both = Phase.all([Phase.make("a", Effect.succeed(1)), Phase.make("b", Effect.succeed("x"))])
 * const named = Phase.all({ a: Phase.make("a", Effect.succeed(1)) }, { name: "named", concurrency: 2, mode: "settle" })
 */
export const all = <const T extends Branches>(
  branches: T,
  options: AllBounds = {}
): Phase<{ -readonly [K in keyof T]: Success<T[K]> }, Error<Each<T>>, Context<Each<T>>, never, Encodable<Each<T>>> =>
  fork({
    kind: "all",
    name: options.name ?? "all",
    ...branchesOf("Phase.all", branches),
    ...boundsOf("Phase.all", options, "unbounded")
  })

/** How the items of `forEach` run, and what they are called. */
export interface ItemBounds<I> extends Bounds {
  /** the name of an item in paths, unique among the items; without it items are told apart by their order */
  readonly key?: (item: I, index: number) => string
}

const itemsOf = (name: string, items: unknown): ReadonlyArray<unknown> => {
  if (Predicate.isIterable(items)) return Array.from(items)
  throw new TypeError(`Phase.forEach takes the items of ${name} as an iterable, not ${given(items)}`)
}

const needFunction = (what: string, name: string, value: unknown): void => {
  if (!Predicate.isFunction(value))
    throw new TypeError(`${what} of Phase.forEach ${name} must be a function, not ${given(value)}`)
}

/** The names of the items; twice the same would make one item of two. */
const keysOf = (name: string, items: ReadonlyArray<unknown>, key: (item: unknown, index: number) => string) => {
  const seen = new Map<string, number>()
  return items.map((item, index) => {
    const found = key(item, index)
    checkName(found, "the item key")
    const before = seen.get(found)
    if (before !== undefined)
      throw new TypeError(
        `key of Phase.forEach ${name} answers ${found} for the items ${before} and ${index}: make it unique`
      )
    seen.set(found, index)
    return found
  })
}

/**
 * Runs a phase for each item; answers in the order of the items.
 *
 * At most `concurrency` run at a time (default 1, as in Effect.forEach), started in their order. Each item is recorded on
 * its own: a resumed execution runs only those that are missing. With `key`, an item stands at `<name>/<key>`, whatever
 * its place; without, at `<name>/<index>`, and another item there on resumption is a `HistoryMismatch`. `mode` is that of
 * `Phase.all`. Throws a `TypeError` for items that are not iterable, a key used twice, bounds that cannot be, and where
 * `f` answers no phase; `InvalidName` for a name or a key that cannot be kept. The idea is Effect.forEach's.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const sizes = Phase.forEach("files", ["a.csv", "b.csv"], (file) => Phase.make("import", Effect.succeed(file.length)), {
 *   concurrency: 8,
 *   key: (file) => file
 * })
 */
export const forEach = <I, P extends Phase<unknown, unknown, unknown>>(
  name: string,
  items: Iterable<I>,
  f: (item: I, index: number) => P,
  options: ItemBounds<NoInfer<I>> = {}
): Phase<Array<Success<P>>, Error<P>, Context<P>, never, Encodable<P>> => {
  checkName(name)
  const list = itemsOf(name, items) as ReadonlyArray<I>
  needFunction("the third argument", name, f)
  if (options.key !== undefined) needFunction("key", name, options.key)
  const keys = options.key === undefined ? undefined : keysOf(name, list, options.key as never)
  const branches = list.map((item, index) => {
    const made = (of: I) => needPhase(`what Phase.forEach ${name} makes of item ${index}`, f(of, index))
    const instruction = made(item)
    const part =
      keys === undefined ? branch(String(index), instruction, keyOf(item)) : branch(keys[index]!, instruction)
    return {
      ...part,
      make: (_, input): Instruction => (input === undefined ? instruction : made(input as I)),
      takesInput: () => Either.isRight(Json.from(item))
    } satisfies Branch
  })
  return fork({
    kind: "forEach",
    name,
    branches,
    collect: (answers) => [...answers],
    ...boundsOf(`Phase.forEach ${name}`, options, 1)
  })
}

type NoBranch<T> = T extends readonly [] ? true : [keyof T] extends [never] ? true : false

/**
 * Runs phases beside each other; answers what the first of them to succeed answers, and interrupts the others.
 *
 * The winner is recorded first. What a loser had completed is undone, newest first, where it has an undo; a loser that
 * was interrupted is in doubt, and decided by its `verify` and `undoUnknown`. It fails with all failures where none
 * succeeds. Throws a `TypeError` for what is no phase, and for a race of nothing, which would never end; `InvalidName` for
 * a name that cannot be kept. The idea is Effect.raceAll's.
 *
 * @example
 * import { Phase } from "tidemark"
 * import * as Effect from "effect/Effect"
 *
 * const first = Phase.race([Phase.make("eu", Effect.succeed("eu")), Phase.make("us", Effect.succeed("us"))])
 */
export const race = <const T extends Branches>(
  branches: T,
  options: { readonly name?: string } = {}
): NoBranch<T> extends true
  ? Because<"a race needs at least one branch", T>
  : Phase<Success<Each<T>>, Error<Each<T>>, Context<Each<T>>, never, Encodable<Each<T>>> => {
  const known = branchesOf("Phase.race", branches)
  if (known.branches.length === 0)
    throw new TypeError("Phase.race takes at least one phase: a race of nothing never ends")
  return fork({
    kind: "race",
    name: options.name ?? "race",
    branches: known.branches,
    collect: (answers) => answers.find((_, index) => index in answers),
    concurrency: Infinity,
    mode: "race"
  })
}
