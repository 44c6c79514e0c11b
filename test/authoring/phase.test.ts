import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import { noToken } from "../../src/authoring/Running.js"
import * as Task from "../../src/authoring/Task.js"
import { InvalidName } from "../../src/core/Errors.js"
import { kindOf, undoable, Yielded } from "../../src/core/Instruction.js"
import { instructionOf, runOf } from "./support/Described.js"

/** As a caller without a compiler sees it. */
const loose = Phase.make as unknown as (name: unknown, run?: unknown, policy?: unknown) => Phase.Any

describe("a phase", () => {
  it("describes what it runs, and runs nothing", () => {
    let ran = false
    const phase = Phase.make(
      "a",
      Effect.sync(() => {
        ran = true
      })
    )
    assert.strictEqual(phase.name, "a")
    assert.deepInclude(runOf(phase), {
      _tag: "Run",
      name: "a",
      capture: "none",
      error: undefined,
      timeout: undefined,
      inDoubt: "rerun"
    })
    assert.isFalse(ran)
  })

  it("yields itself once, and answers what it is given", () => {
    const phase = Phase.make("a", Effect.succeed(1))
    const body = function* () {
      return yield* phase
    }
    for (const generator of [body(), body()]) {
      assert.instanceOf(generator.next().value, Yielded)
      assert.deepStrictEqual(generator.next(7 as never), { done: true, value: 7 })
    }
  })

  it("takes its options beside its effect, or after it", () => {
    const options = {
      undo: () => Effect.void,
      undoRetry: Schedule.recurs(1),
      undoUnknown: () => Effect.void,
      retry: Schedule.recurs(2),
      timeout: "1 second",
      inDoubt: "ask"
    } as const
    const run = Effect.succeed(1)
    for (const phase of [Phase.make("a", { run, ...options }), Phase.make("a", run, options)]) {
      assert.deepInclude(runOf(phase), { ...options, run, timeout: 1_000 })
    }
  })

  it("has no time limit where that is for ever", () => {
    assert.isUndefined(runOf(Phase.make("a", { run: Effect.void, timeout: Infinity })).timeout)
  })

  it("is told from others by its kind", () => {
    const phase = Phase.make("a", Effect.succeed(1))
    const kinds = [
      phase,
      Phase.either(phase),
      Phase.exit(phase),
      Phase.checkpoint("a"),
      Phase.fail("no"),
      Phase.undo("a", "a")
    ]
    assert.deepStrictEqual(
      kinds.map((each) => kindOf(instructionOf(each))),
      ["phase", "either", "exit", "checkpoint", "fail", "undo"]
    )
  })

  it("can be undone if it says how, or how to find out", () => {
    const plain = Phase.make("a", Effect.void)
    assert.isFalse(undoable(instructionOf(plain)))
    assert.isFalse(undoable(instructionOf(Phase.checkpoint("a"))))
    const undo = { undo: () => Effect.void }
    assert.isTrue(undoable(instructionOf(Phase.make("a", Effect.void, undo))))
    assert.isTrue(undoable(instructionOf(Phase.exit(Phase.make("a", Effect.void, undo)))))
    assert.isTrue(undoable(instructionOf(Phase.make("a", Effect.void, { undoUnknown: () => Effect.void }))))
    assert.isTrue(undoable(instructionOf(Phase.make("a", Effect.succeed(1), { verify: Effect.succeedNone }))))
  })

  it("marks a checkpoint with its data", () => {
    assert.deepInclude(instructionOf(Phase.checkpoint("a")), { _tag: "Checkpoint", commit: false, data: undefined })
    assert.deepInclude(instructionOf(Phase.checkpoint("a", { commit: true, data: [1] })), { commit: true, data: [1] })
  })

  it("is refused with a name that cannot be kept", () => {
    for (const name of ["", "a\u0000", "x".repeat(256), 7, undefined, Symbol("s")]) {
      assert.throws(() => loose(name, Effect.void), InvalidName)
    }
    assert.throws(() => Phase.checkpoint(""), InvalidName)
    assert.throws(() => Phase.checkpoint("e\u0301"), InvalidName)
  })

  it("is refused with what the compiler would have refused, naming it", () => {
    const run = Effect.void
    const refused: ReadonlyArray<readonly [run: unknown, says: string]> = [
      [undefined, "run of phase a must be an Effect, not undefined"],
      [null, "run of phase a must be an Effect, not null"],
      [Promise.resolve(1), "run of phase a must be an Effect, not [object Promise]"],
      [() => 1, "run of phase a must be an Effect, not () => 1"],
      [{}, "run of phase a must be an Effect, not [object Object]"],
      [{ run: () => 1 }, "run of phase a must be an Effect, not () => 1"],
      [{ run: undefined }, "run of phase a must be an Effect, not undefined"],
      [{ run, undo: run }, "undo of phase a must be a function"],
      [{ run, undoUnknown: "x" }, "undoUnknown of phase a must be a function, not x"],
      [{ run, retry: 3 }, "retry of phase a must be a Schedule, not 3"],
      [{ run, undoRetry: {} }, "undoRetry of phase a must be a Schedule"],
      [{ run, verify: () => true }, "verify of phase a must be an Effect"],
      [{ run, success: "string" }, "success of phase a must be a Schema, not string"],
      [{ run, error: Error }, "error of phase a must be a Schema"],
      [{ run, inDoubt: "guess" }, `inDoubt of phase a must be "rerun" or "ask", not guess`],
      [{ run, timeout: "soon" }, "timeout of phase a must be a duration, not soon"],
      [{ run, timeout: 0 }, "timeout of phase a must be a duration, not 0"]
    ]
    for (const [given, says] of refused) {
      assert.throws(() => loose("a", given), TypeError, says)
    }
    assert.throws(() => loose("a", run, { undo: 1 }), TypeError, "undo of phase a must be a function, not 1")
  })

  it("has failures as values only if it runs something, and once", () => {
    const captured = Phase.either(Phase.make("a", Effect.void))
    const refused: ReadonlyArray<readonly [phase: unknown, says: string]> = [
      [Effect.void, "takes is not a phase but an Effect: write Phase.make(name, effect)"],
      [undefined, "takes is not a phase but undefined: write Phase.make(name, effect)"],
      [Phase.checkpoint("a"), "takes a phase that runs something, not a checkpoint, a sleep, a failure or an undo"],
      [Phase.fail("no"), "takes a phase that runs something, not a checkpoint, a sleep, a failure or an undo"],
      [captured, "the failures of a are values already, by Phase.either: take one of the two away"]
    ]
    for (const capture of [Phase.either, Phase.exit] as ReadonlyArray<(phase: never) => unknown>) {
      for (const [phase, says] of refused) assert.throws(() => capture(phase as never), TypeError, says)
    }
  })

  it("has the failures of all that it is made of as values", () => {
    const phase = Phase.make("a", Effect.fail("no"))
    const child = Task.make("child", { *run() {} }).phase({})
    const composed = [
      Phase.all([phase]),
      Phase.forEach("each", [1], () => phase),
      Phase.race([phase]),
      Phase.graph("graph", { a: { run: phase } }),
      Phase.group("group", function* () {
        yield* phase
      }),
      child
    ]
    for (const each of composed) {
      assert.deepInclude(instructionOf(each), { capture: "none" })
      assert.deepStrictEqual(instructionOf(Phase.either(each)), { ...instructionOf(each), capture: "either" } as never)
      assert.deepStrictEqual(instructionOf(Phase.exit(each)), { ...instructionOf(each), capture: "exit" } as never)
    }
    assert.deepStrictEqual(
      composed.map((each) => kindOf(instructionOf(each))),
      ["all", "forEach", "race", "graph", "group", "child"]
    )
  })

  it("keeps its own error schema as a value, or plain JSON", () => {
    const phase = Phase.make("a", Effect.fail({ code: 1 }))
    assert.isUndefined(runOf(phase).error)
    assert.isDefined(runOf(Phase.either(phase)).error)
    const typed = Phase.make("a", { run: Effect.fail(1), error: Schema.Number })
    assert.strictEqual(runOf(Phase.either(typed)).error, runOf(typed).error)
  })
})

describe("what an effect can ask about its phase", () => {
  const running: Phase.Running = {
    execution: "e",
    path: "a",
    key: "0".repeat(32),
    attempt: 3,
    token: Effect.succeed("t")
  }
  const all: ReadonlyArray<Effect.Effect<unknown>> = [Phase.key, Phase.attempt, Phase.token]

  it.effect("is its key, its attempt and its token", () =>
    Effect.gen(function* () {
      const asked = yield* Effect.all(all).pipe(Effect.provideService(Phase.Current, running))
      assert.deepStrictEqual(asked, [running.key, 3, "t"])
    })
  )

  it.effect("is a mistake outside of one", () =>
    Effect.gen(function* () {
      for (const asked of all) {
        const exit = yield* Effect.exit(asked)
        assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
        assert.include(String(exit), "are for effects that a phase runs")
      }
    })
  )

  it.effect("is no token where nobody can complete anything", () =>
    Effect.gen(function* () {
      const undoing = { ...running, token: noToken }
      const exit = yield* Effect.exit(Effect.provideService(Phase.token, Phase.Current, undoing))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.include(String(exit), "Phase.token is for the effect that a phase runs, not for its undo or its verify")
    })
  )
})
