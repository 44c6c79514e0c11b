import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Service } from "../../src/authoring/TaskEngine.js"
import { Phase, Task } from "../../src/index.js"
import { engine, entries, idle, memory, recorded } from "../support/engines.js"

const Even = Schema.Number.pipe(Schema.filter((n) => n % 2 === 0))

/** Two questions: the answer to one a JSON Schema can tell, to the other only the code. */
const asking = (tokens: Map<string, string>) => {
  const notify = (name: string) => (token: string) => Effect.sync(() => void tokens.set(name, token))
  return Task.make("asking", {
    success: Schema.Unknown,
    error: Schema.Literal("no"),
    *run() {
      return yield* Phase.all({
        plain: Phase.delegate("plain", {
          success: Schema.Struct({ ok: Schema.Boolean, by: Schema.String }),
          error: Schema.Literal("no"),
          notify: notify("plain")
        }),
        even: Phase.delegate("even", { success: Even, notify: notify("even") })
      })
    }
  })
}

/** An owner that waits for two answers, and a process without the task's code. */
const strangers = Effect.gen(function* () {
  const tokens = new Map<string, string>()
  const store = memory()
  const owner = yield* engine(store, [asking(tokens)])
  yield* owner.run(asking(tokens).start({}, { id: "e" }))
  yield* recorded(store, "e", "Waiting")
  const stranger = yield* engine(store)
  const kept = () => JSON.stringify([entries(store, "e"), [...store.tokens], [...store.letters]])
  return { owner, store, stranger, tokens, kept }
})

/** As a caller without a compiler sees it. */
type Loose = Record<"complete" | "heartbeat" | "signal", (...args: ReadonlyArray<unknown>) => Effect.Effect<unknown>>
const loose = (service: Service) => service as unknown as Loose

/** The error that is told, or what went wrong instead. */
const told = (effect: () => Effect.Effect<unknown, unknown>) =>
  Effect.map(Effect.exit(Effect.suspend(effect)), (exit) => {
    if (Exit.isSuccess(exit)) return "accepted"
    const error = Option.getOrUndefined(Cause.failureOption(exit.cause)) as
      | { readonly _tag: string; readonly message: string }
      | undefined
    if (error === undefined) return `defect: ${Cause.pretty(exit.cause)}`
    return error.message.includes("    at ") ? `a trace: ${error.message}` : error._tag
  })

describe("a process without the task's code", () => {
  it.scoped("completes by the JSON Schema of the phase, and says where a value does not fit", () =>
    Effect.gen(function* () {
      const { owner, store, stranger, tokens } = yield* strangers
      const plain = tokens.get("plain")!
      const refused = yield* Effect.flip(stranger.service.complete(plain, Exit.succeed({ ok: true, by: 7 })))
      assert.strictEqual(refused._tag, "ValueRefused")
      assert.strictEqual(refused._tag === "ValueRefused" && refused.at, "$.by")
      assert.strictEqual(
        yield* told(() => stranger.service.complete(tokens.get("even")!, Exit.succeed(2))),
        "RequiresTask"
      )
      yield* stranger.service.complete(plain, Exit.succeed({ ok: true, by: "ann" }))
      assert.strictEqual(
        yield* told(() => owner.service.complete(tokens.get("even")!, Exit.succeed(3))),
        "ValueRefused"
      )
      yield* owner.service.complete(tokens.get("even")!, Exit.succeed(2))
      yield* recorded(store, "e", "Completed")
      assert.deepStrictEqual((yield* owner.service.status("e")).result, { plain: { ok: true, by: "ann" }, even: 2 })
    })
  )

  it.scoped("is refused 20 MB before anything is written", () =>
    Effect.gen(function* () {
      const { kept, owner, stranger, tokens } = yield* strangers
      const before = kept()
      const large = "a".repeat(20 * 1024 * 1024)
      for (const { service } of [owner, stranger]) {
        const completed = () => service.complete(tokens.get("plain")!, Exit.succeed({ ok: true, by: large }))
        assert.strictEqual(yield* told(completed), "ValueRefused")
        assert.strictEqual(yield* told(() => service.complete(tokens.get("plain")!, Exit.fail(large))), "ValueRefused")
        assert.strictEqual(yield* told(() => service.signal("e", "go", large)), "ValueRefused")
      }
      assert.strictEqual(kept(), before)
    })
  )
})

describe("nonsense from callers without a compiler", () => {
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const thrower = {
    get value(): never {
      throw new Error("a trap")
    }
  }
  const noToken = [undefined, null, 7, {}, [], "", "short", "a".repeat(1_000), Symbol("a"), () => 1, thrower, 1n]
  const noExit = [undefined, null, 7, "yes", {}, [], { _tag: "Success" }, { ok: true, by: "ann" }, () => 1, Symbol("a")]
  const noValue = [undefined, cycle, thrower, 1n, Symbol("a"), () => 1, Number.NaN, new Date(0), [undefined], 7]

  it.scoped("is a typed error, and changes nothing", () =>
    Effect.gen(function* () {
      const { kept, owner, stranger, tokens } = yield* strangers
      const plain = tokens.get("plain")!
      const before = kept()
      for (const { service } of [owner, stranger]) {
        const { complete, heartbeat, signal } = loose(service)
        for (const token of noToken) {
          assert.strictEqual(yield* told(() => complete(token, Exit.void)), "TokenNotFound")
          assert.strictEqual(yield* told(() => heartbeat(token)), "TokenNotFound")
        }
        for (const exit of noExit) assert.strictEqual(yield* told(() => complete(plain, exit)), "ValueRefused")
        for (const value of noValue) {
          assert.strictEqual(yield* told(() => complete(plain, Exit.succeed(value))), "ValueRefused")
          assert.strictEqual(yield* told(() => complete(plain, Exit.fail(value))), "ValueRefused")
          if (value !== undefined && value !== 7)
            assert.strictEqual(yield* told(() => signal("e", "go", value)), "ValueRefused")
        }
        assert.strictEqual(yield* told(() => complete(plain, Exit.interrupt("no" as never))), "ValueRefused")
        for (const progress of [
          null,
          7,
          "far",
          [],
          { progress: "far" },
          { progress: 2 },
          { text: 7 },
          thrower,
          cycle
        ]) {
          if (progress === cycle) continue
          assert.notInclude(yield* told(() => heartbeat(plain, progress)), "defect")
        }
        for (const name of [undefined, null, 7, {}, "", "e\u0301", "a".repeat(10_000), Symbol("a")]) {
          assert.strictEqual(yield* told(() => signal("e", name, 1)), "InvalidName")
        }
        for (const id of [undefined, null, 7, {}, "", "nobody", Symbol("a")]) {
          assert.include(["ExecutionNotFound", "InvalidName"], yield* told(() => signal(id, "go", 1)))
        }
      }
      yield* idle
      const [journal, , letters] = JSON.parse(kept()) as ReadonlyArray<unknown>
      const [journalBefore, , lettersBefore] = JSON.parse(before) as ReadonlyArray<unknown>
      assert.deepStrictEqual([journal, letters], [journalBefore, lettersBefore])
    })
  )
})
