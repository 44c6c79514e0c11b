import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Phase, Task } from "../../src/index.js"
import { desk, parked, told } from "../support/desk.js"
import { engine, idle, memory, recorded } from "../support/engines.js"

const id = "l1"

describe("a phase that answers Phase.later", () => {
  const later = (body: Effect.Effect<unknown>) =>
    Task.make("later", {
      success: Schema.String,
      error: Schema.String,
      *run() {
        return yield* Phase.make("work", {
          success: Schema.String,
          error: Schema.String,
          run: body as Effect.Effect<string | Phase.Later<never>>
        })
      }
    })

  it.scoped("waits to be completed with its token; a value ends it at once, and the token with it", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const handing = Effect.tap(Phase.token, at.notify)
      const waits = later(Effect.as(handing, Phase.later()))
      const one = yield* parked(store, waits, id)
      assert.strictEqual(yield* told(one, at.last, Exit.succeed(7) as never), "ValueRefused")
      assert.strictEqual(yield* told(one, at.last), "done")
      yield* recorded(store, id, "Completed")
      yield* one.end
      const answers = later(Effect.as(handing, "at once"))
      const two = yield* engine(store, [answers])
      yield* two.run(answers.start({}, { id: "value" }))
      assert.strictEqual((yield* two.service.settled("value")).result, "at once")
      assert.strictEqual(yield* told(two, at.last), "TokenClosed")
    })
  )

  it.scoped("has the same token over crashes, and dies if it has asked for none", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      let hangs = true
      const handing = Effect.tap(Phase.token, at.notify)
      const waits = later(
        Effect.zipRight(
          handing,
          Effect.suspend(() => (hangs ? Effect.never : Effect.succeed(Phase.later())))
        )
      )
      const one = yield* engine(store, [waits])
      yield* one.run(waits.start({}, { id }))
      yield* idle
      yield* one.kill
      hangs = false
      const two = yield* engine(store, [waits])
      yield* recorded(store, id, "Waiting")
      assert.lengthOf(at.tokens, 2)
      assert.strictEqual(at.tokens[0], at.tokens[1])
      assert.strictEqual(yield* told(two, at.last), "done")
      yield* recorded(store, id, "Completed")
      yield* two.end
      const mute = later(Effect.succeed(Phase.later()))
      const three = yield* engine(store, [mute])
      yield* three.run(mute.start({}, { id: "mute" }))
      const { failures } = yield* three.service.settled("mute")
      assert.deepInclude(failures[0], { _tag: "Die", path: "work" })
      assert.match(JSON.stringify(failures), /Phase.token/)
    })
  )

  it.scoped("asks twice for its token and has one", () =>
    Effect.gen(function* () {
      const store = memory()
      const at = desk()
      const waits = later(
        Effect.gen(function* () {
          const fiber = yield* Effect.fork(Phase.token)
          yield* at.notify(yield* Phase.token)
          yield* at.notify(yield* Fiber.join(fiber))
          yield* at.notify(yield* Phase.token)
          return Phase.later({ timeout: "1 hour" })
        })
      )
      const one = yield* parked(store, waits, id)
      assert.strictEqual(new Set(at.tokens).size, 1)
      yield* TestClock.adjust("1 hour")
      yield* recorded(store, id, "Failed")
      assert.strictEqual(yield* told(one, at.last), "TokenExpired")
    })
  )
})
