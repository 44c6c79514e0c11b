import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as History from "../../src/cli/History.js"
import * as Ls from "../../src/cli/Ls.js"
import * as Screen from "../../src/cli/Screen.js"
import { Phase, Task } from "../../src/index.js"
import * as MemoryStore from "../../src/store/MemoryStore.js"
import { fromEncoded } from "../../src/store/Store.js"
import { engine, idle, memory } from "../support/engines.js"
import { device } from "./support/device.js"
import { everything } from "./support/listing.js"

const told = Task.make("told", {
  payload: { fails: Schema.Boolean },
  *run({ fails }) {
    yield* Phase.signal("go", Schema.Boolean)
    yield* Phase.make("last", fails ? Effect.die("no") : Effect.void)
  }
})

/** Lets what watches look again. */
const look = Effect.zipRight(TestClock.adjust("1 second"), idle)

describe("watch", () => {
  for (const fails of [false, true]) {
    it.scoped(`tells each entry once, and ends when the execution has ${fails ? "failed" : "completed"}`, () =>
      Effect.gen(function* () {
        const kept = memory()
        const live = yield* engine(kept, [told], { inbox: "100 millis" })
        const { kept: shown, made } = device()
        const store = fromEncoded(yield* MemoryStore.make(kept))
        yield* live.run(told.start({ fails }, { id: "t" }))
        yield* idle
        const watching = yield* History.watch(store, { id: "t", json: true }).pipe(
          Effect.provideService(Screen.Screen, made),
          Effect.either,
          Effect.fork
        )
        yield* look
        assert.isUndefined(
          (yield* Fiber.poll(watching)).pipe((polled) => (polled._tag === "Some" ? polled : undefined))
        )
        yield* live.run(live.service.signal("t", "go", true))
        yield* look
        const ended = yield* Fiber.join(watching)
        assert.deepInclude(Either.isLeft(ended) ? ended.left : {}, fails ? { code: 1 } : {})
        assert.strictEqual(Either.isLeft(ended), fails)
        const entries = shown.out
          .trimEnd()
          .split("\n")
          .map((line) => JSON.parse(line))
        assert.deepStrictEqual(
          entries.map(({ seq }) => seq),
          [...entries.keys()]
        )
        assert.strictEqual(entries.length, kept.executions.get("t")!.rows.length)
      })
    )
  }

  it.scoped("of a list is a line for each execution that has changed, and a whole table on a terminal", () =>
    Effect.gen(function* () {
      const kept = memory()
      const live = yield* engine(kept, [told], { inbox: "100 millis" })
      const store = fromEncoded(yield* MemoryStore.make(kept))
      const plain = device()
      const terminal = device(80)
      for (const { made } of [plain, terminal]) {
        yield* Effect.fork(Effect.provideService(Ls.run(store, { ...everything, watch: true }), Screen.Screen, made))
      }
      yield* live.run(told.start({ fails: false }, { id: "one" }))
      yield* look
      yield* live.run(told.start({ fails: false }, { id: "two" }))
      yield* look
      yield* live.run(live.service.signal("one", "go", true))
      yield* look
      const statuses = plain.kept.out
        .trimEnd()
        .split("\n")
        .map((line) => line.split("\t").slice(0, 3).join(" "))
      assert.deepStrictEqual(statuses, ["one told Waiting", "two told Waiting", "one told Completed"])
      const tables = terminal.kept.out.split("\u001b[H\u001b[J")
      assert.match(tables.pop()!, /^ID .*\ntwo .* Waiting .*\none .* Completed/)
    })
  )
})
