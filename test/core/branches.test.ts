/** Branches, driven by journals that engines write seldom, or never. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as FastCheck from "effect/FastCheck"
import { plain } from "../../src/authoring/Recordable.js"
import type { Entry } from "../../src/core/Entry.js"
import type { Child, Codec, Fork, Group, Instruction } from "../../src/core/Instruction.js"
import { type Cursor, undoing } from "../../src/core/Interpreter.js"
import { Ready } from "../../src/core/Ready.js"
import type { Step } from "../../src/core/Step.js"
import { blockedAt, cursorOf } from "../support/cursors.js"
import { begin, fail, failed, fault, type Journal, running, settle, start, succeed } from "../support/journal.js"
import { phaseOf, work } from "../support/programs.js"
import "../support/seeded.js"

const fork = (name: string, branches: ReadonlyArray<Instruction>, rest: Partial<Fork> = {}): Fork => ({
  _tag: "Fork",
  kind: "all",
  name,
  capture: "none",
  concurrency: Number.POSITIVE_INFINITY,
  mode: "stop",
  collect: (answers) => [...answers],
  branches: branches.map((branch) => ({ name: branch.name, key: undefined, needs: [], make: () => branch })),
  ...rest
})

const group = (name: string, body: () => unknown, rest: Partial<Group> = {}): Group => ({
  _tag: "Group",
  name,
  capture: "none",
  body,
  value: plain,
  strategy: undefined,
  timeout: undefined,
  ...rest
})

const sequence = (...instructions: ReadonlyArray<Instruction>) =>
  function* (): Generator<unknown> {
    for (const instruction of instructions) yield* phaseOf(instruction)
  }

const boom = (): never => {
  throw new Error("boom")
}

const inside = (scope: string, name: string, rest: Parameters<typeof start>[1] = {}): Entry =>
  start(`${scope}/${name}`, { name, scope, ...rest })

/** Where a fresh cursor stands that comes to this journal. */
const standOf = (body: () => unknown, ...entries: ReadonlyArray<Entry>): Step =>
  cursorOf(body).advance(running().add(...entries).history)

const closing: Entry = { _tag: "Closing", position: "a", revert: false, act: {} }

const unreadable: Codec = {
  encode: plain.encode,
  decode: () => Either.left({ at: "$", reason: "no" }),
  schema: () => null
}

/** Starts whatever may start, until nothing more does. */
const open = (cursor: Cursor, journal: Journal): Step => {
  for (;;) {
    const { size } = journal.history.phases
    const step = cursor.advance(journal.history)
    if (step._tag === "Blocked") for (const placed of step.instructions) begin(journal, placed)
    if (journal.history.phases.size === size) return step
  }
}

const failures = (step: Step): ReadonlyArray<string> =>
  step._tag === "Stuck" ? step.failures.map(({ _tag, path }) => `${_tag} at ${path}`) : [step._tag]

describe("a fork", () => {
  const all = start("all", { kind: "all" })

  it("fails with what the maker of a branch throws", () => {
    const broken = fork("all", [], { branches: [{ name: "a", key: undefined, needs: [], make: boom }] })
    assert.deepStrictEqual(failures(standOf(sequence(broken), all)), ["TaskDefect at all/a"])
  })

  it("fails with what gathering its answers throws", () => {
    const step = standOf(
      sequence(fork("all", [work("a")], { collect: boom })),
      all,
      inside("all", "a"),
      succeed("all/a"),
      succeed("all")
    )
    assert.deepStrictEqual(failures(step), ["TaskDefect at all"])
  })

  it("is another one if it has branches that the journal has not, or the other way round", () => {
    const [one, two] = [fork("all", [work("a")]), fork("all", [work("a"), work("b")])]
    const ended = [all, inside("all", "a"), succeed("all/a"), succeed("all")]
    const more = standOf(sequence(two), ...ended)
    assert.strictEqual(more._tag === "Mismatch" ? more.found.path : more._tag, "all/b")
    const fewer = standOf(sequence(one), all, inside("all", "b"), succeed("all/b"))
    assert.strictEqual(fewer._tag === "Mismatch" ? fewer.recorded.path : fewer._tag, "all/b")
    const begun = standOf(sequence(one), all, inside("all", "a"), inside("all", "b"))
    assert.strictEqual(begun._tag === "Mismatch" ? begun.recorded.path : begun._tag, "all/b")
  })

  it("waits for what runs in it, together with the fork around it", () => {
    const inner = fork("inner", [work("slow"), work("a")])
    const journal = running()
    const cursor = cursorOf(sequence(fork("all", [inner, work("b")])))
    open(cursor, journal)
    journal.add(fail("all/inner/a"), fail("all/b"))
    assert.strictEqual(cursor.advance(journal.history)._tag, "Blocked")
    journal.add({ _tag: "PhaseInterrupted", path: "all/inner/slow", attempt: 1 })
    assert.sameMembers([...failures(cursor.advance(journal.history))], ["Fail at all/inner/a", "Fail at all/b"])
  })

  it("that is over, and waits for what runs in it, is left as it is when nobody wants it any more", () => {
    const slow = [work("slow"), work("a")]
    const inner = [
      [fork("inner", slow, { kind: "race", mode: "race" }), succeed("all/inner/a")],
      [fork("inner", slow, { capture: "either" }), fail("all/inner/a")]
    ] as const
    for (const [instruction, ends] of inner) {
      const journal = running()
      const cursor = cursorOf(sequence(fork("all", [instruction, work("b")])))
      open(cursor, journal)
      journal.add(ends, fail("all/b"))
      assert.strictEqual(cursor.advance(journal.history)._tag, "Blocked")
      journal.add({ _tag: "PhaseInterrupted", path: "all/inner/slow", attempt: 1 })
      assert.deepStrictEqual(failures(cursor.advance(journal.history)), ["Fail at all/b"])
    }
  })

  it("stops the body if its failure does not decode any more", () => {
    const step = standOf(
      sequence(fork("all", [work("a", { error: unreadable })], { capture: "either" })),
      start("all", { kind: "all", capture: "either" }),
      inside("all", "a"),
      fail("all/a"),
      fail("all", failed("all/a"))
    )
    assert.strictEqual(step._tag === "Undecodable" ? step.placed.path : step._tag, "all")
  })

  it("has nothing to do with an attempt: it has none", () => {
    const interrupted: Entry = { _tag: "PhaseInterrupted", path: "all", attempt: 1 }
    assert.strictEqual(blockedAt(standOf(sequence(fork("all", [work("a")])), all, interrupted)), "all/a")
  })

  it("is another one if an item of it has a name now, and had none", () => {
    const items = fork("all", [work("a")], { kind: "forEach" })
    const step = standOf(sequence(items), start("all", { kind: "forEach" }), inside("all", "a", { key: "tea" }))
    assert.deepStrictEqual(step._tag === "Mismatch" ? [step.recorded.name, step.found.name] : [], ["tea", "a"])
  })

  it("has what its commit needed committed", () => {
    const { history } = running().add(
      start("graph", { kind: "graph" }),
      inside("graph", "a"),
      succeed("graph/a"),
      inside("graph", "b"),
      succeed("graph/b"),
      inside("graph", "mark", { kind: "checkpoint", commit: true, needs: ["graph/a"] }),
      succeed("graph/mark")
    )
    assert.deepStrictEqual(
      history.completed.map(({ committed }) => committed),
      [true, false]
    )
  })

  /** The body is closed after `a`; what its `finally` yields has ended, as the journal has it. */
  const cleanedUp = (cleanUp: Instruction, ...entries: ReadonlyArray<Entry>): Step => {
    const cursor = cursorOf(function* () {
      try {
        yield* phaseOf(work("a"))
      } finally {
        yield* phaseOf(cleanUp)
      }
    })
    cursor.close()
    return cursor.advance(running().add(start("a"), closing, ...entries).history)
  }

  it("of a clean-up is not taken for one that has other branches the next time", () => {
    for (const kind of ["all", "race"] as const) {
      let made = 0
      const cursor = cursorOf(function* () {
        try {
          yield* phaseOf(work("a"))
        } finally {
          const names = made++ === 0 ? ["x"] : kind === "race" ? ["y"] : ["x", "y"]
          const mode = kind === "race" ? "race" : "stop"
          yield* phaseOf(
            fork(
              "f",
              names.map((name) => work(name)),
              { kind, mode }
            )
          )
          yield* phaseOf(work("b"))
        }
      })
      cursor.close()
      const journal = running().add(start("a"), closing)
      journal.add(
        start("close/f", { name: "f", kind, scope: "close" }),
        inside("close/f", "x"),
        succeed("close/f/x", 1)
      )
      cursor.advance(journal.history)
      const value = kind === "race" ? "close/f/x" : undefined
      const step = cursor.advance(journal.add(succeed("close/f", value)).history)
      assert.strictEqual(step._tag === "Undecodable" ? step.placed.path : step._tag, "close/f")
    }
  })

  it("of a clean-up is another one if a branch of it has no outcome", () => {
    for (const kind of ["all", "race"] as const) {
      const mode = kind === "race" ? "race" : "stop"
      const clean = fork(kind, [work("x")], { kind, mode })
      const path = `close/${kind}`
      const step = cleanedUp(clean, start(path, { name: kind, kind, scope: "close" }), succeed(path))
      assert.strictEqual(step._tag, "Mismatch")
    }
  })
})

describe("a group", () => {
  const opened = start("g", { kind: "group" })

  it("fails with what the engine cannot do, whatever its generator does", () => {
    const step = standOf(sequence(group("g", sequence(work("a")))), opened, fail("g", fault("g")))
    assert.deepStrictEqual(failures(step), ["Fault at g"])
  })

  it("is no group without a generator", () => {
    const step = standOf(sequence(group("g", () => 1)), opened)
    assert.deepInclude(step, { _tag: "Stranger", after: "g", found: "number instead of a generator" })
    assert.match(step._tag === "Stranger" ? step.hint : "", /it must come from a plain generator function/)
  })

  it("stops the body if its value does not decode any more", () => {
    const step = standOf(sequence(group("g", sequence(), { value: unreadable })), opened, succeed("g", 1))
    assert.strictEqual(step._tag === "Undecodable" ? step.placed.path : step._tag, "g")
  })

  it("is another one if the journal has a phase that it has not come to", () => {
    const entries = [opened, inside("g", "a"), inside("g", "b"), succeed("g/b")]
    const step = standOf(sequence(group("g", sequence(work("a"), work("b")))), ...entries)
    assert.strictEqual(step._tag === "Mismatch" ? step.recorded.path : step._tag, "g/b")
  })

  it("without a generator has nothing to clean up", () => {
    const cursor = cursorOf(sequence(group("g", () => 1)))
    const { history } = running().add(opened)
    assert.strictEqual(cursor.advance(history)._tag, "Stranger")
    cursor.close()
    assert.deepStrictEqual(cursor.advance(history), { _tag: "Closed", error: undefined })
  })

  it("that has passed its failure on does not hear what is decided about it", () => {
    const asking = group("g", sequence(work("a")), {
      strategy: { first: 1, next: () => Effect.succeed({ _tag: "GiveUp" }) }
    })
    const step = standOf(
      sequence(fork("all", [asking, work("b")], { capture: "either" })),
      start("all", { kind: "all", capture: "either" }),
      inside("all", "g", { kind: "group", value: 1 }),
      inside("all", "b"),
      inside("all/g", "a"),
      fail("all/g/a"),
      fail("all/b"),
      { _tag: "Decided", path: "all/g", attempt: 1, failures: [failed("all/g/a")], decision: "again" }
    )
    const [failure] = step._tag === "Blocked" ? step.consequences : []
    assert.deepInclude(failure ?? {}, { _tag: "Failed", path: "all" })
  })

  it("whose strategy is being asked passes its failure on when nobody wants it any more", () => {
    const asking = group("g", sequence(work("a")), {
      strategy: { first: 1, next: () => Effect.succeed({ _tag: "GiveUp" }) }
    })
    const body = sequence(fork("all", [asking, work("b")]))
    const cursor = cursorOf(body)
    const journal: Journal = running().add(
      start("all", { kind: "all" }),
      inside("all", "g", { kind: "group", value: 1 }),
      inside("all", "b"),
      inside("all/g", "a"),
      fail("all/g/a")
    )
    const step = cursor.advance(journal.history)
    assert.deepStrictEqual(step._tag === "Blocked" ? step.consequences.map(({ _tag }) => _tag) : [], ["Undecided"])
    journal.add(fail("all/b"))
    const stuck = cursor.advance(journal.history)
    assert.deepStrictEqual(failures(stuck), ["Fail at all/g/a", "Fail at all/b"])
    const decided: Entry = {
      _tag: "Decided",
      path: "all/g",
      attempt: 1,
      failures: [failed("all/g/a")],
      decision: "giveUp"
    }
    assert.deepStrictEqual(failures(cursorOf(body).advance(journal.add(decided).history)), failures(stuck))
  })
})

describe("a plain phase", () => {
  it("holds nothing, whatever the journal says", () => {
    assert.strictEqual(blockedAt(standOf(sequence(work("a")), start("a"), inside("a", "b"), succeed("a/b"))), "a")
  })

  it("that calls a task is of a kind of its own", () => {
    const call: Child = {
      _tag: "Child",
      name: "c",
      capture: "none",
      definition: undefined,
      payload: undefined,
      id: undefined,
      value: plain,
      error: plain
    }
    const journal = running()
    const cursor = cursorOf(sequence(call))
    const step = cursor.advance(journal.history)
    const placed = step._tag === "Blocked" ? step.instructions[0]! : assert.fail()
    assert.strictEqual(placed.kind, "child")
    settle(journal, placed, { value: 1 })
    assert.strictEqual(cursor.advance(journal.history)._tag, "Done")
    assert.strictEqual(cursor.runAt("c"), call)
    assert.isUndefined(cursor.runAt("nowhere"))
  })
})

describe("a plan of undos", () => {
  it("has nothing to clean up", () => {
    const journal = running().add(start("a"), succeed("a"))
    const record = journal.history.phases.get("a")!
    journal.add({ _tag: "RevertStarted", n: 1, failures: [], act: {} })
    const cursor = undoing([{ record, needs: [] }], 1, { scope: "revert#1", error: plain })
    assert.strictEqual(blockedAt(open(cursor, journal)), "revert#1/undo/a")
    cursor.close()
    assert.deepStrictEqual(cursor.advance(journal.history), { _tag: "Closed", error: undefined })
  })
})

describe("branches that may start", () => {
  /** Each needs some of those before it. */
  const needs = FastCheck.array(FastCheck.array(FastCheck.nat({ max: 20 }), { maxLength: 3 }), { maxLength: 20 }).map(
    (all) => all.map((some, index) => [...new Set(some.filter((need) => need < index))])
  )

  it.prop(
    "do so in their order, once what they need has succeeded",
    {
      needs,
      concurrency: FastCheck.integer({ min: 1, max: 4 }),
      ends: FastCheck.array(FastCheck.tuple(FastCheck.nat(), FastCheck.nat({ max: 4 })), {
        minLength: 20,
        maxLength: 20
      })
    },
    ({ concurrency, ends, needs }) => {
      const ready = new Ready(needs, concurrency)
      const active: Array<number> = []
      const started = new Set<number>()
      const succeeded = new Set<number>()
      const failed = new Set<number>()
      const isLost = (index: number): boolean => failed.has(index) || needs[index]!.some(isLost)
      for (const [pick, luck] of ends) {
        for (;;) {
          const free = needs.findIndex((of, index) => !started.has(index) && of.every((need) => succeeded.has(need)))
          const expected = free < 0 || active.length >= concurrency ? undefined : free
          assert.strictEqual(ready.take(), expected)
          if (expected === undefined) break
          started.add(expected)
          active.push(expected)
        }
        const [ended] = active.splice(pick % Math.max(1, active.length), 1)
        if (ended === undefined) break
        if (luck > 0) {
          succeeded.add(ended)
          ready.succeeded(ended)
        } else {
          failed.add(ended)
          ready.failed(ended)
        }
      }
      const rest = [...needs.keys()].filter((index) => !started.has(index))
      assert.strictEqual(ready.over, active.length === 0 && rest.every(isLost))
    }
  )
})
