import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, memory, recorded } from "../support/engines.js"

/** Two ways to hand out a token and die: the phase that asks has no outcome of its own when its process is gone. */
const asking = (tokens: Array<string>) => {
  const hand = (token: string) =>
    Effect.suspend(() => (tokens.push(token) === 1 ? Effect.never : Effect.void) as Effect.Effect<void>)
  const common = { success: Schema.Number, error: Schema.Literal("no"), retry: Schedule.recurs(3) }
  return {
    "a delegate": Task.make("asking", {
      success: Schema.Number,
      error: Schema.Literal("no"),
      *run() {
        return yield* Phase.delegate("ask", { ...common, notify: hand })
      }
    }),
    "a phase that answers later, and may not run again": Task.make("asking", {
      success: Schema.Number,
      error: Schema.Literal("no"),
      *run() {
        return yield* Phase.make("ask", {
          ...common,
          inDoubt: "ask",
          run: Effect.flatMap(Phase.token, (token) => Effect.as(hand(token), Phase.later()))
        })
      }
    })
  }
}

/** A process hands out a token and dies before it has recorded that; the token is completed before or after. */
const dies = (kind: keyof ReturnType<typeof asking>, when: "before" | "after", exit: Exit.Exit<number, string>) =>
  Effect.gen(function* () {
    const tokens: Array<string> = []
    const store = memory()
    const task = asking(tokens)[kind]
    const first = yield* engine(store, [task])
    yield* first.run(task.start({}, { id: "e" }))
    yield* recorded(store, "e", kind === "a delegate" ? "PhaseStarted" : "TokenMade", "ask")
    while (tokens.length === 0) yield* Effect.yieldNow()
    if (when === "before") yield* first.service.complete(tokens[0]!, exit)
    yield* first.kill
    if (when === "after") yield* (yield* engine(store)).service.complete(tokens[0]!, exit)
    const second = yield* engine(store, [task])
    return { tokens, store, second }
  })

describe("what was answered before the process of who asked died", () => {
  for (const kind of ["a delegate", "a phase that answers later, and may not run again"] as const) {
    for (const when of ["before", "after"] as const) {
      it.scoped(`counts: ${kind}, answered ${when} that`, () =>
        Effect.gen(function* () {
          const { second, store, tokens } = yield* dies(kind, when, Exit.succeed(7))
          yield* recorded(store, "e", "Completed")
          assert.strictEqual((yield* second.service.status("e")).result, 7)
          assert.lengthOf(tokens, 1)
          assert.lengthOf(
            entries(store, "e").filter(({ _tag }) => _tag === "AttemptStarted"),
            0
          )
          assert.deepStrictEqual([...store.tokens.values()][0]!.clear, null)
        })
      )
    }
  }

  it.scoped("is a failure of that attempt: who asks asks again, with another token", () =>
    Effect.gen(function* () {
      const { second, store, tokens } = yield* dies("a delegate", "before", Exit.fail("no"))
      yield* recorded(store, "e", "PhaseWaiting", "ask")
      assert.lengthOf(new Set(tokens), 2)
      yield* second.service.complete(tokens[1]!, Exit.succeed(8))
      yield* recorded(store, "e", "Completed")
      assert.strictEqual((yield* second.service.status("e")).result, 8)
    })
  )
})

describe("what is answered while who asks is about to ask again", () => {
  it.scoped("counts, and belongs to the same token", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const store = memory()
      const task = Task.make("asking", {
        success: Schema.Number,
        *run() {
          const answered = Effect.suspend(() => other.service.complete(tokens[0]!, Exit.succeed(7)))
          return yield* Phase.make("ask", {
            success: Schema.Number,
            run: Effect.gen(function* () {
              // Nobody has answered when the second attempt begins; somebody has when it asks for its token.
              if (tokens.length === 1) yield* Effect.orDie(answered)
              tokens.push(yield* Phase.token)
              return tokens.length === 1 ? yield* Effect.never : Phase.later()
            })
          })
        }
      })
      const other = yield* engine(store)
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id: "e" }))
      yield* recorded(store, "e", "TokenMade", "ask")
      while (tokens.length === 0) yield* Effect.yieldNow()
      yield* first.kill
      const second = yield* engine(store, [task])
      yield* recorded(store, "e", "Completed")
      assert.strictEqual((yield* second.service.status("e")).result, 7)
      assert.lengthOf(new Set(tokens), 1)
    })
  )
})

describe("a delegate whose time is over while somebody is still being told", () => {
  it.scoped("has expired, after its timeout", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const store = memory()
      const task = Task.make("asking", {
        *run() {
          yield* Phase.delegate("ask", {
            timeout: "1 minute",
            notify: (token) =>
              Effect.suspend(() => (tokens.push(token) > 1 ? Effect.sleep("50 seconds") : Effect.never)),
            retry: Schedule.recurs(1)
          })
        }
      })
      const owner = yield* engine(store, [task])
      yield* owner.run(task.start({}, { id: "e" }))
      yield* recorded(store, "e", "PhaseStarted", "ask")
      yield* TestClock.adjust("1 minute")
      yield* recorded(store, "e", "AttemptStarted", "ask")
      const late = yield* Effect.flip(owner.service.complete(tokens[0]!, Exit.void))
      assert.strictEqual(late._tag, "TokenExpired")
      yield* TestClock.adjust("1 minute")
      const { failures } = yield* owner.service.settled("e")
      assert.deepStrictEqual(failures, [{ _tag: "Timeout", path: "ask", after: 60_000 }])
    })
  )
})
