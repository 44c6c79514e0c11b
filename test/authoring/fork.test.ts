import { createHash } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { keyOf } from "../../src/authoring/ItemKey.js"
import * as Phase from "../../src/authoring/Phase.js"
import { InvalidName } from "../../src/core/Errors.js"
import "../support/seeded.js"
import { forkOf, instructionOf } from "./support/Described.js"

const phase = (name: string) => Phase.make(name, Effect.succeed(name))
const names = (fork: Iterable<unknown, unknown>) => forkOf(fork).branches.map(({ name }) => name)
const refuses = (says: string, make: () => unknown) => assert.throws(make, TypeError, says)

/** As a caller without a compiler sees it. */
const all = Phase.all as unknown as (branches?: unknown, options?: unknown) => Phase.Any
const race = Phase.race as unknown as typeof all
const forEach = Phase.forEach as unknown as (
  name: unknown,
  items?: unknown,
  f?: unknown,
  options?: unknown
) => Phase.Any

describe("Phase.all", () => {
  it("describes a fork of all that it is given, and runs nothing", () => {
    let ran = false
    const a = Phase.make(
      "a",
      Effect.sync(() => {
        ran = true
      })
    )
    const fork = forkOf(Phase.all([a, phase("b")]))
    assert.deepInclude(fork, { kind: "all", name: "all", capture: "none", concurrency: Infinity, mode: "stop" })
    assert.deepStrictEqual(
      fork.branches.map(({ make }) => make([])),
      [instructionOf(a), instructionOf(phase("b"))].map((_, index) => fork.branches[index]!.make([]))
    )
    assert.strictEqual(fork.branches[0]!.make([]), instructionOf(a))
    assert.isFalse(ran)
  })

  it("takes its name, how many run at a time, and what a failure does", () => {
    const options = { name: "both", concurrency: 2, mode: "settle" } as const
    assert.deepInclude(forkOf(Phase.all([phase("a")], options)), options)
    assert.strictEqual(forkOf(Phase.all([phase("a")], { concurrency: "unbounded" })).concurrency, Infinity)
  })

  it("places a tuple's branches by the names of their phases, and a struct's by their keys", () => {
    assert.deepStrictEqual(names(Phase.all([phase("b"), phase("a"), phase("b")])), ["b", "a", "b"])
    assert.deepStrictEqual(names(Phase.all({ x: phase("a"), y: phase("a") })), ["x", "y"])
    for (const { key, needs } of forkOf(Phase.all([phase("a")])).branches)
      assert.deepStrictEqual([key, needs], [undefined, []])
  })

  it("answers in the shape that it is given", () => {
    assert.deepStrictEqual(forkOf(Phase.all([phase("a"), phase("b")])).collect([1, 2]), [1, 2])
    const struct = JSON.parse('{ "b": 1, "__proto__": 2 }')
    for (const key of Object.keys(struct)) Object.defineProperty(struct, key, { value: phase(key) })
    const answer = forkOf(all(struct)).collect(["x", { y: 1 }]) as object
    assert.deepStrictEqual(Object.entries(answer), [
      ["b", "x"],
      ["__proto__", { y: 1 }]
    ])
  })

  it("takes no branches, and answers nothing of them", () => {
    assert.deepStrictEqual([forkOf(Phase.all([])).branches, forkOf(Phase.all([])).collect([])], [[], []])
    assert.deepStrictEqual([forkOf(Phase.all({})).branches, forkOf(Phase.all({})).collect([])], [[], {}])
  })

  it("refuses what is no phase, and says what to write", () => {
    const generator = (function* () {})()
    const copy = { instruction: {}, [Symbol.iterator]: () => generator }
    const refused: ReadonlyArray<readonly [branch: unknown, says: string]> = [
      [Effect.void, "branch 1 of Phase.all is not a phase but an Effect: write Phase.make(name, effect)"],
      [Promise.resolve(1), "but a promise: write Phase.make(name, Effect.promise(() => ...))"],
      [() => phase("a"), "but a function: write Phase.group(name, function*() { ... }), or call it"],
      [generator, "but a generator: write Phase.group(name, function*() { ... })"],
      [copy, "but of another copy of tidemark: install one version of it"],
      [7, "but 7: write Phase.make(name, effect)"],
      [undefined, "but undefined: write"],
      [null, "but null: write"],
      [Object.create(null), "but [object Object]: write"]
    ]
    for (const [branch, says] of refused) refuses(says, () => all([phase("a"), branch]))
    refuses("branch b of Phase.all is not a phase but an Effect", () => all({ a: phase("a"), b: Effect.void }))
    const sparse = [phase("a")]
    sparse[2] = phase("c")
    refuses("branch 1 of Phase.all is not a phase but undefined", () => all(sparse))
  })

  it("refuses what holds no branches", () => {
    refuses("Phase.all takes an array or an object of phases, not one phase", () => all(phase("a")))
    refuses("Phase.all takes an array or an object of phases, not an Effect", () => all(Effect.void))
    for (const value of [undefined, null, 3, "a", new Map([["a", phase("a")]])]) {
      refuses("Phase.all takes an array or an object of phases", () => all(value))
    }
  })

  it("refuses bounds and names that cannot be", () => {
    for (const concurrency of [0, -1, Number.NaN, 1.5, Infinity, "2", {}]) {
      const says = `concurrency of Phase.all must be a positive integer or "unbounded", not ${concurrency}`
      refuses(says, () => all([], { concurrency }))
    }
    refuses('mode of Phase.all must be "stop" or "settle", not race', () => all([], { mode: "race" }))
    assert.throws(() => Phase.all([], { name: "" }), InvalidName, "the phase name")
    assert.throws(() => Phase.all({ "": phase("a") }), InvalidName, "the branch name")
  })
})

describe("Phase.forEach", () => {
  it("describes a fork with a branch for each item, in their order, one at a time", () => {
    const fork = forkOf(Phase.forEach("files", ["x", "y"], (file, index) => phase(`${index} ${file}`)))
    assert.deepInclude(fork, { kind: "forEach", name: "files", capture: "none", concurrency: 1, mode: "stop" })
    assert.deepStrictEqual(
      fork.branches.map(({ key, make, name, needs }) => [name, key, needs, make([]).name]),
      [
        ["0", "x", [], "0 x"],
        ["1", "y", [], "1 y"]
      ]
    )
    assert.deepStrictEqual(fork.collect(["a", "b"]), ["a", "b"])
  })

  it("names items by their key, and compares them no further", () => {
    const fork = forkOf(
      Phase.forEach("files", [{ id: "x" }, { id: "y" }], ({ id }) => phase(id), {
        key: ({ id }, index) => `${id}${index}`
      })
    )
    assert.deepStrictEqual(
      fork.branches.map(({ key, name }) => [name, key]),
      [
        ["x0", undefined],
        ["y1", undefined]
      ]
    )
  })

  it("takes any iterable once, and no items", () => {
    let taken = 0
    const items = {
      *[Symbol.iterator]() {
        taken++
        yield* [1, 2]
      }
    }
    assert.deepStrictEqual(names(Phase.forEach("n", items, (n) => phase(`${n}`))), ["0", "1"])
    assert.strictEqual(taken, 1)
    assert.deepStrictEqual(names(Phase.forEach("n", new Set<number>(), () => phase("a"))), [])
  })

  it("takes how many run at a time, and what a failure does", () => {
    const options = { concurrency: "unbounded", mode: "settle" } as const
    assert.deepInclude(forkOf(Phase.forEach("n", [1], () => phase("a"), options)), {
      concurrency: Infinity,
      mode: "settle"
    })
  })

  it("describes ten thousand items", () => {
    const items = Array.from({ length: 10_000 }, (_, n) => n)
    assert.lengthOf(names(Phase.forEach("n", items, (n) => phase(`${n}`), { key: String })), 10_000)
  })

  it("refuses a key that two items have, and one that cannot be a name", () => {
    const says = "key of Phase.forEach files answers x for the items 0 and 2: make it unique"
    refuses(says, () => Phase.forEach("files", ["x", "y", "x"], phase, { key: (file) => file }))
    for (const key of ["", 7, undefined, "x".repeat(256)]) {
      assert.throws(() => forEach("files", [1], () => phase("a"), { key: () => key }), InvalidName, "the item key")
    }
  })

  it("refuses what is no phase, no item, no function, and says so", () => {
    const says = "what Phase.forEach files makes of item 1 is not a phase but an Effect: write Phase.make(name, effect)"
    refuses(says, () => forEach("files", [0, 1], (n: number) => (n === 0 ? phase("a") : Effect.void)))
    refuses("takes the items of files as an iterable, not 3", () => forEach("files", 3, () => phase("a")))
    refuses("takes the items of files as an iterable, not undefined", () => forEach("files"))
    refuses("the third argument of Phase.forEach files must be a function, not undefined", () => forEach("files", []))
    refuses("key of Phase.forEach files must be a function, not id", () => forEach("files", [], phase, { key: "id" }))
    refuses("concurrency of Phase.forEach files must be", () => forEach("files", [], phase, { concurrency: 0 }))
    refuses("mode of Phase.forEach files must be", () => forEach("files", [], phase, { mode: "x" }))
    assert.throws(() => forEach("", [], phase), InvalidName)
    assert.throws(() => forEach(undefined, [], phase), InvalidName)
  })

  it("lets what its function throws through", () => {
    const fails = () =>
      Phase.forEach("files", [1], () => {
        throw new RangeError("mine")
      })
    assert.throws(fails, RangeError, "mine")
  })
})

describe("Phase.race", () => {
  it("describes a fork whose first success ends the others", () => {
    const fork = forkOf(Phase.race([phase("a"), phase("b")]))
    assert.deepInclude(fork, { kind: "race", name: "race", capture: "none", concurrency: Infinity, mode: "race" })
    assert.deepStrictEqual(names(Phase.race({ x: phase("a") }, { name: "first" })), ["x"])
    assert.strictEqual(forkOf(Phase.race({ x: phase("a") }, { name: "first" })).name, "first")
  })

  it("answers what the winner answers, be it nothing", () => {
    const { collect } = forkOf(Phase.race([phase("a"), phase("b")]))
    const winner = (index: number, value: unknown) => {
      const answers: Array<unknown> = []
      answers[index] = value
      return answers
    }
    assert.strictEqual(collect(winner(0, "x")), "x")
    assert.strictEqual(collect(winner(1, "y")), "y")
    assert.isUndefined(collect(winner(1, undefined)))
  })

  it("refuses a race of nothing, which would never end", () => {
    for (const branches of [[], {}]) refuses("Phase.race takes at least one phase", () => race(branches))
  })

  it("refuses what is no phase, and says what to write", () => {
    refuses("branch 0 of Phase.race is not a phase but an Effect: write Phase.make(name, effect)", () =>
      race([Effect.void])
    )
    refuses("Phase.race takes an array or an object of phases, not an Effect", () => race(Effect.void))
    assert.throws(() => Phase.race([phase("a")], { name: "" }), InvalidName)
  })
})

describe("what an item looks like in a journal", () => {
  it("is its text, or its JSON", () => {
    assert.deepStrictEqual(["x", "", 1, -0.5, true, null, [1], { b: 1, a: ["c"] }].map(keyOf), [
      "x",
      "",
      "1",
      "-0.5",
      "true",
      "null",
      "[1]",
      '{"b":1,"a":["c"]}'
    ])
  })

  it("is cut at a hundred characters, with a digest of the whole", () => {
    const digest = (text: string) => createHash("sha256").update(text).digest("hex").slice(0, 16)
    assert.strictEqual(keyOf("x".repeat(100)), "x".repeat(100))
    const long = "x".repeat(101)
    assert.strictEqual(keyOf(long), `${"x".repeat(100)} #${digest(long)}`)
    const json = { text: "y".repeat(200) }
    assert.strictEqual(keyOf(json), `${JSON.stringify(json).slice(0, 100)} #${digest(JSON.stringify(json))}`)
    const pair = `${"x".repeat(99)}\u{1F600}`
    assert.strictEqual(keyOf(pair), `${"x".repeat(99)} #${digest(pair)}`)
  })

  it("is nothing where that is not JSON", () => {
    for (const item of [undefined, 1n, Symbol("s"), () => 1, new Date(0), new Map(), { a: undefined }]) {
      assert.isUndefined(keyOf(item))
    }
  })
})
