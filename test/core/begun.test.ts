/** What was begun, or was to begin, in something that is let go. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import type { Entry } from "../../src/core/Entry.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import { claimed, fail, failed, running, start, succeed, timedOut } from "../support/journal.js"

const unknown = (name: string) => Phase.make(name, Effect.void, { undoUnknown: () => Effect.void })
const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })
const interrupted = (path: string): Entry => ({ _tag: "PhaseInterrupted", path, attempt: 1 })
const again = (path: string): Entry => ({ _tag: "AttemptStarted", path, attempt: 2 })
const throws = (name: string) =>
  Phase.group(name, function* (): Generator<never, void> {
    throw new Error("boom")
  })

describe("a branch that was begun behind one that goes on where it had failed", () => {
  const both = Phase.all([unknown("a"), unknown("b")], { name: "l", mode: "settle", concurrency: 1 })
  const resumed = (path: string): ReadonlyArray<Entry> => [
    { _tag: "Failed", failures: [failed(path)] },
    claimed,
    { _tag: "Resumed", act: {} }
  ]

  it("is waited for and undone where they lose a race", () => {
    const body = function* () {
      yield* Phase.race({ l: both, w: one("w") })
    }
    const journal = running().add(
      start("race", { kind: "race" }),
      inside("race", "l", { kind: "all" }),
      inside("race", "w"),
      inside("race/l", "a"),
      fail("race/l/a"),
      inside("race/l", "b"),
      interrupted("race/l/b"),
      ...resumed("race/l/a"),
      again("race/l/a"),
      again("race/l/b"),
      succeed("race/w"),
      interrupted("race/l/a")
    )
    const came = () => blockedAt(cursorOf(body).advance(journal.loaded))
    assert.strictEqual(came(), "")
    journal.add(interrupted("race/l/b"))
    assert.strictEqual(came(), "race/undo/race/l/b")
    const undo = { kind: "undo", scope: "race/undo" } as const
    journal.add(start("race/undo/race/l/b", { ...undo, name: "b", undoes: "race/l/b" }), succeed("race/undo/race/l/b"))
    assert.strictEqual(came(), "race/undo/race/l/a")
  })

  it("is found when the body is left", () => {
    const body = function* () {
      yield* both
    }
    const journal = running().add(
      start("l", { kind: "all" }),
      inside("l", "a"),
      fail("l/a"),
      inside("l", "b"),
      fail("l/b", timedOut("l/b")),
      ...resumed("l/a")
    )
    const found = () => {
      const cursor = cursorOf(body)
      cursor.advance(journal.loaded)
      return cursor.runAt("l/b")?.name
    }
    assert.isUndefined(found())
    journal.add({ _tag: "Closing", position: "l/a", revert: true, act: {} })
    assert.strictEqual(found(), "b")
  })
})

describe("what was to begin beside something that throws at once", () => {
  it("is neither entered nor begun", () => {
    let entered = false
    const body = function* () {
      yield* Phase.all([
        throws("first"),
        Phase.group("g", function* () {
          entered = true
          yield* one("x")
        }),
        Phase.all([one("y")], { name: "f" })
      ])
    }
    const journal = running().add(
      start("all", { kind: "all" }),
      inside("all", "first", { kind: "group" }),
      inside("all", "g", { kind: "group" }),
      inside("all", "f", { kind: "all" })
    )
    const step = cursorOf(body).advance(journal.history)
    assert.deepStrictEqual(step._tag === "Stuck" ? step.failures.map(({ path }) => path) : step._tag, ["all/first"])
    assert.isFalse(entered)
  })
})

describe("a node whose author's code throws", () => {
  const body = function* () {
    const throwing = (): Phase.Phase<string, never> => {
      throw new Error("boom")
    }
    const nodes = { a: { run: one("a") }, b: { needs: ["a"], run: throwing }, c: { run: one("c") } } as const
    yield* Phase.graph("graph", nodes, { mode: "settle" })
  }

  it("has failed beside those that failed as phases", () => {
    const journal = running().add(
      start("graph", { kind: "graph" }),
      inside("graph", "a"),
      inside("graph", "c"),
      succeed("graph/a"),
      fail("graph/c")
    )
    const step = cursorOf(body).advance(journal.history)
    assert.sameMembers(step._tag === "Stuck" ? step.failures.map(({ path }) => path) : [], ["graph/b", "graph/c"])
  })

  it("is not the one that wrote the journal, where that has begun it", () => {
    const journal = running().add(
      start("graph", { kind: "graph" }),
      inside("graph", "a"),
      inside("graph", "c"),
      succeed("graph/a"),
      inside("graph", "b", { needs: ["graph/a"] }),
      succeed("graph/b")
    )
    const step = cursorOf(body).advance(journal.history)
    assert.deepInclude(step._tag === "Mismatch" ? step.recorded : {}, { path: "graph/b" })
  })
})

describe("a group that is let go", () => {
  it("keeps a failure that was to be a value", () => {
    const body = function* () {
      const g = Phase.group("g", function* () {
        yield* one("x")
      })
      yield* Phase.all([one("s"), Phase.exit(g)])
    }
    const journal = running().add(
      start("all", { kind: "all" }),
      inside("all", "s"),
      inside("all", "g", { kind: "group", capture: "exit" }),
      inside("all/g", "x"),
      fail("all/s"),
      fail("all/g/x")
    )
    const step = cursorOf(body).advance(journal.history)
    assert.deepStrictEqual(step._tag === "Stuck" ? step.failures : step._tag, [failed("all/s")])
  })

  it("for a revert of the whole leaves that to the task, whatever takes its failures as values", () => {
    const body = function* () {
      const inner = Phase.group(
        "inner",
        function* () {
          yield* one("x")
        },
        { retry: Retry.times(2) }
      )
      yield* Phase.exit(
        Phase.group("g", function* () {
          yield* inner
        })
      )
    }
    const journal = running().add(
      start("g", { kind: "group", capture: "exit" }),
      inside("g", "inner", { kind: "group" }),
      inside("g/inner", "x"),
      fail("g/inner/x"),
      { _tag: "Decided", path: "g/inner", attempt: 1, failures: [failed("g/inner/x")], decision: "revertAll" }
    )
    const step = cursorOf(body).advance(journal.history)
    assert.deepStrictEqual(step, { _tag: "Stuck", failures: [failed("g/inner/x")], follow: "revert" })
  })

  it("hears of nothing that ended beside what let go of it", () => {
    const body = function* () {
      const won = Phase.group("won", function* () {
        yield* one("x")
      })
      const lost = Phase.group("lost", function* () {
        yield* Phase.all([])
        try {
          yield* one("never")
        } finally {
          yield* one("c")
        }
      })
      yield* Phase.race([won, lost])
    }
    const journal = running().add(
      start("race", { kind: "race" }),
      inside("race", "won", { kind: "group" }),
      inside("race", "lost", { kind: "group" }),
      inside("race/won", "x"),
      succeed("race/won/x"),
      inside("race/lost", "all", { kind: "all" }),
      succeed("race/won"),
      succeed("race/lost/all", [])
    )
    const step = cursorOf(body).advance(journal.history)
    assert.deepInclude(step._tag === "Blocked" ? step.consequences[0] : {}, { _tag: "Succeeded", path: "race" })
  })

  it("cannot be late while its strategy is asked", () => {
    const body = function* () {
      yield* Phase.group(
        "g",
        function* () {
          yield* one("x")
        },
        { retry: Retry.times(2), timeout: "10 millis" }
      )
    }
    const journal = running().add(start("g", { kind: "group", timeout: 10 }), inside("g", "x"), fail("g/x"), {
      _tag: "TimedOut",
      path: "g"
    })
    const step = cursorOf(body).advance(journal.history)
    const [undecided] = step._tag === "Blocked" ? step.consequences : []
    assert.deepInclude(undecided, { _tag: "Undecided", failures: [failed("g/x")] })
  })
})

describe("where a body stands", () => {
  it("is told as it is when that is asked", () => {
    const body = function* () {
      yield* Phase.all([
        one("a"),
        one("b"),
        Phase.group("g", function* () {
          yield* one("x")
        })
      ])
    }
    const journal = running().add(start("all", { kind: "all" }))
    const step = cursorOf(body).advance(journal.history)
    assert.strictEqual(blockedAt(step), "all/a all/b all/g")
    journal.add(inside("all", "a"), succeed("all/a"), inside("all", "g", { kind: "group" }))
    assert.strictEqual(blockedAt(step), "all/b")
  })

  it("leaves out what is in a group that has returned", () => {
    const body = function* () {
      yield* Phase.group("g", function* () {
        yield* one("x")
      })
      yield* one("y")
    }
    const journal = running().add(start("g", { kind: "group" }), inside("g", "x"), succeed("g/x"))
    const cursor = cursorOf(body)
    cursor.advance(journal.history)
    assert.isFalse(cursor.skipped)
    journal.add(succeed("g"))
    const fresh = cursorOf(body)
    assert.strictEqual(blockedAt(fresh.advance(journal.loaded)), "y")
    assert.isTrue(fresh.skipped)
  })
})
