import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import type { Failure } from "../../src/core/Failure.js"
import { Yielded } from "../../src/core/Instruction.js"
import type * as Interpreter from "../../src/core/Interpreter.js"
import * as Path from "../../src/core/Path.js"
import type { Found, Step } from "../../src/core/Step.js"
import { blockedAt, cursorOf, one } from "../support/cursors.js"
import {
  begin,
  died,
  drive,
  fail,
  failed,
  fault,
  type Journal,
  running,
  start,
  succeed,
  timedOut
} from "../support/journal.js"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}

const undoable = (name: string) => Phase.make(name, Effect.void, { undo: () => Effect.void })
const advanced = (start: () => unknown, journal = running()): Step => cursorOf(start).advance(journal.history)

describe("a body", () => {
  it("is blocked at its first phase, which runs nothing before it is asked to", () => {
    let begun = false
    const cursor = cursorOf(function* () {
      begun = true
      yield* one("a")
    })
    assert.isFalse(begun)
    assert.isUndefined(cursor.standing("a"))
    const step = cursor.advance(running().history)
    assert.deepInclude(step._tag === "Blocked" ? step.instructions[0] : {}, {
      path: "a",
      scope: "",
      name: "a",
      kind: "phase"
    })
    assert.strictEqual(cursor.standing("a")?.path, "a")
  })

  it("stays blocked until the phase has an outcome, and gets its value", () => {
    const journal = running()
    const cursor = cursorOf(function* () {
      return [yield* one("a"), yield* one("b")]
    })
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "a")
    journal.add(start("a"))
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "a")
    journal.add(succeed("a", "first"))
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "b")
    journal.add(start("b"), { _tag: "PhaseInterrupted", path: "b", attempt: 1 })
    assert.strictEqual(blockedAt(cursor.advance(journal.history)), "b")
    journal.add(succeed("b", "second"))
    const step = cursor.advance(journal.history)
    assert.deepStrictEqual(step, { _tag: "Done", value: ["first", "second"] })
    assert.strictEqual(cursor.advance(journal.history), step)
    for (const path of ["a", "b"]) assert.isUndefined(cursor.standing(path))
  })

  it("counts the occurrences of a name in its scope", () => {
    const journal = running()
    const step = drive(
      cursorOf(function* () {
        for (const name of ["a", "b", "a", "a#2", "a"]) yield* one(name)
      }),
      journal
    )
    assert.strictEqual(step._tag, "Done")
    assert.deepStrictEqual([...journal.history.phases.keys()], ["a", "b", "a#2", "a~22", "a#3"])
  })

  it("is stuck at a phase that failed, until that is opened again and another cursor goes through it", () => {
    const journal = running()
    const body = function* () {
      try {
        return yield* one("a")
      } catch {
        return "caught"
      }
    }
    const cursor = cursorOf(body)
    cursor.advance(journal.history)
    journal.add(start("a"), fail("a"))
    const step = cursor.advance(journal.history)
    assert.deepInclude(step, { _tag: "Stuck", failures: [failed("a")] })
    assert.strictEqual(cursor.standing("a")?.path, "a")
    journal.add({ _tag: "Failed", failures: [failed("a")] }, { _tag: "Resumed", act: {} })
    assert.strictEqual(cursor.advance(journal.history), step)
    const resumed = cursorOf(body)
    assert.strictEqual(blockedAt(resumed.advance(journal.history)), "a")
    journal.add({ _tag: "AttemptStarted", path: "a", attempt: 2 }, succeed("a", "late"))
    assert.deepStrictEqual(resumed.advance(journal.history), { _tag: "Done", value: "late" })
  })

  it("that throws is a defect", () => {
    const step = advanced(function* () {
      throw new TypeError("bug")
    })
    assert.deepInclude(step._tag === "Threw" ? step.defect : {}, { name: "TypeError", message: "bug" })
    const odd = advanced(() => {
      throw "no generator at all"
    })
    assert.deepStrictEqual(odd, { _tag: "Threw", defect: { name: "string", message: "no generator at all" } })
  })

  it("gives up with Phase.fail, and answers nothing at a checkpoint", () => {
    const journal = running()
    const cursor = cursorOf(function* () {
      const mark = yield* Phase.checkpoint("mark", { data: { rows: 1 } })
      assert.isUndefined(mark)
      yield* Phase.fail("enough")
    })
    const step = drive(cursor, journal, ({ instruction, path }) =>
      instruction._tag === "Fail" ? { failure: failed(path, instruction.error as string) } : { value: { rows: 1 } }
    )
    assert.deepInclude(step, { _tag: "Stuck", failures: [failed("fail", "enough")] })
    assert.deepStrictEqual(
      [...journal.history.phases.values()].map(({ kind }) => kind),
      ["checkpoint", "fail"]
    )
  })

  it("may nest 1,000 generators deep", () => {
    function* nest(depth: number): Generator<unknown, number> {
      if (depth === 0) return yield* Phase.make("deep", Effect.succeed(1)) as unknown as Iterable<unknown, number>
      return (yield* nest(depth - 1)) + 1
    }
    assert.deepStrictEqual(
      drive(
        cursorOf(() => nest(1_000)),
        running(),
        () => ({ value: 1 })
      ),
      { _tag: "Done", value: 1_001 }
    )
  })

  it("is replayed in time that grows with its phases", () => {
    const body = function* () {
      for (let index = 0; index < 20_000; index++) yield* one(`p${index % 7}`)
    }
    const journal = running()
    assert.strictEqual(drive(cursorOf(body), journal)._tag, "Done")
    assert.strictEqual(advanced(body, journal)._tag, "Done")
  })
})

describe("a failure as a value", () => {
  const answers = (phase: Iterable<unknown, unknown>, failure?: Failure): unknown => {
    const body = function* () {
      return yield* phase
    }
    const journal = running()
    const outcome = failure === undefined ? { value: "yes" } : { failure }
    const step = drive(cursorOf(body), journal, () => outcome)
    const replayed = advanced(body, journal)
    assert.strictEqual(step._tag, replayed._tag)
    if (step._tag === "Done" && replayed._tag === "Done")
      assert.deepStrictEqual(String(step.value), String(replayed.value))
    return step._tag === "Done" ? step.value : step
  }
  const phase = Phase.make("a", { run: Effect.succeed("yes") as Effect.Effect<string, Declined>, error: Declined })
  const declined = failed("a", { _tag: "Declined", reason: "no" })

  it("is a Left, or a Right of what the phase answered", () => {
    assert.deepStrictEqual(answers(Phase.either(phase)), Either.right("yes"))
    const left = answers(Phase.either(phase), declined)
    assert.isTrue(Either.isEither(left) && Either.isLeft(left))
    assert.instanceOf(Either.getOrThrow(Either.flip(left as Either.Either<unknown, unknown>)), Declined)
    const timeout = answers(Phase.either(phase), timedOut("a")) as Either.Either<unknown, unknown>
    assert.isTrue(Either.isLeft(timeout) && Cause.isTimeoutException(timeout.left))
  })

  it("is an Exit, with defects", () => {
    const exitOf = (failure?: Failure): Exit.Exit<unknown, unknown> =>
      answers(Phase.exit(phase), failure) as Exit.Exit<unknown, unknown>
    assert.deepStrictEqual(exitOf(), Exit.succeed("yes"))
    const error = (exit: Exit.Exit<unknown, unknown>): unknown =>
      Exit.isFailure(exit) ? Option.getOrUndefined(Cause.failureOption(exit.cause)) : undefined
    assert.instanceOf(error(exitOf(declined)), Declined)
    assert.isTrue(Cause.isTimeoutException(error(exitOf(timedOut("a")))))
    const defect = exitOf(died("a"))
    const bug = Exit.isFailure(defect) ? Option.getOrUndefined(Cause.dieOption(defect.cause)) : undefined
    assert.instanceOf(bug, Error)
    assert.deepInclude(bug, { name: "Error", message: "boom" })
  })

  it("is never one that the phase's kind does not take, nor one of the engine", () => {
    for (const failure of [died("a"), fault("a")]) {
      assert.deepInclude(answers(Phase.either(phase), failure), { _tag: "Stuck", failures: [failure] })
    }
    assert.deepInclude(answers(Phase.exit(phase), fault("a")), { _tag: "Stuck" })
    assert.deepInclude(answers(phase, declined), { _tag: "Stuck" })
  })

  it("is decoded by the task's own schema where the phase has none", () => {
    const body = function* () {
      yield new Yielded({
        ...(Phase.either(phase) as unknown as { instruction: Yielded["instruction"] }).instruction,
        error: undefined
      } as never)
    }
    assert.strictEqual(drive(cursorOf(body), running(), () => ({ failure: failed("a", "plain") }))._tag, "Done")
  })
})

describe("a value that does not decode any more", () => {
  const dated = Phase.make("a", {
    run: Effect.succeed(new Date(0)) as Effect.Effect<Date, Declined>,
    success: Schema.ValidDateFromSelf.pipe((self) =>
      Schema.transform(Schema.Number, self, { strict: true, decode: (n) => new Date(n), encode: Number })
    ),
    error: Declined
  })
  const undecodable = (phase: Iterable<unknown, unknown>, outcome: { value: string } | { failure: Failure }): Step =>
    drive(
      cursorOf(function* () {
        return yield* phase
      }),
      running(),
      () => outcome
    )

  it("stops the body there, with the place in it", () => {
    for (const phase of [dated, Phase.either(dated), Phase.exit(dated)]) {
      const step = undecodable(phase, { value: "soon" })
      assert.strictEqual(step._tag, "Undecodable")
      if (step._tag !== "Undecodable") return
      assert.strictEqual(step.placed.path, "a")
      assert.strictEqual(step.problem.at, "$")
      assert.match(step.problem.reason, /soon/)
    }
  })

  it("may be a failure", () => {
    for (const phase of [Phase.either(dated), Phase.exit(dated)]) {
      assert.strictEqual(undecodable(phase, { failure: failed("a", { _tag: "Other" }) })._tag, "Undecodable")
    }
  })

  it("stops it again whenever it is asked, and when it is closed", () => {
    const journal = running().add(start("a"), succeed("a", "soon"))
    let cleaned = false
    const cursor = cursorOf(function* () {
      try {
        yield* dated
      } finally {
        cleaned = true
      }
    })
    assert.strictEqual(cursor.advance(journal.history)._tag, "Undecodable")
    assert.strictEqual(cursor.advance(journal.history)._tag, "Undecodable")
    cursor.close()
    assert.strictEqual(cursor.advance(journal.history)._tag, "Undecodable")
    assert.isFalse(cleaned)
  })
})

describe("what revert needs", () => {
  it("is passed on for the phases that it may undo, once they have an outcome", () => {
    const journal = running()
    const cursor = cursorOf(function* () {
      yield* undoable("a")
      yield* one("b")
      yield* Phase.make("c", Effect.void, { undoUnknown: () => Effect.void })
      yield* Phase.make("d", Effect.void, { verify: Effect.succeed(Option.none()) })
      yield* Phase.checkpoint("e")
      yield* undoable("f")
    })
    const step = drive(cursor, journal, ({ path }) => (path === "f" ? { failure: failed("f") } : {}))
    assert.strictEqual(step._tag, "Stuck")
    assert.deepStrictEqual(
      ["a", "b", "c", "d", "e"].filter((path) => cursor.runAt(path) !== undefined),
      ["a", "c", "d"]
    )
    assert.strictEqual(cursor.standing("f")?.path, "f")
  })
})

describe("a revert's generator", () => {
  const revertOf = (start: () => unknown): Interpreter.Cursor => cursorOf(start, { scope: Path.revert(1) })
  const reverting = (): Journal =>
    running().add(start("a"), succeed("a"), start("b"), succeed("b"), {
      _tag: "RevertStarted",
      n: 1,
      failures: [],
      act: {}
    })

  it("places its undos by what they undo, and its own phases in its scope", () => {
    const journal = reverting()
    const step = drive(
      revertOf(function* () {
        yield* Phase.undo("b", "b")
        yield* one("note")
        return yield* Phase.undo("a", "a")
      }),
      journal,
      () => ({ value: "found" })
    )
    assert.deepStrictEqual(step, { _tag: "Done", value: "found" })
    assert.deepStrictEqual([...journal.history.phases.keys()].slice(2), [
      "revert#1/undo/b",
      "revert#1/note",
      "revert#1/undo/a"
    ])
  })

  it("that undoes a phase twice undoes it once, live and replayed", () => {
    const journal = reverting()
    const twice = function* () {
      yield* Phase.undo("b", "b")
      yield* Phase.undo("b", "b")
      yield* one("note")
      yield* Phase.undo("b", "b")
      return yield* one("end")
    }
    assert.strictEqual(drive(revertOf(twice), journal, () => ({ value: 1 }))._tag, "Done")
    assert.deepStrictEqual([...journal.history.phases.keys()].slice(2), [
      "revert#1/undo/b",
      "revert#1/note",
      "revert#1/end"
    ])
    assert.deepStrictEqual(revertOf(twice).advance(journal.loaded), { _tag: "Done", value: 1 })
  })

  it("is told from another revert", () => {
    const journal = reverting()
    begin(journal, {
      path: "revert#1/undo/b",
      scope: "revert#1",
      name: "b",
      kind: "undo",
      instruction: { _tag: "Undo", name: "b", undoes: "b" },
      capture: "none",
      captured: false,
      key: undefined,
      needs: undefined
    })
    const step = revertOf(function* () {
      yield* Phase.undo("a", "a")
    }).advance(journal.history)
    assert.deepInclude(step._tag === "Mismatch" ? step.found : {}, { path: "revert#1/undo/a", kind: "undo", name: "a" })
  })
})

describe("code that did not write the journal", () => {
  const journal = (): Journal => {
    const written = running()
    drive(
      cursorOf(function* () {
        yield* one("a")
        yield* Phase.either(one("b"))
        yield* one("c")
      }),
      written
    )
    return written
  }
  const bodies: ReadonlyArray<
    readonly [difference: string, body: () => Generator<unknown>, recorded: string, found: Found]
  > = [
    [
      "another name",
      function* () {
        yield* one("x")
      },
      "a",
      { path: "x", kind: "phase", name: "x" }
    ],
    [
      "another order",
      function* () {
        yield* Phase.either(one("b"))
      },
      "a",
      { path: "b", kind: "either", name: "b" }
    ],
    [
      "another kind",
      function* () {
        yield* one("a")
        yield* one("b")
      },
      "b",
      { path: "b", kind: "phase", name: "b" }
    ],
    [
      "a checkpoint for a phase",
      function* () {
        yield* Phase.checkpoint("a")
      },
      "a",
      { path: "a", kind: "checkpoint", name: "a" }
    ],
    [
      "a phase more",
      function* () {
        yield* one("a")
        yield* one("a")
      },
      "b",
      { path: "a#2", kind: "phase", name: "a" }
    ],
    [
      "an early return",
      function* () {
        yield* one("a")
      },
      "b",
      { path: "a", kind: "return", name: "return" }
    ],
    ["no phase at all", function* () {}, "a", { path: "", kind: "return", name: "return" }],
    [
      "a throw",
      function* () {
        yield* one("a")
        throw new Error("new")
      },
      "b",
      { path: "a", kind: "throw", name: "new" }
    ]
  ]

  for (const [difference, body, recorded, found] of bodies) {
    it(`stops at the first difference: ${difference}`, () => {
      const written = journal()
      const cursor = cursorOf(body)
      const step = cursor.advance(written.history)
      assert.strictEqual(step._tag, "Mismatch")
      if (step._tag !== "Mismatch") return
      assert.strictEqual(step.recorded.path, recorded)
      assert.deepStrictEqual(step.found, found)
      for (const path of ["a", "b", "c", "x"]) assert.isUndefined(cursor.standing(path))
      assert.strictEqual(cursor.advance(written.history), step)
      cursor.close()
      assert.strictEqual(cursor.advance(written.history), step)
    })
  }

  it("is no other one if it only goes on further", () => {
    const step = advanced(function* () {
      yield* one("a")
      yield* Phase.either(one("b"))
      yield* one("c")
      yield* one("d")
    }, journal())
    assert.strictEqual(blockedAt(step), "d")
  })
})

describe("a stranger", () => {
  const unstarred = one("x")
  const foreign = { instruction: {} }
  const strangers: ReadonlyArray<readonly [value: unknown, found: string, hint: RegExp]> = [
    [Effect.succeed(1), "an Effect", /wrap it: yield\* Phase\.make\(name, effect\)/],
    [Effect.succeed(1)[Symbol.iterator]().next().value, "an Effect", /wrap it/],
    [Option.some(1), "an Effect", /wrap it/],
    [Promise.resolve(1), "a promise", /Effect\.promise/],
    [{ then: () => {} }, "a promise", /Effect\.promise/],
    [unstarred, "a phase without a star", /yield\* instead of yield/],
    [(function* () {})(), "a generator", /yield\* instead of yield/],
    [foreign, "a phase of another copy of tidemark", /one version/],
    [7, "number", /only phases/],
    ["a", "string", /only phases/],
    [undefined, "undefined", /only phases/],
    [null, "null", /only phases/],
    [() => one("x"), "function", /only phases/],
    [Symbol("s"), "symbol", /only phases/],
    [[one("x")], "an object", /only phases/],
    [{ name: "x" }, "an object", /only phases/]
  ]

  for (const [value, found, hint] of strangers) {
    it(`that is yielded is named: ${found}`, () => {
      const journal = running()
      const step = drive(
        cursorOf(function* () {
          yield* one("a")
          yield value
        }),
        journal
      )
      assert.deepInclude(step, { _tag: "Stranger", after: "a", found })
      assert.match(step._tag === "Stranger" ? step.hint : "", hint)
      assert.lengthOf(journal.entries, 4)
    })
  }

  it("may come first", () => {
    assert.deepInclude(
      advanced(function* () {
        yield 1
      }),
      { _tag: "Stranger", after: "" }
    )
  })

  it("may stand where a generator should", () => {
    const made: ReadonlyArray<readonly [value: unknown, found: string]> = [
      [(async function* () {})(), "an async generator"],
      [undefined, "undefined instead of a generator"],
      [null, "null instead of a generator"],
      [Promise.resolve(), "object instead of a generator"],
      [[one("x")], "object instead of a generator"],
      [{ next: 1, return: 1 }, "object instead of a generator"],
      [{ next: () => {} }, "object instead of a generator"],
      [{ next: () => {}, return: 1 }, "object instead of a generator"],
      [() => {}, "function instead of a generator"]
    ]
    for (const [value, found] of made) {
      const cursor = cursorOf(() => value)
      assert.deepInclude(cursor.advance(running().history), { _tag: "Stranger", after: "", found })
      cursor.close()
      assert.strictEqual(cursor.advance(running().history)._tag, "Closed")
    }
  })

  it("does not hide that the code changed before it", () => {
    const journal = running()
    drive(
      cursorOf(function* () {
        yield* one("a")
      }),
      journal
    )
    assert.strictEqual(
      advanced(function* () {
        yield* one("b")
        yield 1
      }, journal)._tag,
      "Mismatch"
    )
  })

  it("is a generator that runs itself", () => {
    const made: { self?: Generator<unknown> } = {}
    made.self = (function* () {
      yield* one("a")
      made.self?.next()
    })()
    const step = drive(
      cursorOf(() => made.self),
      running()
    )
    assert.match(step._tag === "Threw" ? step.defect.message : "", /already running/)
  })
})
