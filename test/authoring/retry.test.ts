import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Retry from "../../src/authoring/Retry.js"
import type { Failure } from "../../src/core/Failure.js"
import type { Decision, Try } from "../../src/core/Instruction.js"
import type { Json } from "../../src/core/Json.js"

const refuses = (says: string, make: () => unknown) => assert.throws(make, TypeError, says)
const loose = <A>(value: A) => value as unknown as (given?: unknown, options?: unknown) => Retry.Retry<unknown>

const failure = (error: Json): Failure => ({ _tag: "Fail", path: "g/a", error })
const failed = (attempt: number, value?: Json, at = 0): Try => ({ attempt, value, failures: [failure(attempt)], at })
const failedTimes = (n: number): ReadonlyArray<Try> => Array.from({ length: n }, (_, index) => failed(index + 1))

type Asked = Effect.Effect<Decision>
const next = ({ strategy }: Retry.Retry<unknown, unknown>, tries: ReadonlyArray<Try>): Decision =>
  Effect.runSync(strategy.next(tries) as Asked)

/** All the values that are tried, one failure after the other. */
const values = (retry: Retry.Retry<unknown, unknown>): ReadonlyArray<Json | undefined> => {
  const tries: Array<Try> = []
  for (let value = retry.strategy.first; ; ) {
    tries.push(failed(tries.length + 1, value))
    const decision = next(retry, tries)
    if (decision._tag !== "Again") return tries.map(({ value }) => value)
    value = decision.value
  }
}

const again = (value?: Json, delay = 0): Decision => ({ _tag: "Again", value, delay })

describe("Retry.times", () => {
  it("makes that many attempts in all, one right after the other", () => {
    assert.isUndefined(Retry.times(3).strategy.first)
    assert.deepStrictEqual(
      [1, 2, 3, 4].map((n) => next(Retry.times(3), failedTimes(n))),
      [again(), again(), Retry.giveUp, Retry.giveUp]
    )
    assert.deepStrictEqual(next(Retry.times(1), failedTimes(1)), Retry.giveUp)
  })

  it("refuses what is no positive integer", () => {
    for (const n of [0, -1, 1.5, Number.NaN, Infinity, "3", undefined]) {
      refuses(`n of Retry.times must be a positive integer, not ${n}`, () => loose(Retry.times)(n))
    }
  })
})

describe("Retry.forEach", () => {
  it("tries each value in order, those that are there twice twice", () => {
    assert.deepStrictEqual(values(Retry.forEach([3, 2, 3, 5])), [3, 2, 3, 5])
    assert.deepStrictEqual(values(Retry.forEach(new Set(["a", "b"]))), ["a", "b"])
    assert.deepStrictEqual(values(Retry.forEach([null])), [null])
    assert.strictEqual(Retry.forEach([3, 2]).strategy.first, 3)
  })

  it("keeps the values as they were given", () => {
    const value = { regions: ["eu"] }
    const retry = Retry.forEach([value, value])
    value.regions.push("us")
    assert.deepStrictEqual(values(retry), [{ regions: ["eu"] }, { regions: ["eu"] }])
  })

  it("refuses no values, and what is not JSON", () => {
    refuses("Retry.forEach takes at least one value: the first attempt needs one", () => Retry.forEach([]))
    refuses("values of Retry.forEach must be an iterable, not 3", () => loose(Retry.forEach)(3))
    const says = "value 1 of Retry.forEach must be plain JSON: at $.when, a Date is not plain JSON"
    refuses(says, () => loose(Retry.forEach)([1, { when: new Date(0) }]))
  })
})

describe("Retry.schedule", () => {
  const exponential = Retry.schedule(Schedule.intersect(Schedule.exponential("1 second"), Schedule.recurs(3)))

  it("delays as its schedule says, until that ends", () => {
    assert.isUndefined(exponential.strategy.first)
    assert.deepStrictEqual(
      [1, 2, 3, 4].map((n) => next(exponential, failedTimes(n))),
      [again(undefined, 1_000), again(undefined, 2_000), again(undefined, 4_000), Retry.giveUp]
    )
  })

  it("answers the same whenever it is asked, and whatever it was asked before", () => {
    for (const n of [3, 1, 2, 2, 3]) {
      assert.deepStrictEqual(next(exponential, failedTimes(n)), again(undefined, 1_000 * 2 ** (n - 1)))
    }
    assert.deepStrictEqual(next(exponential, failedTimes(4)), Retry.giveUp)
  })

  it("goes by the times of the attempts", () => {
    const at = (...times: ReadonlyArray<number>) => times.map((at, index) => failed(index + 1, undefined, at))
    const minute = Retry.schedule(
      Schedule.intersect(
        Schedule.spaced("10 seconds"),
        Schedule.whileOutput(Schedule.elapsed, Duration.lessThan("1 minute"))
      )
    )
    assert.deepStrictEqual(next(minute, at(5_000, 30_000)), again(undefined, 10_000))
    assert.deepStrictEqual(next(minute, at(5_000, 70_000)), Retry.giveUp)
    const fixed = Retry.schedule(Schedule.fixed("10 seconds"))
    assert.deepStrictEqual(next(fixed, at(0, 14_000)), again(undefined, 6_000))
  })

  it("is given the failures of each attempt", () => {
    const retry = Retry.schedule(
      Schedule.recurWhile((failures: ReadonlyArray<Failure>) =>
        failures.every((each) => each._tag === "Fail" && each.error !== "fatal")
      )
    )
    assert.deepStrictEqual(next(retry, failedTimes(2)), again())
    const tries: ReadonlyArray<Try> = [failed(1), { ...failed(2), failures: [failure("no"), failure("fatal")] }]
    assert.deepStrictEqual(next(retry, tries), Retry.giveUp)
  })

  it("gives up where the delay has no end", () => {
    assert.deepStrictEqual(next(Retry.schedule(Schedule.spaced("1 second")), failedTimes(1)), again(undefined, 1_000))
    const forever = Schedule.delayed(Schedule.forever, () => Duration.infinity)
    assert.deepStrictEqual(next(Retry.schedule(forever), failedTimes(1)), Retry.giveUp)
  })

  it("finds what its schedule requires in the context", () => {
    class Limit extends Context.Tag("Limit")<Limit, number>() {}
    const limited = Schedule.whileInputEffect(Schedule.recurs(9), (failures: ReadonlyArray<Failure>) =>
      Effect.map(Limit, (limit) => failures.length <= limit)
    )
    const asked = Retry.schedule(limited).strategy.next(failedTimes(1)) as Effect.Effect<Decision, never, Limit>
    for (const [limit, decision] of [
      [1, again()],
      [0, Retry.giveUp]
    ] as const) {
      assert.deepStrictEqual(Effect.runSync(Effect.provideService(asked, Limit, limit)), decision)
    }
  })

  it("refuses what is no Schedule", () => {
    refuses("the schedule of Retry.schedule must be a Schedule, not 3", () => loose(Retry.schedule)(3))
  })
})

describe("Retry.from", () => {
  it("decides by the attempts that failed", () => {
    const doubling = Retry.from({
      first: 1,
      next: (tries) => {
        const last = tries[tries.length - 1]!
        return last.value < 8 ? Retry.again(last.value * 2, { delay: last.attempt }) : Retry.giveUp
      }
    })
    assert.deepStrictEqual(values(doubling), [1, 2, 4, 8])
    assert.deepStrictEqual(next(doubling, [failed(7, 4)]), again(8, 7))
  })

  it("decides in an Effect, too", () => {
    class Region extends Context.Tag("Region")<Region, string>() {}
    const retry = Retry.from({ first: "eu", next: () => Effect.map(Region, (region) => Retry.again(region)) })
    const asked = retry.strategy.next([failed(1, "eu")]) as Effect.Effect<Decision, never, Region>
    assert.deepStrictEqual(Effect.runSync(Effect.provideService(asked, Region, "us")), again("us"))
  })

  it("can revert the whole execution", () => {
    for (const decide of [() => Retry.revertAll, () => Effect.succeed(Retry.revertAll)]) {
      assert.deepStrictEqual(next(Retry.from({ first: null, next: decide }), failedTimes(1)), Retry.revertAll)
    }
  })

  it("asks for each decision when it is run, and only then", () => {
    let asked = 0
    const retry = Retry.from({
      first: null,
      next: () => {
        asked++
        return Retry.giveUp
      }
    })
    const decision = retry.strategy.next(failedTimes(1)) as Asked
    assert.strictEqual(asked, 0)
    Effect.runSync(decision)
    assert.strictEqual(asked, 1)
  })

  it("dies where next answers no decision, or throws", () => {
    const from = loose(Retry.from)
    const died = (answer: () => unknown) => {
      const { strategy } = from({ first: 1, next: answer })
      const exit = Effect.runSyncExit(strategy.next(failedTimes(1)) as Asked)
      return Exit.isFailure(exit) ? String(Option.getOrThrow(Cause.dieOption(exit.cause))) : "succeeded"
    }
    const must =
      "TypeError: what next of Retry.from answers must be Retry.again(value), Retry.pause, Retry.giveUp or Retry.revertAll"
    for (const answer of [undefined, true, "again", { _tag: "Twice" }]) {
      assert.include(
        died(() => answer),
        must
      )
      assert.include(
        died(() => Effect.succeed(answer)),
        must
      )
    }
    assert.include(
      died(() => ({ _tag: "Again", value: new Date(0) })),
      "the value of Retry.again must be plain JSON"
    )
    assert.include(
      died(() => ({ _tag: "Again", value: 1, delay: -1 })),
      "delay of Retry.again must be"
    )
    assert.include(
      died(() => {
        throw new RangeError("mine")
      }),
      "RangeError: mine"
    )
  })

  it("refuses a first value that is not JSON, and what does not decide", () => {
    const from = loose(Retry.from)
    refuses("first of Retry.from must be plain JSON: at $, bigint is not JSON", () =>
      from({ first: 1n, next: () => 1 })
    )
    for (const decide of [undefined, 3, {}, { first: 1 }, { first: 1, next: 3 }]) {
      refuses("what Retry.from takes must be { first, next }, next a function, not", () => from(decide))
    }
  })
})

describe("Retry.again", () => {
  it("has a copy of its value, and a delay in milliseconds", () => {
    const value = { region: "eu" }
    const decision = Retry.again(value, { delay: "2 seconds" })
    assert.deepStrictEqual(decision, { _tag: "Again", value, delay: 2_000 })
    assert.notStrictEqual(decision.value, value)
    assert.deepStrictEqual(Retry.again(undefined), { _tag: "Again", value: undefined, delay: 0 })
  })

  it("refuses a value that is not JSON, and a delay without end", () => {
    refuses("the value of Retry.again must be plain JSON: at $, a Map is not plain JSON", () => Retry.again(new Map()))
    refuses("at $.a, NaN is not a JSON number", () => Retry.again({ a: Number.NaN }))
    for (const delay of [Infinity, "soon", {}, Number.NaN, -1]) {
      refuses("delay of Retry.again must be a finite duration, not", () => Retry.again(1, { delay: delay as never }))
    }
  })
})
