/** What must not compile: under each `@ts-expect-error` stands one mistake. messages.test.ts shows what is said of them. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { Phase, Task } from "tidemark"

class Declined extends Schema.TaggedError<Declined>()("Declined", { reason: Schema.String }) {}
class NoStock extends Schema.TaggedError<NoStock>()("NoStock", {}) {}

declare const answers: <A>() => Effect.Effect<A>
declare const declines: Effect.Effect<number, Declined>

// --- a body yields phases, with a star, and nothing else

export const effect = Task.make("effect", {
  // @ts-expect-error
  *run() {
    yield* Effect.succeed(1)
  }
})
export const promise = Task.make("promise", {
  // @ts-expect-error
  *run() {
    yield Promise.resolve(1)
  }
})
export const value = Task.make("value", {
  // @ts-expect-error
  *run() {
    yield 1
  }
})
export const unstarred = Task.make("unstarred", {
  // @ts-expect-error
  *run() {
    yield Phase.make("x", Effect.succeed(1))
  }
})
export const mixed = Task.make("mixed", {
  payload: { n: Schema.Number },
  success: Schema.Number,
  // @ts-expect-error
  *run({ n }) {
    const a = yield* Phase.make("x", Effect.succeed(n))
    const b = yield* Effect.succeed(n)
    return a + b
  }
})
export const asynchronous = Task.make("async", {
  // @ts-expect-error
  async *run() {}
})
export const inRevert = Task.make("in-revert", {
  *run() {
    yield* Phase.checkpoint("x")
  },
  // @ts-expect-error
  *revert(completed) {
    for (const phase of completed) yield* Effect.log(phase.name)
  }
})
export const inRevertMixed = Task.make("in-revert-mixed", {
  *run() {},
  // @ts-expect-error
  *revert(completed) {
    for (const phase of completed) {
      yield* phase.undo
      yield* Effect.log(phase.name)
    }
  }
})

// --- schemas cover what comes out

export const errorMissing = Task.make("error-missing", {
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", declines)
  }
})
export const errorOther = Task.make("error-other", {
  error: NoStock,
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", declines)
  }
})
export const failMissing = Task.make("fail-missing", {
  // @ts-expect-error
  *run() {
    yield* Phase.fail(new Declined({ reason: "" }))
  }
})
export const successOther = Task.make("success-other", {
  success: Schema.String,
  // @ts-expect-error
  *run() {
    return yield* Phase.make("x", Effect.succeed(1))
  }
})
export const successMissing = Task.make("success-missing", {
  // @ts-expect-error
  *run() {
    return yield* Phase.make("x", Effect.succeed(1))
  }
})
export const successNotJson = Task.make("success-not-json", {
  // @ts-expect-error
  *run() {
    yield* Phase.make("x", Effect.succeed(1))
    return new Map<string, number>()
  }
})
export const wrongPayload = Task.make("wrong-payload", { payload: { n: Schema.Number }, *run() {} })
// @ts-expect-error
export const wrongPayloadRun = wrongPayload.execute({ n: "1" })

// --- results are plain JSON, or have a schema

export function* notJson() {
  // @ts-expect-error
  yield* Phase.make("date", answers<Date>())
  // @ts-expect-error
  yield* Phase.make("nested date", { run: answers<{ a: ReadonlyArray<{ when: Date }> }>() })
  // @ts-expect-error
  yield* Phase.make("date with undo", { run: answers<Date>(), undo: (date: Date) => Effect.log(date) })
  // @ts-expect-error
  yield* Phase.make("map", answers<Map<string, number>>())
  // @ts-expect-error
  yield* Phase.make("set", answers<ReadonlySet<string>>())
  // @ts-expect-error
  yield* Phase.make("class", answers<Declined>())
  // @ts-expect-error
  yield* Phase.make("bigint", answers<bigint>())
  // @ts-expect-error
  yield* Phase.make("symbol", answers<{ a: symbol }>())
  // @ts-expect-error
  yield* Phase.make("function", answers<{ f: () => void }>())
  // @ts-expect-error
  yield* Phase.make("any", answers<any>())
  // @ts-expect-error
  yield* Phase.make("any member", answers<{ a: any }>())
  // @ts-expect-error
  yield* Phase.make("unknown", answers<unknown>())
  // @ts-expect-error
  yield* Phase.make("undefined member", answers<{ a: string | undefined }>())
  // @ts-expect-error
  yield* Phase.make("optional undefined", answers<{ a?: string | undefined }>())
  // @ts-expect-error
  yield* Phase.make("undefined beside a value", answers<string | undefined>())
  // @ts-expect-error
  yield* Phase.make("array of undefined", answers<ReadonlyArray<undefined>>())
  // @ts-expect-error
  yield* Phase.make("success that does not cover", { run: answers<Date>(), success: Schema.Number })
  // @ts-expect-error
  yield* Phase.make("error that does not cover", { run: declines, error: NoStock })
  // @ts-expect-error
  yield* Phase.make("success in a third argument", answers<Date>(), { success: Schema.Number })
  // @ts-expect-error
  yield* Phase.checkpoint("date", { data: new Date(0) })
}

// --- failures as values need a schema where they are not plain JSON

export function* captured() {
  // @ts-expect-error
  yield* Phase.either(Phase.make("x", declines))
  // @ts-expect-error
  yield* Phase.exit(Phase.make("x", declines))
  // @ts-expect-error
  yield* Phase.either(Phase.make("x", { run: declines, timeout: "1 second" }))
  // @ts-expect-error
  yield* Phase.either(Phase.fail(new Declined({ reason: "" })))
}
// @ts-expect-error
export const eitherOfEffect = Phase.either(Effect.succeed(1))

// --- options fit the effect

// @ts-expect-error
export const wrongUndo = Phase.make("undo", { run: Effect.succeed(1), undo: (text: string) => Effect.log(text) })
// @ts-expect-error
export const wrongUndoThird = Phase.make("undo", Effect.succeed(1), { undo: (text: string) => Effect.log(text) })
// @ts-expect-error
export const undoOfNothing = Phase.make("undo", { run: Effect.succeed(1), undo: () => 1 })
// @ts-expect-error
export const wrongVerify = Phase.make("verify", { run: Effect.succeed(1), verify: Effect.succeed(1) })
// @ts-expect-error
export const wrongInDoubt = Phase.make("in doubt", { run: Effect.succeed(1), inDoubt: "guess" })
// @ts-expect-error
export const wrongTimeout = Phase.make("timeout", { run: Effect.succeed(1), timeout: "soon" })
// @ts-expect-error
export const typo = Phase.make("typo", { run: Effect.succeed(1), retries: Schedule.recurs(1) })
// @ts-expect-error
export const noEffect = Phase.make("promise", Promise.resolve(1))
