import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Advice from "../../src/cli/Advice.js"
import * as History from "../../src/cli/History.js"
import { Screen } from "../../src/cli/Screen.js"
import * as Seen from "../../src/cli/Seen.js"
import * as Show from "../../src/cli/Show.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { engine, idle, recorded } from "../support/engines.js"
import { device, printed } from "./support/device.js"

const asks = Task.make("asks", {
  success: Schema.String,
  *run() {
    yield* Phase.all({
      approve: Phase.delegate("approve", { success: Schema.Boolean, notify: () => Effect.void }),
      go: Phase.signal("go it", Schema.Number)
    })
    return "asked"
  }
})

const marks = Task.make("marks", {
  error: Schema.String,
  keep: { last: 1 },
  *run() {
    for (const name of ["a", "b"]) {
      yield* Phase.make(name, Effect.void)
      yield* Phase.checkpoint(`after ${name}`)
    }
    yield* Phase.make("c", Effect.fail("no"))
  }
})

const scene = Effect.gen(function* () {
  const memory = MemoryStore.memory()
  const one = yield* engine(memory, [asks, marks])
  yield* one.run(asks.start({}, { id: "asks" }))
  yield* Effect.flip(one.run(marks.execute({}, { id: "marks" })))
  yield* recorded(memory, "asks", "Waiting")
  const store = fromEncoded(yield* MemoryStore.make(memory))
  const next = (id: string, alone: boolean) =>
    Effect.map(Seen.one(store, id, 0), (seen) => Advice.next(seen, alone).map(({ command }) => command))
  return { next, store }
})

describe("what is said to do next", () => {
  it.scoped("is how to answer what is waited for, and to start an engine where none runs", () =>
    Effect.gen(function* () {
      const { next } = yield* scene
      const commands = [
        "tidemark watch asks",
        "tidemark history asks",
        "tidemark complete --value JSON TOKEN",
        "tidemark signal --value JSON asks 'go it'"
      ]
      assert.deepStrictEqual(yield* next("asks", false), commands)
      assert.deepStrictEqual(yield* next("asks", true), ["tidemark worker --tasks MODULE", ...commands])
    })
  )

  it.scoped("goes back no further than to what is kept", () =>
    Effect.gen(function* () {
      const { next } = yield* scene
      assert.deepStrictEqual(yield* next("marks", true), [
        "tidemark history marks",
        "tidemark resume marks",
        "tidemark skip --value JSON marks c",
        "tidemark revert --to 'after b' marks",
        "tidemark close marks"
      ])
    })
  )

  it.scoped("skips only what has begun", () =>
    Effect.gen(function* () {
      const { store } = yield* scene
      const seen = yield* Seen.one(store, "marks", 0)
      const failures = [{ _tag: "Fail" as const, path: "d", error: "no" }]
      const commands = Advice.next({ ...seen, status: { ...seen.status, failures } }).map(({ command }) => command)
      assert.deepStrictEqual(
        commands.filter((command) => command.includes("skip")),
        []
      )
    })
  )

  it.scoped("is told to whoever watches where no engine runs", () =>
    Effect.gen(function* () {
      const { store } = yield* scene
      const { kept, made } = device()
      const watching = History.watch(store, { id: "asks", json: false }, Effect.succeed(true))
      yield* Effect.forkScoped(Effect.provideService(watching, Screen, made))
      yield* TestClock.adjust("1 second")
      yield* idle
      assert.strictEqual(kept.err, "no engine runs\n  tidemark worker --tasks MODULE goes on with it\n")
      const shown = yield* printed(Show.run(store, { id: "asks", all: false, json: false, alone: true }))
      assert.match(shown, /tidemark worker --tasks MODULE +goes on with it: no engine runs/)
    })
  )
})
