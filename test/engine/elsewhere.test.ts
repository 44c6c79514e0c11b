import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { StoreError } from "../../src/core/Errors.js"
import { Wakes } from "../../src/engine/Wakes.js"
import { Phase, Task } from "../../src/index.js"
import type { Due } from "../../src/store/Store.js"
import { engine, idle, memory, recorded } from "../support/engines.js"

/** A delegate and a signal beside a sleep: short, so that the execution stays live, or long, so that it is let go. */
const asking = (sleep: string, tokens: Array<string>) =>
  Task.make("asking", {
    success: Schema.Tuple(Schema.Number, Schema.String),
    *run() {
      const both = Phase.all([
        Phase.delegate("ask", {
          success: Schema.Number,
          notify: (token) => Effect.sync(() => void tokens.push(token))
        }),
        Phase.signal("said", Schema.String),
        Phase.sleep("rest", sleep as "1 second")
      ])
      const [number, text] = yield* both
      return [number, text] as const
    }
  })

describe("what another process sends", () => {
  for (const [what, sleep] of [
    ["stays awake", "5 seconds"],
    ["was let go", "5 days"]
  ] as const) {
    it.scoped(`reaches an execution that ${what}`, () =>
      Effect.gen(function* () {
        const tokens: Array<string> = []
        const store = memory()
        const task = asking(sleep, tokens)
        const owner = yield* engine(store, [task])
        yield* owner.run(task.start({}, { id: "e" }))
        yield* recorded(store, "e", "PhaseWaiting", "all/ask")
        yield* idle
        assert.strictEqual((yield* owner.service.status("e")).status, sleep === "5 days" ? "Waiting" : "Running")
        const other = yield* engine(store)
        yield* other.service.complete(tokens[0]!, Exit.succeed(7))
        yield* recorded(store, "e", "PhaseSucceeded", "all/ask")
        yield* idle
        yield* other.service.signal("e", "said", "yes")
        yield* recorded(store, "e", "PhaseSucceeded", "all/said")
        yield* TestClock.adjust(sleep)
        assert.deepStrictEqual((yield* owner.service.settled("e")).result, [7, "yes"])
      })
    )
  }
})

describe("a refusal that comes while no engine runs, with the end of the race that it is part of", () => {
  it.scoped("leaves nothing to undo", () =>
    Effect.gen(function* () {
      const tokens: Array<string> = []
      const store = memory()
      const task = Task.make("racing", {
        success: Schema.Boolean,
        error: Schema.Literal("no"),
        *run() {
          const ask = Phase.delegate("ask", {
            error: Schema.Literal("no"),
            retry: Schedule.recurs(1),
            notify: (token) => Effect.sync(() => void tokens.push(token))
          })
          yield* Phase.race([ask, Phase.sleep("late", "1 hour")])
          return true
        }
      })
      const first = yield* engine(store, [task])
      yield* first.run(task.start({}, { id: "e" }))
      yield* recorded(store, "e", "Waiting")
      yield* first.kill
      yield* (yield* engine(store)).service.complete(tokens[0]!, Exit.fail("no"))
      yield* TestClock.adjust("2 hours")
      const second = yield* engine(store, [task])
      assert.strictEqual((yield* second.service.settled("e")).status, "Completed")
      assert.lengthOf(tokens, 1)
    })
  )
})

describe("an engine that owns the store already", () => {
  it.scoped("wakes what is due of a task that is registered late", () =>
    Effect.gen(function* () {
      const store = memory()
      const slow = Task.make("slow", {
        *run() {
          yield* Phase.sleep("rest", "1 hour")
        }
      })
      const other = Task.make("other", {
        *run() {
          yield* Phase.make("nothing", Effect.void)
        }
      })
      const first = yield* engine(store, [slow])
      yield* first.run(slow.start({}, { id: "e" }))
      yield* recorded(store, "e", "Waiting")
      yield* first.kill
      yield* TestClock.adjust("2 hours")
      const second = yield* engine(store, [other])
      yield* second.run(other.execute({}))
      yield* idle
      assert.strictEqual((yield* second.service.status("e")).status, "Waiting")
      yield* second.register(slow)
      yield* recorded(store, "e", "Completed")
    })
  )
})

describe("what wakes executions", () => {
  const due: Due = { id: "e", task: "t", priority: 0, since: 100 }

  /** `late`: the first answer to `nextWake` is old when it is given, for something was let go meanwhile. */
  const wakes = (first: { readonly due?: StoreError }, late: boolean, woken: Array<string>) => {
    let asked = 0
    let told = !late
    const now = () => clock
    let clock = 0
    const tick = Effect.zipRight(
      Effect.sync(() => {
        clock += 100
      }),
      TestClock.adjust(100)
    )
    const made: Wakes = new Wakes(
      {
        due: ({ now }) =>
          Effect.suspend(() =>
            asked++ === 0 && first.due !== undefined ? first.due : Effect.succeed(now >= due.since ? [due] : [])
          ),
        nextWake: (after) =>
          Effect.sync(() => {
            if (told) return after < due.since ? due.since : undefined
            told = true
            made.poke()
            return 1_000
          })
      },
      { known: {} },
      now,
      ({ id }) => Effect.sync(() => woken.push(id) > 0),
      () => true
    )
    return { made, tick }
  }

  it.scoped("goes on after the store was in trouble", () =>
    Effect.gen(function* () {
      const woken: Array<string> = []
      const busy = new StoreError({ reason: "Busy", store: "a", message: "it is busy" })
      const { made, tick } = wakes({ due: busy }, false, woken)
      yield* Effect.forkScoped(made.serve)
      yield* idle
      yield* TestClock.adjust(100)
      yield* tick
      assert.deepStrictEqual(woken, ["e"])
    })
  )

  it.scoped("misses none that is let go while the store is asked for the next", () =>
    Effect.gen(function* () {
      const woken: Array<string> = []
      const { made, tick } = wakes({}, true, woken)
      yield* Effect.forkScoped(made.serve)
      yield* Effect.yieldNow()
      yield* tick
      assert.include(woken, "e")
    })
  )
})
