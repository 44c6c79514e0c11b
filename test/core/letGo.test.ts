/** Something that was to be undone is let go in the middle of its clean-up: replayed, it goes no other way. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import type { Entry } from "../../src/core/Entry.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { crashed, fail, failed, running, start, succeed } from "../support/journal.js"

/** Where a body comes to that was live all along, and one that is replayed: the same. */
const cameTo = (body: () => unknown, entries: ReadonlyArray<Entry>): string => {
  const journal = running()
  const live = cursorOf(body)
  const steps = entries.map((entry) => blockedAt(live.advance(journal.add(entry).history)))
  const last = steps.at(-1)!
  assert.strictEqual(blockedAt(cursorOf(body).advance(journal.loaded)), last)
  return last
}

const undone = (name: string) => Phase.make(name, Effect.void, { undo: () => Effect.void })

const leaving = function* () {
  try {
    yield* undone("a")
    yield* one("x")
  } finally {
    yield* one("c")
  }
}

const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })

/** It is won while `c` cleans up, and `c` starts again, to end there. */
const letGo = (group: string): ReadonlyArray<Entry> => {
  const c = `${group}/close/c`
  return [
    inside(`${group}/close`, "c"),
    succeed("race/w"),
    { _tag: "PhaseInterrupted", path: c, attempt: 1 },
    { _tag: "AttemptStarted", path: c, attempt: 2 },
    succeed(c)
  ]
}

describe("what loses a race while it is left, to be undone", () => {
  it("is not undone for another attempt any more, where it is a group", () => {
    const body = function* () {
      yield* Phase.race({ l: Phase.group("g", leaving, { retry: Retry.times(2) }), w: one("w") })
    }
    const entries: ReadonlyArray<Entry> = [
      start("race", { kind: "race" }),
      inside("race", "l", { name: "g", kind: "group" }),
      inside("race", "w"),
      inside("race/l", "a"),
      succeed("race/l/a"),
      inside("race/l", "x"),
      fail("race/l/x"),
      { _tag: "Decided", path: "race/l", attempt: 1, failures: [failed("race/l/x")], decision: "again" },
      ...letGo("race/l")
    ]
    assert.strictEqual(cameTo(body, entries), "race/undo/race/l/a")
  })

  it("goes on with a clean-up that has begun anew, where the engine died meanwhile", () => {
    const body = function* () {
      yield* Phase.race({ l: Phase.exit(Phase.group("g", leaving)), w: one("w") })
    }
    const entries: ReadonlyArray<Entry> = [
      start("race", { kind: "race" }),
      inside("race", "l", { name: "g", kind: "group", capture: "exit" }),
      inside("race", "w"),
      inside("race/l", "a"),
      succeed("race/l/a"),
      inside("race/l", "x"),
      fail("race/l/x"),
      ...letGo("race/l")
    ]
    assert.strictEqual(cameTo(body, [...entries.slice(0, -1), crashed]), "race/l/close/c")
    assert.strictEqual(cameTo(body, entries), "race/undo/race/l/a")
  })

  it("does not undo its own losers any more, where it is a race", () => {
    const body = function* () {
      const l = Phase.race({ g: Phase.group("g", leaving), quick: one("quick") })
      yield* Phase.race({ l, w: one("w") })
    }
    const entries: ReadonlyArray<Entry> = [
      start("race", { kind: "race" }),
      inside("race", "l", { name: "race", kind: "race" }),
      inside("race", "w"),
      inside("race/l", "g", { kind: "group" }),
      inside("race/l", "quick"),
      inside("race/l/g", "a"),
      succeed("race/l/g/a"),
      inside("race/l/g", "x"),
      succeed("race/l/quick"),
      { _tag: "PhaseInterrupted", path: "race/l/g/x", attempt: 1 },
      ...letGo("race/l/g")
    ]
    assert.strictEqual(cameTo(body, entries), "race/undo/race/l/g/a")
  })

  /** `cleanUp` has begun in a group that is to be tried again. */
  const cleaning = (cleanUp: () => Generator<Phase.Yielded<never, never>, void>, ...then: ReadonlyArray<Entry>) => {
    const body = function* () {
      const g = Phase.group(
        "g",
        function* () {
          try {
            yield* undone("a")
            yield* one("x")
          } finally {
            yield* cleanUp()
          }
        },
        { retry: Retry.times(2) }
      )
      yield* Phase.race({ race: Phase.race({ l: g, w: one("w") }), quick: one("quick") }, { name: "outer" })
    }
    return cameTo(body, [
      start("outer", { kind: "race" }),
      inside("outer", "race", { kind: "race" }),
      inside("outer", "quick"),
      inside(race, "l", { name: "g", kind: "group" }),
      inside(race, "w"),
      inside(l, "a"),
      succeed(`${l}/a`),
      inside(l, "x"),
      fail(`${l}/x`),
      { _tag: "Decided", path: l, attempt: 1, failures: [failed(`${l}/x`)], decision: "again" },
      ...then
    ])
  }
  const race = "outer/race"
  const l = `${race}/l`
  const close = `${l}/close`
  const won = succeed(`${race}/w`)
  const interrupted = (path: string): Entry => ({ _tag: "PhaseInterrupted", path, attempt: 1 })

  it("leaves a clean-up that failed once, though it waited for a part of that", () => {
    const cleanUp = function* () {
      try {
        yield* Phase.all([one("f1"), one("f2")], { name: "f" })
      } finally {
        yield* one("q")
      }
    }
    const begun = [
      inside(close, "f", { kind: "all" }),
      inside(`${close}/f`, "f1"),
      inside(`${close}/f`, "f2"),
      fail(`${close}/f/f1`),
      won,
      succeed(`${close}/f/f2`)
    ]
    assert.strictEqual(cleaning(cleanUp, ...begun), `outer/quick ${close}/q`)
    const ended = cleaning(cleanUp, ...begun, inside(close, "q"), succeed(`${close}/q`))
    assert.strictEqual(ended, `outer/quick ${race}/undo/${l}/a`)
  })

  it("goes on with a clean-up of which a part has failed, and the others are to go on", () => {
    const cleanUp = function* () {
      try {
        yield* Phase.all([one("f1"), one("f2"), one("f3")], { name: "f", mode: "settle", concurrency: 2 })
      } finally {
        yield* one("q")
      }
    }
    const f = `${close}/f`
    const lost = [
      inside(close, "f", { kind: "all" }),
      inside(f, "f1"),
      inside(f, "f2"),
      fail(`${f}/f1`),
      won,
      interrupted(`${f}/f2`)
    ]
    assert.strictEqual(cleaning(cleanUp, ...lost), `outer/quick ${f}/f2 ${f}/f3`)
    const ended = [
      { _tag: "AttemptStarted", path: `${f}/f2`, attempt: 2 } as const,
      succeed(`${f}/f2`),
      inside(f, "f3"),
      succeed(`${f}/f3`)
    ]
    assert.strictEqual(cleaning(cleanUp, ...lost, ...ended), `outer/quick ${close}/q`)
  })

  it("goes on to leave what a clean-up that failed was made of", () => {
    const inner = () =>
      Phase.group("h", function* () {
        try {
          yield* one("c")
        } finally {
          yield* one("d")
        }
      })
    const cleanUp = function* () {
      try {
        yield* Phase.all([inner(), one("f1")], { name: "f" })
      } finally {
        yield* one("q")
      }
    }
    const h = `${close}/f/h`
    const lost = [
      inside(close, "f", { kind: "all" }),
      inside(`${close}/f`, "h", { kind: "group" }),
      inside(`${close}/f`, "f1"),
      inside(h, "c"),
      fail(`${close}/f/f1`),
      interrupted(`${h}/c`),
      inside(`${h}/close`, "d"),
      won,
      interrupted(`${h}/close/d`)
    ]
    assert.strictEqual(cleaning(cleanUp, ...lost), `outer/quick ${h}/close/d`)
    const again: Entry = { _tag: "AttemptStarted", path: `${h}/close/d`, attempt: 2 }
    const left = [...lost, again, succeed(`${h}/close/d`)]
    assert.strictEqual(cleaning(cleanUp, ...left), `outer/quick ${close}/q`)
  })

  it("goes on where it was in what its clean-up is made of", () => {
    const inner = () =>
      Phase.group("h", function* () {
        try {
          yield* one("c")
          yield* Phase.all([one("d"), one("e")], { name: "f" })
        } finally {
          yield* one("last")
        }
      })
    const cleanUp = function* () {
      yield* inner()
    }
    const h = `${close}/h`
    const begun = [
      inside(close, "h", { kind: "group" }),
      inside(h, "c"),
      succeed(`${h}/c`),
      inside(h, "f", { kind: "all" }),
      inside(`${h}/f`, "d"),
      inside(`${h}/f`, "e"),
      succeed(`${h}/f/d`)
    ]
    assert.strictEqual(cleaning(cleanUp, ...begun), `outer/quick ${race}/w ${h}/f/e`)
    const lost = [...begun, won, interrupted(`${h}/f/e`)]
    assert.strictEqual(cleaning(cleanUp, ...lost), `outer/quick ${h}/f/e`)
    const again = (attempt: number): Entry => ({ _tag: "AttemptStarted", path: `${h}/f/e`, attempt })
    const last = [inside(h, "last"), succeed(`${h}/last`)]
    const ended = [succeed(`${h}/f/e`), succeed(`${h}/f`), ...last, succeed(h)]
    assert.strictEqual(cleaning(cleanUp, ...lost, again(2), ...ended), `outer/quick ${race}/undo/${l}/a`)
    const twice = [...lost, again(2), succeed("outer/quick"), interrupted(`${h}/f/e`)]
    assert.strictEqual(cleaning(cleanUp, ...twice), `${h}/f/e`)
    assert.strictEqual(cleaning(cleanUp, ...twice, again(3), ...ended), `outer/undo/${l}/a`)
  })
})

describe("a graph in the clean-up of what loses a race meanwhile", () => {
  it("gives no node less than it needs, also where it is replayed", () => {
    const given: Array<unknown> = []
    const nodes = {
      a: { run: one("a") },
      b: {
        needs: ["a"],
        run: ({ a }: { readonly a: string }) => {
          given.push(a)
          return one("b")
        }
      }
    } as const
    const body = function* () {
      const g = Phase.group("g", function* () {
        try {
          yield* one("x")
        } finally {
          yield* Phase.graph("graph", nodes)
        }
      })
      yield* Phase.race([Phase.either(g), one("w")])
    }
    const graph = "race/g/close/graph"
    const entries: ReadonlyArray<Entry> = [
      start("race", { kind: "race" }),
      inside("race", "g", { kind: "group", capture: "either" }),
      inside("race", "w"),
      inside("race/g", "x"),
      fail("race/g/x"),
      inside("race/g/close", "graph", { kind: "graph" }),
      inside(graph, "a"),
      succeed("race/w"),
      { _tag: "PhaseInterrupted", path: `${graph}/a`, attempt: 1 },
      { _tag: "AttemptStarted", path: `${graph}/a`, attempt: 2 },
      succeed(`${graph}/a`, "yes"),
      inside(graph, "b", { needs: [`${graph}/a`] })
    ]
    assert.strictEqual(cameTo(body, entries), `${graph}/b`)
    assert.deepStrictEqual(new Set(given), new Set(["yes"]))
  })
})

describe("a race that is let go while its losers are undone", () => {
  const lost = "all/race/l"
  const undo = (name: string) => `all/race/undo/${lost}/${name}`
  const undoing = (name: string) =>
    start(undo(name), { name, kind: "undo", scope: "all/race/undo", undoes: `${lost}/${name}` })
  const names = ["a", "b", "c"]

  /** What stops it where `s` fails after these, and `last` is undone then. */
  const failuresOf = (undos: ReadonlyArray<Entry>, last: string) => {
    const body = function* () {
      const l = Phase.all([undone("a"), undone("b"), undone("c"), one("x")])
      yield* Phase.all([one("s"), Phase.race({ l, w: one("w") })])
    }
    const journal = running().add(
      start("all", { kind: "all" }),
      inside("all", "s"),
      inside("all", "race", { kind: "race" }),
      inside("all/race", "l", { name: "all", kind: "all" }),
      inside("all/race", "w"),
      ...[...names, "x"].map((name) => inside(lost, name)),
      ...names.map((name) => succeed(`${lost}/${name}`)),
      succeed("all/race/w"),
      { _tag: "PhaseInterrupted", path: `${lost}/x`, attempt: 1 },
      ...undos,
      undoing(last),
      fail("all/s")
    )
    const cursor = cursorOf(body)
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "")
    const step = cursor.advance(journal.add(succeed(undo(last))).history)
    return step._tag === "Stuck" ? step.failures : step._tag
  }

  it("has failed where an undo had, whatever is left to undo", () => {
    assert.deepStrictEqual(failuresOf([undoing("c"), fail(undo("c"))], "b"), [failed(undo("c")), failed("all/s")])
  })

  it("has not where none had", () => {
    assert.deepStrictEqual(failuresOf([], "c"), [failed("all/s")])
  })
})
