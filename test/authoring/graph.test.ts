import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FastCheck from "effect/FastCheck"
import * as Phase from "../../src/authoring/Phase.js"
import { InvalidName } from "../../src/core/Errors.js"
import "../support/seeded.js"
import { forkOf, instructionOf } from "./support/Described.js"

const phase = (name: string) => Phase.make(name, Effect.succeed(name))
const refuses = (says: string, make: () => unknown) => assert.throws(make, TypeError, says)

/** As a caller without a compiler sees it. */
const graph = Phase.graph as unknown as (name: unknown, nodes?: unknown, options?: unknown) => Phase.Any

/** A graph of these needs, each node running a phase of its own name. */
const needing = (needs: Readonly<Record<string, ReadonlyArray<string>>>) =>
  graph("g", Object.fromEntries(Object.entries(needs).map(([name, needs]) => [name, { needs, run: phase(name) }])))

describe("Phase.graph", () => {
  const fetch = phase("fetch")
  const release = Phase.graph("release", {
    fetch: { run: fetch },
    count: { run: () => Phase.make("count", Effect.succeed(1)) },
    build: { needs: ["fetch", "count"], run: ({ count, fetch }) => phase(`build ${fetch} ${count}`) },
    ship: { needs: ["build", "build"], run: phase("ship") }
  })

  it("describes a fork whose branches start after those that they need", () => {
    const fork = forkOf(release)
    assert.deepInclude(fork, { kind: "graph", name: "release", capture: "none", concurrency: Infinity, mode: "stop" })
    assert.deepStrictEqual(
      fork.branches.map(({ key, name, needs }) => [name, key, needs]),
      [
        ["fetch", undefined, []],
        ["count", undefined, []],
        ["build", undefined, [0, 1]],
        ["ship", undefined, [2]]
      ]
    )
    assert.deepInclude(forkOf(Phase.graph("g", {}, { concurrency: 3, mode: "settle" })), {
      concurrency: 3,
      mode: "settle"
    })
  })

  it("runs a node's phase, or the one that is made of the answers of its needs", () => {
    const { branches } = forkOf(release)
    assert.strictEqual(branches[0]!.make([]), instructionOf(fetch))
    assert.strictEqual(branches[1]!.make([]).name, "count")
    assert.strictEqual(branches[2]!.make(["v1", 7]).name, "build v1 7")
  })

  it("gives a function the answers of its needs by name, and no others", () => {
    const given: Array<unknown> = []
    const run = (answers: unknown) => {
      given.push(answers)
      return phase("x")
    }
    const fork = forkOf(graph("g", { a: { run }, b: { run }, c: { needs: ["b"], run } }))
    for (const branch of fork.branches) branch.make([{ n: 1 }, undefined])
    assert.deepStrictEqual(given, [{}, {}, { b: undefined }])
  })

  it("answers by the names of its nodes", () => {
    assert.deepStrictEqual(forkOf(release).collect(["a", 1, "b", "c"]), { fetch: "a", count: 1, build: "b", ship: "c" })
    assert.deepStrictEqual(forkOf(Phase.graph("g", {})).collect([]), {})
  })

  it("keeps the needs that it was given", () => {
    const needs: Array<string> = []
    const fork = graph("g", { a: { run: phase("a") }, b: { needs, run: phase("b") } })
    needs.push("c")
    assert.deepStrictEqual(
      forkOf(fork).branches.map(({ needs }) => needs),
      [[], []]
    )
  })

  it("refuses a need that is no node, naming both", () => {
    const says = "node b of Phase.graph g needs fetchh, which is no node: name one of fetch, b"
    refuses(says, () => needing({ fetch: [], b: ["fetch", "fetchh"] }))
    refuses("needs 7, which is no node", () => graph("g", { a: { needs: [7], run: phase("a") } }))
    refuses("needs undefined, which is no node", () => graph("g", { a: { needs: [undefined], run: phase("a") } }))
    refuses("needs toString, which is no node", () => needing({ a: ["toString"] }))
  })

  it("refuses nodes that need each other, naming the circle", () => {
    const circles: ReadonlyArray<readonly [needs: Record<string, ReadonlyArray<string>>, circle: string]> = [
      [{ a: ["a"] }, "a -> a"],
      [{ a: ["b"], b: ["a"] }, "a -> b -> a"],
      [{ x: [], a: ["x", "b"], b: ["x", "c"], c: ["x", "b"] }, "b -> c -> b"],
      [{ a: [], b: ["a", "d"], c: ["a", "b"], d: ["c"] }, "b -> d -> c -> b"]
    ]
    for (const [needs, circle] of circles) {
      const says = `nodes of Phase.graph g need each other in a circle: ${circle}. Take one of these needs away`
      refuses(says, () => needing(needs))
    }
  })

  it("takes chains longer than the stack, whichever end comes first", () => {
    const chain = Array.from({ length: 20_000 }, (_, n) => [`n${n}`, n === 0 ? [] : [`n${n - 1}`]] as const)
    assert.lengthOf(forkOf(needing(Object.fromEntries(chain))).branches, 20_000)
    assert.lengthOf(forkOf(needing(Object.fromEntries(chain.toReversed()))).branches, 20_000)
  })

  it("refuses what is no node", () => {
    const must = "node a of Phase.graph g must be { needs?, run }"
    refuses(`${must}, not one phase`, () => graph("g", { a: phase("a") }))
    refuses(`${must}, not an Effect`, () => graph("g", { a: Effect.void }))
    refuses("node a of Phase.graph g has no `run`: it must be { needs?, run }", () => graph("g", { a: { needs: [] } }))
    refuses("node a of Phase.graph g has need: a node has `run` and `needs`, and nothing else", () =>
      graph("g", { a: { need: ["b"], run: phase("a") }, b: { run: phase("b") } })
    )
    refuses(`${must}, not undefined`, () => graph("g", { a: undefined }))
    refuses("needs of node a of Phase.graph g must be an array of names, not b", () =>
      graph("g", { a: { needs: "b", run: phase("a") } })
    )
    refuses("Phase.graph g takes an object of nodes, not undefined", () => graph("g"))
    refuses("Phase.graph g takes an object of nodes, not one phase", () => graph("g", phase("a")))
    assert.throws(() => graph("", {}), InvalidName, "the phase name")
    assert.throws(() => graph("g", { "": { run: phase("a") } }), InvalidName, "the node name")
  })

  it("refuses what is no phase, and says what to write", () => {
    const says = "run of node a of Phase.graph g is not a phase but an Effect: write Phase.make(name, effect)"
    refuses(says, () => graph("g", { a: { run: Effect.void } }))
    refuses("is not a phase but a promise", () => graph("g", { a: { run: Promise.resolve(1) } }))
    refuses("is not a phase but undefined", () => graph("g", { a: { run: undefined } }))
    const [branch] = forkOf(graph("g", { a: { run: () => Effect.void } })).branches
    refuses("what run of node a of Phase.graph g answers is not a phase but an Effect", () => branch!.make([]))
  })

  it("refuses bounds that cannot be", () => {
    for (const concurrency of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "3", null]) {
      const says = `concurrency of Phase.graph g must be a positive integer or "unbounded", not ${concurrency}`
      refuses(says, () => graph("g", {}, { concurrency }))
    }
    refuses('mode of Phase.graph g must be "stop" or "settle"', () => graph("g", {}, { mode: "race" }))
  })

  const names = ["a", "b", "c", "d", "e", "f"]
  const anyNeeds = FastCheck.record(
    Object.fromEntries(names.map((name) => [name, FastCheck.subarray(names, { maxLength: 2 })]))
  )

  it.prop("is refused exactly if its nodes cannot all start", [anyNeeds], ([needs]) => {
    const started = new Set<string>()
    for (let before = -1; before < started.size; ) {
      before = started.size
      for (const name of names) if (needs[name]!.every((need) => started.has(need))) started.add(name)
    }
    if (started.size === names.length) assert.lengthOf(forkOf(needing(needs)).branches, names.length)
    else refuses("need each other in a circle", () => needing(needs))
  })
})
