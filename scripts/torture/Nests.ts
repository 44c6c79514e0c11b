/**
 * Every combinator in every other in every other, crashed at every write: it ends as without the crash, nothing that is
 * recorded runs again, no branch is lost, and what is undone is what must be.
 */
import type { Entry, Recorded } from "../../src/core/Entry.js"
import { type Case, live, type Operator, type Result } from "./Matrix.js"
import { type Combinator, combinators, type Nest, nameOf, taskOf, variants } from "./Nest.js"
import { predict } from "./NestReference.js"
import type { Crash, World } from "./World.js"

/** Lets it go on, as often as it can be of use: `bad` fails once, and a crash may hide that it was let go on. */
const operator: Operator = (status, engine, world) => {
  const resumed = world.entries(status.id).filter(({ entry }) => entry._tag === "Resumed").length
  return status.status === "Failed" && resumed < 3 ? engine.resume(status.id) : undefined
}

const caseOf = (nest: Nest): Case => ({
  name: nameOf(nest),
  ends: predict(nest).status,
  leaves: predict(nest).outside,
  make: (world) => taskOf(world, nest),
  ...(nest.variant === "halts" ? { operator } : {})
})

/** All nests of so many levels. Where a race is over before `bad` is, what it would do makes no difference. */
export const nests = (depth: number): ReadonlyArray<Nest> => {
  const deeper = (levels: ReadonlyArray<Combinator>): ReadonlyArray<ReadonlyArray<Combinator>> =>
    levels.length === depth ? [levels] : combinators.flatMap((combinator) => deeper([...levels, combinator]))
  return deeper([]).flatMap((levels) =>
    (levels.includes("beaten") ? ([variants[0]] as const) : variants).map((variant) => ({
      levels: levels as Nest["levels"],
      variant
    }))
  )
}

/**
 * Nests that go ways of their own: the failure that is reverted says all that a success does, and so it does for one that
 * an operator lets go on, if that is a value or lost in a race before it comes to anybody who tries again.
 */
export const isDistinct = ({ levels, variant }: Nest): boolean => {
  if (variant !== "halts") return variant === "reverts" || levels.includes("beaten")
  const caught = Math.max(levels.lastIndexOf("race"), levels.lastIndexOf("either"))
  return caught < 0 || levels.lastIndexOf("retry") > caught
}

/** What the journal does not explain: a phase that runs again for no reason, an undo of what did not happen. */
const unexplained = (entries: ReadonlyArray<Recorded>): ReadonlyArray<string> => {
  const states = new Map<string, "running" | "broken" | "succeeded" | "failed" | "undone">()
  const children = new Set<string>()
  const found: Array<string> = []
  const begin = ({ kind, path, undoes }: Extract<Entry, { readonly _tag: "PhaseStarted" }>) => {
    if (states.has(path)) found.push(`${path} begins twice`)
    states.set(path, "running")
    if (kind === "child") children.add(path)
    const of = undoes === undefined ? undefined : states.get(undoes)
    if (undoes === undefined || /succeeded|broken/.test(of ?? "")) return
    // A child that has failed is left with what it did: its undo is its revert.
    if (of !== "failed" || !children.has(undoes)) found.push(`${undoes} is undone, and was ${of}`)
  }
  const undoes = new Map<string, string>()
  for (const { entry } of entries) {
    switch (entry._tag) {
      case "Claimed":
        for (const [path, state] of states) if (state === "running") states.set(path, "broken")
        break
      case "Rewound":
        for (const path of states.keys()) if (path.startsWith(`${entry.to}/`)) states.delete(path)
        break
      case "PhaseStarted":
        begin(entry)
        if (entry.undoes !== undefined) undoes.set(entry.path, entry.undoes)
        break
      case "AttemptStarted":
        if (!/broken|failed/.test(states.get(entry.path) ?? "")) {
          found.push(`${entry.path} runs again, and was ${states.get(entry.path)}`)
        }
        states.set(entry.path, "running")
        break
      case "PhaseInterrupted":
        states.set(entry.path, "broken")
        break
      case "PhaseFailed":
        states.set(entry.path, "failed")
        break
      case "PhaseSucceeded": {
        if (states.get(entry.path) === "succeeded") found.push(`${entry.path} ends twice`)
        states.set(entry.path, "succeeded")
        const of = undoes.get(entry.path)
        if (of !== undefined) states.set(of, "undone")
        break
      }
      default:
    }
  }
  return found
}

const answerOf = ({ failures, family, outside, result, status }: Result): string =>
  JSON.stringify({ status, result, failures: [...failures].sort(), outside, family })

const problemsOf = (given: Case, world: World, result: Result): ReadonlyArray<string> => {
  const found = [...world.violations]
  for (const execution of world.memory.executions.keys()) {
    found.push(...unexplained(world.entries(execution)).map((problem) => `${execution}: ${problem}`))
  }
  if (result.status !== given.ends) found.push(`it is ${result.status}: ${result.failures.join("; ")}`)
  if (result.outside.join() !== given.leaves.join()) {
    found.push(`it leaves ${result.outside.join(" ")} instead of ${given.leaves.join(" ")}`)
  }
  return found
}

/** One process dies, at any of its writes. */
export const everywhere = function* (writes: number): Generator<Crash> {
  for (let write = 1; write <= writes; write++) {
    yield { write, after: false }
    yield { write, after: true }
  }
}

/** Lives a nest without a crash, and with each of the crashes; every difference as one line, and how many lives it took. */
export const check = (nest: Nest, crashes: (writes: number) => Iterable<Crash> = everywhere) => {
  const given = caseOf(nest)
  const found: Array<string> = []
  let count = 0
  let expected: string | undefined
  const attempt = (crash: Crash | undefined): number => {
    count++
    const where = crash === undefined ? "" : `, crashed ${crash.after ? "after" : "before"} write ${crash.write}`
    try {
      const { result, world, writes } = live(given, "recover", crash === undefined ? [] : [crash])
      const problems = [...problemsOf(given, world, result)]
      const answer = answerOf(result)
      expected ??= answer
      if (answer !== expected) problems.push(`it ends as ${answer} instead of ${expected}`)
      found.push(...problems.map((problem) => `${given.name}${where}: ${problem}`))
      return writes[0]!
    } catch (thrown) {
      found.push(`${given.name}${where}: ${thrown}`)
      return 0
    }
  }
  for (const crash of crashes(attempt(undefined))) attempt(crash)
  return { found, count }
}

const deep = nests(3)

/** From one to the next that is checked, so that a few are of all kinds: a prime, with which none is left out. */
const step = 997

/** How many nests there are, three levels deep. */
export const size = deep.length

/** Checks `count` nests, three levels deep, from the `first` on, round and round; answers what is wrong with the first ten that fail. */
export const run = (count: number, first: number): ReadonlyArray<string> => {
  const failures: Array<string> = []
  for (let index = first; index < first + count && failures.length < 10; index++) {
    const nest = deep[(index * step) % deep.length]!
    const { found } = check(nest)
    if (found.length > 0) failures.push([replay(nest), ...found.slice(0, 5)].join("\n  "))
  }
  return failures
}

/** The command that checks this nest alone. */
export const replay = (nest: Nest): string => `TIDEMARK_NEST="${nameOf(nest)}" npx vitest run test/engine/nests.test.ts`
