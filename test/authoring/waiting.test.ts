import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/authoring/Phase.js"
import * as Retry from "../../src/authoring/Retry.js"
import * as Task from "../../src/authoring/Task.js"
import { InvalidName } from "../../src/core/Errors.js"
import { kindOf } from "../../src/core/Instruction.js"
import { groupOf, instructionOf, runOf, signalOf, sleepOf } from "./support/Described.js"

/** As a caller without a compiler sees it. */
type Loose = (...args: ReadonlyArray<unknown>) => Phase.Any
const sleep = Phase.sleep as unknown as Loose
const sleepUntil = Phase.sleepUntil as unknown as Loose
const signal = Phase.signal as unknown as Loose
const delegate = Phase.delegate as unknown as Loose
const group = Phase.group as unknown as Loose
const later = Phase.later as unknown as (options: unknown) => unknown
const task = Task.make as unknown as (name: string, options: unknown) => unknown

const refuses = (says: string, make: () => unknown) => assert.throws(make, TypeError, says)

/** What is no time limit: it leaves no time, or is none. */
const noLimit = [0, -1, Number.NaN, -1n, "-3 seconds", "0 seconds", [-1, 0], "soon", null, {}, Duration.zero]

describe("Phase.sleep", () => {
  it("is over so long after it began", () => {
    const { _tag, name, until } = sleepOf(Phase.sleep("a", "2 days"))
    assert.deepStrictEqual([_tag, name, until(1_000)], ["Sleep", "a", 172_801_000])
    assert.strictEqual(sleepOf(Phase.sleep("a", 0)).until(7), 7)
    assert.strictEqual(sleepOf(Phase.sleep("a", Duration.micros(1n))).until(7), 8)
  })

  it("refuses a duration that is negative, without end, or none", () => {
    for (const given of [
      ...noLimit.slice(1, 5),
      [-1, 0],
      "soon",
      null,
      undefined,
      Infinity,
      "1e400 days",
      Duration.infinity
    ]) {
      refuses("duration of Phase.sleep a must be a finite duration, not", () => sleep("a", given))
    }
    assert.throws(() => sleep("", 1), InvalidName)
  })
})

describe("Phase.sleepUntil", () => {
  it("is over at its instant, whenever it began", () => {
    for (const instant of [
      new Date(5_000),
      DateTime.unsafeMake(5_000),
      DateTime.unsafeMakeZoned(5_000, { timeZone: "Europe/Rome" }),
      4_999.5
    ]) {
      const { until } = sleepOf(Phase.sleepUntil("a", instant))
      assert.deepStrictEqual([until(0), until(9_000)], [5_000, 5_000])
    }
    assert.strictEqual(sleepOf(Phase.sleepUntil("a", -1)).until(0), -1)
  })

  it("refuses what is no instant", () => {
    const says = "instant of Phase.sleepUntil a must be a valid Date, a DateTime or milliseconds UTC, not"
    for (const given of [
      new Date(Number.NaN),
      Number.NaN,
      Infinity,
      -Infinity,
      8.64e15 + 1,
      "2026-11-21",
      null,
      undefined,
      {}
    ]) {
      refuses(says, () => sleepUntil("a", given))
    }
    assert.throws(() => sleepUntil("", 1), InvalidName)
  })
})

describe("Phase.signal", () => {
  it("waits for a value, for ever or so long", () => {
    const { value, ...described } = signalOf(Phase.signal("go", Schema.Date, { timeout: "1 minute" }))
    assert.deepStrictEqual(described, { _tag: "Signal", name: "go", capture: "none", timeout: 60_000 })
    assert.deepStrictEqual(value.decode("1970-01-01T00:00:00.000Z"), Either.right(new Date(0)))
    assert.isUndefined(signalOf(Phase.signal("go")).timeout)
    assert.deepStrictEqual(signalOf(Phase.signal("go")).value.decode(undefined), Either.right(undefined))
    assert.isUndefined(signalOf(Phase.signal("go", Schema.Void, { timeout: Infinity })).timeout)
  })

  it("refuses what is no schema, no time limit", () => {
    refuses("the schema of Phase.signal go must be a Schema, not string", () => signal("go", "string"))
    for (const timeout of noLimit) {
      refuses("timeout of Phase.signal go must be a duration, not", () => signal("go", Schema.String, { timeout }))
    }
    assert.throws(() => signal("e\u0301"), InvalidName)
  })
})

describe("Phase.delegate", () => {
  it("describes whom it tells, and tells nobody", () => {
    let told = false
    const notify = () =>
      Effect.sync(() => {
        told = true
      })
    const undo = () => Effect.void
    const retry = Schedule.recurs(1)
    const phase = Phase.delegate("ask", { notify, undo, retry, timeout: "1 day", undoUnknown: undo, undoRetry: retry })
    const policy = { retry, undo, undoUnknown: undo, undoRetry: retry, verify: undefined, inDoubt: "rerun" } as const
    const rest = {
      _tag: "Run",
      name: "ask",
      delegate: true,
      capture: "none",
      timeout: 86_400_000,
      error: undefined
    } as const
    assert.deepInclude(runOf(phase), { ...rest, ...policy })
    assert.isFalse(told)
    assert.isUndefined(runOf(Phase.delegate("ask", { timeout: Infinity })).timeout)
  })

  it.effect("tells the token, and answers that the answer comes later", () =>
    Effect.gen(function* () {
      const told: Array<string> = []
      const phase = Phase.delegate("ask", {
        heartbeat: "5 seconds",
        notify: (token) => Effect.sync(() => told.push(token))
      })
      const answer = yield* perform(phase)
      assert.deepStrictEqual(told, ["t"])
      assert.deepStrictEqual(answer, new Phase.Later(undefined, 5_000))
      assert.deepStrictEqual(yield* perform(Phase.delegate("ask")), new Phase.Later(undefined, undefined))
    })
  )

  it.effect("dies where notify answers no Effect", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(perform(delegate("ask", { notify: () => 7 })))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
      assert.include(
        Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "",
        "notify of Phase.delegate ask must answer an Effect, not 7"
      )
    })
  )

  it("reads answers by its schemas, and no failure without one", () => {
    const { error, rejection, value } = runOf(Phase.delegate("ask", { success: Schema.Int, error: Schema.String }))
    assert.deepStrictEqual([value.decode(1), Either.isLeft(value.decode("a"))], [Either.right(1), true])
    assert.strictEqual(rejection, error)
    assert.deepStrictEqual(rejection.decode("no"), Either.right("no"))
    for (const phase of [Phase.delegate("ask"), Phase.make("run", Effect.void), Phase.either(Phase.delegate("ask"))]) {
      assert.isTrue(Either.isLeft(runOf(phase).rejection.decode("no")))
      assert.isTrue(Either.isLeft(runOf(phase).rejection.encode("no")))
    }
  })

  it("refuses what is no option of it", () => {
    const refused: ReadonlyArray<readonly [given: object, says: string]> = [
      [{ success: "string" }, "success of Phase.delegate ask must be a Schema, not string"],
      [{ error: Error }, "error of Phase.delegate ask must be a Schema"],
      [{ notify: Effect.void }, "notify of Phase.delegate ask must be a function"],
      [{ retry: 3 }, "retry of Phase.delegate ask must be a Schedule, not 3"],
      [{ undo: Effect.void }, "undo of Phase.delegate ask must be a function"],
      [{ undoRetry: {} }, "undoRetry of Phase.delegate ask must be a Schedule"],
      [{ undoUnknown: "x" }, "undoUnknown of Phase.delegate ask must be a function, not x"],
      ...noLimit.map((timeout) => [{ timeout }, "timeout of Phase.delegate ask must be a duration, not"] as const),
      ...noLimit.map((heartbeat) => [{ heartbeat }, "heartbeat of Phase.delegate ask must be a duration, not"] as const)
    ]
    for (const [given, says] of refused) refuses(says, () => delegate("ask", given))
    assert.throws(() => delegate(""), InvalidName)
  })
})

const perform = (phase: Iterable<unknown, unknown>): Effect.Effect<unknown, unknown> => {
  const running = { execution: "e", path: "a", key: "", attempt: 1, token: Effect.succeed("t") }
  return Effect.provideService(runOf(phase).run as Effect.Effect<unknown, unknown>, Phase.Current, running)
}

describe("Phase.later", () => {
  it("says how long the answer may take", () => {
    assert.deepStrictEqual(Phase.later(), new Phase.Later(undefined, undefined))
    const limited = Phase.later({ timeout: "1 hour", heartbeat: "1 minute" })
    assert.deepStrictEqual([limited.timeout, limited.heartbeat], [3_600_000, 60_000])
    assert.isUndefined(Phase.later({ timeout: Infinity }).timeout)
  })

  it("refuses what is no time limit", () => {
    for (const given of noLimit) {
      refuses("timeout of Phase.later must be a duration, not", () => later({ timeout: given }))
      refuses("heartbeat of Phase.later must be a duration, not", () => later({ heartbeat: given }))
    }
  })
})

describe("a time limit", () => {
  const body = function* () {}

  it("can be a group's, and a task's", () => {
    assert.strictEqual(groupOf(Phase.group("g", body, { timeout: "1 hour", retry: Retry.times(2) })).timeout, 3_600_000)
    assert.isUndefined(groupOf(Phase.group("g", body)).timeout)
    assert.strictEqual(Task.make("t", { timeout: "1 hour", run: body }).definition.timeout, 3_600_000)
    assert.isUndefined(Task.make("t", { timeout: Infinity, run: body }).definition.timeout)
  })

  it("leaves some time", () => {
    for (const timeout of noLimit) {
      refuses("timeout of Phase.group g must be a duration, not", () => group("g", body, { timeout }))
      refuses("timeout of task t must be a duration, not", () => task("t", { timeout, run: body }))
      refuses("timeout of phase a must be a duration, not", () =>
        Phase.make("a", Effect.void, { timeout: timeout as never })
      )
    }
  })
})

describe("what waits", () => {
  const each = [Phase.delegate("a"), Phase.signal("a"), Phase.sleep("a", 1), Phase.sleepUntil("a", 1)]

  it("is told from others by its kind, whatever becomes of its failures", () => {
    const [asked, told] = each as [Phase.Any, Phase.Any]
    const kinds = [...each, Phase.either(asked as never), Phase.exit(told as never)].map((phase) =>
      kindOf(instructionOf(phase as never))
    )
    assert.deepStrictEqual(kinds, ["delegate", "signal", "sleep", "sleep", "delegate", "signal"])
  })

  it("has failures as values if it can fail", () => {
    assert.strictEqual(runOf(Phase.either(Phase.delegate("a"))).capture, "either")
    assert.strictEqual(signalOf(Phase.exit(Phase.signal("a"))).capture, "exit")
    refuses("takes a phase that runs something, not a checkpoint, a sleep", () => Phase.either(Phase.sleep("a", 1)))
  })
})
